"""Items made ahead of time in a background thread."""

import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Generic, Self, TypeVar

ItemT = TypeVar("ItemT")


class _Closed(Exception):  # noqa: N818
    """Raised for a thread that still waits for an item."""


class Prefetch(Generic[ItemT]):
    """An iterator over the same items; up to ``depth`` of them are ready or being made.

    An exception that ends ``items`` is raised in place of the next item, and at every later call.
    """

    def __init__(self, items: Iterator[ItemT], depth: int) -> None:
        self._items = items
        self._free = threading.Semaphore(depth)
        self._ready: SimpleQueue[tuple[ItemT, None] | tuple[None, BaseException]] = SimpleQueue()
        self._closed = False
        # A daemon: a program that does not close it can still end.
        self._thread = threading.Thread(target=self._run, name="s2s-prefetch", daemon=True)
        self._thread.start()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> ItemT:
        item, error = self._ready.get()
        if error is not None:
            self._ready.put((None, error))
            raise error
        self._free.release()
        return item  # type: ignore[return-value]

    def close(self) -> None:
        """Ends the thread after the item that it is making."""
        self._closed = True
        self._free.release()
        self._ready.put((None, _Closed()))
        self._thread.join()

    def _run(self) -> None:
        try:
            while True:
                self._free.acquire()
                if self._closed:
                    return
                self._ready.put((next(self._items), None))  # a name would keep it alive
        except BaseException as error:
            self._ready.put((None, error))
