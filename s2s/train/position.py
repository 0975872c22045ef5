"""Where a training stands: its counters, how near they are to a limit, and its result."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from s2s.corpus.stream import START, Place
from s2s.score.choice import Measure
from s2s.train.config import TrainConfig

VALIDATION_SHARE = 0.2
"""Share of the time that validations may take under a time limit."""


@dataclass(kw_only=True, slots=True)
class Position:
    """Counters of a training; saved with every checkpoint."""

    update: int = 0  # updates so far, skipped ones included
    place: Place = START  # where the next update's batches begin
    seconds: float = 0.0
    target_tokens: int = 0
    skipped: int = 0  # updates without effect, because of a non-finite gradient
    skipped_in_row: int = 0
    warmup: int | None = None  # updates of the warm-up; None if they are not known yet
    splits: int = 0  # batches cut in two because they did not fit into the GPU's memory
    guessing: int = 0  # last updates, all with a loss above that of guessing
    diverging: int = 0  # of these, the updates after the warm-up in which the loss did not fall
    lowest_nll: float = math.inf  # of the records in the log
    validations: int = 0
    validation_seconds: float = 0.0
    validated_update: int = -1
    since_best: int = 0  # validations
    best_score: float | None = None  # by the measure of the run; None if that is the loss
    best_loss: float = math.inf
    best_by_heart: float = 0.0
    start_is_best: bool = False  # no validation was better than that of the weights of ``init``

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> Self:
        """Builds from the JSON values of ``to_state``.

        Raises:
            TypeError: If a value is of another kind.
        """
        state = dict(state)
        if "best_bleu" in state:  # a run that knew no other measure
            state["best_score"] = state.pop("best_bleu")
        numbers = [
            *state["place"],
            *(v for k, v in state.items() if k not in ("place", "best_score", "warmup")),
        ]
        if not all(isinstance(number, int | float) for number in numbers):
            raise TypeError("a counter is not a number")
        return cls(**{**state, "place": Place(*state["place"])})

    def to_state(self) -> dict[str, Any]:
        """Returns values that JSON can hold."""
        return {**asdict(self), "place": list(self.place)}

    def epochs(self, pairs_in_epoch: int) -> float:
        """Returns how often the training text was passed through."""
        return self.place.epoch + self.place.pairs / pairs_in_epoch

    def progress(self, config: TrainConfig, pairs_in_epoch: int) -> float:
        """Returns the share of the nearest limit that is used up, 0 to 1."""
        shares = [0.0]
        if config.max_updates is not None:
            shares.append(self.update / config.max_updates)
        if config.max_epochs is not None:
            shares.append(self.epochs(pairs_in_epoch) / config.max_epochs)
        if config.max_minutes is not None:
            shares.append(self.seconds / 60 / config.max_minutes)
        return max(shares)

    def affords_validation(self, config: TrainConfig) -> bool:
        """Whether a validation that is due may start now.

        Under a time limit, validations take time from training, and an untrained model is slow to
        validate because its translations do not end: all validations together may take a fifth of
        the time.
        """
        if config.max_minutes is None or config.validate_every is not None:
            return True
        return self.validation_seconds <= VALIDATION_SHARE * self.seconds

    def reached_limit(self, config: TrainConfig) -> str | None:
        """Returns why the training ends here, a limit or patience; None if it goes on."""
        if config.max_updates is not None and self.update >= config.max_updates:
            return "max_updates"
        if config.max_epochs is not None and self.place.epoch >= config.max_epochs:
            return "max_epochs"
        if config.max_minutes is not None and self.seconds >= 60 * config.max_minutes:
            return "max_minutes"
        if config.patience is not None and self.since_best >= config.patience:
            return f"no better validation in {config.patience}"
        return None


@dataclass(frozen=True, slots=True)
class TrainResult:
    """The result of a training."""

    run: Path
    updates: int
    epochs: float
    minutes: float
    measure: Measure
    """What chose the weights."""
    best_score: float | None
    """Score of the best validation by ``measure``, in percent; None if that is the loss."""
    best_loss: float
    """Loss of the best validation, in nats a target token."""
    stopped_by: str
    is_useless: bool
    """Whether the best weights are no better than guessing, and the last updates neither."""
    start_is_best: bool
    """Whether no validation was better than that of the weights that ``init`` brought."""
