"""From text to text: how fast ``Translator.translate`` is, by how many sentences a call has.

    python recipes/bench_calls.py MODEL --src SENTENCES [--threads 1]

Where ``bench_translate.py`` times searches of ids, this times what a caller waits for: checks,
cutting into pieces, search, joining. With one thread it also tells how much of that is no search.
All sizes take turns; each figure is the median over rounds.
"""

import argparse
import statistics
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from s2s import Translator
from s2s.config import SearchConfig
from s2s.runtime.backend import SearchBatch, SearchOutput
from s2s.runtime.onnx_backend import OnnxBackend
from s2s.runtime.sessions import FIRST_SHARED
from s2s.text import read_lines

CALLS = 200
"""At most, of a pass."""


def clocked() -> list[float]:
    """Makes each search of this process put its seconds at the end of a list, which is returned."""
    seconds: list[float] = []
    plain = OnnxBackend.search

    def search(
        self: OnnxBackend, batch: SearchBatch, config: SearchConfig, *, details: bool = False
    ) -> SearchOutput:
        start = time.perf_counter()
        found = plain(self, batch, config, details=details)
        seconds.append(time.perf_counter() - start)
        return found

    OnnxBackend.search = search  # type: ignore[method-assign]
    return seconds


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--src", type=Path, required=True, help="file with one sentence per line")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--beams", type=int, nargs="+", default=[1, 5])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 32, 1000], help="per call")
    options = parser.parse_args()
    texts = list(read_lines(options.src))
    searched = clocked()
    table = Table(title=f"{options.threads} thread(s), median of {options.rounds} rounds")
    for column in ("beam", "sentences a call", "sentences/s", "us a sentence", "no search, us"):
        table.add_column(column, justify="right")
    with Translator(options.model, threads=options.threads) as translator:
        for text in texts[:FIRST_SHARED]:  # the second session is not to be made in a pass
            translator.translate([text])
        for beam in options.beams:
            passes: dict[int, list[tuple[float, float]]] = {size: [] for size in options.sizes}
            for _ in range(options.rounds):
                for size, took in passes.items():
                    starts = range(0, len(texts), size)[:CALLS]
                    count = min(len(texts), len(starts) * size)
                    searched.clear()
                    begun = time.perf_counter()
                    for start in starts:
                        translator.translate(texts[start : start + size], beam_size=beam)
                    seconds = time.perf_counter() - begun
                    took.append((seconds / count, (seconds - sum(searched)) / count))
            for size, took in passes.items():
                all_of_it, rest = (statistics.median(column) for column in zip(*took, strict=True))
                table.add_row(
                    str(beam),
                    f"{size:,}",
                    f"{1 / all_of_it:,.0f}",
                    f"{all_of_it * 1e6:,.0f}",
                    f"{rest * 1e6:,.0f}" if options.threads == 1 else "",
                )
            table.add_section()
    Console(highlight=False, soft_wrap=True, width=100).print(table)


if __name__ == "__main__":
    main()
