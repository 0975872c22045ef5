"""Targets of two labels: trained, exported and translated with all defaults."""

import json
import random
from dataclasses import replace

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from s2s import Translator
from s2s.formats.model_file import check_model_file, describe, read_model_file


@pytest.fixture(scope="module")
def labels(tmp_path_factory):
    """A folder with sentences and their labels, which one word of each sentence decides."""
    folder, draw = tmp_path_factory.mktemp("labels"), random.Random(4)  # noqa: S311
    words = ["rain", "sun", "tree", "house", "road", "river", "stone", "bird"]
    for part, size in (("train", 400), ("val", 40)):
        src, tgt = [], []
        for _ in range(size):
            label, key = draw.choice([("POS", "good"), ("NEG", "bad")])
            text = draw.choices(words, k=draw.randint(0, 30))
            src.append(" ".join([*text, key]))
            tgt.append(label)
        for side, lines in (("src", src), ("tgt", tgt)):
            (folder / f"{part}.{side}").write_text("".join(f"{line}\n" for line in lines))
    return folder


def test_two_labels_train_are_exported_and_come_out_right(s2s, labels, tmp_path):
    data = ["--src", labels / "train.src", "--tgt", labels / "train.tgt"]
    data += ["--val-src", labels / "val.src", "--val-tgt", labels / "val.tgt"]
    small = ["--embedding-size", 16, "--hidden-size", 32, "--separate-vocabularies"]
    small += ["--set", "max_ratio=50", "--set", "warmup_updates=20", "--max-updates", 120]
    small += ["--learning-rate", "1e-2", "--algorithm", "word"]
    finished = s2s("train", *data, "--out", tmp_path / "run", *small)
    assert finished.code == 0, finished.err
    assert s2s("export", tmp_path / "run", tmp_path / "labels.onnx").code == 0
    file = read_model_file(tmp_path / "labels.onnx")
    most = file.tokenizer.tgt_vocab_size - 3
    assert file.search.beam_size == file.card["search"]["beam_size"] == most == 3
    finished = s2s("translate", tmp_path / "labels.onnx", labels / "val.src")
    assert finished.code == 0
    assert "beam_size" not in finished.err
    expected = (labels / "val.tgt").read_text().splitlines()
    found = finished.out.decode().splitlines()
    assert sum(map(str.__eq__, found, expected)) >= 38
    wide = s2s("translate", tmp_path / "run", labels / "val.src", "--beam-size", 50)
    assert "beam_size (--beam-size) is 50" in wide.err
    assert wide.out == finished.out
    recommend(tmp_path / "run", 999)
    assert Translator(tmp_path / "run").search.beam_size == most


def recommend(run, beam_size):
    """Writes what an older s2s might have recommended."""
    config = json.loads((run / "config.json").read_text())
    config["search"]["beam_size"] = beam_size
    (run / "config.json").write_text(json.dumps(config))


def test_an_older_file_recommends_no_wider_beam(tiny):
    file = describe(tiny)
    card = {**file.card, "search": {**file.card["search"], "beam_size": 999}}
    assert check_model_file(replace(file, card=card)).search.beam_size == 61
