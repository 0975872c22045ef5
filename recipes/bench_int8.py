"""What does int8 cost? Each run's fp32 and int8 files on the same sentences.

    python recipes/bench_int8.py RUN [RUN ...] --src test.en val.en --ref test.de val.de

Every run is exported twice and translates every file of ``--src``, with the search that it
recommends, on one thread. A row has the BLEU of both files and how many translations are the same.
The last line has the mean of the differences, its standard error, and the worst of them.
"""

import argparse
import tempfile
from operator import eq
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from s2s import Translator
from s2s.score import score
from s2s.text import read_pairs
from s2s_export import export_run

PRECISIONS = ("fp32", "int8")


class Comparison(NamedTuple):
    """Both files of a run on one test set."""

    run: str
    text: str
    bleu: tuple[float, float]
    """fp32, int8."""
    same: int
    sentences: int

    @property
    def difference(self) -> float:
        """BLEU that int8 gains."""
        return self.bleu[1] - self.bleu[0]


def compare(run: Path, texts: list[tuple[Path, Path]]) -> list[Comparison]:
    """Exports a run and translates all texts with both files."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        models = [Path(name) / f"{precision}.onnx" for precision in PRECISIONS]
        for path, precision in zip(models, PRECISIONS, strict=True):
            export_run(run, path, precision=precision)
        for src, ref in texts:
            pairs = list(read_pairs(src, ref))
            outputs = []
            for path in models:
                with Translator(path, threads=1) as translator:
                    translations = translator.translate([text for text, _ in pairs])
                    outputs.append([translation.text for translation in translations])
            bleu = [
                score(output, [text for _, text in pairs], bleu_only=True)[0].value
                for output in outputs
            ]
            same = sum(map(eq, *outputs))
            found.append(Comparison(run.name, src.name, (bleu[0], bleu[1]), same, len(pairs)))
    return found


def main() -> None:
    """Compares and prints a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--src", type=Path, nargs="+", required=True, metavar="FILE")
    parser.add_argument("--ref", type=Path, nargs="+", required=True, metavar="FILE")
    options = parser.parse_args()
    texts = list(zip(options.src, options.ref, strict=True))
    rows = [row for run in options.runs for row in compare(run, texts)]
    table = Table()
    for column in ("run", "text", "fp32", "int8", "difference", "same translations"):
        table.add_column(column, justify="left" if column in {"run", "text"} else "right")
    for row in rows:
        same = f"{row.same:,} of {row.sentences:,}"
        bleu = (f"{value:.2f}" for value in row.bleu)
        table.add_row(row.run, row.text, *bleu, f"{row.difference:+.2f}", same)
    console = Console(highlight=False, soft_wrap=True, width=112)
    console.print(table)
    differences = [row.difference for row in rows]
    error = stdev(differences) / len(rows) ** 0.5 if len(rows) > 1 else float("nan")
    console.print(
        f"{len(rows)} comparisons: int8 gains {mean(differences):+.2f} BLEU in the mean "
        f"(standard error {error:.2f}); the worst is {min(differences):+.2f}"
    )


if __name__ == "__main__":
    main()
