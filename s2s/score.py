"""BLEU, chrF2 and TER, each with the signature that lets others compare.

Post (2018), "A Call for Clarity in Reporting BLEU Scores"; the numbers are sacrebleu's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from s2s.errors import DataError, MissingPackageError


@dataclass(frozen=True, slots=True)
class Score:
    """A corpus score."""

    name: str
    """``BLEU``, ``chrF2`` (larger is better) or ``TER`` (smaller is)."""
    value: float
    """In percent."""
    signature: str
    """How sacrebleu computed it: tokenizer, case, version."""


def score(
    hypotheses: Sequence[str], references: Sequence[str], *, bleu_only: bool = False
) -> list[Score]:
    """Scores translations against one human translation each.

    Args:
        hypotheses: What the model said, as plain text.
        references: What it should have said, as many.
        bleu_only: Leave out chrF2 and TER, which take longer.

    Returns:
        BLEU, chrF2 and TER.

    Raises:
        DataError: If there is no sentence, or not as many references as hypotheses.
        MissingPackageError: If sacrebleu is not installed.
    """
    if not hypotheses or len(hypotheses) != len(references):
        raise DataError(
            f"{len(hypotheses)} translations cannot be scored against {len(references)} references"
        )
    try:
        from sacrebleu import BLEU, CHRF, TER
    except ImportError as error:
        raise MissingPackageError("no sacrebleu found; install 's2s[score]'") from error
    scores = []
    for metric in (BLEU(),) if bleu_only else (BLEU(), CHRF(), TER()):
        result = metric.corpus_score(list(hypotheses), [list(references)])
        scores.append(Score(str(result.name), float(result.score), str(metric.get_signature())))
    return scores
