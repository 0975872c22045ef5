"""The training loop: back-propagation through time with teacher forcing over the whole target."""

import math
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import torch

from s2s.corpus.stream import BatchStream, Step
from s2s.errors import DataError, ModelError, TrainingError
from s2s.formats.run_folder import LAST_FILE
from s2s.model.seq2seq import Seq2Seq
from s2s.train.average import MovingAverage, using_weights
from s2s.train.best import Best
from s2s.train.checkpoint import load_last, save_last
from s2s.train.config import TrainConfig
from s2s.train.log import NoLog, TrainingLog, Window
from s2s.train.position import Position, TrainResult
from s2s.train.schedule import learning_rate
from s2s.train.signals import StopSignals
from s2s.train.update import UpdateFigures, Updater
from s2s.train.validate import Validator
from s2s.train.world import World


class Trainer:
    """State and steps of one training."""

    def __init__(
        self,
        out: Path,
        training: TrainConfig,
        model: Seq2Seq,
        stream: BatchStream,
        corpora: list[str],
        validator: Validator,
        world: World,
    ) -> None:
        """Makes a trainer that stands at the start.

        Args:
            out: Run folder.
            training: Limits and hyperparameters.
            model: On its device.
            stream: Of the training's batches.
            corpora: What the text of the stream is known by; a checkpoint goes on with no other.
            validator: Of the model.
            world: Of the processes.
        """
        self.out = out
        self.corpora = corpora
        self.config = training
        self.model = model
        self.stream = stream
        self.world = world
        self.updater = Updater(model, training, world)
        decay = training.ema_decay
        self.average = None if decay is None else MovingAverage(model, decay)
        self.best = Best(out, validator, training.average_last, world)
        self.position = Position()
        self.window = Window()
        self.pending: list[UpdateFigures] = []
        self.started = self.saved_at = 0.0
        self.signals = StopSignals()

    def load(self) -> None:
        """Goes to where the run's last checkpoint stands.

        Raises:
            ModelError: If it is damaged.
            DataError: If the training text is no longer what it was.
        """
        self.best.snapshots, state = load_last(
            self.out / LAST_FILE, self.model, self.updater.optimizer, self.average
        )
        if state.get("corpora") != self.corpora:
            raise DataError(
                f"the training text is not the one that {self.out} was trained on so far; bring "
                "the old text back, or fine-tune in a new folder with --init"
            )
        try:
            if state["scaler"]:
                self.updater.scaler.load_state_dict(state["scaler"])
            self.position = Position.of_state(state["position"])
            self.window = Window(**state["window"])
        except (AttributeError, KeyError, TypeError, RuntimeError) as error:
            raise ModelError(
                f"{self.out / LAST_FILE} is damaged: its state is of another kind ({error!s:.200})"
            ) from error
        self.updater.splits = self.position.splits

    def run(self, heading: list[str], *, resumed: bool) -> TrainResult:
        """Trains to the nearest limit, or to a signal, which is raised again once all is saved."""
        position = self.position
        self.started = time.monotonic() - position.seconds
        self.saved_at = position.seconds
        log = (
            TrainingLog(self.out, position.update if resumed else None)
            if self.world.is_main
            else NoLog()
        )
        # A run that was resumed with a later limit has had more than its share.
        position.validations = min(position.validations, self._validations_wanted())
        with self.signals, log as self.log:
            for line in heading:
                log.say(line)
            self.model.train()
            with closing(self.stream.steps(position.place)) as steps:
                stopped_by = self._loop(steps)
            if not self.signals.number:
                self._finish()
            self._save()
            if self.signals.number:
                name = signal.Signals(self.signals.number).name
                log.say(
                    f"stopped by {name} after update {position.update:,}; go on with: "
                    f"s2s train --out {self.out} --resume"
                )
        if self.signals.number:
            signal.raise_signal(self.signals.number)
        return TrainResult(
            run=self.out,
            updates=position.update,
            epochs=position.epochs(self.stream.pairs_in_epoch),
            minutes=position.seconds / 60,
            best_bleu=position.best_bleu,
            best_loss=position.best_loss,
            stopped_by=stopped_by,
        )

    def _loop(self, steps: Iterator[Step]) -> str:
        """Update after update, until a limit or a signal; returns which."""
        position, config = self.position, self.config
        self._agree()
        while True:
            if self._validations_wanted() > position.validations and position.affords_validation(
                config
            ):
                self._validate()
            elif position.seconds - self.saved_at > 60 * config.save_minutes:
                self._save()
            if self.signals.number:
                return "signal"
            if (reached := position.reached_limit(config)) is not None:
                return reached
            started, waited = time.monotonic(), self.stream.waited
            self._update(next(steps))
            self.window.waited += self.stream.waited - waited
            self.window.seconds += time.monotonic() - started
            self._agree()
            if position.update % config.log_every == 0:
                self._log()

    def _agree(self) -> None:
        """Takes process 0's clock, and a signal that any process got."""
        (self.position.seconds,) = self.world.share([time.monotonic() - self.started])
        self.signals.number = self.world.largest(self.signals.number)

    def _progress(self) -> float:
        """Share of the nearest limit that is used up."""
        return self.position.progress(self.config, self.stream.pairs_in_epoch)

    def _update(self, step: Step) -> None:
        """One update; whether it was left out is known when its figures are read."""
        position = self.position
        rate = learning_rate(self.config, position.update, self._progress())
        measure = (position.update + 1) % self.config.log_every == 0
        self.pending.append(self.updater.update(step, rate, measure=measure))
        position.update += 1
        position.place = step.next_position
        position.target_tokens += step.tokens
        if self.average is not None:
            self.average.update(self.model, position.update)

    def _settle(self) -> None:
        """Reads the figures of the updates since the last time; here a GPU is waited for."""
        if not self.pending:
            return
        started = time.monotonic()
        pending, self.pending = self.pending, []
        sums = self.world.total(torch.stack([each.sums for each in pending]).double().cpu())
        norms = torch.stack([each.gradient_norm for each in pending]).double().tolist()
        position = self.position
        first = position.update - len(pending) + 1
        for number, (figures, (smoothed, nll), norm) in enumerate(
            zip(pending, sums.tolist(), norms, strict=True)
        ):
            if math.isfinite(norm):
                position.skipped_in_row = 0
                self.window.add(figures, smoothed, nll, norm)
                continue
            position.skipped += 1
            position.skipped_in_row += 1
            self.log.say(
                f"update {first + number}: gradient norm is {norm}; skipped "
                f"({position.skipped} so far)"
            )
        if self.updater.splits > position.splits:
            self.log.say(
                f"{self.updater.splits - position.splits} batches did not fit into the GPU's "
                f"memory and were split ({self.updater.splits} so far); a smaller batch_tokens "
                f"than {self.config.batch_tokens} saves that time"
            )
            position.splits = self.updater.splits
        self.window.seconds += time.monotonic() - started
        if position.skipped_in_row >= self.config.max_bad_updates:
            raise TrainingError(
                f"{position.skipped_in_row} updates in a row had a non-finite gradient; try a "
                f"lower learning_rate than {self.config.learning_rate} or a smaller clip_norm"
            )

    def _log(self) -> None:
        """Reports the updates since the last report."""
        layers = self.pending[-1].layers if self.pending else None
        self._settle()
        if not self.window.updates:
            return
        position = self.position
        figures = self.window.figures() | {
            "epoch": position.place.epoch,
            "skipped": position.skipped,
            "splits": position.splits,
            "seconds": position.seconds,
        }
        self.log.record("train", position.update, figures)
        self.log.show(self._progress(), position.update, figures)
        if layers is not None:
            self.log.record("layers", position.update, layers.figures())
        self.window = Window()

    def _validations_wanted(self) -> int:
        """Returns how many validations a run that stands here has had."""
        every = self.config.validate_every
        if every is not None:
            return self.position.update // every
        return int(self._progress() * self.config.validations)

    def _validate(self) -> None:
        """Validates the weights that would be shipped, keeps them if they are the best so far."""
        wanted = self._validations_wanted()
        weights = None if self.average is None else self.average.weights
        what = "weights" if self.average is None else "moving average"
        with using_weights(self.model, weights):
            done = self.best.validate(what, self.model, self.position, self.log, self.signals)
            if done:
                self.best.add_snapshot(self.model)
        self._agree()
        if done:
            self.position.validations = wanted
            self.position.validated_update = self.position.update
            self._save()

    def _save(self) -> None:
        """Writes the checkpoint that a training goes on from."""
        self._settle()
        self.saved_at = self.position.seconds
        if not self.world.is_main:
            return
        save_last(
            self.out / LAST_FILE,
            self.model,
            self.updater.optimizer,
            self.average,
            self.best.snapshots,
            {
                "position": self.position.to_state(),
                "corpora": self.corpora,
                "window": self.window.to_state(),
                "scaler": self.updater.scaler.state_dict(),
            },
        )

    def _finish(self) -> None:
        """Last validation, and that of the mean of the last validated weights."""
        self._log()
        if self.position.validated_update != self.position.update:
            self._validate()
        mean = self.best.mean()
        if mean is not None and not self.signals.number:
            with using_weights(self.model, mean):
                what = f"mean of {len(self.best.snapshots)} checkpoints"
                self.best.validate(what, self.model, self.position, self.log, self.signals)
