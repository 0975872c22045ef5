"""Runs the searches of a translator in batches, on its threads, and reads what they give."""

import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from s2s.config import EOS_ID
from s2s.errors import UseError
from s2s.runtime.backend import Backend, SearchBatch, SearchOutput, pad
from s2s.tokenizer import Tokenizer
from s2s.translate.batching import SourcePart, make_batches
from s2s.translate.request import Request
from s2s.translate.translation import Beam, Details, Hypothesis
from s2s.translate.words import align_words


class PartResult(NamedTuple):
    """What the search gave for a source part."""

    hypotheses: Beam
    attention: tuple[NDArray[np.float32], ...] = ()
    """Attention of each hypothesis (tgt_len, src_len), without a tag's column; empty unless the
    part wants it."""


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

    def check_open(self) -> None:
        """Raises UseError if this was closed, or is a copy in a forked process."""
        self._open_backend()

    def _open_backend(self) -> Backend:
        backend = self._backend
        if backend is None:
            raise UseError("this translator is closed; make a new translator")
        if self._process != os.getpid():
            # A fork has no threads: neither the pool's, nor onnxruntime's, nor torch's.
            raise UseError(
                f"this translator was made in process {self._process}, but this process is a "
                "fork of it; make a translator in each process"
            )
        return backend

    def run(self, parts: Sequence[SourcePart], request: Request) -> list[PartResult]:
        """Searches parts, longest first; returns the hypotheses of each, in order.

        These are ``n_best`` hypotheses, or the whole beam of a part that wants it.
        """

        def search(batch: Sequence[SourcePart]) -> list[PartResult]:
            details = request.details or any(part.wants_attention for part in batch)
            output = self._open_backend().search(
                to_arrays(batch, request.bias), request.search, details=details
            )
            return read_output(
                output, batch, request.n_best, self._tokenizer, details=request.details
            )

        # Details take half as long again, so that a few parts that want them have batches of their
        # own: one sentence with a kept text among 400 cost a tenth of the time of all.
        groups = [
            [part for part in parts if part.wants_attention == wants] for wants in (False, True)
        ]
        if request.details:
            groups = [list(parts)]
        beam_size = request.search.beam_size
        batches = [
            batch
            for group in groups
            for batch in make_batches(group, beam_size, request.size, self._workers)
        ]
        # One batch runs in the caller's thread: nothing to hand over, nobody to wait for.
        run = self._pool.map if self._workers > 1 and len(batches) > 1 else map
        try:
            found = dict(
                zip(chain(*groups), chain.from_iterable(run(search, batches)), strict=True)
            )
        except RuntimeError:
            self.check_open()  # the pool's own words for a closed translator are others
            raise
        return [found[part] for part in parts]


def to_arrays(parts: Sequence[SourcePart], bias: NDArray[np.float32] | None) -> SearchBatch:
    """Pads the sources and prefixes of a batch."""
    src, src_lengths = pad([part.src for part in parts])
    prefixes = [part.prefix for part in parts]
    prefix = pad(prefixes)[0] if any(prefixes) else None
    return SearchBatch(src, src_lengths, prefix, bias)


def read_output(
    output: SearchOutput,
    parts: Sequence[SourcePart],
    n_best: int,
    tokenizer: Tokenizer,
    *,
    details: bool,
) -> list[PartResult]:
    """Brings search output back to text: the best hypotheses of each part of a batch.

    Args:
        output: What the search gave.
        parts: What was searched.
        n_best: Hypotheses of each part that does not want its whole beam.
        tokenizer: The model's.
        details: Whether hypotheses get their details, if the output has them.
    """
    ids = [
        [
            [piece for piece in pieces[:length].tolist() if piece != EOS_ID]
            for pieces, length in zip(beam[:count], lengths[:count], strict=True)
        ]
        for beam, lengths, part in zip(output.hypotheses, output.lengths, parts, strict=True)
        for count in (None if part.wants_beam else n_best,)
    ]
    decoded = tokenizer.decode([hypothesis for beam in ids for hypothesis in beam])
    # Cleaned, because a vocabulary made elsewhere may hold line ends.
    texts = iter([tokenizer.clean(text) for text in decoded])
    results = []
    for row, (part, beam) in enumerate(zip(parts, ids, strict=True)):
        first = tokenizer.count_tags(part.src)
        hypotheses, attentions = [], []
        for rank, hypothesis in enumerate(beam):
            pieces = tuple(tokenizer.tgt_pieces(hypothesis))
            length = int(output.lengths[row, rank])
            attention = log_probs = None
            if output.attention is not None:
                attention = output.attention[row, rank, :, first : len(part.src)]
            if output.log_probs is not None:
                log_probs = output.log_probs[row, rank, :length]
            if part.wants_attention and attention is not None:
                # A copy, so that not all of the batch is held.
                attentions.append(attention[: len(pieces)].copy())
            hypothesis_details = None
            if details and attention is not None and log_probs is not None:
                hypothesis_details = Details(
                    # A place in the beam without a hypothesis has no log-probabilities.
                    log_probs=tuple(map(float, log_probs)) or (-math.inf,),
                    alignment=align_words(attention, tokenizer.src_pieces(part.src), pieces),
                )
            score = float(output.scores[row, rank])
            cut = length > 0 and int(output.hypotheses[row, rank, length - 1]) != EOS_ID
            hypotheses.append(Hypothesis(next(texts), score, pieces, hypothesis_details, cut=cut))
        results.append(PartResult(tuple(hypotheses), tuple(attentions)))
    return results
