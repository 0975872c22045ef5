"""Byte-pair encoding: the merges that come after those of an existing vocabulary.

Sennrich, Haddow and Birch (2016), "Neural Machine Translation of Rare Words with Subword Units",
algorithm 1, started from words that an existing vocabulary has cut. Purason et al. (2025),
"Teaching Old Tokenizers New Words", show why: if pieces are learned from scratch and appended, many
can never be reached, since the old merges come first and cut words in another way.
"""

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from heapq import heapify, heappop, heappush
from itertools import pairwise

from s2s.tokenizer.pieces import SPACE
from s2s.writing.scripts import script_without_blanks

MAX_CHARACTERS = 16
"""Maximum length of a learned piece: SentencePiece's own default."""
_FEWEST = 2  # occurrences of a pair that becomes a piece


def continue_merges(
    words: Iterable[tuple[Sequence[str], int]], known: Collection[str], most: int
) -> list[str]:
    """Learns more merges.

    SentencePiece merges neighbours whenever the vocabulary holds the two written together, the
    largest score first. So pairs are counted here by the piece that they make. If a new piece gets
    a smaller score than all before it, SentencePiece merges it in words exactly as it is merged
    here.

    Args:
        words: The pieces of each word, and how often the word occurs. Nothing merges with an empty
            piece.
        known: The vocabulary.
        most: Maximum number of merges; fewer if no pair occurs twice.

    Returns:
        The new pieces, in the order of their merges.
    """
    cuts, times = [], []
    counts: Counter[str] = Counter()
    where: defaultdict[str, set[int]] = defaultdict(set)
    for number, (pieces, count) in enumerate(words):
        cuts.append(list(pieces))
        times.append(count)
        for pair in _pairs(pieces, known):
            counts[pair] += count
            where[pair].add(number)
    heap = [(-count, pair) for pair, count in counts.items()]
    heapify(heap)
    learned: dict[str, None] = {}
    while heap and len(learned) < most:
        negative, pair = heappop(heap)
        if pair in learned or -negative != counts[pair]:
            continue  # its count has changed, and the heap has it with the new one, too
        if -negative < _FEWEST:
            break
        learned[pair] = None
        changed: set[str] = set()
        for number in where.pop(pair):
            before = _pairs(cuts[number], known)
            cuts[number] = _merge(cuts[number], pair)
            after = _pairs(cuts[number], known)
            for old in before:
                counts[old] -= times[number]
            for new in after:
                counts[new] += times[number]
                where[new].add(number)
            changed.update(before, after)
        for new in changed:
            heappush(heap, (-counts[new], new))
    return list(learned)


def steps_to(piece: str, scores: Mapping[str, float]) -> Iterator[str]:
    """Yields the pieces that the characters of a piece are merged into, merge by merge.

    In a word that is cut into this piece and others, the merges within the piece are the same.

    Args:
        piece: The piece's text.
        scores: The scores of the vocabulary's pieces; the largest is merged first.
    """
    parts = list(piece)
    while len(parts) > 1:
        pairs = ["".join(pair) for pair in pairwise(parts)]
        best = max(range(len(pairs)), key=lambda place: scores.get(pairs[place], -math.inf))
        if pairs[best] not in scores:
            return
        yield pairs[best]
        parts[best : best + 2] = [pairs[best]]


def _pairs(pieces: Sequence[str], known: Collection[str]) -> list[str]:
    """Returns the neighbours, joined, that may become a piece and are none yet."""
    pairs = [left + right for left, right in pairwise(pieces) if left and right]
    return [pair for pair in pairs if pair not in known and may_be_piece(pair)]


def _merge(pieces: Sequence[str], pair: str) -> list[str]:
    """Merges the neighbours that make ``pair``, from left to right."""
    merged: list[str] = []
    position = 0
    while position < len(pieces):
        joined = "".join(pieces[position : position + 2])
        if joined == pair and position + 1 < len(pieces):
            merged.append(joined)
            position += 2
        else:
            merged.append(pieces[position])
            position += 1
    return merged


@lru_cache(1 << 20)
def may_be_piece(text: str) -> bool:
    """Whether SentencePiece would learn it: short, within a word, letters of one script or none."""
    inner = text.removeprefix(SPACE)
    scripts = {script_of(character) for character in inner} - {""}
    return len(text) <= MAX_CHARACTERS and SPACE not in inner and len(scripts) <= 1


@cache
def script_of(character: str) -> str:
    """Returns a letter's script, the first word of its name; ``""`` for combining marks."""
    category = unicodedata.category(character)[0]
    if category != "L":
        return "" if category == "M" else "common"
    if script_without_blanks(character) in ("han", "kana"):
        return "CJK"  # mixed in Japanese words
    return unicodedata.name(character, "").partition(" ")[0].partition("-")[0]
