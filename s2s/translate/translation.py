"""What a translator gives back."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from s2s.translate.splitting import join
from s2s.translate.words import Pairs, count_words


@dataclass(frozen=True, slots=True)
class Details:
    """What came about at each piece of a hypothesis."""

    log_probs: tuple[float, ...]
    """Log-probability (nats) of each of its pieces, and of the end piece if it has one."""
    alignment: Pairs
    """Pairs of a source word and the target word that looks at it, from 0: see
    ``s2s.translate.words``."""

    @property
    def confidence(self) -> float:
        """Geometric mean of the pieces' probabilities, 0 to 1."""
        if not self.log_probs:
            return 1.0
        return math.exp(min(0.0, sum(self.log_probs) / len(self.log_probs)))


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One way to say it."""

    text: str
    score: float
    """Log-probability (nats) over the length penalty; 0 for a blank line."""
    pieces: tuple[str, ...]
    """SentencePiece pieces, without the end piece."""
    details: Details | None = None
    """If they were asked for. Of a translation with kept texts (``TranslateOptions.keep``), score,
    pieces and log-probabilities are those of what the network said; the alignment is the text's."""
    has_kept: bool = False
    """Whether its text is not just what its pieces say."""

    @property
    def num_words(self) -> int:
        """How many words the alignment counts in it."""
        return len(self.text.split()) if self.has_kept else count_words(self.pieces)


@dataclass(frozen=True, slots=True)
class Translation:
    """A sentence's translation, and its runners-up."""

    hypotheses: tuple[Hypothesis, ...]
    """``n_best`` of them, best first. Where a prefix or a limit leaves room for fewer, the last
    ones are empty, with a score of minus infinity."""
    src_length: int
    """Source pieces that were read, end pieces counted; 0 for a blank line."""
    parts: int = 1
    """Parts that a source longer than ``max_src_length`` was translated in; 0 for a blank line."""
    cut: bool = False
    """Whether the end of such a source was left out."""

    @property
    def text(self) -> str:
        """The best hypothesis' text: one line, without a line end."""
        return self.hypotheses[0].text

    @property
    def score(self) -> float:
        """Its score."""
        return self.hypotheses[0].score

    @property
    def pieces(self) -> tuple[str, ...]:
        """The best hypothesis' pieces."""
        return self.hypotheses[0].pieces

    @property
    def details(self) -> Details | None:
        """The best hypothesis' details."""
        return self.hypotheses[0].details


def join_parts(
    parts: Sequence[tuple[Hypothesis, ...]], src_words: Sequence[int]
) -> tuple[Hypothesis, ...]:
    """Joins what the parts of a sentence became, the best ones and so on; scores are added.

    Args:
        parts: Hypotheses of each part; none of a blank sentence.
        src_words: Words of each part's source.
    """
    if len(parts) < 2:
        return parts[0] if parts else ()
    return tuple(_join(ranked, src_words) for ranked in zip(*parts, strict=True))


def _join(parts: Sequence[Hypothesis], src_words: Sequence[int]) -> Hypothesis:
    log_probs: list[float] = []
    pairs: list[tuple[int, int]] = []
    src = tgt = 0
    for part, words in zip(parts, src_words, strict=True):
        if part.details is not None:
            log_probs += part.details.log_probs
            pairs += ((src + one, tgt + other) for one, other in part.details.alignment)
        src, tgt = src + words, tgt + part.num_words
    return Hypothesis(
        join([part.text for part in parts]),
        sum(part.score for part in parts),
        tuple(piece for part in parts for piece in part.pieces),
        None if parts[0].details is None else Details(tuple(log_probs), tuple(pairs)),
        any(part.has_kept for part in parts),
    )
