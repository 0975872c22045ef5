import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from recipe_modules import load_recipe

from s2s.config import UNK_ID
from s2s.tokenizer.learn import train_tokenizer


@pytest.fixture(scope="module")
def recipe():
    return load_recipe("copy_reverse")


@pytest.fixture(scope="module")
def parts(recipe):
    return recipe.draw(seed=1)


def test_no_sequence_is_twice_in_all_parts(parts):
    sequences = [sequence for part in parts.values() for sequence in part]
    assert len(set(sequences)) == len(sequences)


def test_every_length_is_trained_on_and_tested_and_longer_ones_are_longer(recipe, parts):
    lengths = {
        part: Counter(len(sequence.split()) for sequence in sequences)
        for part, sequences in parts.items()
    }
    for part in ("train", "val", "test"):
        assert set(lengths[part]) == set(recipe.TRAINED)
    assert set(lengths["test"].values()) == set(lengths["val"].values()) == {recipe.TESTED}
    assert lengths["longer"] == dict.fromkeys(range(13, 25), recipe.TESTED)


def test_a_seed_draws_the_same_sequences_and_another_one_others(recipe, parts):
    assert recipe.draw(seed=1) == parts
    assert recipe.draw(seed=2)["test"] != parts["test"]


def test_answers_stand_beside_their_sequences(recipe, tmp_path):
    for task, answer in (("copy", "a b c\nd\n"), ("reverse", "c b a\nd\n")):
        config = recipe.write_pairs(tmp_path, "train", task, ["a b c", "d"])
        assert Path(config.src).read_text() == "a b c\nd\n"
        assert Path(config.tgt).read_text() == answer


def test_a_symbol_is_a_piece(recipe, parts):
    tokenizer = train_tokenizer(parts["train"], parts["train"], recipe.TOKENIZER, seed=1)
    assert tokenizer.src_vocab_size == 4 + len(recipe.SYMBOLS)
    for sequence, ids in zip(parts["longer"], tokenizer.encode_src(parts["longer"]), strict=True):
        assert len(ids) == len(sequence.split()) + 1
        assert UNK_ID not in ids


def test_accuracy_counts_whole_sequences(recipe):
    def translate(sequences):
        return [
            SimpleNamespace(text={"a b": "b a"}.get(sequence, sequence)) for sequence in sequences
        ]

    translator = SimpleNamespace(translate=translate)
    sequences = ["a b", "a b c", "d d", "d e"]
    assert recipe.accuracy(translator, "reverse", sequences) == 50.0  # d d is its own reverse
    assert recipe.accuracy(translator, "copy", sequences) == 75.0


def test_one_wrong_sequence_is_one_line_and_exit_status_1(recipe, tmp_path, monkeypatch, capsys):
    some = ["a b c", "d e f", "g h i", "j"] * 4
    drawn = dict.fromkeys(("train", "val", "test"), some)
    drawn["longer"] = [" ".join("a" * length) for length in range(13, 25)]
    monkeypatch.setattr(recipe, "draw", lambda seed: drawn)
    monkeypatch.setattr(recipe, "MODEL", type(recipe.MODEL)(embedding_size=4, hidden_size=4))
    arguments = ["copy_reverse.py", "--out", str(tmp_path), "--max-updates", "1", "--task", "copy"]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as ended:
        recipe.main()
    assert "copy: a model made errors on unseen sequences of 3-12 letters" in ended.value.code
    assert "\n" not in ended.value.code
    with pytest.raises(SystemExit, match="already exists; remove it, or name another --out"):
        recipe.main()
