"""Runs of characters that a source vocabulary has no piece for: names in another script, emoji.

The network reads one and the same unknown piece for all of them, so it cannot translate them; but
they may be carried over (``s2s.translate.keep``). A run is what makes sense together: a whole word
if one of its letters is unknown, an emoji with its skin tone, several foreign words.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import sentencepiece

from s2s.config import UNK_ID
from s2s.tokenizer.pieces import SPACE, algorithm_of, normalize
from s2s.writing.numbers import find_numbers
from s2s.writing.scripts import script_without_blanks

_REMEMBERED = 50_000  # characters that are not looked up again
_JOINER = "\u200d"
_JOINERS = "\u200c\u200d"  # within a word of Persian or Hindi, too
_REGIONS = ("\U0001f1e6", "\U0001f1ff")  # two of them are a flag
_EXTENDING = re.compile("[\u200c\u200d\uff9e\uff9f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
"""What belongs to the character before it, beside marks: joiners, skin tones, parts of flags."""
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_WITHIN_WORDS = frozenset("&@_+=#%~*^|\\$")
"""Signs that make one word of what is left and right of them: ``R&D``, ``name@company``."""
_WITH_NUMBERS = frozenset("%‰‱°#№§")
_SENTENCE_ENDS = frozenset(".!?\u2026\u3002\uff01\uff1f\u0964\u061f")
_CHUNK = re.compile(r"\S+")


class Run(NamedTuple):
    """Characters that are carried over together."""

    start: int
    end: int
    has_words: bool
    """Whether it has letters or digits, so that it is a word to its neighbours."""


class UnknownRuns:
    """Finds what a source vocabulary cannot read."""

    def __init__(self, processor: sentencepiece.SentencePieceProcessor, model: bytes) -> None:
        """Takes a SentencePiece model, loaded and serialized."""
        self._processor = processor
        self.of_words = algorithm_of(model) == "word"
        """Whether each word is a piece, so that a word is unknown as a whole."""
        self._is_known = lru_cache(_REMEMBERED)(self._look_up)

    def find(self, text: str, *, any_case: bool = False) -> list[Run]:
        """Returns the runs of a clean text, in order.

        Args:
            text: A sentence, without a tag.
            any_case: Whether the sentence is read in small letters, so that a capital is known if
                its small letter is.
        """
        parts = _words(text) if self.of_words else _clusters(text)
        spans = [
            (start, end)
            for start, end in parts
            if not self._is_known(text[start:end])
            and not (any_case and self._is_known(text[start:end].lower()))
        ]
        if spans and not self.of_words:
            spans = list(_Growing(text).grow(spans))
        return [Run(start, end, _has_words(text[start:end])) for start, end in _join(text, spans)]

    def without_invisible(self, text: str) -> str:
        """Returns a text without the characters that nobody sees and the vocabulary lacks."""
        return "".join(
            character
            for character in text
            if not (
                _is_invisible(character)
                and character in normalize(self._processor, f"a{character}")
                and int(self._processor.piece_to_id(character)) == UNK_ID
            )
        )

    def _look_up(self, part: str) -> bool:
        """Whether the network reads all that is seen of a character, or of a word."""
        normal = normalize(self._processor, part).removeprefix(SPACE)
        if self.of_words:
            return not normal or int(self._processor.piece_to_id(SPACE + normal)) != UNK_ID
        return all(
            character == SPACE
            or _is_invisible(character)
            or int(self._processor.piece_to_id(character)) != UNK_ID
            for character in normal
        )


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf") or bool(_SELECTORS.match(character))


def _words(text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in _CHUNK.finditer(text))


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """Yields characters, each with the marks, joiners and skin tones that belong to it."""
    start = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or not _belongs(text, start, place):
            yield start, place
            start = place


def _belongs(text: str, start: int, place: int) -> bool:
    """Whether a character belongs to the one that begins at ``start``."""
    character = text[place]
    if character.isascii() or text[place - 1] == " ":
        return False
    if unicodedata.category(character)[0] == "M" or _EXTENDING.match(character):
        return True
    if text[place - 1] == _JOINER:
        return unicodedata.category(character) == "So"
    return place == start + 1 and all(
        _REGIONS[0] <= each <= _REGIONS[1] for each in text[start : place + 1]
    )


class _Growing:
    """A text in which runs grow around unknown characters."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._numbers = [(number.start, number.end) for number in find_numbers(text)]
        self._chunks = list(_words(text))
        self._addresses = [chunk for chunk in self._chunks if "://" in text[slice(*chunk)]]

    def grow(self, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """Yields what is carried over because of the unknown characters in ``spans``."""
        last = (0, 0)
        for start, end in spans:
            if end > last[1]:
                last = self._grow(start, end)
                yield last

    def _grow(self, start: int, end: int) -> tuple[int, int]:
        for spans in (self._numbers, self._addresses):
            if around := _span_around(spans, start, end):
                return around
        text, character = self._text, self._text[start]
        if _is_word(character):
            if _continues(character):
                while start and _continues(text[start - 1]):
                    start -= 1
                while end < len(text) and _continues(text[end]):
                    end += 1
            return start, end
        kind = unicodedata.category(character)
        if kind in ("Sc", "Sm") or character in _WITH_NUMBERS:
            before = _span_around(self._numbers, start - 1, start)
            after = _span_around(self._numbers, end, end + 1)
            if before or after:
                return before[0] if before else start, after[1] if after else end
        is_within = start and end < len(text) and _continues(text[start - 1] + text[end])
        if is_within and character in _WITHIN_WORDS:
            return self._chunk_around(start, end)
        return start, end

    def _chunk_around(self, start: int, end: int) -> tuple[int, int]:
        """Returns what is between two blanks, without signs at its ends."""
        around = _span_around(self._chunks, start, end)
        assert around is not None
        first, last = around
        while not _is_word(self._text[first]):
            first += 1
        while not _is_word(self._text[last - 1]):
            last -= 1
        return first, last


def _span_around(spans: Sequence[tuple[int, int]], start: int, end: int) -> tuple[int, int] | None:
    """Returns the span of an ordered list that a part of the text is in."""
    place = bisect_right(spans, start, key=lambda span: span[0]) - 1
    return spans[place] if place >= 0 and end <= spans[place][1] else None


def _is_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character)[0] == "M"


def _continues(characters: str) -> bool:
    """Whether characters can stand within a word of a script with blanks."""
    return all(
        (_is_word(character) or character in _JOINERS) and not script_without_blanks(character)
        for character in characters
    )


def _has_words(text: str) -> bool:
    return any(map(str.isalnum, text))


def _join(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Joins spans that touch, or between which there are blanks, or signs between two words."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and _is_close(text, joined[-1], start, end):
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _is_close(text: str, last: tuple[int, int], start: int, end: int) -> bool:
    between = text[last[1] : start]
    if not between.strip():
        return True
    if any(map(str.isalpha, between)) or not _SENTENCE_ENDS.isdisjoint(between):
        return False
    return _has_words(text[last[0] : last[1]]) and _has_words(text[start:end])
