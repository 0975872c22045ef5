"""Batches over requests: texts that wait are translated together, and long requests take turns.

Each text has a place in the queue: the pieces that had been taken when its request came, and
``TURNS`` times the pieces that stand before it in its own request. So a short request comes before
the rest of a long one, which still gets a share of ``1 / TURNS`` of all work at the least, however
many short ones come. Nothing waits for ever.

A batch begins with the first text of the queue. It is filled with texts of the same kind that are
nearest to it in length, so little of the search is spent on padding. Since a translation does not
depend on its batch, none of this changes a translation.
"""

import asyncio
import logging
from bisect import insort
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import perf_counter
from typing import Generic, NamedTuple, TypeVar

from s2s.serve.errors import Busy, Failed
from s2s.serve.stats import Stats

TURNS = 8
"""Each text of a request counts so often for the texts behind it in the same request."""
MOST_TEXTS = 64
"""Texts of a batch: larger ones are hardly faster, and whoever comes next would wait for them."""
LEAST_PIECES = 64
"""Pieces that are left in one batch, even if another worker has nothing to do."""
WINDOW = 256
"""Texts at the front of the queue among which a batch chooses."""

R = TypeVar("R")
Run = Callable[[list[str]], Sequence[R]]
"""Translates texts, in a thread; one result for each."""

logger = logging.getLogger(__name__)


class _Job(Generic[R]):
    """The texts of one request."""

    def __init__(self, run: Run[R], kind: Hashable, num_texts: int) -> None:
        self.run, self.kind = run, kind
        self.results: list[R | None] = [None] * num_texts
        self.left = num_texts
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class _Waiting(NamedTuple, Generic[R]):
    place: int
    """Place in the queue."""
    arrival: int
    """Number of the text; breaks ties."""
    text: str
    length: int
    """Length in pieces."""
    number: int
    """Number of the text in its request, from 0."""
    job: _Job[R]

    def place_and_arrival(self) -> tuple[int, int]:
        """Sort key of the queue."""
        return self.place, self.arrival


class Batcher(Generic[R]):
    """A queue of texts, and the threads that translate them. It belongs to one event loop."""

    def __init__(
        self,
        stats: Stats,
        *,
        workers: int,
        batch_pieces: int = 1024,
        delay: float = 0.0,
        queue_pieces: int = 100_000,
    ) -> None:
        """Makes an empty queue.

        Args:
            stats: Counts.
            workers: Batches that run at once.
            batch_pieces: Pieces of a batch, padding counted; a longer text is a batch alone.
            delay: Seconds that a server with nothing to do waits for more texts.
            queue_pieces: Pieces from which on the queue is full.
        """
        self._stats = stats
        self._workers = self._idle = workers
        self._batch_pieces = batch_pieces
        self._delay = delay
        self._queue_pieces = queue_pieces
        self._queue: list[_Waiting[R]] = []
        self._taken = 0
        self._arrivals = 0
        self._timer: asyncio.Handle | None = None
        self._pool = ThreadPoolExecutor(workers, "s2s-batch")

    async def translate(
        self, texts: Sequence[str], lengths: Sequence[int], run: Run[R], kind: Hashable
    ) -> list[R]:
        """Translates the texts of a request.

        If the caller is cancelled, texts that are not being searched yet leave the queue.

        Args:
            texts: The texts, at least one.
            lengths: The length of each, in pieces.
            run: Translates texts of this kind.
            kind: Texts of equal kinds may be translated together, by the ``run`` of any of them.

        Raises:
            Busy: If the queue is full.
            Failed: If a text could not be translated.
        """
        if self._stats.waiting_pieces >= self._queue_pieces:
            self._stats.refused += 1
            raise Busy
        job = _Job(run, kind, len(texts))
        nothing_to_do = not self._queue and self._idle == self._workers
        before = 0
        for number, (text, length) in enumerate(zip(texts, lengths, strict=True)):
            self._arrivals += 1
            place = self._taken + TURNS * before
            waiting = _Waiting(place, self._arrivals, text, length, number, job)
            insort(self._queue, waiting, key=_Waiting.place_and_arrival)
            before += length
        self._count(len(texts), before)
        self._wake(self._delay if nothing_to_do else 0.0)
        try:
            await job.done
        except asyncio.CancelledError:
            self._drop(job)
            raise
        return [result for result in job.results if result is not None]

    def close(self) -> None:
        """Ends the threads, once their batches are done."""
        self._pool.shutdown()

    def _count(self, texts: int, pieces: int) -> None:
        self._stats.waiting_texts += texts
        self._stats.waiting_pieces += pieces

    def _drop(self, job: _Job[R]) -> None:
        """Takes the texts of a request out of the queue."""
        left = [waiting for waiting in self._queue if waiting.job is not job]
        gone = [waiting for waiting in self._queue if waiting.job is job]
        self._queue = left
        self._count(-len(gone), -sum(waiting.length for waiting in gone))
        self._stats.dropped_texts += len(gone)

    def _wake(self, delay: float = 0.0) -> None:
        """Starts batches soon: after the requests that arrive in the same turn of the loop."""
        if self._timer is not None or not self._idle:
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(delay, self._start) if delay else loop.call_soon(self._start)

    def _start(self) -> None:
        self._timer = None
        while self._idle and self._queue:
            batch = self._take()
            self._idle -= 1
            self._count(-len(batch), -sum(waiting.length for waiting in batch))
            self._stats.batch_sizes.observe(len(batch))
            loop = asyncio.get_running_loop()
            running = loop.run_in_executor(self._pool, _run, batch)
            running.add_done_callback(partial(self._finish, batch))

    def _take(self) -> list[_Waiting[R]]:
        """Takes a batch out of the queue: its first text, and those that go with it."""
        first, window = self._queue[0], self._queue[:WINDOW]
        alike = [waiting for waiting in window if waiting.job.kind == first.job.kind]
        alike.sort(key=lambda waiting: abs(waiting.length - first.length))
        # Workers that have nothing to do share what waits.
        share = max(LEAST_PIECES, -(-self._stats.waiting_pieces // self._idle))
        budget = min(share, self._batch_pieces)
        batch, longest = list[_Waiting[R]](), 0
        for waiting in alike[:MOST_TEXTS]:
            longest = max(longest, waiting.length)
            if batch and longest * (len(batch) + 1) > budget:
                break
            batch.append(waiting)
        taken = {waiting.arrival for waiting in batch}
        self._queue[:WINDOW] = [waiting for waiting in window if waiting.arrival not in taken]
        self._taken += sum(waiting.length for waiting in batch)
        return batch

    def _finish(
        self,
        batch: Sequence[_Waiting[R]],
        running: "asyncio.Future[tuple[list[R | Exception], float]]",
    ) -> None:
        """Hands out results, and starts the next batch."""
        self._idle += 1
        results, seconds = running.result()
        self._stats.search.observe(seconds)
        for waiting, result in zip(batch, results, strict=True):
            job = waiting.job
            job.left -= 1
            if job.done.done():  # cancelled, or one of its texts has failed
                continue
            if isinstance(result, Exception):
                # An exception's words may quote the text.
                logger.error("a text could not be translated: %s", type(result).__name__)
                self._stats.failed += 1
                job.done.set_exception(Failed())
                self._drop(job)
                continue
            job.results[waiting.number] = result
            if not job.left:
                job.done.set_result(None)
        self._wake()


def _run(batch: Sequence[_Waiting[R]]) -> tuple[list[R | Exception], float]:
    """Translates a batch; if that fails, each of its texts alone, so that one harms no other."""
    start = perf_counter()
    run = batch[0].job.run
    try:
        results: list[R | Exception] = list(run([waiting.text for waiting in batch]))
    except Exception as error:
        if len(batch) == 1:
            # An exception's words may quote the text.
            logger.error("a text could not be translated: %s", type(error).__name__)
            return [Failed()], perf_counter() - start
        results = [result for waiting in batch for result in _run([waiting])[0]]
    return results, perf_counter() - start
