"""Ctrl-C and SIGTERM in a training: it finishes its update and writes a checkpoint first."""

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Self

STOPPING = (signal.SIGINT, signal.SIGTERM)
GRACE = 1.0
"""Seconds in which a second signal counts as the first: a launcher may forward it as well."""


class StopSignals:
    """Notes the first signal to stop; a signal that comes ``GRACE`` seconds later acts at once.

    A context manager. Only the main thread may handle signals; in another thread it notes none.
    """

    def __init__(self) -> None:
        self.number = 0
        """Number of the signal that came; 0 if none came."""
        self._first = 0.0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        """Takes the signals over."""
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in STOPPING}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hands the signals back."""
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _note(self, number: int, frame: FrameType | None) -> None:
        if not self.number:
            self.number, self._first = number, time.monotonic()
        elif time.monotonic() - self._first >= GRACE:
            self._restore()
            signal.raise_signal(number)
