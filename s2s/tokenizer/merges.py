"""Byte-pair encoding that goes on where a vocabulary ends.

Sennrich, Haddow and Birch (2016), "Neural Machine Translation of Rare Words with Subword Units",
algorithm 1, started from words that an existing vocabulary has cut. Purason et al. (2025),
"Teaching Old Tokenizers New Words", show why: of the pieces that are learned afresh and appended,
many can never be reached, since the old merges come first and cut words in another way.
"""

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from heapq import heapify, heappop, heappush
from itertools import pairwise

from s2s.text import script_without_blanks
from s2s.tokenizer.pieces import SPACE

MAX_CHARACTERS = 16
"""Length of a learned piece at most: SentencePiece's own default."""
_FEWEST = 2  # occurrences of a pair that becomes a piece


def continue_merges(
    words: Iterable[tuple[Sequence[str], int]], known: Collection[str], most: int
) -> list[str]:
    """Learns more merges.

    SentencePiece merges neighbours whenever the vocabulary holds the two written together, the
    largest score first; so pairs are counted here by what they make, and a piece that is given a
    smaller score than all before it is merged in the words exactly as it was while learning.

    Args:
        words: The pieces that each is cut into, and how often it occurs; an empty piece is one
            that nothing merges with.
        known: The vocabulary.
        most: Merges at most; fewer if no pair occurs twice.

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
            continue  # counted anew since, and in the heap with that count
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
        for each in changed:
            heappush(heap, (-counts[each], each))
    return list(learned)


def steps_to(piece: str, scores: Mapping[str, float]) -> Iterator[str]:
    """Yields what the characters of a piece are merged into, one merge after the other.

    Where a word is cut into the piece and others, its merges within the piece are the same.

    Args:
        piece: Its text.
        scores: Of the vocabulary's pieces; the largest comes first.
    """
    parts = list(piece)
    while len(parts) > 1:
        made = ["".join(pair) for pair in pairwise(parts)]
        best = max(range(len(made)), key=lambda place: scores.get(made[place], -math.inf))
        if made[best] not in scores:
            return
        yield made[best]
        parts[best : best + 2] = [made[best]]


def _pairs(pieces: Sequence[str], known: Collection[str]) -> list[str]:
    """Returns what neighbours would make, where that may be a piece and is none yet."""
    made = [left + right for left, right in pairwise(pieces) if left and right]
    return [pair for pair in made if pair not in known and may_be_piece(pair)]


def _merge(pieces: Sequence[str], pair: str) -> list[str]:
    """Returns the pieces with neighbours merged that make ``pair``, from left to right."""
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
    """A letter's script by the first word of its name; ``""`` of marks, which go with any."""
    category = unicodedata.category(character)[0]
    if category != "L":
        return "" if category == "M" else "common"
    if script_without_blanks(character) in ("han", "kana"):
        return "CJK"  # mixed in Japanese words
    return unicodedata.name(character, "").partition(" ")[0].partition("-")[0]
