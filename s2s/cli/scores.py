"""Scores of a test set that is translated, alone and beside another output."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

from s2s.cli.testset import Output, TestSet

if TYPE_CHECKING:
    from s2s.score.evaluation import Evaluation
    from s2s.score.results import Difference
    from s2s.score.robustness import Robustness


class How(TypedDict):
    """How text is compared, as ``s2s.score.score`` takes it."""

    lowercase: bool
    keep_blanks: bool
    tokenize: str


def parse_measures(measures: str | None, tokenize: str | None) -> list[str] | None:
    """Returns the names in ``--measures``, None if it was not given.

    Raises:
        ConfigError: If a name, or that of ``--tokenize``, is unknown.
        MissingPackageError: If sacrebleu or rapidfuzz is not installed.
    """
    from s2s.score.metrics import MEASURES, check_metrics

    names = None if measures is None else [name.strip() for name in measures.split(",")]
    check_metrics(tokenize or "13a", MEASURES if names is None else names)
    return names


def default_measures(test_set: TestSet, *, all_of_them: bool) -> Sequence[str]:
    """Returns BLEU, chrF2 and TER if the references are sentences, and else all measures."""
    from s2s.score.choice import choose_measure
    from s2s.score.metrics import MEASURES, SACREBLEU

    has_sentences = choose_measure(test_set.references).measure == "bleu"
    return SACREBLEU if has_sentences and not all_of_them else MEASURES


def score_output(
    translated: Output,
    baseline: Output | None,
    test_set: TestSet,
    how: How,
    *,
    measures: Sequence[str],
    confidence: bool,
    by_length: bool,
    robustness: "Robustness | None",
) -> "Evaluation":
    """Scores translations, alone and beside a baseline."""
    from s2s.score.by_length import score_by_length
    from s2s.score.evaluation import Evaluation
    from s2s.score.metrics import compare, score
    from s2s.score.references import note_on_forms

    texts, references = translated.texts, test_set.all_references
    differences: Sequence[Difference] = ()
    if baseline is not None:
        differences = compare(texts, baseline.texts, references, measures=measures, **how)
    buckets = None
    if by_length:
        buckets = score_by_length(
            test_set.sources,
            texts,
            references,
            lowercase=how["lowercase"],
            tokenize=how["tokenize"],
        )
    return Evaluation(
        translated=translated.by,
        sentences=len(texts),
        scores=score(texts, references, measures=measures, confidence=confidence, **how),
        notes=[note] if (note := note_on_forms(texts, references)) else [],
        baseline="" if baseline is None else baseline.by["hypotheses"],
        differences=differences,
        buckets=buckets,
        robustness=robustness,
        speed=translated.speed,
    )
