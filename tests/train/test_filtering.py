"""The limit on unequal lengths suits the text, and what it rejects is said."""

import json
import logging
import random

import numpy as np
import pytest

pytest.importorskip("torch")

from s2s.corpus import CorpusConfig, DataConfig
from s2s.corpus.chunks import PairCounts
from s2s.train.filtering import fit_ratio, warn_of_rejected

DRAW = random.Random(7)  # noqa: S311
SRC = [max(1, round(DRAW.lognormvariate(2.4, 0.7))) for _ in range(5000)]
WORDS = {
    "0": "nought", "1": "one hundred", "2": "twenty-two", "3": "thirty-three thousand",
    "4": "forty", "5": "five million", "6": "sixty-six", "7": "seventy", "8": "eight", "9": "nine",
}  # fmt: skip


def rejected(src, tgt, ratio):
    low, high = np.minimum(src, tgt), np.maximum(src, tgt)
    return float(np.mean(high > ratio * low + 5))


def ratio_of(tgt, src=None):
    return fit_ratio(np.array(SRC if src is None else src), np.array(tgt))


def test_text_in_two_languages_has_the_usual_ratio_with_misaligned_pairs_as_well():
    for share in (0, 0.02, 0.05, 0.1):
        tgt = [
            max(1, round((n if DRAW.random() >= share else 60) * DRAW.lognormvariate(0.1, 0.25)))
            for n in SRC
        ]
        assert ratio_of(tgt) == 4
    assert rejected(SRC, tgt, 4) > 0.01


@pytest.mark.parametrize("times", [3, 5, 8, 15, 60])
def test_pairs_that_are_all_of_unequal_lengths_are_accepted(times):
    tgt = [max(1, round(times * n * DRAW.lognormvariate(0, 0.1))) for n in SRC]
    ratio = ratio_of(tgt)
    assert ratio == ratio_of(SRC, tgt)
    assert (ratio == 4) == (times < 4)
    assert rejected(SRC, tgt, ratio) < 0.001
    assert ratio <= 3 * times


def test_misaligned_pairs_of_such_text_are_rejected():
    tgt = [round(10 * n * DRAW.lognormvariate(0, 0.1)) for n in SRC]
    wrong = tgt[:-100] + [1000 * n for n in SRC[-100:]]
    assert ratio_of(wrong) < 30


def test_labels_and_texts_made_of_a_label_are_accepted():
    assert rejected(SRC, np.ones(len(SRC)), ratio_of([1] * len(SRC))) == 0
    assert rejected(np.ones(len(SRC)), SRC, ratio_of(SRC, [1] * len(SRC))) == 0
    assert fit_ratio(np.zeros(0, np.int64), np.zeros(0, np.int64)) == 4


def counts(**rejected):
    return PairCounts(read=1000, accepted=1000 - sum(rejected.values()), **rejected)


def test_a_warning_names_the_option_from_one_in_a_hundred_on(caplog):
    corpus = CorpusConfig(src="a.en", tgt="a.de")
    data = DataConfig(train=(corpus,), validation=(corpus,), max_ratio=6, max_pieces=90)
    warn_of_rejected(corpus, counts(ratio=10, too_long=10), data)
    assert not caplog.records
    warn_of_rejected(corpus, counts(ratio=11, too_long=250), data)
    assert caplog.messages == [
        "11 of 1,000 pairs of a.en and a.de (1.1 %) are left out, because one side has more than "
        "6 times the pieces of the other one, and 5 more; raise max_ratio (--set max_ratio=12) if "
        "they are no mistakes",
        "250 of 1,000 pairs of a.en and a.de (25.0 %) are left out, because a side has more than "
        "90 pieces; raise max_pieces (--set max_pieces=180) if they are no mistakes",
    ]


@pytest.fixture
def spelled_out(tmp_path):
    """Options that train on digits and what they are in words, and on one misaligned pair."""
    for part, size in (("train", 300), ("val", 20)):
        digits = ["".join(DRAW.choices("0123456789", k=DRAW.randint(1, 9))) for _ in range(size)]
        words = [" ".join(map(WORDS.get, text)) for text in digits]
        for side, lines in (("src", [*digits, "7"]), ("tgt", [*words, "one " * 45])):
            (tmp_path / f"{part}.{side}").write_text("".join(f"{line}\n" for line in lines))
    files = {"src": "train.src", "tgt": "train.tgt", "val-src": "val.src", "val-tgt": "val.tgt"}
    options = ["--algorithm=char", "--embedding-size=8", "--hidden-size=16", "--max-updates=1"]
    return [*(f"--{name}={tmp_path / file}" for name, file in files.items()), *options]


def stored(run):
    return json.loads((run / "config.json").read_text())


def test_digits_and_their_words_are_trained_on_and_can_be_written(s2s, spelled_out, tmp_path):
    run = tmp_path / "run"
    finished = s2s("train", *spelled_out, "--out", run)
    assert finished.code == 0, finished.err
    assert "300 accepted (rejected: 0 blank, 0 too long, 1 unequal length)" in finished.err
    config = stored(run)
    ratio = config["data"]["max_ratio"]
    assert 15 <= ratio <= 40
    assert f"(--set max_ratio={ratio:g})" in finished.err
    assert config["search"]["length_factor"] > 10
    assert s2s("train", *spelled_out, "--out", run, "--resume").code == 0
    assert s2s("train", "--out", run, "--resume", "--max-updates=2").code == 0
    assert stored(run)["data"]["max_ratio"] == ratio


def test_a_ratio_that_is_set_stays_and_what_it_rejects_is_said(s2s, spelled_out, tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    run = tmp_path / "run"
    assert s2s("train", *spelled_out, "--out", run, "--set", "max_ratio=12").code == 0
    assert stored(run)["data"]["max_ratio"] == 12
    assert "raise max_ratio (--set max_ratio=24)" in caplog.text
    none = s2s("train", *spelled_out, "--out", tmp_path / "none", "--set", "max_ratio=1")
    assert none.code == 2
    assert "--set max_ratio=20" in none.err
    changed = s2s("train", "--out", run, "--resume", "--set", "max_ratio=13")
    assert "data.max_ratio was 12" in changed.err


def test_ordinary_text_is_filtered_as_ever(s2s, corpus_folder, tmp_path):
    files = {"src": "train.xx", "tgt": "train.yy", "val-src": "val.xx", "val-tgt": "val.yy"}
    options = [f"--{name}={corpus_folder / file}" for name, file in files.items()]
    options += ["--embedding-size=8", "--hidden-size=16", "--max-updates=1"]
    finished = s2s("train", *options, "--out", tmp_path / "run")
    assert finished.code == 0
    assert "max_ratio" not in finished.err
    assert stored(tmp_path / "run")["data"]["max_ratio"] == 4
