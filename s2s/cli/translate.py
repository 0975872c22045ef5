"""``s2s translate``: lines in, lines out."""

import sys
from typing import Annotated

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
    open_output,
)
from s2s.cli.progress import count_lines, show_progress


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
    max_src_length: MaxSrcLength = None,
    too_long: TooLong = "split",
    line_buffered: Annotated[
        bool,
        typer.Option("--line-buffered", help="Answer each line at once, also in a pipe; slower."),
    ] = False,
    device: Device = "cpu",
    threads: Threads = None,
) -> None:
    """Translate text, line by line.

    One line out for each line in (with `--n-best N`, exactly N), a blank one for a blank one. The
    search is as the model recommends unless you say otherwise.

        s2s translate model.onnx < letter.de > letter.en

        s2s translate model.onnx book.de.gz -o book.en --beam-size 1

        echo 'Guten Morgen.' | s2s translate model.onnx --n-best 3 --scores

    A model of several languages is told which one is wanted; `s2s info` lists them:

        s2s translate many.onnx --to de < letter.en > letter.de

    Several runs with the same vocabulary translate together:

        s2s translate run1 --with run2 --with run3 < letter.de > letter.en
    """
    from s2s.text import read_lines
    from s2s.translator import Translator

    # Somebody who types wants each answer at once; a file is faster in larger portions.
    at_once = line_buffered or (input_ == "-" and sys.stdin is not None and sys.stdin.isatty())
    with open_output(output) as out:
        models = [model, *(with_ or ())]
        translations = Translator(models, device=device, threads=threads).translate_stream(
            read_lines(input_),
            to=to,
            beam_size=beam_size,
            n_best=n_best,
            length_penalty=length_penalty,
            max_length=max_length,
            max_src_length=max_src_length,
            too_long=too_long,
            chunk_lines=1 if at_once else 2000,
        )
        shown = sys.stderr.isatty() and not (output == "-" and sys.stdout.isatty())
        if shown:
            translations = show_progress(translations, count_lines(input_))
        for translation in translations:
            for hypothesis in translation.hypotheses:
                score = f"{hypothesis.score:.4f}\t" if scores else ""
                out.write(f"{score}{hypothesis.text}\n".encode())
            if at_once:
                out.flush()
