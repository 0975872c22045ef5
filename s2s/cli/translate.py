"""``s2s translate``: lines in, lines out."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from s2s.cli.options import (
    AUTO,
    BeamSize,
    Device,
    InStep,
    LengthFactor,
    LengthMargin,
    LengthPenalty,
    MaxLength,
    MaxSrcLength,
    Model,
    OutputFile,
    Rewrite,
    Sentences,
    Threads,
    To,
    TooLong,
    With,
    naming,
    open_output,
)
from s2s.cli.progress import count_lines, show_progress
from s2s.cli.translate_options import (
    Alignments,
    AsJson,
    Ban,
    Diversity,
    Format,
    IgnoreTag,
    Input,
    Keep,
    LineBuffered,
    MinLength,
    Names,
    NBest,
    NoRepeat,
    Numbers,
    Placeables,
    Prefix,
    Require,
    Resume,
    Scores,
    Seed,
    Temperature,
    TopK,
    Unknown,
)
from s2s.errors import ConfigError

if TYPE_CHECKING:
    from s2s.cli.resumable import Resumable
    from s2s.translate.options import Policy, TranslateOptions


EPILOG = r"""Choose the target language if the model has several; "s2s info"
lists them:

    s2s translate many.onnx --to de < letter.en > letter.de

Put words into every translation, wherever they fit best:

    s2s translate model.onnx --require 'good morning' < letter.de

Draw five translations at random, or print which source word each word
comes from:

    s2s translate model.onnx --temperature 1 --beam-size 5 --n-best 5 \
        < letter.de

    s2s translate model.onnx --alignments < letter.de

Copy placeholders and tags unchanged:

    s2s translate model.onnx --keep '\{\w*\}' --keep '</?\w+>' \
        < messages.de

Runs with the same vocabulary translate together:

    s2s translate run --with run2 --with run3 < letter.de
"""
"""End of the help page."""


def translate(
    model: Model,
    input_: Input = "-",
    *,
    output: OutputFile = "-",
    resume: Resume = False,
    n_best: NBest = 1,
    scores: Scores = False,
    alignments: Alignments = False,
    as_json: AsJson = False,
    line_buffered: LineBuffered = False,
    to: To = None,
    with_: With = None,
    beam_size: BeamSize = None,
    length_penalty: LengthPenalty = None,
    max_length: MaxLength = None,
    length_factor: LengthFactor = None,
    length_margin: LengthMargin = None,
    in_step: InStep = "auto",
    min_length: MinLength = None,
    no_repeat: NoRepeat = None,
    diversity: Diversity = None,
    prefix: Prefix = None,
    require: Require = None,
    keep: Keep = None,
    unknown: Unknown = None,
    numbers: Numbers = None,
    placeables: Placeables = None,
    names: Names = None,
    ban: Ban = None,
    temperature: Temperature = None,
    top_k: TopK = None,
    seed: Seed = None,
    sentences: Sentences = "auto",
    rewrite: Rewrite = "auto",
    max_src_length: MaxSrcLength = None,
    too_long: TooLong = "split",
    format_: Format = "text",
    ignore_tag: IgnoreTag = None,
    device: Device = "cpu",
    threads: Threads = None,
) -> None:
    """Translate text, line by line.

    Each line gives one line (N lines with --n-best N); a blank line stays
    blank. Options that are not given are as the model recommends.

        s2s translate model.onnx < letter.de > letter.en

        s2s translate model.onnx book.de.gz -o book.en --beam-size 1

        s2s translate model.onnx book.de.gz -o book.en --beam-size 1 --resume

        echo 'Guten Morgen.' | s2s translate model.onnx --n-best 3 --scores

        s2s translate model.onnx page.de.html -o page.en.html --format html
    """
    from s2s.cli.lines import to_columns, to_json
    from s2s.text import read_lines
    from s2s.translate.translator import Translator

    models = [model, *(with_ or ())]
    options: TranslateOptions = {
        "to": to,
        "beam_size": beam_size,
        "n_best": n_best,
        "length_penalty": length_penalty,
        "max_length": max_length,
        "length_factor": length_factor,
        "length_margin": length_margin,
        "in_step": AUTO[in_step],
        "min_length": min_length,
        "prefix": prefix,
        "banned": ban,
        "required": require,
        "keep": keep,
        "no_repeat": no_repeat,
        "diversity": diversity,
        "temperature": temperature,
        "top_k": top_k,
        "seed": seed,
        "details": alignments or as_json,
        "sentences": AUTO[sentences],
        "rewrite": AUTO[rewrite],
        "unknown": cast('Literal["copy", "drop"] | None', unknown),
        "numbers": cast("Policy | None", numbers),
        "placeables": cast("Policy | None", placeables),
        "names": cast("Policy | None", names),
        "max_src_length": max_src_length,
        "too_long": too_long,
    }
    if ignore_tag and format_ == "text":
        raise ConfigError("--ignore-tag is about documents; add --format html or --format xml")
    if format_ != "text":
        from s2s.cli.documents import check_lines_only, translate_document

        about_lines = {"--resume": resume, "--scores": scores, "--alignments": alignments}
        about_lines |= {"--json": as_json, "--line-buffered": line_buffered}
        check_lines_only(format_, about_lines)
        translate_document(
            models,
            input_,
            output,
            format_,
            ignore_tag or (),
            options,
            device=device,
            threads=threads,
        )
        return
    job = {"input": input_, "columns": [scores, alignments, as_json], **options}
    # Somebody who types wants each answer at once; a file is faster in larger chunks.
    at_once = line_buffered or (input_ == "-" and sys.stdin is not None and sys.stdin.isatty())
    with naming(input_), _open(output, models, job, resume=resume, group=n_best) as out:
        translator = Translator(models, device=device, threads=threads)
        translations = translator.translate_stream(
            read_lines(input_), 1 if at_once else 2000, out.done, **options
        )
        if sys.stderr.isatty() and not (output == "-" and sys.stdout.isatty()):
            translations = show_progress(translations, count_lines(input_), out.done)
        for number, translation in enumerate(translations, 1):
            for hypothesis in translation.hypotheses:
                if as_json:
                    line = to_json(hypothesis)
                else:
                    line = to_columns(hypothesis, scores=scores, alignments=alignments)
                out.file.write(f"{line}\n".encode())
            if at_once or number % 100 == 0:  # so that a killed run can be resumed
                out.file.flush()


@contextmanager
def _open(
    output: str, models: Sequence[str], job: dict[str, Any], *, resume: bool, group: int
) -> "Iterator[Resumable]":
    """Opens the output: resumable if it is a file, and from its beginning if not."""
    from s2s.cli.resumable import Resumable, fingerprint, is_regular, resumable_output

    if resume and output == "-":
        raise ConfigError("--resume needs an output file to continue; name it with -o")
    if resume or is_regular(output):
        job = {"model": [fingerprint(model) for model in models], **job}
        with resumable_output(Path(output), job, resume=resume, group=group) as resumable:
            yield resumable
    else:
        with open_output(output) as file:
            yield Resumable(file, 0)
