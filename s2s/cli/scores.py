"""Scores of a test set that is translated, alone and beside another output."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

from s2s.cli.testset import Output, TestSet

if TYPE_CHECKING:
    from s2s.score.evaluation import Evaluation
    from s2s.score.results import Difference
    from s2s.score.robustness import Robustness


class _How(TypedDict):
    """How text is compared, as ``s2s.score.score`` takes it."""

    lowercase: bool
    keep_blanks: bool
    tokenize: str


def score_output(
    translated: Output,
    baseline: Output | None,
    test_set: TestSet,
    *,
    measures: Sequence[str],
    lowercase: bool,
    keep_blanks: bool,
    tokenize: str,
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
    how: _How = {"lowercase": lowercase, "keep_blanks": keep_blanks, "tokenize": tokenize}
    differences: Sequence[Difference] = ()
    if baseline is not None:
        differences = compare(texts, baseline.texts, references, measures=measures, **how)
    buckets = None
    if by_length:
        buckets = score_by_length(
            test_set.sources, texts, references, lowercase=lowercase, tokenize=tokenize
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
