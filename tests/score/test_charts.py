import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2s.score.report.charts import Bar, draw_bars, draw_curves, draw_heat, ticks
from s2s.score.report.markup import element

numbers = st.floats(-1e6, 1e6).map(lambda value: round(value, 4))


@given(numbers, numbers)
def test_ticks_are_round_and_enclose_the_values(one, other):
    low, high = sorted((one, other))
    marks = ticks(low, high)
    assert marks[0] <= low + 1e-6 * abs(low)
    assert marks[-1] >= high - 1e-6 * abs(high)
    assert 2 <= len(marks) <= 8
    steps = np.diff(marks)
    assert steps == pytest.approx(steps[0])
    assert re.match(r"^[125]0*$|^[125]$", f"{steps[0]:.0e}".split("e")[0])


def rects(drawn):
    return [element for element in drawn.iter("rect") if element.find("title") is not None]


def test_bars_are_as_high_as_their_values():
    drawn = draw_bars([Bar("1-5", (20.0, 40.0), True), Bar("6-10", (10.0, 0.0), False)], "AB", "w")
    heights = [float(element.get("height")) for element in rects(drawn)]
    assert heights == pytest.approx([heights[1] / 2, heights[1], heights[1] / 4, 0], abs=0.02)
    assert [element.get("opacity") for element in rects(drawn)] == ["0.35", "0.35", "1", "1"]
    assert rects(drawn)[0].find("title").text == "1-5 w: A 20.00"


def test_a_curve_goes_through_its_points():
    drawn = draw_curves({"loss": [(0, 4.0), (50, 2.0), (100, 0.0)]}, "updates")
    path = next(drawn.iter("polyline")).get("points").split()
    (x0, y0), (x1, y1), (x2, y2) = (map(float, point.split(",")) for point in path)
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2)
    assert y1 - y0 == pytest.approx(y2 - y1, abs=0.2)
    assert y0 < y2  # upwards is less in SVG
    assert [element.find("title").text for element in drawn.iter("circle")][1] == "50 updates: 2"


@pytest.mark.parametrize("points", [[(0, 1.0)], [(7, 0.0)], [(1, 3.0), (2, 3.0)]])
def test_flat_and_single_curves_can_be_drawn(points):
    path = next(draw_curves({"x": points}, "updates").iter("polyline")).get("points")
    assert len(path.split()) == len(points)
    assert "nan" not in path


def test_long_curves_are_averaged():
    path = next(draw_curves({"x": [(n, n % 2) for n in range(9000)]}, "u").iter("polyline"))
    heights = {float(point.split(",")[1]) for point in path.get("points").split()}
    assert len(path.get("points").split()) == 300
    assert max(heights) - min(heights) < 1  # each point is the mean of 0 and 1


def test_a_heat_map_has_a_square_for_each_weight_that_can_be_seen():
    weights = np.array([[0.75, 0.25, 0.0], [0.0, 0.001, 0.999]], dtype=np.float32)
    drawn = draw_heat(["a", "b", "</s>"], ["x", "我"], weights)
    assert [element.find("title").text for element in rects(drawn)] == [
        "x ← a: 0.75",
        "x ← b: 0.25",
        "我 ← </s>: 1.00",
    ]
    assert [element.get("fill-opacity") for element in rects(drawn)] == ["0.75", "0.25", "1"]
    columns = [float(element.get("x")) for element in rects(drawn)]
    assert columns[1] - columns[0] == columns[2] - columns[1] == 20


def test_nothing_can_bring_a_script_into_a_page():
    with pytest.raises(AssertionError, match="nothing a script"):
        element("script", None, "alert(1)")
