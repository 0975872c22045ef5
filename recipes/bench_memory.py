"""Does the memory of a translating process stay where it is? Hundreds of thousands of sentences.

    python recipes/bench_memory.py runs/quickstart/int8.onnx --src train.en.gz --sentences 200000

The file is read again from its beginning where it is shorter. Memory is what the process has in RAM
(VmRSS of Linux), libraries included.
"""

import argparse
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

from s2s import Translator
from s2s.text import read_lines


def resident_mib() -> float:
    """Returns MiB of this process in RAM."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))


def endless(path: Path) -> Iterator[str]:
    """Yields the lines of a file, over and over."""
    while True:
        yield from read_lines(path)


def main() -> None:
    """Translates and prints a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("model")
    parser.add_argument("--src", type=Path, required=True, help="file with one sentence per line")
    parser.add_argument("--sentences", type=int, default=200_000)
    parser.add_argument("--beam-size", type=int)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--every", type=int, default=20_000, help="sentences per row")
    options = parser.parse_args()
    table = Table("sentences", "MiB in RAM", "sentences/s")
    before, pieces = resident_mib(), 0
    with Translator(options.model, threads=options.threads) as translator:
        table.add_row("no model", f"{before:.1f}", "")
        table.add_row("0", f"{resident_mib():.1f}", "")
        texts = islice(endless(options.src), options.sentences)
        began = time.perf_counter()
        found = translator.translate_stream(texts, beam_size=options.beam_size)
        for number, translation in enumerate(found, 1):
            pieces += len(translation.pieces)
            if number % options.every == 0:
                now = time.perf_counter()
                table.add_row(
                    f"{number:,}", f"{resident_mib():.1f}", f"{options.every / (now - began):.0f}"
                )
                began = now
    Console(width=100).print(table)
    print(f"{pieces:,} pieces written")


if __name__ == "__main__":
    main()
