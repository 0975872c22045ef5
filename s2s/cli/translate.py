"""``s2s translate``: lines in, lines out."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from s2s.cli.options import (
    BeamSize,
    Device,
    LengthPenalty,
    MaxLength,
    MaxSrcLength,
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
    from s2s.translate.request import TranslateOptions


def translate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="An .onnx file, or a run folder.")],
    input_: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            show_default=False,
            help="Text, plain or gzip, a sentence a line; - is standard input.",
        ),
    ] = "-",
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", show_default=False, help="Where to; written whole or not at all."
        ),
    ] = "-",
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on with what a run that was stopped left in OUTPUT.partial."
        ),
    ] = False,
    with_: With = None,
    to: To = None,
    beam_size: BeamSize = None,
    n_best: Annotated[
        int, typer.Option(min=1, help="Translations of each sentence, one a line, best first.")
    ] = 1,
    scores: Annotated[
        bool, typer.Option("--scores", help="Print score, tab, translation.")
    ] = False,
    length_penalty: LengthPenalty = None,
    max_length: MaxLength = None,
    min_length: Annotated[
        int | None, typer.Option(min=1, help="Pieces of a translation at least.")
    ] = None,
    prefix: Annotated[
        str | None, typer.Option(help="How all translations begin; it ends where a word does.")
    ] = None,
    ban: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PIECE",
            show_default=False,
            help="A piece that no translation may hold, as --json writes it; may be repeated.",
        ),
    ] = None,
    require: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT",
            show_default=False,
            help="Words that every translation must hold; may be repeated.",
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="REGEX",
            show_default=False,
            help="What comes into the translation as it is written, as often: placeholders, tags, "
            "addresses, numbers; may be repeated. A pattern that backtracks without end, such as "
            "(a+)+b, is not stopped.",
        ),
    ] = None,
    no_repeat: Annotated[
        int | None, typer.Option(min=0, help="N-grams of so many pieces come once only.")
    ] = None,
    diversity: Annotated[
        float | None, typer.Option(min=0, help="Over 0, the n best differ more; try 0.5.")
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(min=0, help="Over 0, draw translations at random: 1 as the model thinks."),
    ] = None,
    top_k: Annotated[
        int | None, typer.Option(min=0, help="Pieces that are drawn from; all by default.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of what is drawn.")] = None,
    alignments: Annotated[
        bool,
        typer.Option("--alignments", help="Print translation, tab, word alignment (0-0 1-2)."),
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print an object a translation: score, pieces and so on."),
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

    One line out for each line in (with `--n-best N`, exactly N), a blank one for a blank one. The
    search is as the model recommends unless you say otherwise. Several runs with the same
    vocabulary translate together, `--with`.

        s2s translate model.onnx < letter.de > letter.en

        s2s translate model.onnx book.de.gz -o book.en --beam-size 1

        s2s translate model.onnx book.de.gz -o book.en --beam-size 1 --resume

        echo 'Guten Morgen.' | s2s translate model.onnx --n-best 3 --scores

    A model of several languages is told which one is wanted; `s2s info` lists them:

        s2s translate many.onnx --to de < letter.en > letter.de

    Words that every translation must hold, wherever they fit best:

        s2s translate model.onnx --require 'good morning' < letter.de

    Five translations drawn at random, and which source word each word comes from:

        s2s translate model.onnx --temperature 1 --beam-size 5 --n-best 5 < letter.de

        s2s translate model.onnx --alignments < letter.de

    Placeholders and tags that come out as they went in:

        s2s translate model.onnx --keep '\{\w*\}' --keep '</?\w+>' < messages.de
    """
    from s2s.cli.lines import to_columns, to_json
    from s2s.cli.resumable import Resumable, fingerprint, is_regular, resumable_output
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
    # Somebody who types wants each answer at once; a file is faster in larger portions.
    at_once = line_buffered or (input_ == "-" and sys.stdin is not None and sys.stdin.isatty())
    with ExitStack() as files:
        files.enter_context(naming(input_))
        if resume and output == "-":
            raise ConfigError("--resume needs a file to go on with; name it with -o")
        if resume or is_regular(output):
            told = {
                "model": [fingerprint(each) for each in models],
                "input": input_,
                "columns": [scores, alignments, as_json],
                **options,
            }
            out = resumable_output(Path(output), told, resume=resume, group=n_best)
            opened = files.enter_context(out)
        else:
            opened = Resumable(files.enter_context(open_output(output)), 0)
        translations = Translator(models, device=device, threads=threads).translate_stream(
            read_lines(input_), 1 if at_once else 2000, opened.done, **options
        )
        shown = sys.stderr.isatty() and not (output == "-" and sys.stdout.isatty())
        if shown:
            translations = show_progress(translations, count_lines(input_), opened.done)
        for number, translation in enumerate(translations, 1):
            for hypothesis in translation.hypotheses:
                if as_json:
                    line = to_json(hypothesis)
                else:
                    line = to_columns(hypothesis, scores=scores, alignments=alignments)
                opened.file.write(f"{line}\n".encode())
            if at_once or number % 100 == 0:  # so that a killed run has something to go on with
                opened.file.flush()
