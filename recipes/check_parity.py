"""Does a run's ONNX file say what torch says, and the same whatever the batch, on a whole test set?

    python recipes/check_parity.py --run runs/multi30k/run --src data/test_2016_flickr.en.gz

Every sentence is translated in batches of like lengths by torch and by the graph; and by the graph
alone, in batches drawn at random three times, and with two threads. All hypotheses of the beam are
compared, not only the best, and the bits of their scores. ``--join 4`` makes long sentences, four
lines of the file each.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from s2s.config import PAD_ID, SearchConfig
from s2s.model.run import load_run
from s2s.search.beam import Hypotheses, beam_search
from s2s.text import clean, read_lines
from s2s_export import build_model
from s2s_export.parity.session import Session

BATCH = 32
Item = TypeVar("Item")
Engine = Callable[[torch.Tensor, torch.Tensor, SearchConfig], Hypotheses]
Beam = tuple[tuple[tuple[int, ...], ...], list[float]]
"""Hypotheses of a sentence, and their scores."""


def search_all(
    engine: Engine, sentences: list[list[int]], batches: list[list[int]], config: SearchConfig
) -> list[Beam]:
    """Returns each sentence's hypotheses and scores, searched in the given batches."""
    found: list[Beam] = [((), [])] * len(sentences)
    for rows in batches:
        lengths = torch.tensor([len(sentences[row]) for row in rows])
        src = torch.full((len(rows), int(lengths.max())), PAD_ID)
        for line, row in enumerate(rows):
            src[line, : lengths[line]] = torch.tensor(sentences[row])
        beams = engine(src, lengths, config)
        for line, row in enumerate(rows):
            pieces = (
                tuple(tokens[:length])
                for tokens, length in zip(
                    beams.tokens[line].tolist(), beams.lengths[line].tolist(), strict=True
                )
            )
            found[row] = tuple(pieces), beams.scores[line].tolist()
    return found


def cut(items: list[Item], size: int) -> list[list[Item]]:
    """Returns ``items`` in batches of ``size``."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def compare(expected: list[Beam], found: list[Beam]) -> list[str]:
    """Returns how many sentences have the same best hypothesis, beam and scores; what differs."""
    pairs = list(zip(expected, found, strict=True))
    counts = [
        sum(a[0][0] == b[0][0] for a, b in pairs),
        sum(a[0] == b[0] for a, b in pairs),
        sum(a == b for a, b in pairs),
    ]
    # Of beams that are the same: scores of different hypotheses say nothing.
    moved = max(
        (abs(x - y) for a, b in pairs if a[0] == b[0] for x, y in zip(a[1], b[1], strict=True)),
        default=0.0,
    )
    return [*(f"{count:,}" for count in counts), f"{moved:.1e}"]


def main() -> None:
    """Translates in every way and counts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--src", type=Path, required=True, help="file with one sentence per line")
    parser.add_argument("--beam-size", type=int, default=5)
    parser.add_argument("--join", type=int, default=1, help="lines per sentence")
    options = parser.parse_args()
    torch.set_num_threads(1)
    run = load_run(options.run)
    config = SearchConfig.from_dict({**run.search.to_dict(), "beam_size": options.beam_size})
    lines = [line for line in map(clean, read_lines(options.src)) if line]
    joined = [" ".join(each) for each in cut(lines, options.join)]
    sentences = run.tokenizer.encode_src(joined)
    in_order = sorted(range(len(sentences)), key=lambda row: len(sentences[row]))
    usual = cut(in_order, BATCH)
    ways = {"alone": (1, cut(in_order, 1))}
    for seed in (1, 2, 3):
        shuffled = np.random.default_rng(seed).permutation(len(sentences)).tolist()
        ways[f"random batches of {7 * seed}"] = (1, cut(shuffled, 7 * seed))
    ways["two threads, alone"] = (2, cut(in_order, 1))  # as the translator does, from the fourth on
    ways["two threads"] = (2, usual)
    ways["two threads, random batches of 64"] = (2, cut(shuffled, 64))

    def torch_engine(src: torch.Tensor, lengths: torch.Tensor, config: SearchConfig) -> Hypotheses:
        return beam_search(run.model, src, lengths, config)

    table = Table(title=f"{len(sentences):,} sentences, beam {options.beam_size}")
    for column in ("graph", "searched", "against", "best", "beam", "bits of scores", "moved"):
        table.add_column(column, justify="left" if column in ("searched", "against") else "right")
    of_torch = search_all(torch_engine, sentences, usual, config)
    for precision in ("fp32", "int8"):
        graph = build_model(run.model, run.search, precision).SerializeToString()
        sessions = {threads: Session(graph, threads) for threads in (1, 2)}
        expected = search_all(sessions[1].search, sentences, usual, config)
        name = f"batches of {BATCH}"
        table.add_row(precision, name, "torch", *compare(of_torch, expected))
        for way, (threads, batches) in ways.items():
            found = search_all(sessions[threads].search, sentences, batches, config)
            table.add_row(precision, way, name, *compare(expected, found))
        table.add_section()
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
