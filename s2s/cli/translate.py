"""``s2s translate``: lines in, lines out."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from s2s.cli.options import (
    BeamSize,
    Device,
    LengthPenalty,
    MaxLength,
    MaxSrcLength,
    Model,
    OutputFile,
    Threads,
    To,
    TooLong,
    With,
    naming,
    open_output,
)
from s2s.cli.progress import count_lines, show_progress
from s2s.errors import ConfigError

if TYPE_CHECKING:
    from s2s.cli.resumable import Resumable
    from s2s.translate.request import TranslateOptions


def translate(
    model: Model,
    input_: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            show_default=False,
            help="Text, plain or gzip, one sentence a line; - is standard input.",
        ),
    ] = "-",
    output: OutputFile = "-",
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Continue an interrupted run from OUTPUT.partial."),
    ] = False,
    with_: With = None,
    to: To = None,
    beam_size: BeamSize = None,
    n_best: Annotated[
        int, typer.Option(min=1, help="Print this many translations per sentence, best first.")
    ] = 1,
    scores: Annotated[
        bool, typer.Option("--scores", help="Print score, tab, translation.")
    ] = False,
    length_penalty: LengthPenalty = None,
    max_length: MaxLength = None,
    min_length: Annotated[
        int | None, typer.Option(min=1, help="Give a translation at least this many pieces.")
    ] = None,
    prefix: Annotated[
        str | None,
        typer.Option(help="Begin every translation with this text; end it where a word ends."),
    ] = None,
    ban: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PIECE",
            show_default=False,
            help="Never use this piece, written as --json prints it; may be repeated.",
        ),
    ] = None,
    require: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT",
            show_default=False,
            help="Put these words into every translation; may be repeated.",
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="REGEX",
            show_default=False,
            help="Copy text that matches this pattern unchanged, as often as it occurs: "
            "placeholders, tags, addresses, numbers; may be repeated. A pattern that backtracks "
            "without end, such as (a+)+b, is not stopped.",
        ),
    ] = None,
    no_repeat: Annotated[
        int | None, typer.Option(min=0, help="Use no n-gram of this many pieces twice.")
    ] = None,
    diversity: Annotated[
        float | None,
        typer.Option(min=0, help="Make the n best translations differ more; try 0.5."),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(
            min=0, help="Draw translations at random if over 0; 1 keeps the model's distribution."
        ),
    ] = None,
    top_k: Annotated[
        int | None,
        typer.Option(min=0, help="Draw from this many best pieces; from all by default."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed the random draws: the same seed repeats them.")
    ] = None,
    alignments: Annotated[
        bool,
        typer.Option("--alignments", help="Print translation, tab, word alignment (0-0 1-2)."),
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print a JSON object per translation: score, pieces, ..."),
    ] = False,
    max_src_length: MaxSrcLength = None,
    too_long: TooLong = "split",
    line_buffered: Annotated[
        bool,
        typer.Option("--line-buffered", help="Answer each line at once, also in a pipe; slower."),
    ] = False,
    device: Device = "cpu",
    threads: Threads = None,
) -> None:
    r"""Translate text, line by line.

    Each line gives one line (`--n-best N` lines); a blank line stays blank. Options that are not
    given are as the model recommends. Runs with the same vocabulary translate together, `--with`.

        s2s translate model.onnx < letter.de > letter.en

        s2s translate model.onnx book.de.gz -o book.en --beam-size 1

        s2s translate model.onnx book.de.gz -o book.en --beam-size 1 --resume

        echo 'Guten Morgen.' | s2s translate model.onnx --n-best 3 --scores

    Choose the target language if the model has several; `s2s info` lists them:

        s2s translate many.onnx --to de < letter.en > letter.de

    Put words into every translation, wherever they fit best:

        s2s translate model.onnx --require 'good morning' < letter.de

    Draw five translations at random, or print which source word each word comes from:

        s2s translate model.onnx --temperature 1 --beam-size 5 --n-best 5 < letter.de

        s2s translate model.onnx --alignments < letter.de

    Copy placeholders and tags unchanged:

        s2s translate model.onnx --keep '\{\w*\}' --keep '</?\w+>' < messages.de
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
        "max_src_length": max_src_length,
        "too_long": too_long,
    }
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
        raise ConfigError("--resume needs a file to go on with; name it with -o")
    if resume or is_regular(output):
        job = {"model": [fingerprint(model) for model in models], **job}
        with resumable_output(Path(output), job, resume=resume, group=group) as resumable:
            yield resumable
    else:
        with open_output(output) as file:
            yield Resumable(file, 0)
