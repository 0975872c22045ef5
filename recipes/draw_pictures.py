"""Draws the pictures of README.md and of the documentation.

    python recipes/draw_pictures.py docs

``overview.svg`` shows what s2s is: two texts in, one file out, run anywhere. ``speed.svg`` shows
the first table of "Speed and memory of translating" in ``explanation/benchmarks.md`` as bars. To
change a figure, change the page and run this script; a test compares both.
"""

import argparse
import xml.etree.ElementTree as ET
from pathlib import Path

WIDTH = 920
INK, PAPER, LINE = "#1f2933", "#ffffff", "#9aa5b1"
COLOURS = {"text": "#e3f2fd", "torch": "#fdebd0", "file": "#e0f2e9", "run": "#f3e5f5"}
OURS, OTHERS = "#1f5fa8", "#b0b7c0"
TABLE = "| two threads | greedy, 1 |"
"""Beginning of the table's first row."""
COLUMNS = {1: "one sentence at a time, greedy", 5: "batches of 32, beam 5"}
"""Columns of the table that become bars."""


class Drawing:
    """An SVG image with boxes, arrows and text."""

    def __init__(self, height: int, title: str) -> None:
        size = {"width": str(WIDTH), "height": str(height), "viewBox": f"0 0 {WIDTH} {height}"}
        self.root = ET.Element("svg", xmlns="http://www.w3.org/2000/svg", role="img", **size)
        ET.SubElement(self.root, "title").text = title
        ET.SubElement(self.root, "rect", width="100%", height="100%", fill=PAPER)
        arrow = ET.SubElement(
            ET.SubElement(self.root, "defs"),
            "marker",
            {"id": "tip", "viewBox": "0 0 8 8", "refX": "7", "refY": "4"},
            markerWidth="7",
            markerHeight="7",
            orient="auto",
        )
        ET.SubElement(arrow, "path", d="M0 0 L8 4 L0 8 z", fill=LINE)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: int = 14,
        bold: bool = False,
        anchor: str = "middle",
    ) -> None:
        """Writes text; ``x`` is its middle, its "start" or its "end"."""
        attributes = {"text-anchor": anchor, "font-family": "system-ui, sans-serif"}
        attributes |= {"font-size": str(size), "fill": INK}
        if bold:
            attributes["font-weight"] = "600"
        ET.SubElement(self.root, "text", attributes, x=str(x), y=str(y)).text = words

    def box(
        self, left: float, top: float, width: float, height: float, colour: str, *lines: str
    ) -> None:
        """Draws a box; its first line is bold."""
        ET.SubElement(
            self.root,
            "rect",
            x=str(left),
            y=str(top),
            width=str(width),
            height=str(height),
            rx="8",
            fill=COLOURS[colour],
            stroke=LINE,
        )
        first = top + height / 2 - 9 * (len(lines) - 1) + 5
        for number, line in enumerate(lines):
            self.text(
                left + width / 2,
                first + 18 * number,
                line,
                bold=number == 0,
                size=14 if number == 0 else 12,
            )

    def arrow(self, x1: float, y1: float, x2: float, y2: float, words: str = "") -> None:
        """Draws an arrow, with a word above it."""
        line = {"stroke": LINE, "stroke-width": "2", "marker-end": "url(#tip)"}
        ET.SubElement(self.root, "line", line, x1=str(x1), y1=str(y1), x2=str(x2), y2=str(y2))
        if words:
            self.text((x1 + x2) / 2, (y1 + y2) / 2 - 7, words, size=12)


def draw_overview() -> Drawing:
    """Returns the picture of what s2s is."""
    drawing = Drawing(
        300,
        "Parallel text trains a recurrent network in torch; its export is one ONNX file, and "
        "onnxruntime runs that file from Python, a command, Node.js or a browser",
    )
    drawing.text(100, 28, "parallel text", bold=True)
    drawing.box(30, 50, 140, 62, "text", "train.en", "The cat sleeps.")
    drawing.box(30, 188, 140, 62, "text", "train.de", "Die Katze schläft.")
    drawing.arrow(170, 81, 236, 76)
    drawing.arrow(170, 219, 236, 92)

    drawing.text(325, 28, "training: torch, CPU or GPU", bold=True)
    drawing.box(240, 50, 170, 50, "torch", "SentencePiece", "text to pieces")
    drawing.box(240, 125, 170, 50, "torch", "recurrent encoder", "reads from both ends")
    drawing.box(240, 200, 170, 50, "torch", "attention decoder", "writes piece by piece")
    drawing.arrow(325, 100, 325, 123)
    drawing.arrow(325, 175, 325, 198)
    drawing.arrow(410, 150, 492, 150, "s2s export")

    drawing.text(585, 28, "one ONNX file", bold=True)
    drawing.box(496, 50, 178, 200, "file", "model.onnx", "tokenizer", "weights: fp32 or int8")
    drawing.text(585, 205, "beam search inside", size=12)
    drawing.arrow(674, 150, 738, 150)

    drawing.text(820, 28, "onnxruntime, no torch", bold=True)
    for number, words in enumerate(("s2s translate", "Python service", "Node.js, browser")):
        drawing.box(742, 50 + 75 * number, 156, 50, "run", words)
    drawing.text(
        460,
        284,
        "Before the file gets its name, its translations are compared with torch, token by token.",
    )
    return drawing


def read_speeds(page: str) -> dict[str, list[float]]:
    """Returns the sentences a second of each engine, one for each of ``COLUMNS``.

    Args:
        page: Text of ``explanation/benchmarks.md``.
    """
    lines = page[page.index(TABLE) :].split("\n\n", 1)[0].split("\n")[2:]
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in lines]
    return {
        row[0]: [float(row[column].split()[0].replace(",", "")) for column in COLUMNS]
        for row in rows
    }


def draw_speed(page: str) -> Drawing:
    """Returns bars of sentences a second, a group for each of ``COLUMNS``."""
    speeds = read_speeds(page)
    group = 40 + 26 * len(speeds)
    drawing = Drawing(group * len(COLUMNS) + 10, "Sentences a second, s2s beside other engines")
    for number, label in enumerate(COLUMNS.values()):
        top = group * number + 24
        drawing.text(20, top, f"Sentences a second: {label}", bold=True, anchor="start")
        largest = max(values[number] for values in speeds.values())
        for row, (engine, values) in enumerate(speeds.items()):
            y, width = top + 12 + 26 * row, 520 * values[number] / largest
            drawing.text(290, y + 14, engine, size=13, anchor="end")
            colour = OURS if engine.startswith("s2s") else OTHERS
            bar = {"x": "300", "y": str(y), "width": f"{width:.1f}", "height": "18"}
            ET.SubElement(drawing.root, "rect", bar, fill=colour)
            drawing.text(308 + width, y + 14, f"{values[number]:,.0f}", size=13, anchor="start")
    return drawing


def draw(docs: Path) -> dict[str, str]:
    """Returns the pictures by file name, as SVG.

    Args:
        docs: The folder of the documentation.
    """
    page = (docs / "explanation" / "benchmarks.md").read_text(encoding="utf-8")
    pictures = {}
    for name, drawing in (("overview.svg", draw_overview()), ("speed.svg", draw_speed(page))):
        ET.indent(drawing.root)
        pictures[name] = ET.tostring(drawing.root, encoding="unicode") + "\n"
    return pictures


def main() -> None:
    """Writes the pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("docs", type=Path, help="folder of the documentation")
    docs: Path = parser.parse_args().docs
    for name, svg in draw(docs).items():
        (docs / "_static" / name).write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
