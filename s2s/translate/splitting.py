"""Sentences that are longer than a model reads: parted at sentence ends, and joined again.

A recurrent translator loses the thread of what is much longer than all it was trained on. So a line
of several sentences is translated sentence by sentence; a sentence that is still too long is parted
at the marks inside it, then at blanks, and text without any of these between two pieces. Nothing is
left out.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from s2s.config import EOS_ID

CLOSING = r"[\"'“”‘’«»‹›)\]」』]*"
# Strings, not patterns: most sentences need none, and a start of half a second feels each of them.
LEVELS = (
    # Where a sentence ends; a small letter after the blank goes on with it ("approx. 3", "z. B.
    # heute"). Marks of scripts without blanks need none.
    rf"[.!?…؟।]+{CLOSING}\s+|[。！？｡]+{CLOSING}\s*",
    rf"[,;:،؛–—]+{CLOSING}\s+|[、，；：]+{CLOSING}\s*",
    r"\s+",
)
WITHOUT_BLANKS = r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u9fff\uf900-\uffef]"
"""Letters and marks of scripts that put no blank between sentences."""

Encode = Callable[[Sequence[str]], list[list[int]]]


class SplitSource(NamedTuple):
    """A source in parts that a model reads."""

    parts: list[tuple[int, ...]]
    """Ids of each, the end piece last."""
    within: bool
    """Whether a sentence itself had to be parted."""


def part(text: str, encode: Encode, limit: int) -> SplitSource:
    """Parts a source sentence.

    Args:
        text: The source, without a tag.
        encode: Returns each text's ids, the end piece last.
        limit: Pieces of a part at most, the end piece counted, 2 or more.

    Returns:
        Parts in order, none of them without a piece; one if the text is short enough.
    """
    whole = tuple(encode([text])[0])
    if len(whole) <= limit:
        return SplitSource([whole], within=False)
    sentences = _cut(text, LEVELS[0])
    parts: list[tuple[int, ...]] = []
    within = False
    for sentence, ids in zip(sentences, encode(sentences), strict=True):
        if len(ids) <= limit:
            parts.append(tuple(ids))
        else:
            within = True
            parts += _part_packed([sentence], encode, limit, 0)
    return SplitSource([ids for ids in parts if len(ids) > 1], within)


def _part_packed(
    texts: Sequence[str], encode: Encode, limit: int, level: int
) -> Iterator[tuple[int, ...]]:
    """Yields parts of neighbours that a level's rule cut, together if ``limit`` allows."""
    (ids,) = encode(["".join(texts)])
    if len(ids) <= limit:
        yield tuple(ids)
    elif len(texts) == 1:
        yield from _part_further(texts[0], ids, encode, limit, level + 1)
    else:
        # A vocabulary that writes no blank before a text has more pieces for both than for each.
        half = len(texts) // 2
        yield from _part_packed(texts[:half], encode, limit, level)
        yield from _part_packed(texts[half:], encode, limit, level)


def _part_further(
    text: str, ids: Sequence[int], encode: Encode, limit: int, level: int
) -> Iterator[tuple[int, ...]]:
    """Yields parts of a text that is too long, cut by a level's rule, or else the next one's."""
    if level == len(LEVELS):
        for start in range(0, len(ids) - 1, limit - 1):
            yield (*ids[start : min(start + limit - 1, len(ids) - 1)], EOS_ID)
        return
    cuts = _cut(text, LEVELS[level])
    packed: list[str] = []
    size = 0
    for each, own in zip(cuts, encode(cuts), strict=True):
        more = len(own) - 1
        if packed and size + more >= limit:
            yield from _part_packed(packed, encode, limit, level)
            packed, size = [], 0
        packed.append(each)
        size += more
    yield from _part_packed(packed, encode, limit, level)


def _cut(text: str, end: str) -> list[str]:
    """Cuts a text after each match, unless a small letter follows the end of a sentence."""
    cuts, start = [], 0
    for found in re.finditer(end, text):
        follows = text[found.end() : found.end() + 1]
        if not follows or (end == LEVELS[0] and follows.islower()):
            continue
        cuts.append(text[start : found.end()])
        start = found.end()
    return [*cuts, text[start:]]


def join(texts: Sequence[str]) -> str:
    """Joins the translations of parts, with a blank where the script has blanks."""
    joined = ""
    for text in texts:
        if not (joined and text):
            joined += text
            continue
        close = re.match(WITHOUT_BLANKS, joined[-1]) and re.match(WITHOUT_BLANKS, text[0])
        joined += text if close else f" {text}"
    return joined
