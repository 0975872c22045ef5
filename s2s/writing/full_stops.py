"""Whether a full stop ends a sentence, or belongs to an abbreviation, an initial or a number."""

import re
import unicodedata
from functools import cache
from typing import NamedTuple

from s2s.writing.abbreviations import abbreviations, starters, word_set

_LOOK_BACK = 32
"""Characters before a full stop that are looked at; no abbreviation is longer."""
_SHORT = 40
"""Characters of a sentence that may be a heading, an item's number, or a time of the day."""
_BEFORE_WORD = re.compile(r".*[\s(\[{\"“„‘’«»‹›¿¡/—–|]", re.DOTALL)
_NEXT_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_NUMBER = re.compile(r"[-−+~$€£#№§]?\d")
_DATE = re.compile(r"\d{1,2}\.|\d{4}")
_ROMAN = re.compile(r"[IVXLC]+")
_LETTERS = r"(?:[^\W\d_]{1,2}|[\u0900-\u0dff]{1,3})"
_DOTTED = re.compile(rf"(?:{_LETTERS}\.-?)+{_LETTERS}")
_CHAIN = re.compile(rf"(?:(?<![^\W_]){_LETTERS}\.\s?)+$")
_CHAIN_GOES_ON = re.compile(rf"{_LETTERS}\.")
_TIME_GOES_ON = re.compile(r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|[A-Z]{2,4}\b")
_QUANTITY = re.compile(r"(?:\d|\b[IVXLC]+)\.?$")
_HEADING = re.compile(r"[^\W\d_]+\s+\d+")
ORDINALS = word_set("de nds lb da nb no nn is fo cs sk pl sl hr sr bs hu fi et lv tr az")
"""Languages that write ordinal numbers with a full stop."""
_CAPITALS_FOLLOW = word_set("de nds lb tr az")
"""Those of them in which a word after an ordinal number often begins with a capital."""
_GERMAN = word_set("der die das den dem des am im zum zur vom beim seit ins ab")
"""Words before an ordinal number from which German is known."""
_MONTHS = word_set(
    "januar jänner februar feber märz april mai juni juli august september oktober november "
    "dezember"
)
_PARTICLES = word_set("le la de del di van von der den el al das dos da du des lo li")
"""Words that begin sentences, and surnames."""
_SYLLABIC = word_set("cs sk sl hr sr bs mk")
"""Languages with words whose only vowel is r or l."""
_VOWELS = frozenset("aeiouyæœøıаеёиоуыэюяіїєαεηιουω")
_LETTER_NAMES = word_set(
    "ए बी सी डी ई एफ जी एच आई जे के एल एम एन ओ पी क्यू आर एस टी यू वी डब्ल्यू एक्स वाई जेड"
)
"""English letters, as Hindi writes initials."""
_NAME_OR_WORD = "जी"
"""The letter G, and a word of respect at the end of names."""


class Context(NamedTuple):
    """Where a full stop stands."""

    text: str
    start: int
    """Where the sentence begins."""
    stop: int
    """Where the full stop is."""
    after: int
    """Where the next word or number begins."""
    language: str | None

    @property
    def so_far(self) -> str:
        """The sentence before the full stop, without blanks around it, empty if it is long."""
        is_short = self.stop - self.start <= _SHORT
        return self.text[self.start : self.stop].strip() if is_short else ""

    @property
    def next_word(self) -> str:
        """The word that follows, empty if something else does."""
        match = _NEXT_WORD.match(self.text, self.after)
        return match[0] if match else ""

    @property
    def starts(self) -> bool:
        """Whether the word that follows is one that begins sentences."""
        return self.next_word.lower() in starters(self.language)


def ends_sentence(context: Context) -> bool:
    """Whether the full stop ends the sentence."""
    text, start, stop = context.text, context.start, context.stop
    window = text[max(start, stop - _LOOK_BACK) : stop]
    word = _BEFORE_WORD.sub("", window, count=1).lstrip("-")
    word = word[max(word.rfind("'"), word.rfind("’")) + 1 :]
    if not word:
        return True
    window = window[: len(window) - len(word)]
    before = window.rstrip()
    if word.isdigit() or (len(word) > 1 and _ROMAN.fullmatch(word)):
        return context.so_far != word and _number_ends(context, word, before)
    if len(word) <= 2 and word not in _LETTER_NAMES:
        known = abbreviations(context.language)
        if len(set(word)) == 1 and _CHAIN_GOES_ON.match(text, context.after):
            return False
        if chain := _CHAIN.search(window):
            joined = "".join(chain[0].split()) + word
            if len(word) == 1 or any(joined.lower() in words for words in known):
                word, before = joined, window[: chain.start()].rstrip()
    return _word_ends(context, word, before)


def _word_ends(context: Context, word: str, before: str) -> bool:
    """Whether the full stop after a word, or after letters with stops between them, ends it."""
    number_follows = _NUMBER.match(context.text, context.after) is not None
    lower, known = word.lower(), abbreviations(context.language)
    if lower in known.words:
        return not number_follows
    of_number = lower in known.numbers or word.endswith("str")
    if lower in known.within or word.endswith(("Dr", "dr")) or (number_follows and of_number):
        return False
    if lower in ("a.m", "p.m"):
        begun = len(context.so_far.split()) > 3 or not context.so_far  # more than "At 5 p.m."
        return begun and not number_follows and not _TIME_GOES_ON.match(context.next_word)
    is_unit = len(word) <= 4 and not (len(word) == 1 and word.isupper())
    if is_unit and _QUANTITY.search(before) and lower not in known.either:
        return not number_follows  # "5 min.", "1990 г."
    if word in _LETTER_NAMES:
        return word == _NAME_OR_WORD and context.next_word not in _LETTER_NAMES
    return _form_ends(context, word, before, lower in known.either)


def _form_ends(context: Context, word: str, before: str, may_go_on: bool) -> bool:
    """Whether the full stop after a word ends the sentence, as far as the word's form tells."""
    if len(word) == 1 and word.isalpha():
        return context.starts and bool(before) and context.next_word.lower() not in _PARTICLES
    may_go_on = may_go_on or bool(_DOTTED.fullmatch(word)) or _has_no_vowel(word, context.language)
    return context.starts or not may_go_on


def _number_ends(context: Context, word: str, before: str) -> bool:
    """Whether the full stop after a number ends the sentence, and makes no ordinal number of it."""
    language, next_word = context.language, context.next_word.lower()
    if word.isdigit() and _HEADING.fullmatch(context.so_far):
        return False  # "Chapter 4. The Return"
    if len(word) <= 2 and word.isdigit() and _DATE.match(context.text, context.after):
        return False
    if language is None and (before.rpartition(" ")[2] in _GERMAN or next_word in _MONTHS):
        language = "de"
    if language not in ORDINALS or before.endswith("/"):
        return True
    if len(word) <= 3 and (language in _CAPITALS_FOLLOW or not word.isdigit()):
        return next_word not in _MONTHS and context.starts
    return next_word not in _MONTHS


@cache
def _is_consonant(letter: str) -> bool:
    """Whether a small letter is a Latin, Cyrillic or Greek consonant."""
    base = unicodedata.normalize("NFD", letter)[0]
    has_vowels = unicodedata.name(base, "").startswith(("LATIN", "CYRILLIC", "GREEK"))
    return has_vowels and base not in _VOWELS


def _has_no_vowel(word: str, language: str | None) -> bool:
    """Whether a word has two to four letters, no vowel, and is not all in capitals."""
    if not 2 <= len(word) <= 4 or not word.isalpha() or word.isupper():
        return False
    if language in _SYLLABIC and any(letter in "rl" for letter in word.lower()):
        return False
    return all(map(_is_consonant, word.lower()))
