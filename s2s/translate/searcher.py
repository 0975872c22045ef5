"""Runs the searches of a translator in batches, on its threads, and reads what they find."""

import math
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from s2s.config import EOS_ID
from s2s.errors import UseError
from s2s.runtime.backend import Backend, SearchBatch, SearchOutput, pad
from s2s.text import clean
from s2s.tokenizer import Tokenizer
from s2s.translate.batching import SourcePart, make_batches
from s2s.translate.request import Request
from s2s.translate.translation import Details, Hypothesis
from s2s.translate.words import align_words


class PartResult(NamedTuple):
    """What became of a query."""

    hypotheses: tuple[Hypothesis, ...]
    """Best first."""
    attention: tuple[NDArray[np.float32], ...] = ()
    """Of each (tgt_len, src_len), without a tag's column, if the query is wants_attention."""


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

    def run(self, queries: Sequence[SourcePart], request: Request) -> Iterable[PartResult]:
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

    def _search(self, queries: Sequence[SourcePart], request: Request) -> list[PartResult]:
        """Pads a batch, searches, and brings each sentence's hypotheses back to text."""
        prefixes = [query.prefix for query in queries]
        batch = SearchBatch(
            *pad([query.src for query in queries]),
            pad(prefixes)[0] if any(prefixes) else None,
            request.bias,
        )
        wanted = request.details or any(query.wants_attention for query in queries)
        found = self.backend().search(batch, request.search, details=wanted)
        return read_hypotheses(
            found, queries, request.n_best, self._tokenizer, details=request.details
        )


def read_hypotheses(
    found: SearchOutput,
    queries: Sequence[SourcePart],
    n_best: int,
    tokenizer: Tokenizer,
    *,
    details: bool,
) -> list[PartResult]:
    """Returns the best ``n_best`` hypotheses of each sentence of a batch.

    Args:
        found: By the search.
        queries: What was searched.
        n_best: Hypotheses of each.
        tokenizer: The model's.
        details: Whether hypotheses are to have theirs, if they were found.
    """
    ids = [
        [
            [int(piece) for piece in tokens[:length] if piece != EOS_ID]
            for tokens, length in zip(beam[:n_best], lengths[:n_best], strict=True)
        ]
        for beam, lengths in zip(found.hypotheses, found.lengths, strict=True)
    ]
    # Cleaned, because a vocabulary made elsewhere may hold line ends.
    texts = iter(
        [clean(text) for text in tokenizer.decode([each for beam in ids for each in beam])]
    )
    made = []
    for sentence, (query, beam) in enumerate(zip(queries, ids, strict=True)):
        hypotheses, looked = [], []
        for rank, each in enumerate(beam):
            pieces = tuple(tokenizer.tgt_pieces(each))
            score = float(found.scores[sentence, rank])
            attention = None
            if found.attention is not None:
                skipped = tokenizer.count_tags(query.src)
                attention = found.attention[sentence, rank, :, skipped : len(query.src)]
            if query.wants_attention and attention is not None:
                # A copy, so that not all of the batch is held.
                looked.append(attention[: len(pieces)].copy())
            own = None
            if details and attention is not None and found.log_probs is not None:
                length = int(found.lengths[sentence, rank])
                log_probs = found.log_probs[sentence, rank, :length]
                own = Details(
                    # None of a place in the beam that there is no hypothesis for.
                    tuple(float(each) for each in log_probs) or (-math.inf,),
                    align_words(attention, tokenizer.src_pieces(query.src), pieces),
                )
            hypotheses.append(Hypothesis(next(texts), score, pieces, own))
        made.append(PartResult(tuple(hypotheses), tuple(looked)))
    return made
