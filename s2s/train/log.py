"""The log of a training: a live line, ``metrics.jsonl`` and TensorBoard curves."""

import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from s2s.errors import FileError
from s2s.files import atomic_output
from s2s.formats.run_folder import METRICS_FILE
from s2s.train.update import UpdateFigures
from s2s.train.world import World

logger = logging.getLogger(__name__)
console = Console(stderr=True, highlight=False)
TENSORBOARD_FOLDER = "tensorboard"


@dataclass(kw_only=True, slots=True)
class Window:
    """Sums over the updates since the last record in the log; saved with a checkpoint.

    They are added up in order, one update after the other: a run that was resumed in between
    records the same bits.
    """

    updates: int = 0
    tokens: int = 0
    smoothed: float = 0.0
    nll: float = 0.0
    gradient_norm: float = 0.0
    learning_rate: float = 0.0
    seconds: float = 0.0  # time of the updates, in this process
    waited: float = 0.0  # part of ``seconds`` in which there was no batch yet
    timed_tokens: int = 0  # tokens processed in ``seconds``

    def add(
        self, figures: UpdateFigures, smoothed: float, nll: float, gradient_norm: float
    ) -> None:
        """Adds an update; its losses are sums over tokens, nats."""
        self.updates += 1
        self.tokens += figures.tokens
        self.smoothed += smoothed
        self.nll += nll
        self.gradient_norm += gradient_norm
        self.learning_rate = figures.learning_rate
        self.timed_tokens += figures.tokens

    def to_state(self) -> dict[str, float]:
        """Returns the sums that a resumed run goes on from: all but the time."""
        return asdict(replace(self, seconds=0.0, waited=0.0, timed_tokens=0))

    def figures(self) -> dict[str, float]:
        """Returns means: loss and nll a token (nats), gradient norm an update, tokens a second.

        Tokens a second are left out if the run was resumed and no update came since.
        """
        figures = {
            "loss": self.smoothed / self.tokens,
            "nll": self.nll / self.tokens,
            "learning_rate": self.learning_rate,
            "gradient_norm": self.gradient_norm / self.updates,
        }
        if self.timed_tokens:
            figures["tokens_per_second"] = self.timed_tokens / self.seconds
            figures["data_share"] = self.waited / self.seconds
        return figures


class TrainingLog:
    """Writes each record to ``metrics.jsonl``, TensorBoard and the terminal; a context manager."""

    def __init__(self, folder: Path, resumed_update: int | None) -> None:
        """Opens the files; after a resume, records past ``resumed_update`` are dropped."""
        self.path = folder / METRICS_FILE
        if resumed_update is not None and self.path.is_file():
            # A damaged line is dropped: no line of ours has the characters that replace its bytes.
            text = self.path.read_text(encoding="utf-8", errors="replace")
            lines = text.splitlines(keepends=True)
            earlier = [line for line in lines if _update_of(line) <= resumed_update]
            with atomic_output(self.path) as file:
                file.writelines(earlier)
        self.file = self.path.open("a", encoding="utf-8")
        self.board: Any = None
        try:
            from torch.utils.tensorboard import SummaryWriter

            self.board = SummaryWriter(  # type: ignore[no-untyped-call, unused-ignore]
                str(folder / TENSORBOARD_FOLDER), purge_step=resumed_update
            )
        except ImportError:
            pass  # logged below: curves are a convenience, metrics.jsonl has the same figures
        self.live = sys.stderr.isatty()
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeRemainingColumn(),
            console=console,
            disable=not self.live,
        )
        self.task: TaskID = self.progress.add_task("training", total=1.0)
        if self.board is None:
            self.say("tensorboard is not installed; curves are written to metrics.jsonl only")

    def __enter__(self) -> Self:
        """Starts the live line."""
        self.progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends the live line and closes the files."""
        self.progress.stop()
        self.file.close()
        if self.board is not None:
            self.board.close()

    def say(self, text: str) -> None:
        """Prints a line that stays."""
        say(text)

    def warn(self, text: str) -> None:
        """Logs a warning, one line."""
        logger.warning("%s", text)

    def record(self, kind: str, update: int, figures: dict[str, Any]) -> None:
        """Logs figures of an update: one JSON line, one point in each curve.

        Raises:
            FileError: If the disk is full.
        """
        line = {"kind": kind, "update": update, **figures}
        try:
            self.file.write(json.dumps(line) + "\n")
            self.file.flush()
        except OSError as error:
            raise FileError(
                f"cannot write {self.path}: {error.strerror}; free some space, then continue "
                "with --resume"
            ) from error
        if self.board is not None:
            for name, value in _numbers(kind, figures):
                self.board.add_scalar(name, value, update)

    def show(self, progress: float, update: int, figures: dict[str, Any]) -> None:
        """Renews the live line; without a terminal, prints a line."""
        progress = min(progress, 1.0)  # the last update may end after the limit
        speed = figures.get("tokens_per_second")
        text = (
            f"update {update:,}  loss {figures['loss']:.3f}  "
            f"{'' if speed is None else f'{speed:,.0f} tokens/s  '}"
            f"rate {figures['learning_rate']:.2e}  norm {figures['gradient_norm']:.2f}"
        )
        self.progress.update(self.task, description=text, completed=progress)
        if not self.live:
            self.say(f"{progress:4.0%}  {text}")


def say(text: str) -> None:
    """Prints a line on standard error; above the live line, if there is one."""
    console.print(text, markup=False, soft_wrap=True)


class NoLog:
    """The log of all processes but process 0: it writes nothing."""

    def __enter__(self) -> Self:
        """Does nothing."""
        return self

    def __exit__(self, *error: object) -> None:
        """Does nothing."""

    def say(self, text: str) -> None:
        """Says nothing."""

    def warn(self, text: str) -> None:
        """Warns of nothing."""

    def record(self, kind: str, update: int, figures: dict[str, Any]) -> None:
        """Records nothing."""

    def show(self, progress: float, update: int, figures: dict[str, Any]) -> None:
        """Shows nothing."""


def open_log(folder: Path, world: World, resumed_update: int | None) -> TrainingLog | NoLog:
    """Opens the log of this process.

    Args:
        folder: Run folder.
        world: The processes of the training; process 0 alone writes.
        resumed_update: Updates that a resumed run has done; later records are dropped. None for a
            new run.
    """
    return TrainingLog(folder, resumed_update) if world.is_main else NoLog()


def _numbers(name: str, value: Any) -> Iterator[tuple[str, float]]:
    """Yields the numbers in a record; a number's path in the record is the name of its curve."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _numbers(f"{name}/{key}", item)
    elif isinstance(value, int | float):
        yield name, value


def _update_of(line: str) -> int:
    """Returns the update of a record; a line cut off by a crash counts as later than all."""
    try:
        return int(json.loads(line)["update"])
    except (ValueError, KeyError, TypeError):
        return sys.maxsize
