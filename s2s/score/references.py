"""References: one human translation of each sentence, or several."""

from collections.abc import Sequence

from s2s.text import clean

References = Sequence[str | Sequence[str]]
"""For each sentence its human translation, or a list of several."""


def listed(references: References) -> list[list[str]]:
    """Returns a list of references for each sentence."""
    return [[each] if isinstance(each, str) else list(each) for each in references]


def num_references(references: Sequence[Sequence[str]]) -> str:
    """Returns how many references each sentence has, as signatures say it."""
    numbers = {len(each) for each in references}
    return "var" if len(numbers) > 1 else str(numbers.pop())


def note_on_forms(hypotheses: Sequence[str], references: References) -> str:
    """Returns a note about translations that look like a reference, but are other characters.

    It is empty if there are none. Translations of s2s are in Unicode form NFC.
    """
    rows = zip(hypotheses, listed(references), strict=True)
    count = sum(
        clean(hypothesis) in map(clean, each) and hypothesis.split() not in map(str.split, each)
        for hypothesis, each in rows
    )
    if not count:
        return ""
    return (
        f"{count:,} translations differ from a reference in Unicode form alone, and so count as "
        "wrong; bring the references to form NFC"
    )
