"""Sentences that are longer than a model reads: split at sentence ends, and joined again.

A recurrent translator loses the thread of a text that is much longer than all it was trained on. So
a line of several sentences is translated sentence by sentence. A sentence that is still too long is
split at its punctuation, then at blanks; text without either is split between two pieces. Nothing
is left out.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from s2s.config import EOS_ID
from s2s.text import script_without_blanks
from s2s.tokenizer.pieces import Ids

CLOSING = r"[\"'“”‘’«»‹›)\]」』]*"
# Strings, not patterns: most sentences need none, and a start of half a second feels each of them.
LEVELS = (
    # Ends of sentences, unless a small letter follows the blank ("approx. 3", "z. B. heute").
    # Punctuation of scripts without blanks needs no blank after it.
    rf"[.!?…؟।]+{CLOSING}\s+|[。！？｡]+{CLOSING}\s*",
    rf"[,;:،؛–—]+{CLOSING}\s+|[、，；：]+{CLOSING}\s*",
    r"\s+",
)

Encode = Callable[[Sequence[str]], list[list[int]]]


class SplitSource(NamedTuple):
    """A source in parts, each short enough for the model."""

    parts: list[Ids]
    """Ids of each part, the end piece last."""
    within: bool
    """Whether a single sentence had to be split."""


def split(text: str, encode: Encode, limit: int) -> SplitSource:
    """Splits a source.

    Args:
        text: The source, without a tag.
        encode: Returns each text's ids, the end piece last.
        limit: Most pieces of a part, the end piece counted, 2 or more.

    Returns:
        Parts in order, each of at least one piece; one part if the text is short enough.
    """
    whole = tuple(encode([text])[0])
    if len(whole) <= limit:
        return SplitSource([whole], within=False)
    sentences = _cut(text, LEVELS[0])
    parts: list[Ids] = []
    within = False
    for sentence, ids in zip(sentences, encode(sentences), strict=True):
        if len(ids) <= limit:
            parts.append(tuple(ids))
        else:
            within = True
            parts += _split_group([sentence], encode, limit, 0)
    return SplitSource([ids for ids in parts if len(ids) > 1], within)


def _split_group(texts: Sequence[str], encode: Encode, limit: int, level: int) -> Iterator[Ids]:
    """Yields the parts of neighbouring cuts: one part if ``limit`` allows, else smaller groups."""
    (ids,) = encode(["".join(texts)])
    if len(ids) <= limit:
        yield tuple(ids)
    elif len(texts) == 1:
        yield from _split_further(texts[0], ids, encode, limit, level + 1)
    else:
        # A vocabulary that writes no blank before a text may need more pieces for a group than for
        # its texts one by one.
        half = len(texts) // 2
        yield from _split_group(texts[:half], encode, limit, level)
        yield from _split_group(texts[half:], encode, limit, level)


def _split_further(
    text: str, ids: Sequence[int], encode: Encode, limit: int, level: int
) -> Iterator[Ids]:
    """Yields the parts of a text that is too long: cut by a level's rule, then by the next ones."""
    if level == len(LEVELS):
        for start in range(0, len(ids) - 1, limit - 1):
            yield (*ids[start : min(start + limit - 1, len(ids) - 1)], EOS_ID)
        return
    cuts = _cut(text, LEVELS[level])
    group: list[str] = []
    size = 0
    for cut, cut_ids in zip(cuts, encode(cuts), strict=True):
        cut_size = len(cut_ids) - 1
        if group and size + cut_size >= limit:
            yield from _split_group(group, encode, limit, level)
            group, size = [], 0
        group.append(cut)
        size += cut_size
    yield from _split_group(group, encode, limit, level)


def _cut(text: str, end: str) -> list[str]:
    """Cuts a text after each match, unless a small letter follows the end of a sentence."""
    cuts, start = [], 0
    for match in re.finditer(end, text):
        next_character = text[match.end() : match.end() + 1]
        if not next_character or (end == LEVELS[0] and next_character.islower()):
            continue
        cuts.append(text[start : match.end()])
        start = match.end()
    return [*cuts, text[start:]]


def join(texts: Sequence[str]) -> str:
    """Joins the translations of parts, with a blank between them if the script has blanks."""
    joined = ""
    for text in texts:
        if not (joined and text):
            joined += text
            continue
        close = script_without_blanks(joined[-1]) and script_without_blanks(text[0])
        joined += text if close else f" {text}"
    return joined
