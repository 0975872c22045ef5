"""The best weights of a training, by the score of its validations."""

import math
import time
from pathlib import Path
from typing import Any

from s2s.formats.run_folder import BEST_FILE
from s2s.model.seq2seq import Seq2Seq
from s2s.score.choice import LABELS, Measure
from s2s.train.average import Weights, copy_weights, mean_weights
from s2s.train.checkpoint import write_tensors
from s2s.train.log import NoLog, TrainingLog
from s2s.train.measure import is_chance, merit
from s2s.train.position import Position
from s2s.train.signals import StopSignals
from s2s.train.validate import Validation, Validator
from s2s.train.world import World

START = "start"
"""Name of the weights that ``init`` brings."""


class Best:
    """The best weights so far, in a file, and the last validated ones, for their mean."""

    def __init__(
        self,
        *,
        out: Path,
        validator: Validator,
        world: World,
        log: TrainingLog | NoLog,
        signals: StopSignals,
        average_last: int,
        snapshots: list[Weights],
    ) -> None:
        """Makes a keeper of the best weights.

        Args:
            out: Run folder.
            validator: Validates on the pairs held out.
            world: The processes of the training.
            log: Gets the figures of each validation.
            signals: A signal to stop ends a validation early.
            average_last: Number of validated weights whose mean is wanted.
            snapshots: The last validated weights of a run that is resumed, the oldest first.
        """
        self.out = out
        self.validator = validator
        self.world = world
        self.log = log
        self.signals = signals
        self.average_last = average_last
        self.snapshots = snapshots

    def add_snapshot(self, model: Seq2Seq) -> None:
        """Copies the weights that were just validated, if their mean is wanted at the end.

        The copies are in the CPU's memory, as those of a checkpoint are.
        """
        if self.average_last:
            weights = {name: value.cpu() for name, value in copy_weights(model).items()}
            self.snapshots = [*self.snapshots, weights][-self.average_last :]

    def mean(self) -> Weights | None:
        """Returns the mean of the last validated weights; None if there are fewer than two."""
        return mean_weights(self.snapshots) if len(self.snapshots) > 1 else None

    def validate(self, name: str, model: Seq2Seq, position: Position) -> bool:
        """Validates the weights in the model, and writes them if they are the best so far.

        Process 0 translates, and tells the other processes. A signal to stop ends it early.

        Args:
            name: What the weights are, for the log.
            model: Holds the weights.
            position: Where the training stands; its counters of validations are brought up to date.

        Returns:
            Whether the validation came to its end.
        """
        start = time.monotonic()
        validation: Validation | None = None
        if self.world.is_main:
            validation = self.validator(model, lambda: bool(self.signals.number))
        done, loss, nan_or_score, by_heart, seconds = self.world.share(
            _numbers_of(validation, time.monotonic() - start)
        )
        if not done:
            return False
        score = None if math.isnan(nan_or_score) else nan_or_score
        position.validation_seconds += seconds
        better = is_better(
            position, self.validator.measure, loss=loss, score=score, by_heart=by_heart
        )
        position.since_best = 0 if better else position.since_best + 1
        if better:
            position.best_score = score
            position.best_loss = loss
            position.best_by_heart = by_heart
            position.start_is_best = name == START
        if validation is not None:
            self._log(name, validation, position, better=better, seconds=seconds)
            if better:
                self._write(name, validation, model, position)
        return True

    def _log(
        self, name: str, validation: Validation, position: Position, *, better: bool, seconds: float
    ) -> None:
        measure = self.validator.measure
        figures: dict[str, Any] = {"loss": validation.loss, "measure": measure}
        shown = ""
        if validation.score is not None:
            figures |= {measure: validation.score, "signature": validation.signature}
            shown = f"  {LABELS[measure]} {validation.score:.2f}"
        if validation.each:
            figures["each"] = list(validation.each)
            shown += f" ({', '.join(f'{value:.2f}' for value in validation.each)})"
        if validation.by_heart is not None:
            figures["by_heart"] = validation.by_heart
            shown += f"  {validation.by_heart:.0%} of the training text by heart"
        figures |= {"seconds": position.seconds, "of": name}
        self.log.record("validation", position.update, figures)
        self.log.say(
            f"validation of {name} at update {position.update:,}: loss {validation.loss:.4f}{shown}"
            f"{'  (best)' if better else ''}  [{seconds:.1f} s]"
        )

    def _write(self, name: str, validation: Validation, model: Seq2Seq, position: Position) -> None:
        measure = self.validator.measure
        scores: dict[str, Any] = {"measure": measure, "validation_loss": validation.loss}
        if validation.score is not None:
            scores |= {f"validation_{measure}": validation.score, "signature": validation.signature}
        state = {
            "updates": position.update,
            "minutes": round(position.seconds / 60, 2),
            "weights": name,
            "scores": scores,
        }
        write_tensors(self.out / BEST_FILE, dict(model.named_parameters()), state)


def is_better(
    position: Position,
    measure: Measure,
    *,
    loss: float,
    score: float | None,
    by_heart: float = 0.0,
) -> bool:
    """Whether a validation is better than the best so far: by its score; if that is a tie, by loss.

    BLEU and exact match stay 0 for a long time while the loss falls. After little text, the loss of
    other text is lowest when the network has learned nothing yet: if scores are chance, it comes
    after the share of the own text that the network knows.

    Args:
        position: Has the figures of the best validation so far.
        measure: What ``score`` is.
        loss: Nats a target token.
        score: In percent, or None if no sentence was translated.
        by_heart: Share of the training text that the network knows by heart; 0 if it was not asked.
    """
    if score is not None and position.best_score is not None:
        new, old = (merit(measure, value) for value in (score, position.best_score))
        if new != old:
            return new > old
        if not is_chance(measure, score):
            return loss < position.best_loss
    return (by_heart, -loss) > (position.best_by_heart, -position.best_loss)


def _numbers_of(validation: Validation | None, seconds: float) -> list[float]:
    """Returns what all processes are told, in the order in which ``Best.validate`` reads it."""
    if validation is None:
        return [0.0, 0.0, 0.0, 0.0, seconds]
    score = math.nan if validation.score is None else validation.score
    return [1.0, validation.loss, score, validation.by_heart or 0.0, seconds]
