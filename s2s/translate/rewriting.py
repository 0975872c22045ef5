"""Text written as no training text was: rewritten before the search, and put back after it.

A network that has seen no line in capitals translates one into nonsense, and one that has seen
nearly every sentence with an end mark repeats itself where there is none. So a text in capitals or
in Title Case is searched in its usual spelling, and its translation is written as the text was. A
missing end mark is added, and taken off the translation. Nothing here depends on a language. The
usual spelling of a word is the one that the training text had (``TextFacts.spellings``), or else
the one that the source vocabulary writes with the fewest pieces, since frequent spellings have
pieces of their own.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from s2s.config import UNK_ID
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.keep import SILENT, STAND_IN
from s2s.writing.case import is_capitals, is_title_case, to_capitals, to_title_case
from s2s.writing.end_marks import END_MARKS, end_mark, without_end_mark
from s2s.writing.facts import TextFacts

KNOWN = 0.02
"""Share of training lines from which on a network knows a way to begin a line, or capitals."""
MASTERED = 0.1
"""Share of training lines from which on a network translates lines in capitals or in Title Case
better than their usual spelling. With 7 % and 5 % (``--augment``) and 1,500 updates it did not:
chrF2 was 13 and 29, and 59 and 58 by rewriting (quickstart, one seed)."""
USUAL = 0.9
"""Share of training lines from which on a network expects a way of writing."""
MEANT = 0.5
"""Share of capitals within words from which on case is part of what is written, as in formulas and
code: in languages it is far lower, even in Irish (``tUachtarán``) or French (``d'Italie``)."""
_REMEMBERED = 50_000  # words whose spelling is not looked up again
_WORD = re.compile(rf"[^\s{STAND_IN}{SILENT}]+")
_CORE = re.compile(r"[^\W\d_](?:.*\w)?", re.DOTALL)
"""A word without punctuation around it."""
_FIRST_WORD = re.compile(r"[^\W\d_]\S*")
_TRAILING = re.compile(rf"[\s{SILENT}]*$")

Case = Literal["as typed", "capitals", "title", "small", "no capitals"]

LOWERED: tuple[Case, ...] = ("capitals", "title", "no capitals")
"""The cases of texts that are searched in small letters."""


class Rewriting(NamedTuple):
    """How the text that is searched differs from the text that was typed."""

    case: Case = "as typed"
    """``capitals``, ``title``: all letters, or the first of each word, were capitals. ``small``:
    the first letter was small. ``no capitals``: the network knows no capitals."""
    adds_mark: bool = False
    """Whether an end mark was added."""


AS_TYPED = Rewriting()


class Rewriter:
    """Writes sentences as the training text is written, and translations as the sentences were."""

    def __init__(self, tokenizer: Tokenizer, facts: TextFacts) -> None:
        self._tokenizer = tokenizer
        self._facts = facts
        self._spellings = {word.upper(): word for word in facts.spellings}
        self._spelling = lru_cache(_REMEMBERED)(self._find_spelling)

    def rewrite(self, text: str) -> tuple[str, Rewriting]:
        """Returns a sentence as it is searched, and what was changed.

        Args:
            text: A clean sentence without a tag; marks may stand for kept texts.
        """
        case = self._case_of(text)
        if case in ("capitals", "title") or (case == "small" and text == text.lower()):
            text = self._in_usual_spelling(text)
        elif case == "small":
            text = _capitalised(text)
        elif case == "no capitals":
            text = text.lower()
        adds_mark = self._lacks_mark(text)
        if adds_mark:
            body = _TRAILING.sub("", text)
            text = f"{body}{self._facts.end_mark}{text[len(body) :]}"
        return text, Rewriting(case, adds_mark)

    def restore(self, text: str, rewriting: Rewriting, protected: Sequence[str]) -> str:
        """Returns a translation, written as its sentence was.

        Args:
            text: The translation.
            rewriting: How the sentence was rewritten.
            protected: Texts in it that stay as they are.
        """
        if rewriting.adds_mark:
            text = _without_mark(text, protected)
        if rewriting.case == "capitals":
            text = _change_between(text, protected, to_capitals)
        elif rewriting.case == "title":
            text = _change_between(text, protected, to_title_case)
        elif rewriting.case == "small" and rewriting.adds_mark:  # a fragment: a word, a label
            text = self._begin_small(text, protected)
        return text

    def _case_of(self, text: str) -> Case:
        facts = self._facts
        first = _FIRST_WORD.search(text)
        is_meant = facts.inner_capitals >= MEANT and facts.any_capitals >= KNOWN
        if first is None or is_meant:
            return "as typed"
        if text == text.lower():
            unusual = first[0][0].isalpha() and first[0] != first[0].upper()
            return "small" if unusual and facts.lower_start < KNOWN else "as typed"
        if facts.any_capitals < KNOWN:
            return "no capitals"
        if facts.capitals < MASTERED and is_capitals(text):
            return "capitals"
        if facts.title_case < MASTERED and is_title_case(text) and self._has_small_words(text):
            return "title"
        word = first[0]
        begins_small = word == word.lower() != word.upper()
        return "small" if begins_small and facts.lower_start < KNOWN else "as typed"

    def _has_small_words(self, text: str) -> bool:
        """Whether a word after the first is usually small; names alone are no Title Case."""
        words = [core[0] for word in _WORD.findall(text.lower()) if (core := _CORE.search(word))]
        return any(len(word) > 3 and self._spelling(word) == word for word in words[1:])

    def _in_usual_spelling(self, text: str) -> str:
        def spell(match: re.Match[str]) -> str:
            return _CORE.sub(lambda core: self._spelling(core[0]), match[0], count=1)

        text = _WORD.sub(spell, text.lower())
        return text if self._facts.lower_start > USUAL else _capitalised(text)

    def _find_spelling(self, word: str) -> str:
        """Returns the usual spelling of a word in small letters."""
        if word.upper() in self._spellings:
            return self._spellings[word.upper()]
        words = [word, word.replace("ss", "ß")]  # whose capitals are the same
        forms = [*words, *(word[:1].upper() + word[1:] for word in words), word.upper()]
        # The first of equals, which is the word in small letters.
        costs = [(UNK_ID in ids, len(ids)) for ids in self._tokenizer.encode_src(forms)]
        return forms[costs.index(min(costs))]

    def _lacks_mark(self, text: str) -> bool:
        if self._facts.end_marks < USUAL or not self._facts.end_mark or text[-1:] in END_MARKS:
            return False
        body = _TRAILING.sub("", text)
        has_words = any(map(str.isalpha, body))
        return has_words and not end_mark(body)

    def _begin_small(self, text: str, protected: Sequence[str]) -> str:
        """Writes the first word with a small letter, unless the vocabulary prefers a capital."""
        first = _CORE.search(text)
        if first is None or any(text.startswith(kept, first.start()) for kept in protected):
            return text
        word = first[0].split()[0]
        small = word[:1].lower() + word[1:]
        costs = [(UNK_ID in ids, len(ids)) for ids in self._tokenizer.encode_tgt([small, word])]
        if word[1:] != word[1:].lower() or costs[0] > costs[1]:
            return text
        return text[: first.start()] + small + text[first.start() + len(word) :]


def _capitalised(text: str) -> str:
    """Writes the first letter of a text as a capital."""
    return _CORE.sub(lambda match: match[0][:1].upper() + match[0][1:], text, count=1)


def _change_between(text: str, protected: Sequence[str], change: Callable[[str], str]) -> str:
    """Changes a text except where it holds a protected text."""
    if not any(protected):
        return change(text)
    longest_first = sorted(filter(None, set(protected)), key=len, reverse=True)
    segments = re.split(f"({'|'.join(map(re.escape, longest_first))})", text)
    return "".join(
        segment if number % 2 else change(segment) for number, segment in enumerate(segments)
    )


def _without_mark(text: str, protected: Sequence[str]) -> str:
    """Takes off the end mark, also if a protected text comes after it."""
    body = text
    while ends := [kept for kept in protected if kept and body.endswith(kept)]:
        body = body.removesuffix(max(ends, key=len)).rstrip()
    bare = without_end_mark(body)
    return text if bare == body else bare + text[len(body) :]
