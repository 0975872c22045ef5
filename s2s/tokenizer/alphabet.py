"""The alphabet of a vocabulary: the characters that have a piece of their own.

A character without a piece can be neither read nor written. SentencePiece chooses by a share of the
text: with 99.98 %, five of ten digits had no piece in a text of 140,000 sentences. Here a character
has a piece if it occurs more than a few times, and printable ASCII has one in any case.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from string import ascii_lowercase, ascii_uppercase
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from s2s.tokenizer.pieces import SPACE

FEWEST = 4
"""Occurrences from which on a character of the training text has a piece, weights counted."""
COVERAGE = 0.9998
"""Share of a text's characters that have a piece, however rare they are: in a small text each
character is rare."""
RARE_SHARE, LARGEST_SHARE = 0.25, 0.75
"""Shares of a vocabulary's pieces that may be characters beyond ``COVERAGE``, and that all
characters may then have. Text from the web has thousands of characters in a few lines each, and
words need pieces, too."""
LOWEST_COVERAGE = 0.98
"""A vocabulary whose characters write a smaller share of the text is an error."""
ASCII = "0123456789.,-'?!:;()\"/%&+@#$=*<>[]_{}\\|~^`" + ascii_lowercase + ascii_uppercase
"""Printable ASCII, what is missed most first."""
_RESERVED = frozenset("\u2585\t")
"""SentencePiece's signs for unknown characters and for ends of pieces: it learns neither."""
_CHUNK = 10_000  # texts that are counted at once
_LONGEST = 20_000  # characters of a text; SentencePiece skips longer ones


class Alphabet(NamedTuple):
    """The characters of a vocabulary, the most frequent first."""

    characters: list[str]
    """Characters of the text that have a piece."""
    unseen: list[str]
    """Printable ASCII that the text lacks and that has a piece."""
    left_out: float
    """Share of the text without a piece."""
    too_many: bool
    """Whether characters are left out that are not rare."""
    ascii_left_out: int
    """Printable ASCII without a piece."""

    @property
    def appended(self) -> list[str]:
        """Characters that SentencePiece does not learn from the text."""
        return [c for c in self.characters if c in _RESERVED] + self.unseen


def count_characters(texts: Iterable[str]) -> dict[str, int]:
    """Counts the characters of normalised texts, signs for blanks left out."""
    counts: NDArray[np.int64] = np.zeros(0x110000, np.int64)
    lines = iter(texts)
    while chunk := list(islice(lines, _CHUNK)):
        codes = np.frombuffer("".join(chunk).encode("utf-32-le", "surrogatepass"), np.uint32)
        found = np.bincount(codes)
        counts[: len(found)] += found
    counts[ord(SPACE)] = counts[0] = 0
    return {chr(code): int(counts[code]) for code in np.flatnonzero(counts).tolist()}


def choose_alphabet(counts: Mapping[str, int], room: int) -> Alphabet | None:
    """Chooses the characters that have a piece.

    Args:
        counts: How often each character occurs.
        room: Pieces of the vocabulary that are neither special, nor bytes, nor the blank.

    Returns:
        The alphabet; None if ``room`` is too small for ``LOWEST_COVERAGE`` of the text.
    """
    ordered = by_frequency(counts)
    needed = count_needed(counts, COVERAGE)
    too_many = needed > room
    if too_many:
        needed = count_needed(counts, LOWEST_COVERAGE)
        if needed > room:
            return None
    frequent = sum(count >= FEWEST for count in counts.values())
    rare = min(needed + int(RARE_SHARE * room), int(LARGEST_SHARE * room))
    most = max(needed, min(frequent, rare))
    characters = ordered[:most]
    missing = [character for character in ASCII if character not in {*characters}]
    unseen = missing[: max(0, room // 2 - len(characters))]
    total = sum(counts.values())
    left_out = sum(counts[character] for character in ordered[most:])
    return Alphabet(
        characters,
        unseen,
        left_out / max(1, total),
        too_many or most < frequent,
        len(missing) - len(unseen),
    )


def by_frequency(counts: Mapping[str, int]) -> list[str]:
    """Returns the characters, the most frequent first."""
    return sorted(counts, key=lambda character: (-counts[character], character))


def count_needed(counts: Mapping[str, int], coverage: float) -> int:
    """Returns how many of the most frequent characters make up that share of the text."""
    left = (1 - coverage) * sum(counts.values())
    needed = by_frequency(counts)
    while needed and counts[needed[-1]] <= left:
        left -= counts[needed.pop()]
    return len(needed)


def make_cutter(counts: Mapping[str, int], alphabet: Sequence[str]) -> Callable[[str], list[str]]:
    """Returns what cuts a normalised text into the parts that pieces are learned from.

    No piece reaches over a character without a piece. Digits are parts of their own: SentencePiece
    parts those of ASCII by itself (``split_digits``), but not, say, those of Arabic or Hindi.
    """
    known = {*alphabet} - _RESERVED
    without = "".join(re.escape(character) for character in counts if character not in known)
    digits = "".join(c for c in known if c.isdecimal() and not c.isascii())
    patterns = [f"[{without}]+"] * bool(without) + [f"([{digits}])"] * bool(digits)
    at = re.compile("|".join(patterns)) if patterns else None

    def cut(text: str) -> list[str]:
        parts = [text] if at is None else at.split(text)
        return [
            part[start : start + _LONGEST]
            for part in parts
            if part
            for start in range(0, len(part), _LONGEST)
        ]

    return cut
