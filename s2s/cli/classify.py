"""``s2s classify``: which label a text has, and how probable it is."""

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from s2s.cli.options import (
    FILES,
    LONG,
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

CHUNK = 1000
"""Texts that are classified together."""


def classify(
    model: Model,
    input_: Annotated[
        str,
        typer.Argument(
            metavar="INPUT", help="Texts, plain or packed, one a line; - is standard input."
        ),
    ] = "-",
    *,
    labels: Annotated[
        Path | None,
        option(
            panel=FILES,
            help_="Choose among these labels, one a line.",
            metavar="FILE",
            default="the targets of the training, if there were at most 100",
        ),
    ] = None,
    output: OutputFile = "-",
    top: Annotated[
        int,
        option(
            panel=OUTPUT, help_="Print the N most probable labels.", metavar="N", low=1, default="1"
        ),
    ] = 1,
    as_json: Annotated[
        bool,
        option("--json", panel=OUTPUT, help_="Print a JSON object per text, with all labels."),
    ] = False,
    to: To = None,
    with_: With = None,
    max_src_length: Annotated[
        int | None,
        option(
            panel=LONG,
            help_="Allow a text to have this many pieces; a longer one is an error.",
            metavar="N",
            low=2,
            default="200; 1,000 for vocabularies of characters or words",
        ),
    ] = None,
    device: Device = "cpu",
    threads: Threads = None,
) -> None:
    """Print the label of each text, for a model whose targets are labels.

    Each line gives one line: the most probable label, a tab, and its
    probability among all labels, 0 to 1. With --top N, N pairs of them stand
    side by side. A blank line stays blank.

        s2s classify model.onnx < reviews.txt

        s2s classify model.onnx reviews.txt --labels labels.txt --top 3
    """
    from s2s.cli.lines import labels_to_columns, labels_to_json
    from s2s.text import read_lines
    from s2s.translate.keep.unknown import UnknownCount
    from s2s.translate.translator import Translator

    named = None if labels is None else [line for line in read_lines(labels) if line.strip()]
    with naming(input_), open_output(output) as out:
        translator = Translator([model, *(with_ or ())], device=device, threads=threads)
        texts = read_lines(input_)
        unknown, done = UnknownCount(translator.tokenizer), 0
        while chunk := list(islice(texts, CHUNK)):
            for found in translator.classify(
                chunk, named, to=to, max_src_length=max_src_length, done=done, unknown=unknown
            ):
                line = labels_to_json(found) if as_json else labels_to_columns(found[:top])
                out.write(f"{line}\n".encode())
            done += len(chunk)
        unknown.log()
