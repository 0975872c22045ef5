"""Bars, curves and heat maps in SVG."""

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from unicodedata import east_asian_width
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from s2s.score.report.markup import Attributes, element

WIDTH: Final = 720
HEIGHT: Final = 260
LEFT: Final = 52
"""Pixels for the numbers of the vertical axis."""
BELOW: Final = 40
"""Pixels for the numbers and the unit of the horizontal axis."""
TOP: Final = 22
"""Pixels for the legend."""
COLOURS: Final = ("#1f5fa8", "#d17a00")
"""Colours of the series, which differ for the colour-blind and in grey."""
CELL: Final = 20
"""Side of a square of a heat map, in pixels."""
_POINTS = 300  # most points of a curve; more are averaged
_INK, _GREY, _RULE = "#1c1f24", "#5d636c", "#d9dce1"


class Bar(NamedTuple):
    """A group of bars."""

    label: str
    values: tuple[float, ...]
    """One value for each series."""
    faint: bool
    """Whether the values are unreliable."""


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Returns round numbers from ``low`` or below to ``high`` or above."""
    span = (high - low) or abs(high) or 1.0
    rough = span / (most - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 10) for number in range(first, max(last, first + 1) + 1)]


def draw_bars(bars: Sequence[Bar], series: Sequence[str], unit: str) -> Element:
    """Draws groups of bars from 0 up.

    Args:
        bars: Groups from left to right, at least one.
        series: Name of each bar of a group.
        unit: Unit of the labels.
    """
    marks = ticks(0.0, max(1.0, *(value for bar in bars for value in bar.values)))
    group = (WIDTH - LEFT) / len(bars)
    width = min(36.0, 0.8 * group / len(series))
    shapes = []
    for number, bar in enumerate(bars):
        middle = LEFT + (number + 0.5) * group
        for which, value in enumerate(bar.values):
            top = _height(value, marks)
            place: Attributes = {
                "x": middle + (which - len(series) / 2) * width,
                "y": top,
                "width": width - 1,
                "height": HEIGHT - BELOW - top,
                "fill": COLOURS[which],
                "opacity": 0.35 if bar.faint else 1,
            }
            title = element("title", None, f"{bar.label} {unit}: {series[which]} {value:.2f}")
            shapes.append(element("rect", place, title))
        shapes.append(_label(middle, HEIGHT - BELOW + 16, bar.label))
    shapes.append(_label(LEFT + (WIDTH - LEFT) / 2, HEIGHT - 6, unit))
    return _figure(WIDTH, HEIGHT, *_rules(marks), *shapes, *_legend(series))


def draw_curves(curves: Mapping[str, Sequence[tuple[float, float]]], unit: str) -> Element:
    """Draws lines through points.

    Args:
        curves: Points (x, y) of each curve, at least one point, x rising and at least 0.
        unit: Unit of x.
    """
    lines = {name: _thin(points) for name, points in curves.items()}
    heights = [y for points in lines.values() for _, y in points]
    marks = ticks(min(heights), max(heights))
    along = ticks(0.0, max(x for points in lines.values() for x, _ in points))

    def across(x: float) -> float:
        return LEFT + 8 + (WIDTH - LEFT - 40) * x / along[-1]

    shapes = [_label(across(x), HEIGHT - BELOW + 16, f"{x:,.10g}") for x in along]
    for number, points in enumerate(lines.values()):
        path = " ".join(f"{across(x):.1f},{_height(y, marks):.1f}" for x, y in points)
        line: Attributes = {"points": path, "fill": "none", "stroke": COLOURS[number]}
        shapes.append(element("polyline", {**line, "stroke-width": 2}))
        if len(points) <= _POINTS // 5:
            for x, y in points:
                title = element("title", None, f"{x:,.0f} {unit}: {y:.4g}")
                spot: Attributes = {"cx": across(x), "cy": _height(y, marks), "r": 3}
                shapes.append(element("circle", {**spot, "fill": COLOURS[number]}, title))
    shapes.append(_label(LEFT + (WIDTH - LEFT) / 2, HEIGHT - 6, unit))
    return _figure(WIDTH, HEIGHT, *_rules(marks), *shapes, *_legend(list(lines)))


def draw_heat(columns: Sequence[str], rows: Sequence[str], weights: NDArray[np.float32]) -> Element:
    """Draws a table of squares, the darker the heavier.

    Args:
        columns: Names above the columns.
        rows: Names at the left of the rows.
        weights: (rows, columns), 0 to 1.
    """
    left = 12 + max(map(_span, rows))
    top = 12 + max(map(_span, columns))
    shapes = []
    for number, name in enumerate(columns):
        x = left + (number + 0.65) * CELL
        place: Attributes = {
            "x": x,
            "y": top - 6,
            "transform": f"rotate(-90 {x:.1f} {top - 6:.1f})",
        }
        shapes.append(element("text", {**place, "fill": _INK}, name))
    for number, name in enumerate(rows):
        place = {"x": left - 6, "y": top + (number + 0.7) * CELL, "text-anchor": "end"}
        shapes.append(element("text", {**place, "fill": _INK}, name))
    for row, column in np.argwhere(weights >= 0.005).tolist():  # smaller ones are invisible
        weight = float(weights[row, column])
        title = element("title", None, f"{rows[row]} \u2190 {columns[column]}: {weight:.2f}")
        corner = {"x": left + column * CELL, "y": top + row * CELL}
        size = {"width": CELL - 1, "height": CELL - 1, "fill-opacity": weight}
        shapes.append(element("rect", {**corner, **size, "fill": COLOURS[0]}, title))
    frame = {"x": left, "y": top, "width": CELL * len(columns), "height": CELL * len(rows)}
    shapes.append(element("rect", {**frame, "fill": "none", "stroke": _RULE}))
    return _figure(left + CELL * len(columns) + 4, top + CELL * len(rows) + 4, *shapes)


def _thin(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Averages neighbours so that at most ``_POINTS`` are left."""
    size = -(-len(points) // _POINTS)
    groups = (points[start : start + size] for start in range(0, len(points), size))
    return [
        (sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group))
        for group in groups
    ]


def _height(value: float, marks: Sequence[float]) -> float:
    share = (value - marks[0]) / (marks[-1] - marks[0])
    return HEIGHT - BELOW - (HEIGHT - BELOW - TOP) * share


def _rules(marks: Sequence[float]) -> list[Element]:
    """Draws the vertical axis: a line across at each round number."""
    shapes = []
    for mark in marks:
        y = _height(mark, marks)
        shapes.append(element("line", {"x1": LEFT, "x2": WIDTH, "y1": y, "y2": y, "stroke": _RULE}))
        place: Attributes = {"x": LEFT - 6, "y": y + 4, "text-anchor": "end"}
        shapes.append(element("text", place, f"{mark:,.10g}"))
    return shapes


def _legend(names: Sequence[str]) -> list[Element]:
    """Names the series, in their colours, at the upper right."""
    shapes: list[Element] = []
    x = float(WIDTH)
    for number, name in reversed(list(enumerate(names))):
        x -= _span(name) + 24
        shapes.append(
            element("rect", {"x": x, "y": 2, "width": 10, "height": 10, "fill": COLOURS[number]})
        )
        shapes.append(element("text", {"x": x + 14, "y": 11}, name))
    return shapes


def _span(name: str) -> float:
    """Returns the most pixels that a text takes."""
    return sum(13.0 if east_asian_width(char) in "WF" else 8.5 for char in name)


def _label(x: float, y: float, content: str) -> Element:
    return element("text", {"x": x, "y": y, "text-anchor": "middle"}, content)


def _figure(width: float, height: float, *shapes: Element) -> Element:
    size: Attributes = {
        "width": width,
        "height": height,
        "viewBox": f"0 0 {width:.0f} {height:.0f}",
    }
    words: Attributes = {"role": "img", "font-size": "12px", "fill": _GREY}
    return element("svg", {**size, **words}, *shapes)
