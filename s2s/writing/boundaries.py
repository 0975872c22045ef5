"""Rules that find the ends of sentences in any script.

A mark such as ``.`` ends a sentence if a blank and the start of another sentence follow it, and the
word before it is no abbreviation, initial or ordinal number. Marks of scripts that have no blanks,
such as ``。``, need none.
"""

import re
import unicodedata

from s2s.writing.abbreviations import (
    BEFORE_NUMBERS,
    INNER,
    MAY_END,
    MONTHS,
    NEVER_END,
    ORDINAL_LANGUAGES,
    STARTERS,
    SYLLABIC,
    UNITS,
)

_BREAKS = "\n\r\x0b\x0c\x85\u2028\u2029"
# Sentence terminals of Unicode that want a blank after them ...
_SPACED = ".!?…؟۔։׃܀-܂߹࠷࠹࠽࠾፧፨᙮᜵᜶᠃᠉᥄᥅᪨-᪫᭚᭛᭞᭟᰻᰼᱾᱿‼‽⁇-⁉⸮꓿꘎꘏꛳꛷꡶꡷꣎꣏꤯꧈꧉꩝-꩟꫰꫱꯫﹒﹖﹗།༎"
# ... and those that do not.
_CLOSE = "।॥።။។៕。！？｡．︒︕︖"
_CLOSING = "\"'“”‘’«»‹›)\\]}〉》」』】〕〗〙〛）］｝｣"
_END = re.compile(
    rf"(?P<marks>[{_SPACED}{_CLOSE}]+|፡፡|[;;](?=\s))(?P<closing>[{_CLOSING}]*)(?P<blanks>\s*)"
    rf"|[{_BREAKS}]\s*"
)
_CLOSE_MARK = re.compile(f"[{_CLOSE}]|፡፡")
_FRENCH_CLOSING = re.compile(r"[»›](?=[\s,;:.!?)]|$)[»›)\]]*\s*")
_LAST_WORD = re.compile(r"[^\s(\[{\"“„‘«»‹›¿¡/—–]*$")
_OPENING = re.compile(r"[\"'“”„‘’‚«»‹›(\[{¿¡*_\s\-—–・「『【〈《（［]*")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_DOTTED = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}")
_ROMAN = re.compile(r"[IVXLC]+")
_LOOK_BACK = 24
"""Characters before a mark that are looked at; no abbreviation is longer."""


def boundaries(text: str, language: str | None = None) -> list[int]:
    """Returns where sentences of a text start, the first one's start left out, in order."""
    found: list[int] = []
    start = 0
    length = len(text)
    for match in _END.finditer(text):
        end = match.end()
        if end == length:
            break
        if end <= start:
            continue
        if match["marks"] is not None:
            closing = _FRENCH_CLOSING.match(text, end)
            if closing and match["blanks"]:
                end = closing.end()
                if end == length:
                    break
            breaks = any(character in _BREAKS for character in text[match.end("marks") : end])
            if not breaks and not _ends(text, start, match, end, language):
                continue
        if text[start:end].strip():
            found.append(end)
            start = end
    return found


def _ends(text: str, start: int, match: re.Match[str], end: int, language: str | None) -> bool:
    """Whether the marks of a match end the sentence of ``start``; the next one is at ``end``."""
    marks, before, opening = match["marks"], text[match.start() - 1 : match.start()], text[end]
    following = _OPENING.match(text, end)
    after = following.end() if following else end
    character = text[after : after + 1]
    if _CLOSE_MARK.search(marks):
        return not (before.isdigit() and character.isdigit())
    if opening in "¿¡":
        return True
    if not match["blanks"] or character.islower() or (marks[0] in ";;" and not _is_greek(before)):
        return False
    if marks not in (".", "۔") or match["closing"]:
        return True
    word = _LAST_WORD.search(text[max(start, match.start() - _LOOK_BACK) : match.start()])
    return _word_ends(word[0] if word else "", text, start, match.start(), after, language)


def _is_greek(character: str) -> bool:
    return "\u0370" <= character <= "\u03ff" or "\u1f00" <= character <= "\u1fff"


def _word_ends(
    word: str, text: str, start: int, mark: int, after: int, language: str | None
) -> bool:
    """Whether a full stop after ``word`` ends the sentence, if the next one begins at ``after``."""
    code = (language or "").lower().replace("_", "-").partition("-")[0]
    following = _WORD.match(text, after)
    next_word = following[0] if following else ""
    starts = next_word in STARTERS or next_word.lower() in STARTERS
    before_number = text[after : after + 1].isdigit()
    alone = not text[start : mark - len(word)].strip()
    if word.isdigit() or (len(word) > 1 and _ROMAN.fullmatch(word)):
        return _number_ends(word, next_word, text[after : after + 5], code, alone, starts)
    lower = word.lower()
    if lower in NEVER_END or lower in INNER or (before_number and lower in BEFORE_NUMBERS):
        return False
    if lower in UNITS:
        return not before_number
    if len(word) == 1 and word.isalpha():
        return starts and not alone
    may_go_on = _DOTTED.fullmatch(word) or lower in MAY_END or _has_no_vowel(word, code)
    return starts or not may_go_on


def _number_ends(
    word: str, next_word: str, following: str, code: str, alone: bool, starts: bool
) -> bool:
    """Whether a full stop after a number ends the sentence, and makes no ordinal number of it."""
    if alone:
        return False
    if len(word) <= 2 and word.isdigit() and re.match(r"\d{1,2}\.|\d{4}", following):
        return False
    if next_word.lower() in MONTHS:
        return False
    if code in ORDINAL_LANGUAGES and len(word) <= 3:
        return starts
    return True


def _has_no_vowel(word: str, code: str) -> bool:
    """Whether a word is so short, and without a vowel, that it must be an abbreviation."""
    if len(word) > 4 or not word.isalpha() or (word.isupper() and len(word) > 1):
        return False
    letters = unicodedata.normalize("NFD", word.lower())
    vowels = "aeiouyæœøıаеёиоуыэюяіїєαεηιουω" + ("rl" if code in SYLLABIC else "")
    latin = all(
        "LATIN" in unicodedata.name(letter, "") or "CYRILLIC" in unicodedata.name(letter, "")
        for letter in word
    )
    return latin and not any(letter in vowels for letter in letters)
