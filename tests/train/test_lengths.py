"""The limit of length: every training pair fits in it, and ordinary text keeps 2 n + 20."""

import json
import shutil

import numpy as np
import pytest

pytest.importorskip("torch")

from hypothesis import given
from hypothesis import strategies as st

from s2s import Translator
from s2s.config import SearchConfig
from s2s.train.lengths import fit_limit, measure_lengths

SMALL = ["--embedding-size", 8, "--hidden-size", 16, "--algorithm", "word"]
SMALL += ["--separate-vocabularies", "--max-updates", 2]


class Pairs:
    """Stands for a corpus of such lengths."""

    def __init__(self, pairs):
        self._src, self._tgt = (np.array(side, np.int64) for side in zip(*pairs, strict=True))

    def __len__(self):
        return len(self._src)

    def lengths(self, start, stop):
        return self._src[start:stop], self._tgt[start:stop]


def fit(pairs, **asked):
    search = fit_limit(measure_lengths([Pairs(pairs)]), SearchConfig(**asked))
    return *search.limit, search.max_length


LENGTHS = st.lists(st.tuples(st.integers(2, 300), st.integers(2, 900)), min_size=1, max_size=30)


@given(LENGTHS, st.sampled_from([{}, {"length_factor": 1}, {"length_margin": 3}]))
def test_every_pair_fits(pairs, asked):
    factor, margin, most = fit(pairs, **asked)
    assert all(tgt <= min(factor * src + margin, most) for src, tgt in pairs)
    assert asked.get("length_factor") in (None, factor)
    assert asked.get("length_margin") in (None, margin)


@pytest.mark.parametrize(
    ("pairs", "limit"),
    [
        ([(n, n + 5) for n in range(2, 200)], (2, 20, 512)),
        (
            [(2, 24), (50, 118)] + [(20, 21)] * 30,
            (2, 30, 512),
        ),  # all fit in 2 n + 20, but without any room
        ([(50, 120)] + [(10, 10)] * 999, (2, 20, 512)),  # one in a thousand has no room
        ([(50, 121)] + [(10, 10)] * 999, (3, 20, 512)),  # one pair that does not fit
        ([(21, 76)] * 9, (4, 20, 512)),  # as many pieces a source piece for longer sources
        ([(2, 32)] * 9, (16, 20, 512)),
        ([(n, 10 * n + 3) for n in range(2, 11)], (11, 20, 512)),
        ([(100, 3), (201, 3)], (2, 20, 512)),
        ([(700, 700)], (2, 20, 770)),
        ([(2, 100)] + [(20, 20)] * 50, (2, 106, 512)),
    ],
)
def test_limits(pairs, limit):
    assert fit(pairs) == limit


def test_what_is_set_stays():
    pairs = [(21, 600)] * 9
    assert fit(pairs, length_factor=3, length_margin=7, max_length=50) == (3, 7, 50)
    assert fit(pairs, max_length=50)[2] == 50


@pytest.fixture
def long_targets(tmp_path):
    """A folder with sources of 8 words and targets of 60, and how to train on them."""
    for part in ("train", "val"):
        for side, words in (("src", "a b c d e f g h"), ("tgt", " ".join("uvwxyz" * 10))):
            (tmp_path / f"{part}.{side}").write_text(f"{words}\n" * 12)
    data = [f"--{part}={tmp_path / part.replace('-', '.')}" for part in ("val-src", "val-tgt")]
    return [*data, f"--src={tmp_path / 'train.src'}", f"--tgt={tmp_path / 'train.tgt'}"]


def test_a_run_learns_its_limit_and_every_file_of_it_has_it(s2s, long_targets, tmp_path):
    run = tmp_path / "run"
    options = [*SMALL, "--set", "max_ratio=10"]
    finished = s2s("train", *long_targets, *options, "--out", run)
    assert finished.code == 0, finished.err
    assert "limit of length: 7 pieces for each source piece and 20 more, 512 at most" in (
        finished.out.decode() + finished.err
    )
    config = json.loads((run / "config.json").read_text())
    assert (config["search"]["length_factor"], config["search"]["length_margin"]) == (7, 20)
    assert Translator(run).search.limit == (7, 20)
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    assert s2s("export", run, tmp_path / "model.onnx").code == 0
    learned = Translator(tmp_path / "model.onnx")
    assert learned.search.limit == (7, 20)
    options = ["--length-factor", 1, "--length-margin", 2]
    assert s2s("export", run, tmp_path / "short.onnx", *options).code == 0
    short = Translator(tmp_path / "short.onnx")
    assert short.search.limit == (1, 2)
    assert len(short.translate(["a b c"])[0].pieces) <= 6
    (asked,) = learned.translate(["a b c"], length_factor=1, length_margin=2)
    assert asked.pieces == short.translate(["a b c"])[0].pieces


def test_resuming_keeps_the_limit_and_a_stopped_start_learns_it(s2s, long_targets, tmp_path):
    run = tmp_path / "run"
    options = [*long_targets, *SMALL, "--set", "max_ratio=10", "--out", run]
    assert s2s("train", *options).code == 0
    learned = (run / "config.json").read_text()
    assert s2s("train", *options, "--resume").code == 0
    assert s2s("train", "--out", run, "--resume", "--max-updates", 3).code == 0
    assert json.loads((run / "config.json").read_text())["search"] == json.loads(learned)["search"]
    config = json.loads(learned)
    config["search"] |= {"length_factor": "auto", "length_margin": "auto"}
    (run / "config.json").write_text(json.dumps(config))  # as a run that was killed at once has it
    assert s2s("train", *options, "--resume").code == 0
    assert json.loads((run / "config.json").read_text()) == json.loads(learned)


def test_a_limit_that_is_set_wins_and_ordinary_text_has_the_usual_one(
    s2s, corpus_folder, long_targets, tmp_path
):
    fixed = ["--set", "length_factor=3", "--set", "beam_size=2", "--set", "max_ratio=10"]
    assert s2s("train", *long_targets, *SMALL, *fixed, "--out", tmp_path / "fixed").code == 0
    search = json.loads((tmp_path / "fixed" / "config.json").read_text())["search"]
    assert (search["length_factor"], search["length_margin"], search["beam_size"]) == (3, 41, 2)
    text = [f"--{name}={corpus_folder / file}" for name, file in FILES.items()]
    assert s2s("train", *text, *SMALL, "--out", tmp_path / "text").code == 0
    search = json.loads((tmp_path / "text" / "config.json").read_text())["search"]
    assert (search["length_factor"], search["length_margin"]) == (2, 20)


FILES = {"src": "train.xx", "tgt": "train.yy", "val-src": "val.xx", "val-tgt": "val.yy"}


@pytest.fixture
def labelled(tmp_path):
    """Options that train on sentences and a label for each word."""
    for part, sizes in (("train", range(1, 13)), ("val", range(1, 5))):
        lines = [
            [("the", "DET"), ("cat", "NOUN"), ("sees", "VERB")][: size % 3 + 1] for size in sizes
        ]
        for number, side in enumerate(("src", "tgt")):
            text = "".join(" ".join(pair[number] for pair in line) + "\n" for line in lines)
            (tmp_path / f"{part}.{side}").write_text(text)
    data = [f"--{part}={tmp_path / part.replace('-', '.')}" for part in ("val-src", "val-tgt")]
    data += [f"--src={tmp_path / 'train.src'}", f"--tgt={tmp_path / 'train.tgt'}"]
    return [*data, *map(str, SMALL)]


def in_step(run):
    return json.loads((run / "config.json").read_text())["search"]["in_step"]


def test_a_label_for_each_word_is_held_by_the_search(s2s, labelled, tmp_path):
    run = tmp_path / "run"
    finished = s2s("train", *labelled, "--out", run)
    assert finished.code == 0, finished.err
    line = "each of the 12 pairs has as many words on both sides, so the search writes a word for"
    assert line in finished.out.decode() + finished.err
    assert in_step(run) is True
    texts = ["cat", "the x y z cat", "the cat " * 300]
    for translation, text in zip(Translator(run).translate(texts), texts, strict=True):
        assert len(translation.text.split()) == len(text.split())
        assert not translation.hypotheses[0].cut
    assert s2s("train", *labelled, "--out", run, "--resume").code == 0
    assert s2s("train", "--out", run, "--resume", "--max-updates=3").code == 0
    refused = s2s("train", *labelled, "--out", run, "--resume", "--in-step=no")
    assert "search.in_step was True and is now False" in refused.err


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--in-step=no"], False),
        (["--in-step=yes", "--algorithm=char"], True),
        (["--algorithm=char"], False),
    ],
)
def test_only_words_are_in_step_unless_it_is_asked_for(s2s, labelled, tmp_path, options, expected):
    finished = s2s("train", *labelled, *options, "--out", tmp_path / "run")
    assert finished.code == 0, finished.err
    assert in_step(tmp_path / "run") is expected
    assert ("sides of different lengths" in finished.err) == expected


def test_pairs_of_one_length_or_with_a_tag_are_not_in_step(s2s, labelled, tmp_path):
    for part in ("train", "val"):
        for side in ("src", "tgt"):
            (tmp_path / f"one.{part}.{side}").write_text("a b\n" * 12)
    one = [
        each.replace("/train.", "/one.train.").replace("/val.", "/one.val.") for each in labelled
    ]
    assert s2s("train", *one, "--out", tmp_path / "one").code == 0
    assert in_step(tmp_path / "one") is False
    shutil.copy(tmp_path / "train.tgt", tmp_path / "train.de")
    tagged = [f"--train={tmp_path}/train:src-{side}" for side in ("tgt", "de")]
    tagged += [f"--validate={tmp_path}/val:src-tgt", *map(str, SMALL)]
    finished = s2s("train", *tagged, "--out", tmp_path / "tagged", "--in-step=yes")
    assert finished.code == 2
    assert "sources begin with a tag (<2de>)" in finished.err
    assert not (tmp_path / "tagged").exists()
