"""What a translator gives back."""

from dataclasses import dataclass


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
    """Source pieces that were read, the end piece counted; 0 for a blank line."""
    cut: bool = False
    """Whether the source was longer than ``max_src_length``."""

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
