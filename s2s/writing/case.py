"""Texts all in capitals, and in Title Case: found and written, in any language with case.

Case is what Unicode says a letter has, without the rules of a language: the capital of ``i`` is
``I`` in Turkish too. Cherokee counts as a script without case: ordinary Cherokee text is made of
what Unicode calls capitals.
"""

import re
import unicodedata
from collections.abc import Callable

_SMALL = (
    "a an and as at but by for from if in into nor of off on or per so the to up via vs with yet",
    "al con de del e el en la las lo los o por u un una y",
    "au aux des du et le les ou par sur une à",
    "ai da degli dei della di gli i il nel per su tra",
    "ao aos as das do dos em na no nos os um uma",
)
"""Articles, prepositions and conjunctions that headlines leave small: English, Spanish, French,
Italian, Portuguese."""
_SMALL_WORDS = frozenset(word for words in _SMALL for word in words.split())
_ELISION = re.compile(r"\w{1,2}['’](?=\w)")
"""A short word that has lost its vowel: the ``l'`` of ``l'Homme``."""
_CHEROKEE = (range(0x13A0, 0x1400), range(0xAB70, 0xABC0))
_HEBREW = 0x0590
"""First code point after the alphabets with case; letters before it are all of such an alphabet."""

# Most sentences show at once that they are neither; these alphabets cover most text with case.
_TWO_SMALL = re.compile("[a-zà-öø-ÿα-ωа-я]{2}")
_SMALL_WORD = re.compile(r"(?<!\S)[a-zà-öø-ÿα-ωа-я]{4,}(?!\S)")

_LONG_WORD = 4
"""Letters of a word that no headline leaves small, and that is no abbreviation."""
_LONG_ALONE = 7
"""Letters of a word that counts as a text in capitals by itself: abbreviations are shorter."""


def is_capitals(text: str) -> bool:
    """Whether a text is written all in capitals, as ``PLEASE CLOSE THE DOOR`` is.

    Abbreviations are written so too: ``NATO`` and ``IBM PC`` are not texts in capitals. So one word
    needs 7 letters, two words need one of 4 letters, and more words need that too, or 6 letters
    together. Small letters whose capital is not in use (``ª``, ``ß``) do not count. A text with
    letters of a script without case is not in capitals.
    """
    if _TWO_SMALL.search(text):
        return False
    letters = [letter for letter in text if _has_case(letter) and letter != "ß"]
    if not letters or not all(map(str.isupper, letters)) or _has_other_letters(text):
        return False
    sizes = [size for word in text.split() if (size := sum(map(_has_case, word)))]
    if len(sizes) == 1:
        return sizes[0] >= _LONG_ALONE
    return max(sizes) >= _LONG_WORD or (len(sizes) > 2 and sum(sizes) >= 6)


def is_title_case(text: str) -> bool:
    """Whether every word of a text begins with a capital, as in ``Please Close the Door``.

    There are at least three words with letters, and those of more than three letters are not all in
    capitals. Articles, prepositions and conjunctions of English and the Romance languages may be
    small if at least four other words begin with a capital; other small words show an ordinary
    sentence, for example a German one, whose nouns have capitals. A text with letters of a script
    without case is not in Title Case.
    """
    if any(match[0] not in _SMALL_WORDS for match in _SMALL_WORD.finditer(text)):
        return False
    if _has_other_letters(text) or not any(map(str.islower, text)):
        return False
    capitals = small = 0
    for word in text.split():
        letters = [letter for letter in word if _has_case(letter)]
        if not letters or word[0].isdigit():
            continue
        if len(letters) >= _LONG_WORD and all(map(str.isupper, letters)):
            return False
        if _is_capital(letters[0]) or _ends_elision(word):
            capitals += 1
        elif _bare(word) in _SMALL_WORDS:
            small += 1
        else:
            return False
    return capitals >= (4 if small else 3)


def to_capitals(text: str) -> str:
    """Returns a text with capitals in place of all small letters, in Unicode form NFC.

    One letter may become two: ``ß`` becomes ``SS``. Greek letters keep their accents.
    """
    return unicodedata.normalize("NFC", text.upper())


def to_title_case(text: str) -> str:
    """Returns a text in which each word begins with a capital; its other letters stay.

    Words stand between blanks and hyphens. Only a letter begins a word: ``3rd`` and ``'tis`` become
    ``3rd`` and ``'Tis``, and ``don't`` becomes ``Don't``. Digraphs get their own form (``ǆ``,
    ``ǅ``).
    """
    return unicodedata.normalize("NFC", _map_words(text, str.title))


def _map_words(text: str, change: Callable[[str], str]) -> str:
    """Applies ``change`` to the first letter or digit of each word."""
    written, at_start = [], True
    for character in text:
        if at_start and character.isalnum():
            written.append(change(character))
            at_start = False
            continue
        at_start = at_start or character.isspace() or unicodedata.category(character) == "Pd"
        written.append(character)
    return "".join(written)


def _has_case(character: str) -> bool:
    """Whether a letter has a capital and a small form; ``ª``, which is small only, has not."""
    if character.isascii():
        return character.isalpha()
    return character.upper() != character.lower() and not any(
        ord(character) in block for block in _CHEROKEE
    )


def _has_other_letters(text: str) -> bool:
    """Whether a text has letters of a script without case."""
    return not text.isascii() and any(
        ord(character) >= _HEBREW and character.isalpha() and not _has_case(character)
        for character in text
        if unicodedata.category(character) != "Lm"  # marks of pronunciation
    )


def _is_capital(letter: str) -> bool:
    return letter.isupper() or letter.istitle()


def _ends_elision(word: str) -> bool:
    """Whether a word begins with a capital after an elision: ``l'Homme``."""
    bare = word.lstrip("\"'(«“‘[¿¡")
    elision = _ELISION.match(bare)
    return elision is not None and _is_capital(bare[elision.end()])


def _bare(word: str) -> str:
    """Returns a word without the marks around it."""
    return re.sub(r"^\W+|\W+$", "", word)
