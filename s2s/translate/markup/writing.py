"""Writes the translation of a segment with its tags."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from s2s.translate.markup.entities import encode
from s2s.translate.markup.placing import Placer, Run, Slots, TooMuchWorkError, outside
from s2s.translate.markup.sentence import FIRST_PLACE, PLACE, Node, TaggedText
from s2s.translate.markup.words import Links, Words
from s2s.translate.words import Pairs

_PLACES = re.compile(f"({PLACE})")


_WORK = 1_000_000
"""Units to look at in a segment, each once for each element around it."""


class Written(NamedTuple):
    """A translated segment."""

    raw: str
    """The segment, with its tags."""
    is_guessed: bool
    """Whether tags were put around words by their share of the text, because nothing said which
    words belong together."""


def write(source: TaggedText, text: str, pairs: Pairs | None) -> Written:
    """Puts the tags and units of a segment into its translation.

    Args:
        source: The segment.
        text: The translation of its text.
        pairs: Which word of the translation belongs to which word of the segment, as
            ``Details.alignment`` has it; None if the model does not tell.
    """
    units = _Units(source.units)
    if not source.root.children:
        return Written(units.write(text) + units.rest(), False)
    src, tgt = Words(source.text), Words(text)
    links = None
    if pairs is not None and src.have_blanks and tgt.have_blanks:
        links = Links(source.text, src, tgt, pairs)
    try:
        runs = Placer(src, tgt, links).place(source.root)
    except TooMuchWorkError:
        links = None
        runs = Placer(src, tgt, links).place(source.root)
    ranges = _Ranges(source, text, tgt, runs)
    slots = Slots(text, src, tgt, links)
    raw = "".join(_pieces(source, text, ranges, slots, units))
    raw += units.rest() + " " * source.ends_blank
    spans = any(child.end > child.start for child in source.root.children)
    whole = all(ranges.is_whole(child) for child in source.root.children)
    return Written(raw, links is None and spans and not whole)


class _Ranges:
    """Characters of a translation that each element is put around."""

    def __init__(self, source: TaggedText, text: str, tgt: Words, runs: Mapping[int, Run]) -> None:
        self._source = source.text
        self._text = text
        # Units that the translation made up, which it cannot, would be nobody's.
        self._places = {match[0]: match.start() for match in re.finditer(PLACE, source.text)}
        self._units = [
            match.start() for match in re.finditer(PLACE, text) if match[0] in self._places
        ]
        self._work = 0
        self._found: dict[int, tuple[int, int]] = {id(source.root): (0, len(text))}
        stack = [source.root]
        while stack:
            node = stack.pop()
            outer = self._found[id(node)]
            for child in node.children:
                if (run := runs.get(id(child))) and run[0] < run[1]:
                    start, end = (
                        max(tgt.starts[run[0]], outer[0]),
                        min(tgt.ends[run[1] - 1], outer[1]),
                    )
                    start, end = self._trim(child, *self._without_foreign(child, start, end))
                    if start < end:
                        self._found[id(child)] = (start, end)
                        stack.append(child)

    def of(self, node: Node) -> tuple[int, int] | None:
        """Returns where a node begins and ends; None if it is put around nothing."""
        return self._found.get(id(node))

    def is_whole(self, node: Node) -> bool:
        """Whether a node is put around all of the text, or around nothing."""
        return self.of(node) in (None, (0, len(self._text)))

    def _without_foreign(self, node: Node, start: int, end: int) -> tuple[int, int]:
        """Leaves units out of an element that was not around them: no link may be in another one.

        Of the ranges between them the longest is taken.
        """
        low, high = bisect_left(self._units, start), bisect_left(self._units, end)
        self._work += high - low
        if self._work > _WORK:
            return start, start
        foreign = [
            place
            for place in self._units[low:high]
            if not node.start <= self._places[self._text[place]] < node.end
        ]
        ranges = list(zip([start, *(place + 1 for place in foreign)], [*foreign, end], strict=True))
        if node.from_start:
            return ranges[0]
        if node.to_end:
            return ranges[-1]
        start, end = max(ranges, key=lambda each: each[1] - each[0])
        bare = self._text[start:end]
        return start + len(bare) - len(bare.lstrip()), end - len(bare) + len(bare.rstrip())

    def _trim(self, node: Node, start: int, end: int) -> tuple[int, int]:
        """Leaves signs beside words out of an element that was around the words alone."""
        if start >= end:
            return start, end
        if node.end < len(self._source) and _is_word(self._source[node.end - 1]):
            last = end
            while last > start and not _is_word(self._text[last - 1]):
                last -= 1
            end = last if last > start else end
        if node.start > 0 and _is_word(self._source[node.start]):
            first = start
            while first < end and not _is_word(self._text[first]):
                first += 1
            start = first if first < end else start
        return start, end


def _is_word(character: str) -> bool:
    return character.isalnum() or ord(character) >= FIRST_PLACE


def _pieces(
    source: TaggedText, text: str, ranges: _Ranges, slots: Slots, units: "_Units"
) -> Iterator[str]:
    """Yields the translation and the tags of its segment in order."""
    done = 0
    stack: list[Node | tuple[int, str]] = [source.root]
    while stack:
        entry = stack.pop()
        if isinstance(entry, tuple):
            place, raw = entry
            yield units.write(text[done:place])
            yield raw
            done = place
            continue
        start, end = ranges.of(entry) or (0, 0)
        stack.append((end, entry.close_raw))
        stack += reversed(_contents(entry, source, ranges, slots))
        stack.append((start, entry.open_raw))


def _contents(
    node: Node, source: TaggedText, ranges: _Ranges, slots: Slots
) -> list[Node | tuple[int, str]]:
    """Returns what is in a node, in the order of the translation."""
    found = [(around, child) for child in node.children if (around := ranges.of(child))]
    found.sort(key=lambda each: each[0])
    starts, ends = [around[0] for around, _ in found], [around[1] for around, _ in found]
    start, end = ranges.of(node) or (0, 0)
    entries: list[tuple[int, int, int, Node | tuple[int, str]]] = [
        (place, 1, number, child)
        for number, (place, (_, child)) in enumerate(zip(starts, found, strict=True))
    ]
    # What is before an element that has no end here, or after one that has no start, stays there.
    first = max([start, *(around[1] for around, child in found if child.from_start)])
    last = min([end, *(around[0] for around, child in found if child.to_end)])
    for number, child in enumerate(node.children):
        if ranges.of(child) is not None:
            continue
        if child.to_end:
            place = end
        elif child.from_start:
            place = start
        elif child.start <= node.start:
            place = first
        elif child.start >= node.end:
            place = last
        else:
            place = outside(min(max(slots.find(child.start), first), last), starts, ends)
        raw = child.raw()
        if place and child.after_blank:
            raw = f" {raw}"
        elif not place and child.before_blank:
            raw = f"{raw} "
        entries.append((place, 0, number, (place, raw)))
    entries.sort(key=lambda entry: entry[:3])
    return [entry[3] for entry in entries]


class _Units:
    """Units that are put in place of the characters that stand for them, each once."""

    def __init__(self, units: Sequence[str]) -> None:
        self._left = dict(enumerate(units))

    def write(self, text: str) -> str:
        """Returns a part of a translation as it is written in markup."""
        pieces = []
        for number, piece in enumerate(_PLACES.split(text)):
            is_place = number % 2 == 1
            unit = self._left.pop(ord(piece) - FIRST_PLACE, "") if is_place else encode(piece)
            pieces.append(unit)
        return "".join(pieces)

    def rest(self) -> str:
        """Returns the units whose places were cut off with the end of a sentence."""
        return "".join(self._left.values())
