"""The training loop: back-propagation through time with teacher forcing over the whole target."""

import math
import signal
import time
from collections.abc import Iterator
from contextlib import closing

import torch

from s2s.corpus.stream import BatchStream, Step
from s2s.errors import DataError, ModelError, TrainingError
from s2s.formats.run_folder import LAST_FILE
from s2s.model.seq2seq import Seq2Seq
from s2s.train.average import MovingAverage, Weights, using_weights
from s2s.train.best import Best
from s2s.train.checkpoint import load_last, save_last
from s2s.train.log import Window, open_log
from s2s.train.position import Position, TrainResult
from s2s.train.prepare import PreparedRun
from s2s.train.schedule import learning_rate
from s2s.train.signals import StopSignals
from s2s.train.update import UpdateFigures, Updater
from s2s.train.validate import Validator
from s2s.train.world import World


class Trainer:
    """One training: its state, and the loop that moves it on."""

    def __init__(
        self,
        *,
        run: PreparedRun,
        world: World,
        model: Seq2Seq,
        stream: BatchStream,
        corpora: list[str],
        validator: Validator,
    ) -> None:
        """Makes a trainer that stands at the start, or at the run's last checkpoint if it has one.

        Args:
            run: Run folder, with the limits and hyperparameters.
            world: The processes of the training.
            model: On its device.
            stream: Batches of the training text.
            corpora: Keys of the text in the stream; a checkpoint goes on with no other text.
            validator: Validates on the pairs held out.

        Raises:
            ModelError: If the checkpoint is damaged.
            DataError: If the training text is no longer what it was.
        """
        self.out = run.out
        self.config = run.training
        self.world = world
        self.model = model
        self.stream = stream
        self.corpora = corpora
        self.updater = Updater(model, run.training, world)
        decay = run.training.ema_decay
        self.average = None if decay is None else MovingAverage(model, decay)
        self.position = Position()
        self.window = Window()
        self.pending: list[UpdateFigures] = []
        snapshots = self._load() if run.has_checkpoint else []
        # A run that was resumed with a later limit has had more than its share.
        self.position.validations = min(self.position.validations, self._validations_wanted())
        self.started = time.monotonic() - self.position.seconds
        self.saved_at = self.position.seconds
        self.signals = StopSignals()
        self.log = open_log(run.out, world, self.position.update if run.resumed else None)
        self.best = Best(
            out=run.out,
            validator=validator,
            world=world,
            log=self.log,
            signals=self.signals,
            average_last=run.training.average_last,
            snapshots=snapshots,
        )

    def _load(self) -> list[Weights]:
        """Goes to the run's last checkpoint; returns the weights that were validated last."""
        path = self.out / LAST_FILE
        snapshots, state = load_last(path, self.model, self.updater.optimizer, self.average)
        if state.get("corpora") != self.corpora:
            raise DataError(
                f"the training text has changed since {self.out} was trained; restore the old "
                "text, or fine-tune in a new folder with --init"
            )
        try:
            if state["scaler"]:
                self.updater.scaler.load_state_dict(state["scaler"])
            self.position = Position.of_state(state["position"])
            self.window = Window(**state["window"])
        except (AttributeError, KeyError, TypeError, RuntimeError) as error:
            raise ModelError(
                f"{path} is damaged: its training state cannot be read ({error!s:.200})"
            ) from error
        self.updater.splits = self.position.splits
        return snapshots

    def run(self) -> TrainResult:
        """Trains to the nearest limit, or to a signal, which is raised again once all is saved."""
        position = self.position
        with self.signals, self.log:
            self.model.train()
            with closing(self.stream.steps(position.place)) as steps:
                stopped_by = self._loop(steps)
            if not self.signals.number:
                self._finish()
            self._save()
            if self.signals.number:
                name = signal.Signals(self.signals.number).name
                self.log.say(
                    f"stopped by {name} after update {position.update:,}; continue with: "
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
            validation_is_due = self._validations_wanted() > position.validations
            if validation_is_due and position.affords_validation(config):
                self._validate()
            elif position.seconds - self.saved_at > 60 * config.save_minutes:
                self._save()
            if self.signals.number:
                return "signal"
            if (limit := position.reached_limit(config)) is not None:
                return limit
            started, waited = time.monotonic(), self.stream.waited
            step = next(steps)
            rate = learning_rate(config, position.update, self._progress())
            measure = (position.update + 1) % config.log_every == 0
            # Whether an update was skipped is known when its figures are read.
            self.pending.append(self.updater.update(step, rate, measure=measure))
            position.update += 1
            position.place = step.next_position
            position.target_tokens += step.tokens
            if self.average is not None:
                self.average.update(self.model, position.update)
            self.window.waited += self.stream.waited - waited
            self.window.seconds += time.monotonic() - started
            self._agree()
            if position.update % config.log_every == 0:
                self._log_window()

    def _agree(self) -> None:
        """Takes process 0's clock, and a signal that any process got."""
        (self.position.seconds,) = self.world.share([time.monotonic() - self.started])
        self.signals.number = self.world.largest(self.signals.number)

    def _progress(self) -> float:
        """Share of the nearest limit that is used up."""
        return self.position.progress(self.config, self.stream.pairs_in_epoch)

    def _validations_wanted(self) -> int:
        """Returns how many validations a run at this position should have had."""
        every = self.config.validate_every
        if every is not None:
            return self.position.update // every
        return int(self._progress() * self.config.validations)

    def _read_figures(self) -> None:
        """Takes the pending updates into the window; waits for a GPU to finish them.

        Raises:
            TrainingError: If too many updates in a row were skipped.
        """
        if not self.pending:
            return
        started = time.monotonic()
        pending, self.pending = self.pending, []
        sums = self.world.total(torch.stack([figures.sums for figures in pending]).double().cpu())
        norms = torch.stack([figures.gradient_norm for figures in pending]).double().tolist()
        position = self.position
        first = position.update - len(pending) + 1
        for number, (figures, (smoothed, nll), norm) in enumerate(
            zip(pending, sums.tolist(), norms, strict=True), first
        ):
            if math.isfinite(norm):
                position.skipped_in_row = 0
                self.window.add(figures, smoothed, nll, norm)
                continue
            position.skipped += 1
            position.skipped_in_row += 1
            self.log.say(
                f"update {number} was skipped: its gradient norm is {norm} ({position.skipped} "
                "skipped so far)"
            )
        if self.updater.splits > position.splits:
            self.log.say(
                f"{self.updater.splits - position.splits} batches did not fit into the GPU's "
                f"memory and were split ({self.updater.splits} so far); to save time, lower "
                f"batch_tokens (--batch-tokens) from {self.config.batch_tokens}"
            )
            position.splits = self.updater.splits
        self.window.seconds += time.monotonic() - started
        if position.skipped_in_row >= self.config.max_bad_updates:
            raise TrainingError(
                f"{position.skipped_in_row} updates in a row had a non-finite gradient; lower "
                f"learning_rate (--learning-rate) from {self.config.learning_rate}, or lower "
                "clip_norm (--set clip_norm=0.5)"
            )

    def _log_window(self) -> None:
        """Logs the updates since the last record, and starts a new window."""
        layers = self.pending[-1].layers if self.pending else None
        self._read_figures()
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

    def _validate(self) -> None:
        """Validates the weights that would be shipped; the best ones so far are written."""
        wanted = self._validations_wanted()
        weights = None if self.average is None else self.average.weights
        name = "weights" if self.average is None else "moving average"
        with using_weights(self.model, weights):
            done = self.best.validate(name, self.model, self.position)
            if done:
                self.best.add_snapshot(self.model)
        self._agree()
        if done:
            self.position.validations = wanted
            self.position.validated_update = self.position.update
            self._save()

    def _finish(self) -> None:
        """Validates a last time, then the mean of the weights that were validated last."""
        self._log_window()
        if self.position.validated_update != self.position.update:
            self._validate()
        mean = self.best.mean()
        if mean is not None and not self.signals.number:
            with using_weights(self.model, mean):
                name = f"mean of {len(self.best.snapshots)} checkpoints"
                self.best.validate(name, self.model, self.position)

    def _save(self) -> None:
        """Writes the checkpoint that a training goes on from."""
        self._read_figures()
        self.saved_at = self.position.seconds
        if not self.world.is_main:
            return
        save_last(
            self.out / LAST_FILE,
            model=self.model,
            optimizer=self.updater.optimizer,
            average=self.average,
            snapshots=self.best.snapshots,
            state={
                "position": self.position.to_state(),
                "corpora": self.corpora,
                "window": self.window.to_state(),
                "scaler": self.updater.scaler.state_dict(),
            },
        )
