"""``s2s evaluate``: how good, how sure, how fast."""

import json
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

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
    say,
)
from s2s.cli.progress import show_progress
from s2s.errors import DataError
from s2s.files import atomic_output

if TYPE_CHECKING:
    from s2s.score.evaluation import Speed
    from s2s.translate.translation import Translation


class Output(NamedTuple):
    """Translations of the test set."""

    by: dict[str, Any]
    """What made them, as ``Evaluation.translated``."""
    texts: list[str]
    translations: "Sequence[Translation]" = ()
    """With their pieces; none of what was read from a file."""
    speed: "Speed | None" = None


def evaluate(
    ref: Annotated[Path, typer.Option(help="A human translation, line by line.")],
    model: Annotated[
        str | None, typer.Argument(metavar="MODEL", help="An .onnx file, or a run folder.")
    ] = None,
    src: Annotated[Path | None, typer.Option(help="Text to translate, a sentence a line.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Keep the translations here.")
    ] = None,
    hypotheses: Annotated[
        Path | None,
        typer.Option(
            help="Score this output of any system, - for standard input, in place of a MODEL's."
        ),
    ] = None,
    confidence: Annotated[
        bool,
        typer.Option("--confidence", help="Print 95 % intervals, by bootstrap resampling."),
    ] = False,
    baseline: Annotated[
        Path | None,
        typer.Option(help="Output of another system: does it differ? (paired bootstrap)"),
    ] = None,
    buckets: Annotated[
        bool, typer.Option("--buckets", help="Also score by length of the source.")
    ] = False,
    lowercase: Annotated[
        bool, typer.Option("--lowercase", help="Compare lowercased text (case:lc).")
    ] = False,
    tokenize: Annotated[
        str | None,
        typer.Option(
            metavar="13a|intl|zh|char|none",
            help="How BLEU finds words; by default zh in Chinese, char where there are no blanks "
            "either, else 13a.",
        ),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Write a page with figures and examples here (HTML).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    with_: With = None,
    to: To = None,
    beam_size: BeamSize = None,
    length_penalty: LengthPenalty = None,
    max_length: MaxLength = None,
    max_src_length: MaxSrcLength = None,
    too_long: TooLong = "split",
    device: Device = "cpu",
    threads: Threads = None,
) -> None:
    """Translate a test set and score it: BLEU, chrF2 and TER with sacrebleu's signatures.

    Speed is that of translating alone, without loading the model.

        s2s evaluate model.onnx --src test.de --ref test.en

        s2s evaluate run --src test.de.gz --ref test.en.gz --beam-size 1 --json

        s2s evaluate many.onnx --to fr --src test.de --ref test.fr

        s2s evaluate run --with run2 --src test.de --ref test.en

        s2s evaluate run --src test.de --ref test.en --baseline old.en --plot report.html

        s2s evaluate --hypotheses new.en --baseline old.en --ref test.en --confidence

        s2s translate model.onnx < test.de | s2s evaluate --hypotheses - --ref test.en
    """
    from s2s.cli.testset import check_what, read_output, read_test_set
    from s2s.score.by_length import score_by_length
    from s2s.score.evaluation import Evaluation
    from s2s.score.metrics import check_metrics, compare, score, why_not_resampled
    from s2s.score.scripts import bleu_tokenizer

    check_what(
        model,
        hypotheses,
        src,
        {"--buckets": buckets, "--plot": plot},
        {
            "--with": with_ or None,
            "--to": to,
            "--beam-size": beam_size,
            "--length-penalty": length_penalty,
            "--max-length": max_length,
            "--output": output,
        },
    )
    models = [*([] if model is None else [model]), *(with_ or ())]
    check_metrics(tokenize or "13a")
    sources, references = read_test_set(src, ref)
    others = None if baseline is None else read_output(baseline, ref, len(references))
    unsure = why_not_resampled(len(references))
    if unsure and (confidence or others is not None):
        raise DataError(f"{unsure}; or leave out --confidence and --baseline")
    tokenize = tokenize or bleu_tokenizer(references)
    with ExitStack() as files:
        # Opened before the work, so that a folder that is not there is told at once.
        page = None if plot is None else files.enter_context(atomic_output(plot))
        if hypotheses is not None:
            texts = read_output(hypotheses, ref, len(references))
            made = Output({"hypotheses": str(hypotheses)}, texts)
        else:
            files.enter_context(naming(src or ""))
            made = _translate(
                models,
                sources,
                output,
                device=device,
                threads=threads,
                to=to,
                beam_size=beam_size,
                length_penalty=length_penalty,
                max_length=max_length,
                max_src_length=max_src_length,
                too_long=too_long,
            )
            texts = made.texts
        found = Evaluation(
            translated=made.by,
            sentences=len(texts),
            scores=score(
                texts,
                references,
                lowercase=lowercase,
                tokenize=tokenize,
                confidence=confidence or (page is not None and not unsure),
            ),
            baseline="" if baseline is None else str(baseline),
            differences=()
            if others is None
            else compare(texts, others, references, lowercase=lowercase, tokenize=tokenize),
            buckets=score_by_length(
                sources, texts, references, lowercase=lowercase, tokenize=tokenize
            )
            if buckets or page is not None
            else None,
            speed=made.speed,
        )
        if page is not None:
            from s2s.cli.page import make_page

            html = make_page(
                found,
                sources,
                references,
                made,
                runs=models,
                to=to,
                lowercase=lowercase,
                unsure=unsure,
            )
            page.write(html)
    if as_json:
        say(json.dumps(found.to_dict(), indent=2, ensure_ascii=False))
        return
    for line in found.lines():
        say(line)


def _translate(
    models: Sequence[str],
    sources: Sequence[str],
    output: Path | None,
    *,
    device: str,
    threads: int | None,
    to: str | None,
    beam_size: int | None,
    length_penalty: float | None,
    max_length: int | None,
    max_src_length: int | None,
    too_long: str,
) -> Output:
    """Translates the test set, and keeps the translations if they are wanted."""
    from s2s.score.evaluation import Speed
    from s2s.translate.translator import Translator

    translator = Translator(models, device=device, threads=threads)
    with ExitStack() as files:
        kept = None if output is None else files.enter_context(open_output(str(output)))
        started = time.perf_counter()
        stream = translator.translate_stream(
            sources,
            to=to,
            beam_size=beam_size,
            length_penalty=length_penalty,
            max_length=max_length,
            max_src_length=max_src_length,
            too_long=too_long,
        )
        if sys.stderr.isatty():
            stream = show_progress(stream, len(sources))
        translations = list(stream)
        seconds = time.perf_counter() - started
        texts = [translation.text for translation in translations]
        if kept is not None:
            kept.writelines(f"{text}\n".encode() for text in texts)
    by = {
        "model": models[0],
        **({} if len(models) == 1 else {"with": list(models[1:])}),
        **({} if to is None else {"to": to}),
        "beam_size": beam_size or translator.search.beam_size,
    }
    tokens = sum(len(each.pieces) + 1 for each in translations if each.pieces)
    return Output(by, texts, translations, Speed(seconds=seconds, tokens=tokens))
