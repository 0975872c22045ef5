"""``s2s export``: turns a run folder into one file."""

from pathlib import Path
from typing import Annotated

import typer

from s2s.cli.export_options import (
    FixedSearch,
    Triton,
    TritonDevice,
    TritonLibrary,
    TritonName,
)
from s2s.cli.options import (
    OUTPUT,
    BeamSize,
    InStep,
    LengthFactor,
    LengthMargin,
    LengthPenalty,
    MaxLength,
    With,
    option,
    say,
)
from s2s.cli.translate_options import Diversity, MinLength, NoRepeat, Seed, Temperature, TopK
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
            help_=(
                "Choose fp32 to translate as torch does, int8 for a smaller, faster file, or fp16 "
                "for a GPU."
            ),
            choices=("fp32", "fp16", "int8"),
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
    fixed_search: FixedSearch = False,
    beam_size: BeamSize = None,
    length_penalty: LengthPenalty = None,
    max_length: MaxLength = None,
    min_length: MinLength = None,
    no_repeat: NoRepeat = None,
    diversity: Diversity = None,
    temperature: Temperature = None,
    top_k: TopK = None,
    seed: Seed = None,
    triton: Triton = None,
    triton_name: TritonName = None,
    triton_device: TritonDevice = "cpu",
    triton_library: TritonLibrary = None,
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

    Fix the search, for a server that batches requests; --beam-size and the
    other search options are for this alone:

        s2s export run de-en.onnx --fixed-search --text --triton models
    """
    if output.suffix.lower() != ".onnx" and (output.is_file() or not output.exists()):
        raise ConfigError(
            f"the output file is {printable(str(output))}; expected a name that ends in .onnx"
        )
    with needs("export", "exporting"):
        from s2s_export import TritonFolder, export_run
    folder = None
    if triton is not None:
        folder = TritonFolder(
            repository=triton,
            name=output.stem if triton_name is None else triton_name,
            device=triton_device,
            **({} if triton_library is None else {"library": triton_library}),
        )
    elif triton_name is not None or triton_library is not None or triton_device != "cpu":
        raise ConfigError(
            "--triton-name, --triton-device and --triton-library have no effect without --triton; "
            "add --triton DIR, or leave them out"
        )
    search = {
        "beam_size": beam_size,
        "length_penalty": length_penalty,
        "max_length": max_length,
        "min_length": min_length,
        "no_repeat": no_repeat,
        "diversity": diversity,
        "temperature": temperature,
        "top_k": top_k,
        "seed": seed,
    }
    report = export_run(
        [run, *(with_ or ())],
        output,
        precision,
        text=text,
        length_factor=length_factor,
        length_margin=length_margin,
        in_step=None if in_step == "auto" else in_step == "yes",
        fixed_search=fixed_search,
        search={name: value for name, value in search.items() if value is not None},
        triton=folder,
    )
    say(str(report))
