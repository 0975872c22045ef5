"""Numbers in a text: where they stand, and whether two texts have the same ones.

A number is written with digits, of any script: integers, decimals, thousands, times, dates,
versions. Another language may change its decimal mark, the mark of thousands, the order and the
marks of a date, and the script of the digits. It may not change the digits. Words such as "twelve"
are no numbers here.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

_BLANKS = " \u00a0\u2009\u202f"
_DECIMAL = ".,\u066b\uff0e\uff0c"  # Arabic, full width
_MARKS = _DECIMAL + ":/'\u2019\u066c\uff1a\uff0f_\\-\u2010-\u2013"
_SMALL = "\u00b2\u00b3\u00b9\u2070\u2074-\u2079\u2080-\u2089"  # superscripts and subscripts
_FRACTIONS = "\u00bc-\u00be\u2150-\u215e\u2189"
_NUMBER = re.compile(
    rf"\d{{1,3}}(?:[{_BLANKS}]\d{{3}})+(?!\d)(?:[{_DECIMAL}]\d+)?"
    rf"|\d+(?:[{_MARKS}]\d+)*"
    rf"|[{_SMALL}]+|[{_FRACTIONS}]"
)
_ORDINAL = re.compile(
    r"(?:st|nd|rd|th|er|ère|re|[eè]me|nde?|de|ste|te|e|[ºªοη°]|-?(?:й|я|е|го|му|х|ой|ого|ый|ая|ым))"
    r"(?!\w)"
)
"""What follows the digits of an ordinal number."""
_BESIDE = "%‰‱°#№§\uff05"
_SIGNS = "+-\u2212\u00b1"
_TOGETHER = frozenset(_DECIMAL + "'\u2019\u066c")
"""Marks within one number; other marks are between several, as those of a time or a date."""

Reading = tuple[str, ...]
"""The groups of digits of a number, in ASCII: those before and after a decimal mark, say."""


class Number(NamedTuple):
    """A number in a text."""

    text: str
    start: int
    end: int


class Difference(NamedTuple):
    """The numbers of two texts that have no partner in the other."""

    missing: tuple[str, ...]
    """Those of the source."""
    added: tuple[str, ...]
    """Those of the translation."""


class _Read(NamedTuple):
    """A number as it can be understood."""

    text: str
    readings: tuple[Reading, ...]
    """One, or two: ``1,234`` may have thousands or decimals."""
    groups: Reading
    """All groups of digits, without leading zeros in groups of two, sorted."""
    several: bool
    """Whether it may be several numbers, as a date or a time is."""


def find_numbers(text: str) -> list[Number]:
    """Returns the numbers of a text, in order."""
    return [Number(match[0], *match.span()) for match in _NUMBER.finditer(text)]


def has_digits(text: str) -> bool:
    """Whether there is a number in a text."""
    return _NUMBER.search(text) is not None


def is_digit(character: str) -> bool:
    """Whether a character is one that numbers are written with."""
    return unicodedata.category(character) in ("Nd", "No")


def same_numbers(src: str, tgt: str) -> bool:
    """Whether a translation has the numbers of its source, each as often.

    An ordinal number of the source, ``3rd``, may be a word in the translation.
    """
    return not any(difference(src, tgt))


def share_with_same_numbers(pairs: Iterable[tuple[str, str]]) -> float:
    """Returns the share of pairs with the same numbers, among pairs whose source has some.

    It is 1 if there is no such pair.
    """
    same = [same_numbers(*pair) for pair in pairs if has_digits(pair[0])]
    return sum(same) / len(same) if same else 1.0


def difference(src: str, tgt: str) -> Difference:
    """Returns the numbers of either text that have no partner in the other."""
    missing, added = _cancel(_read_all(src), _read_all(tgt), _readings)
    missing, added = _cancel(missing, added, _same_groups)
    missing, added = _cancel(_apart(missing), _apart(added), _readings)
    lacking = tuple(read.text for read in missing)
    if lacking:
        words = {number.text for number in find_numbers(src) if _ORDINAL.match(src, number.end)}
        lacking = tuple(text for text in lacking if text not in words)
    return Difference(lacking, tuple(read.text for read in added))


def number_spans(text: str) -> list[tuple[int, int]]:
    """Returns where numbers are, each with what is written with it.

    That is a sign, a currency, a percent sign, and letters without a blank between: ``-5``, ``$5``,
    ``5%``, ``5km``, ``MP3``, ``10h30``. Letters of scripts without capitals stay outside, since
    these scripts write other words without a blank there: ``5月``.
    """
    spans: list[tuple[int, int]] = []
    for number in find_numbers(text):
        start, end = number.start, number.end
        while start and _is_cased(text, start - 1):
            start -= 1
        while end < len(text) and _is_cased(text, end):
            end += 1
        if start and _is_beside(text[start - 1]):
            start -= 1
        if end < len(text) and _is_beside(text[end]):
            end += 1
        if start and text[start - 1] in _SIGNS and text[start - 2 : start - 1] in ("", " ", "("):
            start -= 1
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def _is_cased(text: str, place: int) -> bool:
    character = text[place]
    return is_digit(character) or character.lower() != character.upper()


def _is_beside(character: str) -> bool:
    return character in _BESIDE or unicodedata.category(character) == "Sc"


def _read_all(text: str) -> list[_Read]:
    return [_read(number.text) for number in find_numbers(text)]


@lru_cache(10_000)
def _read(text: str) -> _Read:
    """Reads a number."""
    ascii_text = "".join(map(_ascii, text))
    groups = re.findall(r"\d+", ascii_text)
    marks = re.findall(r"\D+", ascii_text)
    in_order = tuple(sorted(_short(group) for group in groups))
    if len(groups) == 1:
        return _Read(text, ((_short(groups[0]),),), in_order, several=False)
    readings: list[Reading] = []
    decimal = marks[-1] not in _BLANKS and (len(marks) == 1 or marks[-1] not in marks[:-1])
    one_number = all(mark in _TOGETHER or mark in _BLANKS for mark in marks)
    if one_number and len(set(marks)) == 1 and _are_thousands(groups):
        readings.append(("".join(groups),))
    if one_number and decimal and (len(groups) == 2 or _are_thousands(groups[:-1])):
        readings.append((_short("".join(groups[:-1])), groups[-1]))
    if not readings:
        readings.append((_short(groups[0]), *groups[1:]))
    several = not one_number or len(groups) > 2 or marks[0] in _BLANKS
    return _Read(text, tuple(readings), in_order, several)


def _ascii(character: str) -> str:
    value = unicodedata.decimal(character, None)
    if value is not None:
        return str(value)
    if unicodedata.category(character) == "No":
        return unicodedata.normalize("NFKC", character)
    return character


def _short(group: str) -> str:
    """Returns digits without the zero of 05."""
    return group[1] if len(group) == 2 and group[0] == "0" else group


def _are_thousands(groups: Sequence[str]) -> bool:
    """Whether groups of digits are an integer: of three, or in India of two and then three."""
    first, *others = map(len, groups)
    sizes = set(others[:-1])
    return (
        first <= 3
        and groups[0][0] != "0"
        and others[-1:] in ([], [3])
        and (sizes <= {3} or (sizes <= {2} and first <= 2))
    )


def _apart(numbers: Iterable[_Read]) -> list[_Read]:
    """Takes dates and times apart: in a translation, months are names."""
    parts = []
    for number in numbers:
        if number.several:
            parts += [_read(group) for group in number.groups]
        else:
            parts.append(number)
    return parts


def _readings(number: _Read, _: str) -> Sequence[object]:
    return number.readings


def _same_groups(number: _Read, side: str) -> Sequence[object]:
    """Keys by which a date finds one in another order, even one with the marks of a decimal."""
    if not number.several:
        return [(number.groups, side)]
    return [number.groups, (number.groups, "tgt" if side == "src" else "src")]


def _cancel(
    src: Sequence[_Read], tgt: Sequence[_Read], keys_of: Callable[[_Read, str], Sequence[object]]
) -> tuple[list[_Read], list[_Read]]:
    """Takes out pairs of numbers that have a key in common; returns what is left of both."""
    by_key: dict[object, list[int]] = {}
    for place, number in enumerate(tgt):
        for key in keys_of(number, "tgt"):
            by_key.setdefault(key, []).append(place)
    taken: set[int] = set()
    missing = []
    for number in src:
        for key in keys_of(number, "src"):
            places = by_key.get(key, [])
            while places and places[-1] in taken:
                places.pop()
            if places:
                taken.add(places.pop())
                break
        else:
            missing.append(number)
    return missing, [number for place, number in enumerate(tgt) if place not in taken]
