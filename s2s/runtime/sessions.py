"""Two sessions of one graph: for batches side by side, and for a batch that has all cores.

One thread a batch is fastest where there are batches for all cores; a batch alone leaves the other
cores idle. onnxruntime fixes a session's threads when it is made, so a second one is made for who
asks for one batch at a time, once that has been seen a few times. It takes the first one's place,
and memory; when batches come side by side again, the first one is made anew, and both stay. Both
take 41 MiB more than one with an int8 file of 9.9 MB, 125 MiB with one of 39.3 MB in fp32. What it
finds has the same bits, since onnxruntime shares out the outputs of a product among
threads, never the terms of a sum: 1,000 sentences of Multi30k, fp32 and int8, greedy and beam 5.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

SEEN = 4
"""Of batches that come alone one after the other, the first one that gets two threads. A command
that translates one text needs no second session; and where batches run side by side, one that
begins first is alone only for a moment."""
THREADS = 2
"""Of the second session. Two cores, 10 million weights, sentences a second with one thread and with
two: one sentence alone, greedy 161 and 259, beam 5 138 and 204; but two batches of 16 side by side
1,735 and 1,373, 726 and 609. More than two were not measured."""

logger = logging.getLogger(__name__)


class Sessions:
    """Lends a session for each batch; several threads may share it."""

    def __init__(
        self,
        make: Callable[[int], Any],
        errors: tuple[type[Exception], ...],
        *,
        second: bool,
    ) -> None:
        """Makes the first session.

        Args:
            make: Returns a session of so many threads.
            errors: What ``make`` raises if onnxruntime fails.
            second: Whether there may be a second session.
        """
        self._make, self._errors = make, errors
        self._first: Any = make(1)  # for batches side by side
        self._second: Any = None
        self._may_share = second
        self._running = 0
        self._beside = False  # whether some batch has had company since the last pause
        self._alone = 0  # batches in a row that had none
        self._lock = Lock()

    @property
    def providers(self) -> list[str]:
        """Execution providers that the first session has started."""
        return list(self._first.get_providers())

    @contextmanager
    def lend(self) -> Iterator[Any]:
        """Lends a session for one batch; raises what ``make`` raises if it cannot be made anew."""
        with self._lock:
            self._running += 1
            self._beside |= self._running > 1
            if self._beside:
                self._alone = 0
        try:
            with self._lock:
                session = self._choose()
            yield session
        finally:
            with self._lock:
                self._running -= 1
                if not self._running:
                    self._alone += not self._beside
                    self._beside = False

    def _choose(self) -> Any:
        if self._may_share and self._alone >= SEEN - 1 and self._running == 1:
            if self._second is None:
                self._first = None  # which nobody uses now
                try:
                    self._second = self._make(THREADS)
                except self._errors as error:  # for want of memory, say
                    self._may_share = False
                    logger.info("a batch alone keeps to one core: %s", error)
            if self._second is not None:
                return self._second
        if self._first is None:
            self._first = self._make(1)
        return self._first
