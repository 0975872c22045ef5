"""``s2s evaluate``: how good, how sure, how fast."""

import json
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from s2s.cli.evaluate_options import (
    AsJson,
    Baseline,
    Buckets,
    Confidence,
    Hypotheses,
    Lowercase,
    Measures,
    OutputPath,
    Pairs,
    Plot,
    References,
    Src,
    Tokenize,
    Variants,
    Whitespace,
)
from s2s.cli.options import (
    BeamSize,
    Columns,
    Device,
    LengthFactor,
    LengthMargin,
    LengthPenalty,
    MaxLength,
    MaxSrcLength,
    PairsFormat,
    Threads,
    To,
    TooLong,
    With,
    check_no_columns,
    naming,
    open_output,
    open_pairs,
    say,
)
from s2s.cli.page import make_page
from s2s.cli.progress import show_progress
from s2s.cli.robustness import check_robustness, translate_variants
from s2s.cli.scores import How, default_measures, parse_measures, score_output
from s2s.cli.testset import (
    Output,
    TestSet,
    check_options,
    read_output,
    read_pair_test_set,
    read_test_set,
)
from s2s.config import widest_beam
from s2s.errors import DataError
from s2s.files import atomic_output

if TYPE_CHECKING:
    from s2s.score.evaluation import Evaluation
    from s2s.translate.options import TranslateOptions
    from s2s.translate.translator import Translator


def evaluate(
    model: Annotated[
        str | None, typer.Argument(metavar="MODEL", help="An .onnx file, or a run folder.")
    ] = None,
    *,
    src: Src = None,
    ref: References = None,
    pairs: Pairs = None,
    columns: Columns = None,
    pairs_format: PairsFormat = None,
    output: OutputPath = None,
    hypotheses: Hypotheses = None,
    baseline: Baseline = None,
    plot: Plot = None,
    confidence: Confidence = False,
    buckets: Buckets = False,
    robustness: Variants = False,
    measures: Measures = None,
    lowercase: Lowercase = False,
    whitespace: Whitespace = None,
    tokenize: Tokenize = None,
    as_json: AsJson = False,
    to: To = None,
    with_: With = None,
    beam_size: BeamSize = None,
    length_penalty: LengthPenalty = None,
    max_length: MaxLength = None,
    length_factor: LengthFactor = None,
    length_margin: LengthMargin = None,
    max_src_length: MaxSrcLength = None,
    too_long: TooLong = "split",
    device: Device = "cpu",
    threads: Threads = None,
) -> None:
    r"""Translate a test set and score it: BLEU, chrF2 and TER as sacrebleu does, or errors.

    The speed counts translating alone, not loading the model.

        s2s evaluate model.onnx --src test.de --ref test.en

        s2s evaluate run --src test.de.gz --ref test.en.gz --beam-size 1 --json

        s2s evaluate many.onnx --to fr --src test.de --ref test.fr

        s2s evaluate run --with run2 --src test.de --ref test.en

        s2s evaluate run --src test.de --ref test.en --ref test2.en

        s2s evaluate run --src words --ref phonemes --measures exact,token_error

        s2s evaluate run --src test.de --ref test.en --baseline old.en \
            --plot report.html

        s2s evaluate run --pairs test.tsv --columns de,en

        s2s evaluate --hypotheses new.en --baseline old.en --ref test.en \
            --confidence

        s2s translate model.onnx < test.de \
            | s2s evaluate --hypotheses - --ref test.en
    """
    from s2s.score.metrics import why_not_resampled
    from s2s.score.scripts import bleu_tokenizer
    from s2s.translate.translator import Translator

    models = [*([] if model is None else [model]), *(with_ or ())]
    options: TranslateOptions = {
        "to": to,
        "beam_size": beam_size,
        "length_penalty": length_penalty,
        "max_length": max_length,
        "length_factor": length_factor,
        "length_margin": length_margin,
    }
    for_model = {"with": with_ or None, "output": output, "robustness": robustness or None}
    check_options(
        model,
        hypotheses,
        src,
        ref,
        pairs,
        need_src={"buckets": buckets, "plot": plot},
        need_model={**options, **for_model},
    )
    options |= {"max_src_length": max_src_length, "too_long": too_long}
    chosen = parse_measures(measures, tokenize)
    if pairs is None:
        check_no_columns(columns, pairs_format)
        test_set = read_test_set(src, ref or [])
    else:
        test_set = read_pair_test_set(open_pairs(pairs, columns, pairs_format), pairs)
    baseline_output = None if baseline is None else read_output(baseline, test_set)
    unsure = why_not_resampled(len(test_set.references))
    if unsure and (confidence or baseline is not None):
        raise DataError(f"{unsure}; leave out --confidence and --baseline")
    how: How = {
        "lowercase": lowercase,
        "tokenize": tokenize or bleu_tokenizer(test_set.references),
        "keep_blanks": whitespace == "keep",
    }
    robust = None
    with ExitStack() as files:
        # Opened before the work, so that a folder that does not exist is an error at once.
        page = None if plot is None else files.enter_context(atomic_output(plot))
        if hypotheses is not None:
            translated = read_output(hypotheses, test_set)
        else:
            translator = Translator(models, device=device, threads=threads)
            how["keep_blanks"] |= whitespace is None and translator.tokenizer.keeps_blanks
            if robustness:
                check_robustness(translator.tokenizer.tags, to, test_set)
            translated = _translate(translator, models, test_set, output, options)
            if robustness:
                robust = translate_variants(translator, test_set, translated.texts, options, how)
        evaluation = score_output(
            translated,
            baseline_output,
            test_set,
            how,
            measures=chosen or default_measures(test_set, all_of_them=as_json),
            confidence=confidence or (page is not None and not unsure),
            by_length=buckets or page is not None,
            robustness=robust,
        )
        if page is not None:
            page.write(make_page(evaluation, test_set, translated, lowercase=lowercase))
    _print(evaluation, as_json=as_json)


def _translate(
    translator: "Translator",
    models: Sequence[str],
    test_set: TestSet,
    output: Path | None,
    options: "TranslateOptions",
) -> Output:
    """Translates the sources, and writes the translations to ``output`` if it is given."""
    from s2s.score.evaluation import Speed

    sources = test_set.sources
    with naming(test_set.path, test_set.unit), ExitStack() as files:
        file = None if output is None else files.enter_context(open_output(str(output)))
        started = time.perf_counter()
        stream = translator.translate_stream(sources, **options)
        if sys.stderr.isatty():
            stream = show_progress(stream, len(sources))
        translations = list(stream)
        seconds = time.perf_counter() - started
        texts = [translation.text for translation in translations]
        if file is not None:
            file.writelines(f"{text}\n".encode() for text in texts)
    tokens = sum(len(translation.pieces) + 1 for translation in translations if translation.pieces)
    return Output(
        by=_describe(translator, models, options),
        texts=texts,
        translations=translations,
        speed=Speed(seconds=seconds, tokens=tokens),
        models=models,
        to=options.get("to"),
    )


def _describe(
    translator: "Translator", models: Sequence[str], options: "TranslateOptions"
) -> dict[str, Any]:
    """Says which models translate and how, as ``Evaluation.translated``."""
    language = options.get("to")
    return {
        "model": models[0],
        **({} if len(models) == 1 else {"with": list(models[1:])}),
        **({} if language is None else {"to": language}),
        "beam_size": min(
            options.get("beam_size") or translator.search.beam_size,
            widest_beam(translator.tokenizer.tgt_vocab_size),
        ),
    }


def _print(evaluation: "Evaluation", *, as_json: bool) -> None:
    if as_json:
        say(json.dumps(evaluation.to_dict(), indent=2, ensure_ascii=False))
        return
    for line in evaluation.lines():
        say(line)
