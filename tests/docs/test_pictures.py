"""The pictures of the documentation are those that the script draws from its pages."""

import pytest
from paths import ROOT
from recipe_modules import load_recipe

NAMES = ("overview.svg", "speed.svg")


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_what_the_script_draws(name):
    pictures = load_recipe("draw_pictures").draw(ROOT / "docs")
    assert (ROOT / "docs" / "_static" / name).read_text(encoding="utf-8") == pictures[name]


def test_every_engine_of_the_table_has_a_bar():
    page = (ROOT / "docs" / "explanation" / "benchmarks.md").read_text(encoding="utf-8")
    speeds = load_recipe("draw_pictures").read_speeds(page)
    assert len(speeds) >= 5
    assert speeds["s2s ONNX int8, 10.7 MB"][0] == 285
