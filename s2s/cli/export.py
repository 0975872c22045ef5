"""``s2s export``: a run folder becomes one file."""

from pathlib import Path
from typing import Annotated

import typer

from s2s.cli.options import With, one_of, say
from s2s.errors import needs


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder that `s2s train` wrote.")],
    output: Annotated[
        Path, typer.Argument(metavar="OUT.onnx", help="The file to write, ending in .onnx.")
    ],
    precision: Annotated[
        str,
        typer.Option(
            metavar="fp32|int8",
            callback=one_of("fp32", "int8"),
            help="fp32 translates as torch does, token for token; int8 is smaller and faster.",
        ),
    ] = "fp32",
    with_: With = None,
    text: Annotated[
        bool,
        typer.Option(
            "--text",
            help="Strings in and strings out, for services with onnxruntime-extensions and no s2s.",
        ),
    ] = False,
) -> None:
    """Write a trained run as one ONNX file: weights, beam search and tokenizer.

    The file is checked against torch before it appears: a graph that translates otherwise is not
    written.

        s2s export run model.onnx

        s2s export run model.int8.onnx --precision int8

    Several runs with the same vocabulary become one file that translates as all of them together:

        s2s export run1 ensemble.onnx --with run2 --with run3

    A file that takes and gives text, for onnxruntime with onnxruntime-extensions, not for s2s:

        s2s export run text.onnx --text
    """
    with needs("export", "exporting"):
        from s2s_export import export_run
    report = export_run([run, *(with_ or ())], output, precision, text=text)
    say(str(report))
