"""Ctrl-C and SIGTERM while training: the update is finished and a checkpoint written first."""

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Self

STOPPING = (signal.SIGINT, signal.SIGTERM)
GRACE = 1.0
"""Seconds in which a second signal is taken for the first: a launcher may send it on, too."""


class StopSignals:
    """Notes the first signal to stop; one that comes later than ``GRACE`` acts at once.

    A context manager. Outside the main thread, which alone may handle signals, it notes none.
    """

    def __init__(self) -> None:
        self.number = 0
        """Of the signal that came; 0 is none."""
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
