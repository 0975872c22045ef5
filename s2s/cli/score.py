"""``s2s score``: how probable translations are."""

from itertools import islice
from pathlib import Path
from typing import Annotated

from s2s.cli.options import (
    FILES,
    OUTPUT,
    Device,
    Model,
    OutputFile,
    Threads,
    To,
    With,
    naming,
    open_output,
    option,
)

CHUNK = 2000
"""Pairs that are scored together."""


def score(
    model: Model,
    *,
    src: Annotated[
        Path,
        option(
            panel=FILES,
            help_="Read source sentences here, one a line, plain or packed.",
            metavar="FILE",
        ),
    ],
    tgt: Annotated[
        Path,
        option(panel=FILES, help_="Score these translations, line by line.", metavar="FILE"),
    ],
    output: OutputFile = "-",
    as_json: Annotated[
        bool,
        option(
            "--json",
            panel=OUTPUT,
            help_="Print a JSON object per pair: its pieces' log-probabilities, ...",
        ),
    ] = False,
    to: To = None,
    with_: With = None,
    device: Device = "cpu",
    threads: Threads = None,
) -> None:
    """Print how probable given translations are (forced decoding).

    Each pair gives one line: the log-probability of the translation, a tab,
    and the geometric mean of its pieces' probabilities, 0 to 1. A translation
    that the vocabulary cannot write gets minus infinity and 0.

        s2s score model.onnx --src test.de --tgt test.en
    """
    from s2s.cli.lines import to_json
    from s2s.text import read_pairs
    from s2s.translate.translator import Translator

    with naming(src), open_output(output) as out:
        translator = Translator([model, *(with_ or ())], device=device, threads=threads)
        pairs, done = read_pairs(src, tgt), 0
        while chunk := list(islice(pairs, CHUNK)):
            sources, targets = zip(*chunk, strict=True)
            for hypothesis in translator.score(sources, targets, to=to, done=done):
                assert hypothesis.details is not None
                total = sum(hypothesis.details.log_probs)
                plain = f"{total:.4f}\t{hypothesis.details.confidence:.4f}"
                out.write(f"{to_json(hypothesis) if as_json else plain}\n".encode())
            done += len(chunk)
