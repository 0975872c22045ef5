import re

import pytest
from recipe_modules import load_recipe

from s2s.text import read_pairs


@pytest.fixture
def parts(tmp_path, monkeypatch):
    recipe = load_recipe("made_up_text")
    monkeypatch.setattr("sys.argv", ["made_up_text.py", "--out", str(tmp_path)])
    recipe.main()
    sides = {
        name: [tmp_path / f"{name}.{language}" for language in ("en", "de")]
        for name in recipe.SIZES
    }
    assert {path.name for path in tmp_path.iterdir()} == {
        path.name for paths in sides.values() for path in paths
    }
    found = {name: list(read_pairs(*paths)) for name, paths in sides.items()}
    assert {name: len(pairs) for name, pairs in found.items()} == recipe.SIZES
    return found


def test_no_sentence_is_in_two_parts(parts):
    for side in (0, 1):
        sentences = [pair[side] for pairs in parts.values() for pair in pairs]
        assert len(set(sentences)) == len(sentences)


def test_sentences_are_written_as_people_write_them(parts):
    for english, german in parts["train"]:
        assert english[0].isupper() and german[0].isupper()
        assert english[-1] == german[-1] and english[-1] in ".?"
        assert not re.search(r"\ba [aeiou]|\ban [^aeiou]", english)


def test_questions_have_another_order_and_adjectives_agree(parts):
    pairs = dict(parts["train"] + parts["val"] + parts["test"])
    questions = [pair for pair in pairs.items() if pair[0].endswith("?")]
    assert 0.2 < len(questions) / len(pairs) < 0.3
    assert all(german.split()[1] in ("der", "die", "das") for _, german in questions)
    assert any("einen roten Ball" in german for german in pairs.values())
    assert any("ein rotes Haus" in german for german in pairs.values())
    assert any("das rote Haus" in german for german in pairs.values())
