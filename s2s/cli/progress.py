"""A progress bar on standard error."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from s2s.compression import compression_of

_HEAD = 16  # bytes that tell packed data
T = TypeVar("T")


def count_lines(path: str) -> int | None:
    """Counts the lines of a plain file; None for standard input and compressed files."""
    if path == "-" or not Path(path).is_file():
        return None
    count = 0
    with contextlib.suppress(OSError), Path(path).open("rb") as file:
        if compression_of(file.read(_HEAD)) is not None:
            return None
        file.seek(0)
        while block := file.read(1 << 20):
            count += block.count(b"\n")
    return count


def show_progress(items: Iterable[T], total: int | None, done: int = 0) -> Iterator[T]:
    """Yields ``items``, and shows how many there were, how fast, and the time that is left.

    An interrupted run had already done ``done`` of the ``total``.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TaskProgressColumn(show_speed=True),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("sentences", total=total, completed=done)
        for item in items:
            yield item
            progress.advance(task)
