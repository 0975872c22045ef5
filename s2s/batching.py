"""Which sentences are translated together: like lengths, bounded sizes, work for every core."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from s2s.config import PAD_ID
from s2s.errors import ConfigError

CHUNK_CHARACTERS = 1_000_000
"""Text that is held at once, however many lines it has."""
SMALLEST_BATCH = 64
"""Source pieces; smaller batches cost more than another core gives."""

Ids = tuple[int, ...]


class BatchSize(NamedTuple):
    """Limits of a batch, and so of its memory."""

    tokens: int
    """Source pieces, padding counted."""
    rows: int
    """Hypotheses: sentences times beam size."""


def take(texts: Iterator[str], lines: int) -> list[str]:
    """Returns the next ``lines`` sentences, fewer if they are very long."""
    chunk: list[str] = []
    characters = 0
    for text in islice(texts, lines):
        chunk.append(text)
        characters += len(text)
        if characters >= CHUNK_CHARACTERS:
            break
    return chunk


def longest_first(ids: Ids) -> tuple[int, Ids]:
    """Sort key: long ones first keep all cores busy to the end; the ids make it one order only."""
    return -len(ids), ids


def make_batches(
    sources: Sequence[Ids], beam_size: int, size: BatchSize, workers: int
) -> Iterator[Sequence[Ids]]:
    """Cuts sentences into batches.

    Args:
        sources: Longest first.
        beam_size: Hypotheses a sentence.
        size: Limits of a batch; one sentence alone may be over them.
        workers: Batches that run at once; they are made smaller if some workers had none.

    Yields:
        Neighbouring sentences.
    """
    share = max(sum(map(len, sources)) // workers, SMALLEST_BATCH)
    most = max(1, size.rows // beam_size)
    start = 0
    while start < len(sources):
        fitting = min(size.tokens, share) // len(sources[start])
        end = start + max(1, min(fitting, most))
        yield sources[start:end]
        start = end


def pad(batch: Sequence[Ids]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Returns ``src`` (batch, src_len), padded, and ``src_lengths`` (batch,)."""
    src_lengths = np.array([len(ids) for ids in batch], np.int64)
    src = np.full((len(batch), src_lengths.max()), PAD_ID, np.int64)
    for row, ids in zip(src, batch, strict=True):
        row[: len(ids)] = ids
    return src, src_lengths


def check_whole(name: str, value: object, low: int) -> None:
    """Raises ConfigError unless ``value`` is a whole number of at least ``low``."""
    if not isinstance(value, int) or isinstance(value, bool) or value < low:
        raise ConfigError(f"{name} is {value!r}; expected a whole number of at least {low}")
