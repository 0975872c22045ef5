"""Settings of a search."""

import dataclasses
from dataclasses import dataclass
from typing import Literal, Self

from s2s.config.base import Config
from s2s.config.pieces import widest_beam


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchConfig(Config):
    """Settings of the search; a model file recommends some."""

    beam_size: int = 5
    """Number of hypotheses of a sentence that the search keeps after each step, at most the number
    of pieces that can be written. 1: greedy."""
    length_penalty: float = 1.0
    """Alpha of Wu et al. (2016), equation 14. 0 ranks hypotheses by their total log-probability, 1
    nearly by its mean."""
    max_length: int = 512
    """Maximum length of a hypothesis in pieces, end piece included, for every source length.
    Training raises the default if its text has longer targets."""
    length_factor: int | Literal["auto"] = "auto"
    """A hypothesis has at most ``length_factor * src_length + length_margin`` pieces. This limit
    depends on its own sentence alone, so that a translation does not depend on its batch. ``auto``:
    training learns it, so that all its pairs fit; 2 where nothing is learned."""
    length_margin: int | Literal["auto"] = "auto"
    """Pieces that a hypothesis may always have, see ``length_factor``. ``auto``: as training learns
    it, 20 where nothing is learned."""
    in_step: bool | Literal["auto"] = "auto"
    """Whether a hypothesis has exactly as many pieces as its source, as labels of words need it:
    the end piece is forbidden before and forced then, and no limit of length counts. ``auto``:
    training settles it, on if both vocabularies are of words and both sides of all its pairs are
    equally long, but not all pairs; off where nothing is settled."""
    min_length: int = 1
    """Minimum length of a hypothesis in pieces, end piece included. Ignored if the maximum length
    or the bans leave no other piece."""
    no_repeat: int = 0
    """Length of n-grams of pieces that occur at most once in a hypothesis (Paulus et al. 2018). 0:
    no limit."""
    diversity: float = 0.0
    """Penalty in nats for candidates that follow the same hypothesis: the second-best loses it
    once, the third-best twice. The beam's hypotheses then differ more (Li, Monroe and Jurafsky
    2016, "A Simple, Fast Diverse Decoding Algorithm"). Scores include it. 0: off."""
    temperature: float = 0.0
    """Divisor of the logits if pieces are drawn at random, for each hypothesis on its own. 0: the
    search takes the best pieces and draws nothing."""
    top_k: int = 0
    """Number of best pieces that are drawn from if ``temperature`` is over 0. 0: all pieces."""
    seed: int = 0
    """Seed of the random draws, see ``temperature``."""

    def __post_init__(self) -> None:
        Config.__post_init__(self)
        self._check_range("min_length", 0, 1_000_000)
        self._check_range("no_repeat", 0, 1_000_000)
        self._check_range("diversity", 0, 1e6)
        self._check_range("temperature", 0, 1e6)
        self._check_range("top_k", 0, 1_000_000)
        self._check_range("seed", 0, 2**31 - 3)
        self._check_range("beam_size", 1, 1000)
        self._check_range("length_penalty", 0, 10)
        self._check_range("max_length", 1, 1_000_000)
        self._check_range("length_factor", 0, 1000)
        self._check_range("length_margin", 1, 1_000_000)

    def fitted(self, tgt_vocab_size: int) -> Self:
        """Returns the settings as numbers, with a beam no wider than a vocabulary allows."""
        factor, margin = self.limit
        return dataclasses.replace(
            self,
            beam_size=min(self.beam_size, widest_beam(tgt_vocab_size)),
            length_factor=factor,
            length_margin=margin,
            in_step=self.is_in_step,
        )

    @property
    def limit(self) -> tuple[int, int]:
        """``length_factor`` and ``length_margin`` as numbers."""
        factor, margin = self.length_factor, self.length_margin
        return (2 if factor == "auto" else factor), (20 if margin == "auto" else margin)

    @property
    def is_in_step(self) -> bool:
        """``in_step`` as a truth value."""
        return self.in_step is True

    @property
    def alters_candidates(self) -> bool:
        """Whether a step does more than take the most probable pieces."""
        rare = self.no_repeat or self.diversity or self.temperature
        return self.min_length > 1 or self.is_in_step or bool(rare)
