"""Sentences that are longer than a model reads: split at sentence ends, and joined again.

A recurrent translator loses the thread of a text that is much longer than all it was trained on. So
a line of several sentences is translated sentence by sentence. A sentence that is still too long is
split at its punctuation, then at blanks; text without either is split between two pieces. Nothing
is left out. Sequences of characters or words, in which punctuation means something else, are split
at blanks alone.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from s2s.config import EOS_ID
from s2s.tokenizer.pieces import Ids
from s2s.writing.scripts import script_without_blanks
from s2s.writing.sentences import cut_sentences

CLOSING = r"[\"'“”‘’«»‹›)\]｣』」]*"
# Strings, not patterns: most sentences need none, and a start of half a second feels each of them.
AT_BLANKS = r"\s+"
LEVELS = (rf"[,;:،؛–—]+{CLOSING}\s+|[、，；：]+{CLOSING}\s*", AT_BLANKS)
"""Where a sentence is split: after punctuation, then after blanks. Punctuation of scripts without
blanks needs no blank after it."""

Encode = Callable[[Sequence[str]], list[list[int]]]


class SplitSource(NamedTuple):
    """A source in parts, each short enough for the model."""

    parts: list[Ids]
    """Ids of each part, the end piece last."""
    within: bool
    """Whether a single sentence had to be split."""


def split(
    text: str,
    encode: Encode,
    limit: int,
    language: str | None = None,
    *,
    sentences: bool = True,
) -> SplitSource:
    """Splits a source.

    Args:
        text: The source, without a tag.
        encode: Returns each text's ids, the end piece last.
        limit: Most pieces of a part, the end piece counted, 2 or more.
        language: The source's, if one is known; it helps to find ends of sentences.
        sentences: Whether the source has sentences; if it has none, it is split at blanks alone.

    Returns:
        Parts in order, each of at least one piece; one part if the text is short enough.
    """
    whole = tuple(encode([text])[0])
    if len(whole) <= limit:
        return SplitSource([whole], within=False)
    if not sentences:
        parts = list(_split_group([text], encode, limit, LEVELS.index(AT_BLANKS) - 1))
        return SplitSource([ids for ids in parts if len(ids) > 1], within=True)
    cuts = cut_sentences(text, language)
    parts = []
    within = False
    for sentence, ids in zip(cuts, encode(cuts), strict=True):
        if len(ids) <= limit:
            parts.append(tuple(ids))
        else:
            within = True
            parts += _split_group([sentence], encode, limit, -1)
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
    """Cuts a text after each match."""
    cuts, start = [], 0
    for match in re.finditer(end, text):
        if match.end() < len(text):
            cuts.append(text[start : match.end()])
            start = match.end()
    return [*cuts, text[start:]]


def join(texts: Sequence[str], gaps: Sequence[str] = (), blank: str = " ") -> str:
    """Joins translations.

    Args:
        texts: Translations of neighbouring parts or sentences.
        gaps: What stands between the sources, one for each text but the last. Line breaks stay, and
            blanks stay if the script of the translation has blanks. Without gaps, and where nothing
            stands between, ``blank`` comes in if the script has blanks.
        blank: A blank; nothing for text that has its blanks at the ends of its parts.
    """
    joined = gap = ""
    for text, next_gap in zip_longest(texts, gaps[: len(texts) - 1], fillvalue=""):
        if joined and text and "\n" not in gap:
            close = script_without_blanks(joined[-1]) and script_without_blanks(text[0])
            gap = "" if close else gap or blank
        if text:
            joined += (gap if joined or "\n" in gap else "") + text
            gap = ""
        gap += next_gap
    return joined
