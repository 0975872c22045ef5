"""Which sentences are translated together: like lengths, bounded sizes, work for every core."""

from collections.abc import Iterator, Sequence
from itertools import islice

CHUNK_CHARACTERS = 1_000_000
"""Text that is held at once, however many lines it has."""
SMALLEST_BATCH = 256
"""Source pieces times beam size; smaller batches cost more than another core gives."""

Ids = tuple[int, ...]


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
    sources: Sequence[Ids], beam_size: int, batch_tokens: int, workers: int
) -> Iterator[Sequence[Ids]]:
    """Cuts sentences into batches.

    Args:
        sources: Longest first.
        beam_size: Hypotheses a sentence.
        batch_tokens: Pieces of a batch at most, padding counted, times ``beam_size``; one sentence
            may have more.
        workers: Batches that run at once; they are made smaller if some workers had none.

    Yields:
        Neighbouring sentences.
    """
    share = sum(map(len, sources)) * beam_size // workers
    budget = min(batch_tokens, max(share, SMALLEST_BATCH))
    start = 0
    while start < len(sources):
        end = start + max(1, budget // (len(sources[start]) * beam_size))
        yield sources[start:end]
        start = end
