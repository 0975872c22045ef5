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
    page = """Text.

| two threads | greedy, 1 | 32 | 64 | beam 5, 1 | 32 | 64 |
| --- | --- | --- | --- | --- | --- | --- |
| s2s ONNX int8, 10.7 MB | 285 | 1,838 | 2,324 | 218 | 1,752 | 725 |
| OpenNMT-py 3.5.1 | 48 (5.9) | 308 (5.6) | 404 | 29 | 118 (6.3) | 125 |

| another table | 1 |
"""
    speeds = load_recipe("draw_pictures").read_speeds(page)
    assert speeds == {"s2s ONNX int8, 10.7 MB": [285, 1752], "OpenNMT-py 3.5.1": [48, 118]}
