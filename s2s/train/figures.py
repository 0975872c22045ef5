"""The figures of the updates: read late, so that no update waits for a GPU, and summed up."""

import math
import time

import torch

from s2s.errors import TrainingError
from s2s.train.config import TrainConfig
from s2s.train.log import NoLog, TrainingLog, Window
from s2s.train.position import Position
from s2s.train.update import UpdateFigures, Updater
from s2s.train.world import World


class Figures:
    """Takes in the figures of each update, and logs their means now and then."""

    def __init__(
        self,
        *,
        updater: Updater,
        world: World,
        log: TrainingLog | NoLog,
        window: Window,
        config: TrainConfig,
    ) -> None:
        """Makes a keeper of figures.

        Args:
            updater: Counts the batches that it had to split.
            world: The processes of the training.
            log: Gets the means.
            window: Sums since the last record of a run that is resumed.
            config: Settings that the messages name.
        """
        self.updater = updater
        self.world = world
        self.log = log
        self.window = window
        self.config = config
        self.pending: list[UpdateFigures] = []

    def add(self, figures: UpdateFigures, seconds: float, waited: float) -> None:
        """Takes in an update, without waiting for its figures.

        Args:
            figures: May still be computed, on a GPU.
            seconds: Time of the update, in this process.
            waited: The part of it in which there was no batch yet.
        """
        self.pending.append(figures)
        self.window.seconds += seconds
        self.window.waited += waited

    def wait(self) -> None:
        """Waits until a GPU has finished the last update."""
        if self.pending:
            self.pending[-1].sums.cpu()

    def read(self, position: Position) -> None:
        """Takes the pending updates into the window; waits for a GPU to finish them.

        Args:
            position: After the last pending update; its counters are brought up to date.

        Raises:
            TrainingError: If too many updates in a row were skipped.
        """
        if not self.pending:
            return
        started = time.monotonic()
        pending, self.pending = self.pending, []
        sums = self.world.total(torch.stack([figures.sums for figures in pending]).double().cpu())
        norms = torch.stack([figures.gradient_norm for figures in pending]).double().tolist()
        first = position.update - len(pending) + 1
        # Whether an update was skipped is known now.
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

    def log_window(self, position: Position, progress: float) -> Window | None:
        """Logs the updates since the last record, and starts a new window.

        Args:
            position: After the last pending update.
            progress: Share of the nearest limit that is used up, 0 to 1.

        Returns:
            The window that was logged; None if all of its updates were skipped.
        """
        layers = self.pending[-1].layers if self.pending else None
        self.read(position)
        window = self.window
        if not window.updates:
            return None
        figures = window.figures() | {
            "epoch": position.place.epoch,
            "skipped": position.skipped,
            "splits": position.splits,
            "seconds": position.seconds,
        }
        self.log.record("train", position.update, figures)
        self.log.show(progress, position.update, figures)
        if layers is not None:
            self.log.record("layers", position.update, layers.figures())
        self.window = Window()
        return window
