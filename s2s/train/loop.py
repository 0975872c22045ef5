"""The training loop: back-propagation through time with teacher forcing over the whole target."""

import signal
import time
from collections.abc import Iterator
from contextlib import closing

from s2s.corpus.stream import BatchStream, Step
from s2s.errors import DataError, ModelError
from s2s.formats.run_folder import LAST_FILE
from s2s.machine import release_memory
from s2s.model.seq2seq import Seq2Seq
from s2s.train.average import MovingAverage, Weights, using_weights
from s2s.train.best import START, Best
from s2s.train.checkpoint import load_last, save_last
from s2s.train.figures import Figures
from s2s.train.guessing import GuessingWatch
from s2s.train.log import Window, open_log
from s2s.train.pace import UpdateClock, choose_pace, describe_choices
from s2s.train.position import Position, TrainResult
from s2s.train.prepare import PreparedRun
from s2s.train.schedule import learning_rate
from s2s.train.signals import StopSignals
from s2s.train.update import Updater
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
        watch: GuessingWatch,
        updates: int | None,
    ) -> None:
        """Makes a trainer that stands at the start, or at the run's last checkpoint if it has one.

        Args:
            run: Run folder, with the limits and hyperparameters.
            world: The processes of the training.
            model: On its device.
            stream: Batches of the training text.
            corpora: Keys of the text in the stream; a checkpoint goes on with no other text.
            validator: Validates on the pairs held out.
            watch: Knows the loss of guessing.
            updates: About how many updates come before the nearest limit; None if a clock decides.

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
        window = Window()
        snapshots: list[Weights] = []
        if run.has_checkpoint:
            snapshots, window = self._load()
        self.watch = watch
        self.updates = updates
        self.pace = choose_pace(self.config, updates)
        self.clock: UpdateClock | None = None
        if self.position.warmup is not None:
            self.pace = self.pace._replace(warmup_updates=self.position.warmup)
        elif self.config.max_minutes is not None:
            self.clock = UpdateClock(self.config.max_minutes)
        else:
            self.position.warmup = self.pace.warmup_updates
        # A run that was resumed with a later limit has had more than its share.
        self.position.validations = min(self.position.validations, self._validations_wanted())
        self.started = time.monotonic() - self.position.seconds
        self.saved_at = self.position.seconds
        self.signals = StopSignals()
        self.log = open_log(run.out, world, self.position.update if run.resumed else None)
        self.figures = Figures(
            updater=self.updater, world=world, log=self.log, window=window, config=self.config
        )
        self.best = Best(
            out=run.out,
            validator=validator,
            world=world,
            log=self.log,
            signals=self.signals,
            average_last=run.training.average_last,
            snapshots=snapshots,
        )

    def _load(self) -> tuple[list[Weights], Window]:
        """Goes to the run's last checkpoint; returns the last validated weights, and the window."""
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
            window = Window(**state["window"])
        except (AttributeError, KeyError, TypeError, RuntimeError) as error:
            raise ModelError(
                f"{path} is damaged: its training state cannot be read ({error!s:.200})"
            ) from error
        self.updater.splits = self.position.splits
        return snapshots, window

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
            if not self.signals.number:
                self._judge()
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
            measure=self.best.validator.measure,
            best_score=position.best_score,
            best_loss=position.best_loss,
            stopped_by=stopped_by,
            is_useless=self.watch.is_useless(position),
            start_is_best=position.start_is_best,
        )

    def _loop(self, steps: Iterator[Step]) -> str:
        """Update after update, until a limit or a signal; returns which."""
        position, config = self.position, self.config
        self._agree()
        if config.init is not None and position.update == 0 and position.validated_update < 0:
            self._validate_start()
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
            warmup = self.pace.warmup_updates
            rate = learning_rate(config, position.update, self._progress(), warmup)
            measure = (position.update + 1) % self.pace.log_every == 0
            figures = self.updater.update(step, rate, measure=measure)
            position.update += 1
            position.place = step.next_position
            position.target_tokens += step.tokens
            if self.average is not None:
                self.average.update(self.model, position.update)
            self.figures.add(figures, time.monotonic() - started, self.stream.waited - waited)
            if self.clock is not None:
                self.figures.wait()
            self._agree()
            if self.clock is not None:
                self._choose_pace(self.clock)
            if position.update % self.pace.log_every == 0:
                self._log_window()

    def _choose_pace(self, clock: UpdateClock) -> None:
        """Chooses the pace under a time limit, once the first updates show how many will fit."""
        updates = clock.estimate(self.position)
        if updates is None:
            return
        self.clock = None
        if self.updates is not None:
            updates = min(updates, self.updates)
        self.pace = choose_pace(self.config, updates)
        self.position.warmup = self.pace.warmup_updates
        line = describe_choices(self.config, self.config, self.pace)
        if line is not None:
            self.log.say(f"about {updates:,} updates fit into max_minutes (--max-minutes): {line}")

    def _agree(self) -> None:
        """Takes process 0's clock, and a signal that any process got."""
        (self.position.seconds,) = self.world.share([time.monotonic() - self.started])
        self.signals.number = self.world.largest(self.signals.number)

    def _progress(self) -> float:
        """Share of the nearest limit that is used up."""
        return self.position.progress(self.config, self.stream.pairs_in_epoch)

    def _log_window(self) -> None:
        """Logs the updates since the last record; warns if their loss is that of guessing."""
        window = self.figures.log_window(self.position, self._progress())
        if window is None:
            return
        warning = self.watch.look(window, self.position, self.pace.warmup_updates)
        if warning is not None:
            self.log.warn(warning)

    def _validations_wanted(self) -> int:
        """Returns how many validations a run at this position should have had."""
        every = self.config.validate_every
        if every is not None:
            return self.position.update // every
        return int(self._progress() * self.pace.validations)

    def _validate_start(self) -> None:
        """Validates the weights that a fine-tuning starts with; they stay if nothing is better."""
        done = self.best.validate(START, self.model, self.position)
        self._agree()
        if done:
            self.position.validated_update = 0
            self._save()

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

    def _judge(self) -> None:
        """Says at the end if the training was of no use."""
        verdict = self.watch.verdict(self.position, self.pace.warmup_updates)
        if verdict is not None:
            self.log.warn(verdict)
        if self.position.start_is_best:
            self.log.warn(
                f"no validation was better than the start, so the best weights are those of "
                f"{self.config.init}; lower learning_rate (--learning-rate) from "
                f"{self.config.learning_rate:g}, or add text"
            )

    def _save(self) -> None:
        """Writes the checkpoint that a training goes on from."""
        self.figures.read(self.position)
        self.saved_at = self.position.seconds
        release_memory()
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
                "window": self.figures.window.to_state(),
                "scaler": self.updater.scaler.state_dict(),
            },
        )
