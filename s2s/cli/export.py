"""``s2s export``: turns a run folder into one file."""

from pathlib import Path
from typing import Annotated

import typer

from s2s.cli.options import OUTPUT, InStep, LengthFactor, LengthMargin, With, option, say
from s2s.errors import ConfigError, needs, printable


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder that s2s train wrote.")],
    output: Annotated[
        Path, typer.Argument(metavar="OUT.onnx", help="The file to write, ending in .onnx.")
    ],
    precision: Annotated[
        str,
        option(
            panel=OUTPUT,
            help_="Choose fp32 to translate as torch does, or int8 for a smaller, faster file.",
            choices=("fp32", "int8"),
        ),
    ] = "fp32",
    text: Annotated[
        bool,
        option(
            "--text",
            panel=OUTPUT,
            help_="Take and return strings, for onnxruntime-extensions instead of s2s.",
        ),
    ] = False,
    with_: With = None,
    length_factor: LengthFactor = None,
    length_margin: LengthMargin = None,
    in_step: InStep = "auto",
) -> None:
    """Write a trained run as one ONNX file: weights, beam search and tokenizer.

    The graph is compared with torch first; if it translates differently, no
    file is written.

        s2s export run model.onnx

        s2s export run model.int8.onnx --precision int8

    Combine several runs with the same vocabulary in one file; they translate
    together:

        s2s export run1 ensemble.onnx --with run2 --with run3

    Write a file that takes and returns text, for onnxruntime-extensions and
    not for s2s:

        s2s export run text.onnx --text
    """
    if output.suffix.lower() != ".onnx" and (output.is_file() or not output.exists()):
        raise ConfigError(
            f"the output file is {printable(str(output))}; expected a name that ends in .onnx"
        )
    with needs("export", "exporting"):
        from s2s_export import export_run
    report = export_run(
        [run, *(with_ or ())],
        output,
        precision,
        text=text,
        length_factor=length_factor,
        length_margin=length_margin,
        in_step=None if in_step == "auto" else in_step == "yes",
    )
    say(str(report))
