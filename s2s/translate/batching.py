"""Which sentences are translated together: like lengths, bounded sizes, work for every core."""

import math
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from s2s.runtime.backend import BatchSize
from s2s.tokenizer.pieces import Ids

CHUNK_CHARACTERS = 1_000_000
"""Text that is held at once, however many lines it has."""
SMALLEST_BATCH = 64
"""Source pieces; smaller batches cost more than another core gives."""


class SourcePart(NamedTuple):
    """What is searched: a sentence, or a part of one."""

    src: Ids
    """The end piece last."""
    prefix: Ids = ()
    """How its translation begins."""
    wants_attention: bool = False
    """Whether it is wanted where the attention looks."""


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


def longest_first(query: SourcePart) -> tuple[int, SourcePart]:
    """Sort key: long ones first keep all cores busy to the end; the ids make it one order only."""
    return -len(query.src), query


def make_batches(
    queries: Sequence[SourcePart], beam_size: int, size: BatchSize, workers: int
) -> Iterator[Sequence[SourcePart]]:
    """Cuts sentences into batches.

    Args:
        queries: Longest first.
        beam_size: Hypotheses a sentence.
        size: Limits of a batch; one sentence alone may be over them.
        workers: Batches that run at once. Each is to have as many as the others, of about as many
            pieces: a third batch takes two workers as long as a third and a fourth.

    Yields:
        Neighbouring sentences.
    """
    pieces = sum(len(query.src) for query in queries)
    rounds = max(1, math.ceil(pieces / (workers * size.pieces)))
    share = max(pieces / (workers * rounds), SMALLEST_BATCH)
    most = max(1, size.rows // beam_size)
    start = taken = 0
    goal = 0.0
    while start < len(queries):
        goal += share
        limit = start + max(1, min(size.pieces // len(queries[start].src), most))
        end = start
        # To the nearest sentence, so that no few are left for one batch more.
        while end < min(limit, len(queries)) and (
            end == start or taken + len(queries[end].src) / 2 <= goal
        ):
            taken += len(queries[end].src)
            end += 1
        yield queries[start:end]
        start = end
