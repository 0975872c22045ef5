"""Which sentences are translated together: like lengths, bounded sizes, work for every core."""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from s2s.errors import ConfigError
from s2s.runtime.backend import BatchSize
from s2s.tokenizer.pieces import Ids

CHUNK_CHARACTERS = 1_000_000
"""Characters after which a chunk of sentences ends, however few lines it has."""
SMALLEST_BATCH = 64
"""Source pieces; smaller batches cost more than another core gives."""


class SourcePart(NamedTuple):
    """A source sentence, or a part of one, as it is searched."""

    src: Ids
    """The end piece last."""
    prefix: Ids = ()
    """How the translation begins."""
    wants_attention: bool = False
    """Whether the attention of its hypotheses is needed."""
    wants_beam: bool = False
    """Whether all hypotheses of the beam are needed, and not only ``n_best``."""


def check_texts(name: str, texts: Iterable[str]) -> Iterator[str]:
    """Returns an iterator over texts, which checks each of them.

    Args:
        name: What messages call them.
        texts: What a caller gave for them.

    Raises:
        ConfigError: If it is a single text, has no order, as a set, or is nothing that can be
            iterated over; or, when its turn comes, if one of them is no string.
    """
    if isinstance(texts, str | bytes):
        raise ConfigError(f"{name} is one string; expected a list of strings: [text]")
    try:
        iterator = None if isinstance(texts, set | frozenset) else iter(texts)
    except TypeError:
        iterator = None
    if iterator is None:
        raise ConfigError(f"{name} is of type {type(texts).__name__}; expected a list of strings")
    return _each(name, iterator)


def _each(name: str, texts: Iterator[str]) -> Iterator[str]:
    for number, text in enumerate(texts, 1):
        if not isinstance(text, str):
            hint = "; decode it: data.decode()" if isinstance(text, bytes) else ""
            raise ConfigError(
                f"{name}: text {number} is of type {type(text).__name__}; expected str{hint}"
            )
        yield text


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


def longest_first(part: SourcePart) -> tuple[int, SourcePart]:
    """Sort key: longest first, so that all cores stay busy; ids break ties, for a unique order."""
    return -len(part.src), part


def make_batches(
    parts: Sequence[SourcePart], beam_size: int, size: BatchSize, workers: int
) -> Iterator[Sequence[SourcePart]]:
    """Cuts source parts into batches.

    Args:
        parts: Longest first.
        beam_size: Hypotheses of each part.
        size: Limits of a batch; one part alone may be over them.
        workers: Batches that run at once. The number of batches is a multiple of it, and all have
            about as many pieces: two workers need as long for three batches as for four.

    Yields:
        Neighbouring parts.
    """
    pieces = sum(len(part.src) for part in parts)
    rounds = max(1, math.ceil(pieces / (workers * size.pieces)))
    share = max(pieces / (workers * rounds), SMALLEST_BATCH)
    most = max(1, size.rows // beam_size)
    start = taken = 0
    goal = 0.0
    while start < len(parts):
        goal += share
        limit = start + max(1, min(size.pieces // len(parts[start].src), most))
        end = start
        # A batch ends at the part nearest to its goal, so that no few are left for one batch more.
        while end < min(limit, len(parts)) and (
            end == start or taken + len(parts[end].src) / 2 <= goal
        ):
            taken += len(parts[end].src)
            end += 1
        yield parts[start:end]
        start = end
