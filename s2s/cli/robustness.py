"""Translates the variants of a test set for ``s2s evaluate --robustness``."""

import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from s2s.cli.progress import show_progress
from s2s.cli.scores import How
from s2s.cli.testset import TestSet
from s2s.errors import ConfigError, DataError, SentenceError

if TYPE_CHECKING:
    from s2s.score.robustness import Robustness
    from s2s.translate.options import TranslateOptions
    from s2s.translate.translator import Translator


def check_robustness(tags: Sequence[str], to: str | None, test_set: TestSet) -> None:
    """Checks that a test set can have variants.

    Args:
        tags: Tags that the model knows.
        to: The target language.
        test_set: The test set.

    Raises:
        ConfigError: If the sources begin with tags, which a variant would change, or there are
            several references, which may not be alike in case and end marks.
    """
    if test_set.more:
        raise ConfigError(
            "--robustness compares with one reference, but --ref names "
            f"{1 + len(test_set.more)} files; leave out all but one"
        )
    if tags and to is None:
        raise ConfigError(
            "--robustness changes the sources, and they begin with tags; give --to LANGUAGE and "
            "sources without tags"
        )


def translate_variants(
    translator: "Translator",
    test_set: TestSet,
    plain: Sequence[str],
    options: "TranslateOptions",
    how: How,
) -> "Robustness":
    """Translates a test set's variants and scores them.

    Args:
        translator: The translator.
        test_set: Sources and references.
        plain: Translations of the sources as they are.
        options: Options of the translator.
        how: How text is compared; blanks count as one blank.

    Raises:
        DataError: If ``too_long`` is ``error`` and a line of a variant is too long.
    """
    from s2s.score.robustness import Robustness, count_numbers, score_variant
    from s2s.score.variants import make_variants

    sources, references = test_set.sources, test_set.references
    variants = make_variants(sources, references)
    scores = []
    for variant in variants.made:
        with naming_variant(variant.name):
            stream = translator.translate_stream(variant.sources, **options)
            if sys.stderr.isatty():
                stream = show_progress(stream, len(variant.sources))
            texts = [translation.text for translation in stream]
        scored = score_variant(
            variant,
            texts,
            plain,
            references,
            lowercase=how["lowercase"],
            tokenize=how["tokenize"],
        )
        scores.append(scored)
    counted, right = count_numbers(sources, references, plain)
    return Robustness(
        variants=scores,
        left_out=variants.left_out,
        with_numbers=counted,
        numbers_right=right,
    )


@contextmanager
def naming_variant(name: str) -> Iterator[None]:
    """Names the variant in warnings and errors: their line numbers are not those of the file."""

    def add_name(record: logging.LogRecord) -> bool:
        record.msg = f"--robustness, {name}: {record.msg}"
        return True

    handlers = logging.getLogger("s2s").handlers
    for handler in handlers:
        handler.addFilter(add_name)
    try:
        yield
    except SentenceError as error:
        raise DataError(
            f"--robustness, {name}, line {error.number}: the sentence {error.what}"
        ) from error
    finally:
        for handler in handlers:
            handler.removeFilter(add_name)
