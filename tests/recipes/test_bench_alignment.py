import re

import pytest
from number_words import ENGLISH, GERMAN
from recipe_modules import load_recipe


@pytest.fixture
def recipe(monkeypatch):
    recipe = load_recipe("bench_alignment")
    monkeypatch.setattr(recipe.words, "LENGTH_POWER", recipe.words.LENGTH_POWER)
    return recipe


def test_words_that_stand_in_the_same_lines_are_a_known_pair(recipe):
    lines = [("Ein Hund.", "A dog!"), ("Ein Haus", "A house"), ("Der Hund", "the dog")] * 5
    assert recipe.known_pairs(lines) == {
        "dog": "hund",
        "house": "haus",
        "a": "ein",
        "the": "der",
    }


def test_each_power_has_a_line(recipe, tiny, tmp_path, monkeypatch, capsys):
    paths = [tmp_path / name for name in ("src", "train.de", "train.en")]
    for path, words in zip(paths, (GERMAN[:5], GERMAN, ENGLISH), strict=True):
        path.write_text("\n".join(words * 5), encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["bench_alignment.py", str(tiny), *map(str, paths)])
    recipe.main()
    found = re.findall(r"power (\S+): (\d+) of (\d+) joined", capsys.readouterr().out)
    assert [float(power) for power, _, _ in found] == [0.0, 0.5, 1.0]
    assert all(joined == counted == "25" for _, joined, counted in found)
