"""Keeps the best weights of a training, as validation finds them."""

import math
import time
from pathlib import Path
from typing import Any

from s2s.formats.run_folder import BEST_FILE
from s2s.model.seq2seq import Seq2Seq
from s2s.train.average import Weights, copy_weights, mean_weights
from s2s.train.checkpoint import write_tensors
from s2s.train.log import NoLog, TrainingLog
from s2s.train.position import Position
from s2s.train.signals import StopSignals
from s2s.train.validate import Validation, Validator
from s2s.train.world import World


class Best:
    """The best weights so far, in a file, and the last validated ones, for their mean."""

    def __init__(self, out: Path, validator: Validator, average_last: int, world: World) -> None:
        self.out = out
        self.validator = validator
        self.average_last = average_last
        self.world = world
        self.snapshots: list[Weights] = []

    def add_snapshot(self, model: Seq2Seq) -> None:
        """Notes the weights of a validation."""
        if self.average_last:
            self.snapshots = [*self.snapshots, copy_weights(model)][-self.average_last :]

    def mean(self) -> Weights | None:
        """Returns the mean of the last validated weights; None if there are none to speak of."""
        return mean_weights(self.snapshots) if len(self.snapshots) > 1 else None

    def validate(
        self,
        what: str,
        model: Seq2Seq,
        position: Position,
        log: TrainingLog | NoLog,
        signals: StopSignals,
    ) -> bool:
        """Validates the weights in the model, and writes them if they are the best.

        Process 0 translates, and tells the others. A signal to stop ends it early.

        Returns:
            Whether it came to its end.
        """
        start = time.monotonic()
        found: Validation | None = None
        if self.world.is_main:
            found = self.validator(model, lambda: bool(signals.number))
        done, loss, bleu, seconds = self.world.share(_figures(found, time.monotonic() - start))
        if not done:
            return False
        position.validation_seconds += seconds
        if math.isnan(bleu):
            better = loss < position.best_loss
        else:
            better = position.best_bleu is None or bleu > position.best_bleu
        position.since_best = 0 if better else position.since_best + 1
        if better:
            position.best_bleu = None if math.isnan(bleu) else bleu
            position.best_loss = loss
        if found is not None:
            self._report(what, found, better, model, position, log, seconds)
        return True

    def _report(
        self,
        what: str,
        found: Validation,
        better: bool,
        model: Seq2Seq,
        position: Position,
        log: TrainingLog | NoLog,
        seconds: float,
    ) -> None:
        figures: dict[str, Any] = {
            "loss": found.loss,
            "bleu": found.bleu,
            "signature": found.signature,
            "seconds": position.seconds,
            "of": what,
        }
        if found.bleus:
            figures["bleus"] = list(found.bleus)
        log.record("validation", position.update, figures)
        bleu = "" if found.bleu is None else f"  BLEU {found.bleu:.2f}"
        if found.bleus:
            bleu += f" ({', '.join(f'{each:.2f}' for each in found.bleus)})"
        log.say(
            f"validation of {what} at update {position.update:,}: loss {found.loss:.4f}{bleu}"
            f"{'  (best)' if better else ''}  [{seconds:.1f} s]"
        )
        if better:
            state = {
                "updates": position.update,
                "minutes": round(position.seconds / 60, 2),
                "weights": what,
                "scores": {
                    "validation_loss": found.loss,
                    "validation_bleu": found.bleu,
                    "signature": found.signature,
                },
            }
            write_tensors(self.out / BEST_FILE, dict(model.named_parameters()), state)


def _figures(found: Validation | None, seconds: float) -> list[float]:
    """A validation as numbers that processes can share."""
    if found is None:
        return [0.0, 0.0, 0.0, seconds]
    return [1.0, found.loss, math.nan if found.bleu is None else found.bleu, seconds]
