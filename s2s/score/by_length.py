"""Scores by the length of the source, which show how long a sentence a model can translate.

Bahdanau et al. (2015), figure 2, shows such scores with and without attention.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from s2s.errors import DataError
from s2s.score.metrics import FEW_SENTENCES, score
from s2s.score.references import References
from s2s.score.results import Score
from s2s.score.scripts import written_without_blanks

LONGEST: Final = (0, 5, 10, 15, 20, 30, 50, 100, 200, 500)
"""Longest source of each bucket but the last one. The buckets are the same for every test set, so
that two can be compared; a bucket without a sentence is left out."""

Unit = Literal["words", "characters"]


@dataclass(frozen=True, slots=True)
class Bucket:
    """The sentences whose source has ``first`` to ``last`` words or characters."""

    first: int
    last: int | None
    """None: no limit."""
    sentences: int
    bleu: Score
    chrf: Score

    @property
    def few(self) -> bool:
        """Whether there are too few sentences for the scores to say much."""
        return self.sentences < FEW_SENTENCES

    @property
    def label(self) -> str:
        """``6-10``, ``0`` or ``501+``."""
        if self.last is None:
            return f"{self.first}+"
        return f"{self.first}-{self.last}" if self.last > self.first else str(self.last)


@dataclass(frozen=True, slots=True)
class ScoresByLength:
    """Scores of a test set, by the length of the source."""

    unit: Unit
    """Unit of ``first`` and ``last``: words between blanks, or characters other than blanks."""
    buckets: tuple[Bucket, ...]
    """From short to long."""


def length_unit(sources: Sequence[str]) -> Unit:
    """Returns the unit for the length of such sentences.

    It is characters if the script has no blanks between words, or if most sentences are a single
    word, as in a pronouncing dictionary; else words.
    """
    sentences = [source for source in sources if source.strip()]
    single = sum(1 for source in sentences if len(source.split()) == 1)
    by_character = written_without_blanks(sentences) or 2 * single > len(sentences)
    return "characters" if by_character else "words"


def score_by_length(
    sources: Sequence[str],
    hypotheses: Sequence[str],
    references: References,
    *,
    lowercase: bool = False,
    tokenize: str = "13a",
) -> ScoresByLength:
    """Scores short sentences apart from long ones.

    Args:
        sources: Source sentences.
        hypotheses: Translations, one for each source.
        references: Human translations, as for ``score``.
        lowercase: As for ``score``.
        tokenize: As for ``score``.

    Raises:
        ConfigError: If ``tokenize`` is unknown.
        DataError: If there is no sentence, or the numbers differ.
        MissingPackageError: If sacrebleu is not installed.
    """
    if len(sources) != len(hypotheses):
        raise DataError(
            f"there are {len(sources)} source sentences but {len(hypotheses)} translations; "
            "expected the same number"
        )
    unit = length_unit(sources)
    rows_by_bucket: dict[int, list[int]] = {}
    for row, source in enumerate(sources):
        words = source.split()
        length = len(words) if unit == "words" else sum(map(len, words))
        rows_by_bucket.setdefault(bisect_left(LONGEST, length), []).append(row)
    buckets = []
    for number, rows in sorted(rows_by_bucket.items()):
        bleu, chrf = score(
            [hypotheses[row] for row in rows],
            [references[row] for row in rows],
            ter=False,
            lowercase=lowercase,
            tokenize=tokenize,
        )
        first = LONGEST[number - 1] + 1 if number else 0
        last = LONGEST[number] if number < len(LONGEST) else None
        buckets.append(Bucket(first=first, last=last, sentences=len(rows), bleu=bleu, chrf=chrf))
    return ScoresByLength(unit, tuple(buckets))
