"""Two sessions of one graph: one for batches side by side, one for a batch that comes alone.

If there are batches for all cores, one thread a batch is fastest; but a batch that comes alone
leaves the other cores idle. onnxruntime fixes a session's threads when the session is made. So once
several batches in a row have come alone, a second session is made, with two threads. It replaces
the first session, whose memory is freed; when batches come side by side again, the first session is
made anew, and both stay: two sessions take more memory than one. Both give the same bits, since
onnxruntime divides the outputs of a product among threads, never the terms of a sum
(``recipes/check_parity.py`` compares them).
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

FIRST_SHARED = 4
"""Number, in a row of batches that come alone, of the first one that gets two threads. A command
that translates one text needs no second session; and if batches run side by side, the one that
begins first is alone only for a moment."""
THREADS = 2
"""Threads of the second session. Two cores, 10 million weights, one sentence at a time, sentences a
second with one thread and with two: greedy 207 and 285, beam 5 168 and 218
(``recipes/bench_translate.py``). Batches side by side are slower if each has two threads. More than
two were not measured."""

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
            make: Makes a session with a number of threads.
            errors: The exceptions of ``make`` if onnxruntime fails.
            second: Whether there may be a second session.
        """
        self._make, self._errors = make, errors
        self._first: Any = make(1)  # for batches side by side
        self._second: Any = None
        self._may_share = second
        self._running = 0
        self._beside = False  # whether batches ran side by side since the last pause
        self._num_alone = 0  # batches in a row that came alone
        self._lock = Lock()

    @property
    def providers(self) -> list[str]:
        """Execution providers that the first session started."""
        return list(self._first.get_providers())

    @contextmanager
    def lend(self) -> Iterator[Any]:
        """Lends a session for one batch; raises what ``make`` raises if it cannot be made anew."""
        with self._lock:
            self._running += 1
            self._beside |= self._running > 1
            if self._beside:
                self._num_alone = 0
        try:
            with self._lock:
                session = self._choose()
            yield session
        finally:
            with self._lock:
                self._running -= 1
                if not self._running:
                    self._num_alone += not self._beside
                    self._beside = False

    def _choose(self) -> Any:
        if self._may_share and self._num_alone >= FIRST_SHARED - 1 and self._running == 1:
            if self._second is None:
                self._first = None  # nobody uses it now
                try:
                    self._second = self._make(THREADS)
                except self._errors as error:  # for example because memory is short
                    self._may_share = False
                    logger.debug("a single batch uses only one core: %s", error)
            if self._second is not None:
                return self._second
        if self._first is None:
            self._first = self._make(1)
        return self._first
