"""How the source side of a training text is written, so that translating can write like it."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from s2s.config import Config
from s2s.errors import ConfigError
from s2s.writing.case import is_capitals, is_title_case
from s2s.writing.end_marks import end_mark
from s2s.writing.list_marks import list_mark
from s2s.writing.sentences import cut_sentences

QUANTILE = 0.99
"""Share of training sentences that are no longer than ``src_length``. Two and three sentences
joined by "and" to one are translated best in parts of at most that length: BLEU 36.8 and 33.8 on
Multi30k, 35.1 and 30.1 with the length of 99.9 %, 34.1 and 30.9 with that of 95 %."""
SPELLINGS = 1000
"""Most words that ``spellings`` has."""
_SEEN = 3  # times that a word must occur, for its spelling to be no accident
_WORD = re.compile(r"[^\W\d_](?:[\w'’-]*\w)?")
_SHARES = (
    "several_sentences",
    "capitals",
    "title_case",
    "lower_start",
    "any_capitals",
    "end_marks",
    "same_numbers",
    "same_placeables",
    "same_names",
    "list_marks",
    "without_letters",
    "inner_capitals",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class TextFacts(Config):
    """What the source lines of a training text look like. Shares are from 0 to 1."""

    several_sentences: float
    """Share of lines with more than one sentence."""
    src_length: int
    """Source pieces, end piece included, that 99 % of the lines do not exceed."""
    capitals: float
    """Share of lines all in capitals."""
    title_case: float
    """Share of lines in Title Case."""
    lower_start: float
    """Share of lines that begin with a small letter, among lines whose first letter has case."""
    any_capitals: float
    """Share of lines with a capital, among lines with a letter with case."""
    end_marks: float
    """Share of lines that end with an end mark."""
    end_mark: str = ""
    """The most frequent end mark; empty if there is none."""
    spellings: tuple[str, ...] = ()
    """The most frequent words that are seldom written in small letters: ``I``, ``Tom``."""
    same_numbers: float = 1.0
    """Share of pairs whose sides have the same numbers, among pairs whose source has digits."""
    same_placeables: float = 0.0
    """Share of pairs whose target has the placeables of its source (``s2s.writing.placeables``),
    among pairs whose source has some; 1 if these are too few. 0: not known."""
    same_names: float = 0.0
    """Share of rare words with a capital that the target has, too (``s2s.writing.names``)."""
    known_words: str = ""
    """Words that are no names; empty if names are not looked for."""
    stand_ins: tuple[str, ...] = ()
    """Frequent names that stay as they are."""
    list_marks: float = 1.0
    """Share of lines that begin with the mark of a list: ``- ``, ``1. ``."""
    without_letters: float = 1.0
    """Share of lines without a letter: numbers, dates, signs."""
    longest: int = 0
    """Source pieces of the longest line, end piece included, if the training takes lines of that
    length; else the most that it takes. 0: not known."""
    inner_capitals: float = 0.0
    """Share of capitals that do not begin a word, among the capitals of words that have small
    letters, too. It is high where case has a meaning of its own, as in formulas and code."""

    def __str__(self) -> str:
        """Describes the lines in one line, without single words."""
        mark = f" (mostly {self.end_mark})" if self.end_mark else ""
        shares = (
            ("several sentences", self.several_sentences),
            ("capitals", self.capitals),
            ("Title Case", self.title_case),
            ("small first letter", self.lower_start),
            ("list marks", self.list_marks),
            ("no letters", self.without_letters),
            ("same numbers", self.same_numbers),
            ("same placeables", self.same_placeables),
            ("same names", self.same_names),
            ("end mark", self.end_marks),
        )
        said = ", ".join(f"{name} {100 * share:.1f} %" for name, share in shares)
        return f"at most {self.src_length} pieces in 99 % of the lines; {said}{mark}"

    def __post_init__(self) -> None:
        Config.__post_init__(self)
        for name in _SHARES:
            self._check_range(name, 0, 1)
        self._check_range("src_length", 2)
        self._check_range("longest", 0)
        if len(self.spellings) > SPELLINGS:
            raise ConfigError(
                f"TextFacts.spellings has {len(self.spellings)} words; expected at most {SPELLINGS}"
            )


def facts_of(
    lines: Sequence[str], lengths: Sequence[int], language: str | None = None
) -> TextFacts | None:
    """Returns the facts of some source lines.

    Args:
        lines: Clean lines, without tags; some ten thousand are enough.
        lengths: Pieces of each line, end piece included.
        language: Their language, if there is one.

    Returns:
        The facts; None if there is no line.
    """
    if not lines:
        return None
    starts = [first[0] for line in lines if (first := _WORD.search(line)) and _has_case(first[0])]
    cased = [line for line in lines if line.lower() != line.upper()]
    marks = Counter(end_mark(line)[:1] for line in lines)
    total = marks.total()
    with_mark = total - marks.pop("", 0)
    return TextFacts(
        several_sentences=_share(len(cut_sentences(line, language)) > 1 for line in lines),
        src_length=max(2, int(np.quantile(lengths, QUANTILE))),
        capitals=_share(map(is_capitals, lines)),
        title_case=_share(map(is_title_case, lines)),
        lower_start=_share(start.islower() for start in starts),
        any_capitals=_share(line != line.lower() for line in cased),
        end_marks=with_mark / total,
        end_mark=max(marks, key=lambda mark: marks[mark], default=""),
        spellings=_unusual_spellings(lines),
        list_marks=_share(list_mark(line, language) != "" for line in lines),
        without_letters=_share(not any(map(str.isalpha, line)) for line in lines),
        inner_capitals=_inner_capitals(lines),
    )


def _has_case(character: str) -> bool:
    return character.lower() != character.upper()


def _share(values: Iterable[bool]) -> float:
    found = list(values)
    return sum(found) / len(found) if found else 0.0


def _inner_capitals(lines: Iterable[str]) -> float:
    """Returns the share of capitals within words among all capitals, if there are some."""
    total = inner = 0
    for word in (word for line in lines for word in line.split()):
        if not any(map(str.islower, word)):
            continue
        capitals = sum(map(str.isupper, word))
        first = next(filter(str.isalnum, word))
        total += capitals
        inner += capitals - first.isupper()
    return inner / total if total else 0.0


def _unusual_spellings(lines: Sequence[str]) -> tuple[str, ...]:
    """Returns the words that are seldom small, each in its most frequent spelling.

    First words do not count, nor do words of lines in capitals or in Title Case.
    """
    spellings: dict[str, Counter[str]] = {}
    for line in lines:
        if is_capitals(line) or is_title_case(line):
            continue
        for word in _WORD.findall(line)[1:]:
            spellings.setdefault(word.lower(), Counter())[word] += 1
    unusual = [
        (counts.total(), counts.most_common(1)[0][0])
        for small, counts in spellings.items()
        if counts.total() >= _SEEN and 2 * counts[small] < counts.total()
    ]
    unusual.sort(key=lambda entry: (-entry[0], entry[1]))
    return tuple(word for _, word in unusual[:SPELLINGS])
