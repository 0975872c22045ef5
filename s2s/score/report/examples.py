"""Example sentences for the page: the worst ones, and some from the worst to the best."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence of the test set."""

    row: int
    """Number of the sentence, from 0; its line is one more."""
    source: str
    reference: str
    translation: str
    score: float
    """chrF2 of this sentence, in percent."""


class Picture(NamedTuple):
    """Attention of a network while it translated a sentence."""

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
    """Returns the sentences from worst to best; equal ones are in the order of the text.

    Sentences with a blank source or reference are left out: no translation could be right.

    Args:
        sources: Source sentences.
        references: Human translations, one for each source.
        translations: Translations of the model, one for each source.
        scores: Score of each translation, in percent.
    """
    sentences = zip(sources, references, translations, scores, strict=True)
    examples = [
        Example(row=row, source=source, reference=reference, translation=translation, score=score)
        for row, (source, reference, translation, score) in enumerate(sentences)
        if source.strip() and reference.strip()
    ]
    return sorted(examples, key=lambda example: example.score)


def spread(items: Sequence[ItemT], count: int) -> list[ItemT]:
    """Returns ``count`` evenly spaced items, first and last included; all if there are fewer."""
    if len(items) <= count:
        return list(items)
    return [items[round(number * (len(items) - 1) / (count - 1))] for number in range(count)]
