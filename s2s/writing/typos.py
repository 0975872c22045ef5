"""Typing errors: one letter too few, too many, wrong, or in the place of its neighbour."""

import re
import unicodedata

import numpy as np

from s2s.writing.scripts import script_without_blanks

_SHORTEST = 4
"""Letters of a word that gets an error; if no word has as many, one fewer is enough."""
_NO_WORD = re.compile(r"[\d@/\\_#]|\w[.:]\w")
"""Found in addresses, file names and numbers, which are copied and not read."""
_TYPED_BY_SOUND = frozenset({"han", "kana", "bopomofo", "cjk"})
_KINDS = ("swap", "drop", "double", "replace")

Word = tuple[int, list[str]]
"""Where a word begins in its text, and its letters, each with the marks that belong to it."""


def add_typo(text: str, random: np.random.Generator) -> str:
    """Returns a text with one typing error, in one word of at least three letters.

    Two letters change places, or one is left out, typed twice, or replaced by another letter of the
    text. The first letter of a word stays. Words with digits and addresses stay. So does a text
    without such a word, and Chinese and Japanese, which are not typed letter by letter.

    Args:
        text: A text in Unicode form NFC.
        random: Source of random numbers; the same state gives the same error.
    """
    words = _words(text)
    if not words:
        return text
    longest = min(_SHORTEST, max(len(letters) for _, letters in words))
    words = [word for word in words if len(word[1]) >= longest]
    start, letters = words[int(random.integers(len(words)))]
    place = 1 + int(random.integers(len(letters) - 1))
    changed = _change(letters, place, words, random)
    end = start + sum(map(len, letters))
    return unicodedata.normalize("NFC", text[:start] + "".join(changed) + text[end:])


def _change(
    letters: list[str], place: int, words: list[Word], random: np.random.Generator
) -> list[str]:
    """Returns the letters of a word with an error at ``place``."""
    kind = _KINDS[int(random.integers(len(_KINDS)))]
    letter, before, after = letters[place], letters[:place], letters[place + 1 :]
    if kind == "swap" and after and after[0] != letter:
        return [*before, after[0], letter, *after[1:]]
    if kind == "drop":
        return before + after
    if kind == "replace":
        alike = {
            other
            for _, word in words
            for other in word
            if other != letter and other.islower() == letter.islower()
        }
        if alike:
            others = sorted(alike)
            return [*before, others[int(random.integers(len(others)))], *after]
    return [*before, letter, letter, *after]


def _words(text: str) -> list[Word]:
    """Returns the words that may get an error."""
    words: list[Word] = []
    place = 0
    for token in text.split(" "):
        if not _NO_WORD.search(token):
            words += _words_of_token(token, place)
        place += len(token) + 1
    return [word for word in words if len(word[1]) >= _SHORTEST - 1]


def _words_of_token(token: str, start: int) -> list[Word]:
    """Returns the stretches of letters between two blanks; ``start`` is the place of the first."""
    words: list[Word] = []
    inside = False
    for place, character in enumerate(token, start):
        if inside and unicodedata.category(character).startswith("M"):
            words[-1][1][-1] += character
        elif character.isalpha() and script_without_blanks(character) not in _TYPED_BY_SOUND:
            if not inside:
                words.append((place, []))
            words[-1][1].append(character)
            inside = True
        else:
            inside = False
    return words
