"""Scores by the length of the source: where a model begins to lose the thread.

Bahdanau et al. (2015), figure 2, is the picture that made attention famous.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from s2s.errors import DataError
from s2s.score.metrics import FEW, Score, score
from s2s.score.scripts import written_without_blanks

LAST: Final = (0, 5, 10, 15, 20, 30, 50, 100, 200, 500)
"""The longest sentence of each bucket but the last. They are the same for every test set, so that
two can be compared; buckets without a sentence are left out."""

Unit = Literal["words", "characters"]


@dataclass(frozen=True, slots=True)
class Bucket:
    """The sentences whose source has ``first`` to ``last`` words or characters."""

    first: int
    last: int | None
    """None: as long as they come."""
    sentences: int
    bleu: Score
    chrf: Score

    @property
    def few(self) -> bool:
        """Whether there are too few sentences for the scores to say much."""
        return self.sentences < FEW

    @property
    def label(self) -> str:
        """``6-10``, ``0`` or ``501+``."""
        if self.last is None:
            return f"{self.first}+"
        return f"{self.first}-{self.last}" if self.last > self.first else str(self.last)


@dataclass(frozen=True, slots=True)
class Buckets:
    """A test set by length."""

    unit: Unit
    """What ``first`` and ``last`` count: words between blanks, or characters without blanks."""
    buckets: tuple[Bucket, ...]
    """From short to long."""


def length_unit(sources: Sequence[str]) -> Unit:
    """Returns what the length of such sentences is counted in.

    Characters where words have no blanks between them, and where most sentences are a single word,
    as in a pronouncing dictionary; else words.
    """
    spoken = [source for source in sources if source.strip()]
    single = sum(1 for source in spoken if len(source.split()) == 1)
    by_character = written_without_blanks(spoken) or 2 * single > len(spoken)
    return "characters" if by_character else "words"


def score_by_length(
    sources: Sequence[str],
    hypotheses: Sequence[str],
    references: Sequence[str],
    *,
    lowercase: bool = False,
    tokenize: str = "13a",
) -> Buckets:
    """Scores short sentences apart from long ones.

    Args:
        sources: What was translated.
        hypotheses: The translations, as many.
        references: As many.
        lowercase: As for ``score``.
        tokenize: As for ``score``.

    Raises:
        ConfigError: If ``tokenize`` is unknown.
        DataError: If there is no sentence, or the numbers differ.
        MissingPackageError: If sacrebleu is not installed.
    """
    if len(sources) != len(hypotheses):
        raise DataError(f"{len(sources)} sources do not fit {len(hypotheses)} translations")
    unit = length_unit(sources)
    members: dict[int, list[int]] = {}
    for row, source in enumerate(sources):
        words = source.split()
        length = len(words) if unit == "words" else sum(map(len, words))
        members.setdefault(bisect_left(LAST, length), []).append(row)
    buckets = []
    for number, rows in sorted(members.items()):
        bleu, chrf = score(
            [hypotheses[row] for row in rows],
            [references[row] for row in rows],
            ter=False,
            lowercase=lowercase,
            tokenize=tokenize,
        )
        first = LAST[number - 1] + 1 if number else 0
        last = LAST[number] if number < len(LAST) else None
        buckets.append(Bucket(first, last, len(rows), bleu, chrf))
    return Buckets(unit, tuple(buckets))
