"""What a training says while it runs: a live line, ``metrics.jsonl`` and TensorBoard curves."""

import json
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from s2s.files import atomic_output
from s2s.train.update import UpdateFigures

METRICS_FILE = "metrics.jsonl"
TENSORBOARD_FOLDER = "tensorboard"


class Window:
    """The updates since the last report."""

    def __init__(self) -> None:
        self.start = time.monotonic()
        self.updates: list[UpdateFigures] = []

    @property
    def tokens(self) -> int:
        """Real target tokens."""
        return sum(update.tokens for update in self.updates)

    def add(self, update: UpdateFigures) -> None:
        """Takes in an update."""
        self.updates.append(update)

    def figures(self) -> dict[str, float]:
        """Returns means: loss and nll a token (nats), gradient norm an update, tokens a second."""
        tokens = self.tokens
        return {
            "loss": sum(update.smoothed for update in self.updates) / tokens,
            "nll": sum(update.nll for update in self.updates) / tokens,
            "learning_rate": self.updates[-1].learning_rate,
            "gradient_norm": sum(u.gradient_norm for u in self.updates) / len(self.updates),
            "tokens_per_second": tokens / (time.monotonic() - self.start),
        }


class Reporter:
    """Writes a record to every place that wants it; a context manager."""

    def __init__(self, folder: Path, resumed_update: int | None) -> None:
        """Opens the logs; after a resume, records past ``resumed_update`` are dropped."""
        self.path = folder / METRICS_FILE
        if resumed_update is not None and self.path.is_file():
            lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
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
        self.console = Console(stderr=True, highlight=False)
        self.live = sys.stderr.isatty()
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeRemainingColumn(),
            console=self.console,
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
        self.console.print(text, markup=False, soft_wrap=True)

    def record(self, kind: str, update: int, figures: dict[str, Any]) -> None:
        """Logs figures of an update: one JSON line, one point in each curve."""
        line = {"kind": kind, "update": update, **figures}
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()
        if self.board is not None:
            for name, value in figures.items():
                if isinstance(value, int | float):
                    self.board.add_scalar(f"{kind}/{name}", value, update)

    def show(self, progress: float, update: int, figures: dict[str, Any]) -> None:
        """Renews the live line; without a terminal, prints one."""
        text = (
            f"update {update:,}  loss {figures['loss']:.3f}  "
            f"{figures['tokens_per_second']:,.0f} tokens/s  "
            f"rate {figures['learning_rate']:.2e}  norm {figures['gradient_norm']:.2f}"
        )
        self.progress.update(self.task, description=text, completed=progress)
        if not self.live:
            self.say(f"{progress:4.0%}  {text}")


def _update_of(line: str) -> int:
    """Returns the update of a record; a line cut off by a crash counts as later than all."""
    try:
        return int(json.loads(line)["update"])
    except (ValueError, KeyError, TypeError):
        return sys.maxsize
