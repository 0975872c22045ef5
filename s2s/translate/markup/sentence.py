"""A segment as plain text, and the tree of its tags."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from s2s.translate.markup.entities import decode, encode
from s2s.translate.markup.segments import Piece

FIRST_PLACE, LAST_PLACE = 0xF0000, 0xFFFFD
"""Characters for private use that stand for units; no vocabulary has them."""
PLACE = f"[{chr(FIRST_PLACE)}-{chr(LAST_PLACE)}]"
"""A regular expression that finds one."""
_SPLIT = re.compile(f"({PLACE})")
_BLANKS = re.compile(r"[\s\0\ufeff\u200b]+")


@dataclass(slots=True)
class Node:
    """An element within a segment, or a piece without words."""

    start: int
    """Characters of the segment's text before it."""
    open_raw: str = ""
    end: int = -1
    """Characters of the segment's text before its end; ``start`` if it has no words."""
    close_raw: str = ""
    children: "list[Node]" = field(default_factory=list)
    from_start: bool = False
    """Whether the element began before the segment."""
    to_end: bool = False
    """Whether the element ends after the segment."""
    after_blank: bool = False
    before_blank: bool = False

    def raw(self) -> str:
        """Returns its tags and those within it, without text."""
        pieces, stack = list[str](), list[Node | str]([self])
        while stack:
            node = stack.pop()
            if isinstance(node, str):
                pieces.append(node)
                continue
            pieces.append(node.open_raw)
            stack += [node.close_raw, *reversed(node.children)]
        return "".join(pieces)


class TaggedText:
    """The text of a segment without its tags, and these."""

    def __init__(self, pieces: Sequence[Piece], *, with_places: bool) -> None:
        """Takes tags out of a segment.

        Args:
            pieces: The segment's, without blanks around them.
            with_places: Whether units get a place in the text. If not, they are left out of it, as
                images are.
        """
        self.units: list[str] = []
        """What each place stands for, as it was typed."""
        self._with_places = with_places
        self._texts: list[str] = []
        self._length = 0
        self._ends_blank = True
        self._items: list[Node] = []
        self._parts_words = False
        self.root = self._read(pieces)
        text = "".join(self._texts)
        self.text = text.rstrip(" ")
        """The text, with single blanks between its words."""
        self.ends_blank = text != self.text
        """Whether a blank stands at its end, before tags that end there."""
        self._finish()

    def _read(self, pieces: Iterable[Piece]) -> Node:
        """Reads the pieces; returns the node that holds them all."""
        root = Node(0)
        stack: list[tuple[Node, object]] = [(root, None)]
        for piece in pieces:
            node, element = stack[-1]
            if piece.kind == "text":
                self._add_text(decode(piece.raw))
            elif piece.kind == "unit" and self._with_places and self._has_place():
                self._add_place(piece.raw)
            elif piece.kind == "open":
                opened = Node(self._length, piece.raw, after_blank=self._ends_blank)
                node.children.append(opened)
                stack.append((opened, piece.element))
            elif piece.kind == "close" and element is piece.element:
                node.end, node.close_raw = self._length, piece.raw
                stack.pop()
            elif piece.kind == "close" and len(stack) == 1:  # of an element that began before
                begun = Node(0, "", self._length, piece.raw, root.children, from_start=True)
                root.children = [begun]
            else:
                item = Node(self._length, piece.raw, self._length, after_blank=self._ends_blank)
                node.children.append(item)
                self._parts_words = self._parts_words or piece.parts_words
                self._items.append(item)
        for node, _ in stack[1:]:
            node.to_end = True
        return root

    def _has_place(self) -> bool:
        return FIRST_PLACE + len(self.units) <= LAST_PLACE

    def _add_place(self, raw: str) -> None:
        self._append(chr(FIRST_PLACE + len(self.units)))
        self.units.append(raw)

    def _add_text(self, text: str) -> None:
        """Adds text; a character that means a place becomes a unit itself."""
        for number, segment in enumerate(_SPLIT.split(text)):
            if number % 2 == 0:
                self._append(_BLANKS.sub(_one_blank, segment))
            elif self._with_places and self._has_place():
                self._add_place(encode(segment))
            else:
                self._append("\ufffd")

    def _append(self, text: str) -> None:
        if self._parts_words and text:
            if text[0].isalnum() and self._texts and self._texts[-1][-1].isalnum():
                text = f" {text}"
            self._parts_words = False
        if text.startswith(" "):
            for item in self._items:
                item.before_blank = True
            text = text[1:] if self._ends_blank else text
        if text:
            self._texts.append(text)
            self._length += len(text)
            self._ends_blank = text.endswith(" ")
        if self._items and text.strip(" "):
            self._items = []

    def _finish(self) -> None:
        """Gives elements that end after the segment their end, and takes blanks off all of them."""
        length = len(self.text)
        stack = [self.root]
        while stack:
            node = stack.pop()
            if node.end < 0:
                node.end = length
            if node.start > length:  # it has the blank before it
                self.ends_blank = False
            node.start, node.end = min(node.start, length), min(node.end, length)
            while node.start < node.end and self.text[node.start] == " ":
                node.start += 1
            while node.end > node.start and self.text[node.end - 1] == " ":
                node.end -= 1
            stack += node.children


def _one_blank(match: re.Match[str]) -> str:
    """Returns a blank for blanks, and one zero-width space for several."""
    return "\u200b" if match[0].strip("\u200b") == "" else " "
