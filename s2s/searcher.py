"""Runs the searches of a translator: in batches, on its threads, until it is closed."""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from s2s.batching import Query, make_batches
from s2s.errors import UseError
from s2s.hypotheses import Searched, read_hypotheses
from s2s.request import Request
from s2s.runtime.backend import Backend, Batch, pad
from s2s.tokenizer import Tokenizer


class Searcher:
    """A model and the threads that search with it; several threads may share it."""

    def __init__(self, backend: Backend, tokenizer: Tokenizer) -> None:
        self.batch_size = backend.batch_size
        """What the device recommends."""
        self._backend: Backend | None = backend
        self._tokenizer = tokenizer
        self._workers = backend.workers
        self._pool = ThreadPoolExecutor(self._workers, "s2s")
        self._process = os.getpid()

    def close(self) -> None:
        """Lets the model go, and waits for the batches that are being searched."""
        self._backend = None
        self._pool.shutdown()

    def backend(self) -> Backend:
        """Returns what runs a batch.

        Raises:
            UseError: If this was closed, or is a copy in a forked process.
        """
        backend = self._backend
        if backend is None:
            raise UseError("this translator is closed; make another one")
        if self._process != os.getpid():
            # Its threads, and those of onnxruntime or torch, are not there.
            raise UseError(
                f"this translator was made in process {self._process}, of which this one is a fork;"
                " make one in each process"
            )
        return backend

    def run(self, queries: Sequence[Query], request: Request) -> Iterable[Searched]:
        """Searches sentences, longest first; gives the ``n_best`` hypotheses of each, in order."""
        beam_size = request.search.beam_size
        batches = list(make_batches(queries, beam_size, request.size, self._workers))
        # One batch runs in the caller's thread: nothing to hand over, nobody to wait for.
        run = self._pool.map if self._workers > 1 and len(batches) > 1 else map
        try:
            return chain.from_iterable(run(lambda batch: self._search(batch, request), batches))
        except RuntimeError:
            self.backend()  # the pool takes no batch after it was closed, in other words
            raise

    def _search(self, queries: Sequence[Query], request: Request) -> list[Searched]:
        """Pads a batch, searches, and brings each sentence's hypotheses back to text."""
        prefixes = [query.prefix for query in queries]
        batch = Batch(
            *pad([query.src for query in queries]),
            pad(prefixes)[0] if any(prefixes) else None,
            request.bias,
        )
        wanted = request.details or any(query.watched for query in queries)
        found = self.backend().search(batch, request.search, details=wanted)
        return read_hypotheses(
            found, queries, request.n_best, self._tokenizer, details=request.details
        )
