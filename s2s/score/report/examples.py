"""Sentences worth a look: the worst ones, and some from worst to best."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence of the test set."""

    row: int
    """Counted from 0; its line is one more."""
    source: str
    reference: str
    translation: str
    score: float
    """chrF2 of this sentence, in percent."""


class Picture(NamedTuple):
    """What a network attended to while it translated a sentence."""

    example: Example
    src_pieces: tuple[str, ...]
    tgt_pieces: tuple[str, ...]
    attention: NDArray[np.float32]
    """(target pieces, source pieces); each row sums to 1."""


def rank(
    sources: Sequence[str],
    references: Sequence[str],
    translations: Sequence[str],
    scores: Sequence[float],
) -> list[Example]:
    """Returns the sentences from worst to best, equal ones in the order of the text.

    Those whose source or reference is blank are left out: nothing could have been right.

    Args:
        sources: One sentence each.
        references: As many, like the others.
        translations: Of them.
        scores: Of each sentence, in percent.
    """
    examples = [
        Example(row, *rest)
        for row, rest in enumerate(zip(sources, references, translations, scores, strict=True))
    ]
    told = [each for each in examples if each.source.strip() and each.reference.strip()]
    return sorted(told, key=lambda each: each.score)


def spread(items: Sequence[Item], count: int) -> list[Item]:
    """Returns ``count`` of ``items``, evenly from the first to the last, or all of fewer."""
    if len(items) <= count:
        return list(items)
    return [items[round(number * (len(items) - 1) / (count - 1))] for number in range(count)]
