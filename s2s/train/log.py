"""What a training says while it runs: a live line, ``metrics.jsonl`` and TensorBoard curves."""

import json
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

console = Console(stderr=True, highlight=False)
TENSORBOARD_FOLDER = "tensorboard"


@dataclass(kw_only=True, slots=True)
class Window:
    """Sums over the updates since the last report; saved with a checkpoint.

    They are added up in order, one update after the other: a run that was resumed in between
    reports the same bits.
    """

    updates: int = 0
    tokens: int = 0
    smoothed: float = 0.0
    nll: float = 0.0
    gradient_norm: float = 0.0
    learning_rate: float = 0.0
    seconds: float = 0.0  # what the updates took, in this process
    waited: float = 0.0  # of them, waiting for batches
    timed_tokens: int = 0  # what they are the time of

    def add(
        self, figures: UpdateFigures, smoothed: float, nll: float, gradient_norm: float
    ) -> None:
        """Takes in an update; its losses are sums over tokens, nats."""
        self.updates += 1
        self.tokens += figures.tokens
        self.smoothed += smoothed
        self.nll += nll
        self.gradient_norm += gradient_norm
        self.learning_rate = figures.learning_rate
        self.timed_tokens += figures.tokens

    def to_state(self) -> dict[str, float]:
        """Returns what a resumed run goes on from, which is not the time."""
        return asdict(replace(self, seconds=0.0, waited=0.0, timed_tokens=0))

    def figures(self) -> dict[str, float]:
        """Returns means: loss and nll a token (nats), gradient norm an update, tokens a second.

        The last is left out where all updates were those of a run that was then resumed.
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
    """Writes a record to every place that wants it; a context manager."""

    def __init__(self, folder: Path, resumed_update: int | None) -> None:
        """Opens the logs; after a resume, records past ``resumed_update`` are dropped."""
        self.path = folder / METRICS_FILE
        if resumed_update is not None and self.path.is_file():
            # What is damaged is dropped: only a line that is none of ours has other characters.
            text = self.path.read_text(encoding="utf-8", errors="replace")
            lines = text.splitlines(keepends=True)
            kept = [line for line in lines if _update_of(line) <= resumed_update]
            with atomic_output(self.path) as file:
                file.writelines(kept)
        self.file = self.path.open("a", encoding="utf-8")
        self.board: Any = None
        try:
            from torch.utils.tensorboard import SummaryWriter

            self.board = SummaryWriter(  # type: ignore[no-untyped-call, unused-ignore]
                str(folder / TENSORBOARD_FOLDER), purge_step=resumed_update
            )
        except ImportError:
            pass  # said below: curves are a convenience, metrics.jsonl has the same figures
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
            self.say("tensorboard is not installed: curves go to metrics.jsonl only")

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
                f"cannot write {self.path}: {error.strerror}; make room, then go on with --resume"
            ) from error
        if self.board is not None:
            for name, value in _flat(kind, figures):
                self.board.add_scalar(name, value, update)

    def show(self, progress: float, update: int, figures: dict[str, Any]) -> None:
        """Renews the live line; without a terminal, prints one."""
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
    """The log of a process that is not the first."""

    def __enter__(self) -> Self:
        """Does nothing."""
        return self

    def __exit__(self, *error: object) -> None:
        """Does nothing."""

    def say(self, text: str) -> None:
        """Says nothing."""

    def record(self, kind: str, update: int, figures: dict[str, Any]) -> None:
        """Records nothing."""

    def show(self, progress: float, update: int, figures: dict[str, Any]) -> None:
        """Shows nothing."""


def _flat(name: str, value: Any) -> Iterator[tuple[str, float]]:
    """Yields the numbers in a record, each with its path in it as a curve's name."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _flat(f"{name}/{key}", each)
    elif isinstance(value, int | float):
        yield name, value


def _update_of(line: str) -> int:
    """Returns the update of a record; a line cut off by a crash counts as later than all."""
    try:
        return int(json.loads(line)["update"])
    except (ValueError, KeyError, TypeError):
        return sys.maxsize
