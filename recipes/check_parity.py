"""Does a run's ONNX file say what torch says, on a whole test set, alone and in any batch?

    python recipes/check_parity.py --run runs/multi30k/run --src data/test_2016_flickr.en.gz

Every sentence is translated by torch in batches, and by the graph in the same batches, alone, and
in batches drawn at random three times. All hypotheses of the beam are compared, not only the best.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from s2s.config import PAD_ID, SearchConfig
from s2s.model.run import load_run
from s2s.search import Hypotheses, beam_search
from s2s.text import clean, read_lines
from s2s_export import build_model
from s2s_export.parity import Session

BATCH = 32
Engine = Callable[[torch.Tensor, torch.Tensor, SearchConfig], Hypotheses]
Beam = tuple[tuple[tuple[int, ...], ...], list[float]]


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


def cut(order: list[int], size: int) -> list[list[int]]:
    """Returns ``order`` in batches of ``size``."""
    return [order[start : start + size] for start in range(0, len(order), size)]


def main() -> None:
    """Translates in every way and counts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--src", type=Path, required=True, help="sentences, one a line")
    parser.add_argument("--beam-size", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    run = load_run(options.run)
    config = SearchConfig.from_dict({**run.search.to_dict(), "beam_size": options.beam_size})
    lines = [clean(line) for line in read_lines(options.src)]
    sentences = run.tokenizer.encode_src([line for line in lines if line])
    in_order = sorted(range(len(sentences)), key=lambda row: len(sentences[row]))
    ways = {"the same batches": cut(in_order, BATCH), "alone": cut(in_order, 1)}
    for seed in (1, 2, 3):
        shuffled = np.random.default_rng(seed).permutation(len(sentences)).tolist()
        ways[f"random batches of {7 * seed}"] = cut(shuffled, 7 * seed)

    def torch_engine(src: torch.Tensor, lengths: torch.Tensor, config: SearchConfig) -> Hypotheses:
        return beam_search(run.model, src, lengths, config)

    table = Table("graph", "searched", "against", "best the same", "whole beam the same", "scores")
    of_torch = search_all(torch_engine, sentences, ways["the same batches"], config)
    for precision in ("fp32", "int8"):
        session = Session(build_model(run.model, run.search, precision).SerializeToString(), 1)
        expected, of = of_torch, "torch"
        for way, batches in ways.items():
            found = search_all(session.search, sentences, batches, config)
            pairs = list(zip(expected, found, strict=True))
            table.add_row(
                precision,
                way,
                of,
                f"{sum(a[0][0] == b[0][0] for a, b in pairs)} of {len(pairs)}",
                f"{sum(a[0] == b[0] for a, b in pairs)} of {len(pairs)}",
                f"{max(abs(x - y) for a, b in pairs for x, y in zip(a[1], b[1], strict=True)):.1e}",
            )
            if precision == "int8":
                expected, of = (
                    (found, "int8 in the same batches") if of == "torch" else (expected, of)
                )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
