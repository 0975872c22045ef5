import sys
from dataclasses import replace

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from recipe_modules import load_recipe


@pytest.fixture(scope="module")
def recipe():
    return load_recipe("shapes")


@pytest.fixture(scope="module")
def parts(recipe):
    return {name: recipe.split(shape, seed=1) for name, shape in recipe.SHAPES.items()}


def test_a_seed_draws_the_same_pairs_and_another_one_others(recipe, parts):
    for name, shape in recipe.SHAPES.items():
        assert recipe.split(shape, seed=1) == parts[name]
        assert recipe.split(shape, seed=2)["test"] != parts[name]["test"]


def test_inputs_are_unseen_unless_only_a_table_can_know(recipe, parts):
    for name, shape in recipe.SHAPES.items():
        train, test = ({src for src, _ in parts[name][part]} for part in ("train", "test"))
        assert not (train & test) if shape.unseen else train == test


def test_each_shape_has_inputs_and_outputs_of_its_lengths(parts):
    lengths = {
        name: [(len(src.split()), len(tgt.split())) for src, tgt in each["train"]]
        for name, each in parts.items()
    }
    assert set(lengths["one_to_one"]) == {(1, 1)}
    assert {src for src, _ in lengths["one_to_many"]} == {1}
    assert {tgt for _, tgt in lengths["one_to_many"]} == set(range(1, 31))
    assert {tgt for _, tgt in lengths["many_to_one"]} == {1}
    assert len({tgt for _, tgt in parts["many_to_one"]["train"]}) == 2
    assert all(src == tgt for src, tgt in lengths["in_step"])
    assert len(set(lengths["in_step"])) > 1
    assert any(src != tgt for src, tgt in lengths["many_to_many"])


def test_an_opinion_is_what_its_words_say(parts, recipe):
    for src, label in parts["many_to_one"]["train"]:
        praises = src.split()[-1] in recipe.PRAISE
        assert (label == "positive") == (praises != ("not" in src.split()))


def test_labels_are_held_in_step_even_by_a_network_that_has_learned_nothing(
    recipe, tmp_path, monkeypatch, capsys, quick_check
):
    shapes = {
        name: replace(recipe.SHAPES[name], max_updates=1) for name in ("in_step", "many_to_one")
    }
    monkeypatch.setattr(recipe, "SHAPES", shapes)
    small = type(recipe.MODEL)(embedding_size=8, hidden_size=16)
    monkeypatch.setattr(recipe, "MODEL", small)
    monkeypatch.setattr(recipe, "HELD_OUT", 30)
    monkeypatch.setattr(sys, "argv", ["shapes.py", "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        recipe.main()
    assert "under 95 % of the outputs are right: in_step, many_to_one" in ended.value.code
    out = capsys.readouterr().out
    assert "in_step: 30 of 30 outputs have as many words as their input" in out
    assert "of inputs twice as long 30, and" in out
    assert "many_to_one: right labels have " in out
    with pytest.raises(SystemExit, match="already exists; remove it, or name another --out"):
        recipe.main()


def test_the_smallest_table_is_learned(recipe, tmp_path, quick_check):
    things = recipe.colours(recipe.Random(1))[:12]
    shape = replace(recipe.SHAPES["one_to_one"], draw=lambda _: things, max_updates=60)
    parts = recipe.split(shape, seed=1)
    translator = recipe.Translator(recipe.learn(shape, tmp_path, parts, seed=1))
    assert sum(recipe.exact(translator, things)) >= 11
