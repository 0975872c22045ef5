"""Draws what s2s is: two texts in, one file out, run anywhere.

    python recipes/draw_overview.py docs/_static/overview.svg

The picture of README.md and of the documentation's first page.
"""

import argparse
import xml.etree.ElementTree as ET
from pathlib import Path

WIDTH, HEIGHT = 920, 300
INK, PAPER, LINE = "#1f2933", "#ffffff", "#9aa5b1"
COLOURS = {"text": "#e3f2fd", "torch": "#fdebd0", "file": "#e0f2e9", "run": "#f3e5f5"}


class Drawing:
    """An SVG image with boxes, arrows and text."""

    def __init__(self) -> None:
        size = {"width": str(WIDTH), "height": str(HEIGHT), "viewBox": f"0 0 {WIDTH} {HEIGHT}"}
        self.root = ET.Element("svg", xmlns="http://www.w3.org/2000/svg", role="img", **size)
        ET.SubElement(self.root, "title").text = (
            "Parallel text trains a recurrent network in torch; its export is one ONNX file, and "
            "onnxruntime runs that file from Python, a command, Node.js or a browser"
        )
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

    def text(self, x: float, y: float, words: str, *, size: int = 14, bold: bool = False) -> None:
        """Writes centred text."""
        attributes = {"text-anchor": "middle", "font-family": "system-ui, sans-serif"}
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


def draw() -> Drawing:
    """Returns the picture."""
    drawing = Drawing()
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


def main() -> None:
    """Writes the picture."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("out", type=Path)
    out: Path = parser.parse_args().out
    ET.indent(root := draw().root)
    out.write_text(ET.tostring(root, encoding="unicode") + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
