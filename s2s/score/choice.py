"""The measure that fits a task, chosen by what its targets look like."""

from collections.abc import Sequence
from statistics import median
from typing import Final, Literal, NamedTuple

from s2s.score.scripts import bleu_tokenizer
from s2s.writing.kinds import are_symbols

Measure = Literal["bleu", "chrf", "exact", "error", "loss"]

LABELS: Final[dict[str, str]] = {
    "bleu": "BLEU",
    "chrf": "chrF2",
    "exact": "exact match",
    "error": "error rate",
    "loss": "loss",
}
"""Names of the measures for readers."""
SHORT: Final = 4
"""Fewest words for which BLEU means something: it counts runs of up to four."""
MOST: Final = 2 / 3
"""Share from which on all targets are judged by the short ones."""
LONG_WORD: Final = 20
"""Most characters of a word or label; a longer text without blanks is a formula, for example."""


class Choice(NamedTuple):
    """A measure and why it fits."""

    measure: Measure
    reason: str
    """What the targets look like, as part of a sentence."""


def choose_measure(targets: Sequence[str]) -> Choice:
    """Returns the measure that suits such targets.

    Sentences, also those of scripts without blanks, are judged by BLEU.

    Args:
        targets: References, at least one that is not blank.
    """
    texts = [target for target in targets if target.strip()]
    if bleu_tokenizer(texts) != "13a":
        short = sum(len("".join(text.split())) < SHORT for text in texts)
        if short >= MOST * len(texts):
            return Choice("exact", f"{short:,} of {len(texts):,} targets have under four letters")
        several = len(texts) - short
        return Choice("bleu", f"{several:,} of {len(texts):,} targets have four letters or more")
    tokens = [text.split() for text in texts]
    short = sum(len(each) < SHORT for each in tokens)
    if short >= MOST * len(texts):
        single = sum(len(each) == 1 for each in tokens)
        if single >= MOST * len(texts) and median(map(len, texts)) > LONG_WORD:
            return Choice("chrf", f"{single:,} of {len(texts):,} targets are long, without blanks")
        return Choice("exact", f"{short:,} of {len(texts):,} targets have under four words")
    if are_symbols(texts):
        mean = sum(len("".join(each)) for each in tokens) / sum(map(len, tokens))
        return Choice("error", f"the targets are symbols, of {mean:.1f} characters each")
    return Choice(
        "bleu", f"{len(texts) - short:,} of {len(texts):,} targets have four words or more"
    )
