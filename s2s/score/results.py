"""A score, its interval, and its difference to the score of another system."""

from dataclasses import dataclass
from typing import Final

ERRORS: Final = frozenset({"TER", "token_error", "character_error"})
"""``Score.name`` of scores that are better when smaller."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Interval with 95 % of the resampled test sets."""

    mean: float
    """Mean of the resamples, in percent."""
    half_width: float
    """Half the distance of their 2.5th and 97.5th percentiles, in percent."""


@dataclass(frozen=True, slots=True)
class Score:
    """A corpus score."""

    name: str
    """``BLEU``, ``chrF2``, ``exact`` (larger is better); ``TER``, ``token_error``,
    ``character_error`` (smaller is better)."""
    value: float
    """In percent."""
    signature: str
    """How it was computed: references, tokenizer or unit, case, resamples, seed, version."""
    interval: Interval | None = None
    """None if it was not asked for."""
    length_ratio: float | None = None
    """BLEU only: tokens of the translations over tokens of the references."""
    brevity_penalty: float | None = None
    """BLEU only: its factor for translations that are too short; 1 is no penalty."""
    remark: str = ""
    """BLEU only: why it is 0; empty if it is not."""

    @property
    def label(self) -> str:
        """The name for readers."""
        return self.name.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Difference:
    """Scores of two systems on the same sentences, and whether they differ."""

    name: str
    value: float
    """In percent."""
    baseline: float
    """Score of the second system, in percent."""
    p_value: float
    """Probability of a difference at least as large between systems that are equally good."""
    signature: str

    @property
    def label(self) -> str:
        """The name for readers."""
        return self.name.replace("_", " ")

    @property
    def delta(self) -> float:
        """Score minus the baseline's score, in points."""
        return self.value - self.baseline

    @property
    def verdict(self) -> str:
        """``better`` or ``worse`` than the baseline if p < 0.05, else ``no difference shown``."""
        if self.p_value >= 0.05:
            return "no difference shown"
        return "better" if (self.delta > 0) == (self.name not in ERRORS) else "worse"
