"""Items made ahead of time in a background thread."""

import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class _Closed(Exception):  # noqa: N818
    """Ends whoever waits for an item."""


class Prefetch(Generic[T]):
    """An iterator over the same items, of which up to ``depth`` are ready or being made.

    An exception that ends ``items`` is raised where its item would have come, and ever after.
    """

    def __init__(self, items: Iterator[T], depth: int) -> None:
        self._items = items
        self._free = threading.Semaphore(depth)
        self._ready: SimpleQueue[tuple[T, None] | tuple[None, BaseException]] = SimpleQueue()
        self._closed = False
        # A daemon: a program that forgets to close may still end.
        self._thread = threading.Thread(target=self._run, name="s2s-prefetch", daemon=True)
        self._thread.start()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        item, error = self._ready.get()
        if error is not None:
            self._ready.put((None, error))
            raise error
        self._free.release()
        return item  # type: ignore[return-value]

    def close(self) -> None:
        """Ends the thread, once it has made the item that it is at."""
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
                self._ready.put((next(self._items), None))  # no name: nothing holds on to it
        except BaseException as error:
            self._ready.put((None, error))
