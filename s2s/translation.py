"""What a translator gives back."""

from collections.abc import Sequence
from dataclasses import dataclass

from s2s.splitting import join


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One way to say it."""

    text: str
    score: float
    """Log-probability (nats) over the length penalty; 0 for a blank line."""
    pieces: tuple[str, ...]
    """SentencePiece pieces, without the end piece."""


@dataclass(frozen=True, slots=True)
class Translation:
    """A sentence's translation, and its runners-up."""

    hypotheses: tuple[Hypothesis, ...]
    """``n_best`` of them, best first."""
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


def join_parts(parts: Sequence[tuple[Hypothesis, ...]]) -> tuple[Hypothesis, ...]:
    """Joins what the parts of a sentence became, the best ones and so on; scores are added."""
    if len(parts) == 1:
        return parts[0]
    return tuple(
        Hypothesis(
            join([each.text for each in ranked]),
            sum(each.score for each in ranked),
            tuple(piece for each in ranked for piece in each.pieces),
        )
        for ranked in zip(*parts, strict=True)
    )
