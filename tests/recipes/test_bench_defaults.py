import re
import sys
from datetime import datetime

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from recipe_modules import load_recipe

SMALL = ["--max-updates", "1", "--embedding-size", "8", "--hidden-size", "8", "--vocab-size", "60"]


@pytest.fixture(scope="module")
def recipe():
    return load_recipe("bench_defaults")


def test_no_input_is_twice_in_all_parts_and_a_seed_draws_the_same_again(recipe):
    for task in recipe.TASKS:
        parts = recipe.draw(task, seed=1)
        assert parts == recipe.draw(task, seed=1)
        assert parts["test"] != recipe.draw(task, seed=2)["test"]
        sizes = {part: len(pairs) for part, pairs in parts.items()}
        assert sizes == {"test": 200, "val": 100, "train": 2000}
        sources = [src for pairs in parts.values() for src, _ in pairs]
        assert len(set(sources)) == len(sources)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (40, "forty"),
        (99, "ninety-nine"),
        (100, "one hundred"),
        (4301, "four thousand three hundred one"),
        (9010, "nine thousand ten"),
    ],
)
def test_numbers_are_written_as_english_does(recipe, number, words):
    assert recipe.in_words(number) == words


def test_outputs_follow_their_rules(recipe):
    rules = {
        "reverse": lambda src: src[::-1],
        "capitals": str.upper,
        "numbers_to_words": lambda src: recipe.in_words(int(src)),
        "dates": lambda src: datetime.strptime(src, "%B %d, %Y").strftime("%Y-%m-%d"),
        "parity": lambda src: ("even", "odd")[src.split().count("1") % 2],
        "two_labels": lambda src: "positive" if set(src.split()) & set(recipe.GOOD) else "negative",
    }
    for task, rule in rules.items():
        assert all(tgt == rule(src) for src, tgt in recipe.draw(task, seed=1)["test"]), task
    for src, tgt in recipe.draw("tags", seed=1)["test"]:
        for word, tag in zip(src.split(), tgt.split(), strict=True):
            assert word in recipe.TAGGED[tag]
    for src, tgt in recipe.draw("words_to_numbers", seed=1)["test"]:
        assert recipe.in_words(int(tgt)) == src
    for src, tgt in recipe.draw("transliteration", seed=1)["test"]:
        assert tgt.count("ps") >= src.count("ψ")
        assert not set(tgt) & set(src)


@pytest.mark.slow
def test_the_table_names_each_task_and_a_missed_aim_is_the_exit_status(
    recipe, tmp_path, monkeypatch, capsys
):
    for name, size in (("TRAINED", 60), ("VALIDATED", 5), ("TESTED", 5)):
        monkeypatch.setattr(recipe, name, size)
    arguments = ["--out", str(tmp_path), "--tasks", "reverse", "tags", "--options", *SMALL]
    monkeypatch.setattr(sys, "argv", ["bench_defaults.py", *arguments])
    with pytest.raises(SystemExit, match="under 95 % of the seen inputs: reverse, tags"):
        recipe.main()
    assert re.search(r"reverse .*0\.0 .*no", capsys.readouterr().out)
    with pytest.raises(SystemExit, match="already exists; remove it, or name another --out"):
        recipe.main()


def test_an_error_of_a_training_stands_in_its_row(recipe, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "200")
    arguments = ["--out", str(tmp_path), "--tasks", "dates", "--options", "--vocab-size", "0"]
    monkeypatch.setattr(sys, "argv", ["bench_defaults.py", *arguments])
    with pytest.raises(SystemExit, match="of the seen inputs: dates"):
        recipe.main()
    row = capsys.readouterr().out
    assert "s2s: error:" in row
    assert "--vocab-size" in row
