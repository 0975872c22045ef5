"""``s2s score``: how probable translations are."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

from s2s.cli.options import (
    FILES,
    OUTPUT,
    Columns,
    Device,
    Model,
    OutputFile,
    PairsFormat,
    Threads,
    To,
    With,
    check_no_columns,
    naming,
    open_output,
    open_pairs,
    option,
)
from s2s.errors import ConfigError

CHUNK = 2000
"""Pairs that are scored together."""


def score(
    model: Model,
    *,
    src: Annotated[
        Path | None,
        option(
            panel=FILES,
            help_="Read source sentences here, one a line, plain or packed.",
            metavar="FILE",
        ),
    ] = None,
    tgt: Annotated[
        Path | None,
        option(panel=FILES, help_="Score these translations, line by line.", metavar="FILE"),
    ] = None,
    pairs: Annotated[
        Path | None,
        option(
            panel=FILES,
            help_="Read sources and translations from this file instead; - is standard input.",
            metavar="FILE",
        ),
    ] = None,
    columns: Columns = None,
    pairs_format: PairsFormat = None,
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

        s2s score model.onnx --pairs test.tsv --columns de,en
    """
    from s2s.cli.lines import to_json
    from s2s.text import read_pairs
    from s2s.translate.keep.unknown import UnknownCount
    from s2s.translate.translator import Translator

    if pairs is not None:
        if src is not None or tgt is not None:
            raise ConfigError("--pairs has both sides; leave out --src and --tgt")
    else:
        check_no_columns(columns, pairs_format)
        if src is None or tgt is None:
            missing = "--src" if src is None else "--tgt"
            raise ConfigError(f"{missing} is missing; scoring needs --src and --tgt, or --pairs")
    with (
        naming(pairs or src or "", "line" if pairs is None else "pair"),
        open_output(output) as out,
    ):
        translator = Translator([model, *(with_ or ())], device=device, threads=threads)
        if pairs is not None:
            raw = open_pairs(pairs, columns, pairs_format).pairs
            texts: Iterator[tuple[str, str]] = raw
        else:
            assert src is not None and tgt is not None
            texts = read_pairs(src, tgt, cleaned=False)
        unknown, done = UnknownCount(translator.tokenizer), 0
        while chunk := list(islice(texts, CHUNK)):
            sources, targets = zip(*chunk, strict=True)
            for hypothesis in translator.score(sources, targets, to=to, done=done, unknown=unknown):
                assert hypothesis.details is not None
                total = sum(hypothesis.details.log_probs)
                plain = f"{total:.4f}\t{hypothesis.details.confidence:.4f}"
                out.write(f"{to_json(hypothesis) if as_json else plain}\n".encode())
            done += len(chunk)
        unknown.log()
