"""Finds where elements end, and which of them are translated."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from s2s.translate.markup.entities import decode
from s2s.translate.markup.names import (
    BLOCKS,
    ENDS,
    ENDS_PARAGRAPH,
    NEVER,
    UNTOUCHED,
)
from s2s.translate.markup.options import Markup
from s2s.translate.markup.tokens import Token

_MENTION = re.compile(r"(?:[@#]|https?://|www\.)\S+", re.IGNORECASE)
_MENTION_CLASS = re.compile(r"(?:mention|hashtag)(?:-\S*)?|h-card")
_INDEX = re.compile(r"[\W\d_]+|\[\w{1,3}\]")
_SHORT_PARTS = 40
"""Parts of an element that is no longer looked through: it is more than an address or a name."""
_NONE = frozenset[str]()


@dataclass(slots=True)
class Element:
    """An element of a document."""

    name: str
    is_translated: bool
    """Whether its text is translated."""
    is_ignored: bool
    """Whether it is one of ``Markup.ignore_tags``."""
    is_never: bool
    """Whether its text is not translated, whatever it says."""
    holds_translated: bool = False
    """Whether it is untouched, but an element in it is translated."""
    stop: int = 0
    """The token after its last one."""
    is_closed: bool = False
    """Whether its last token is its end tag."""
    parent: "Element | None" = None
    has_text: bool = False
    """Whether text stands in it, but for that of its elements."""
    is_block: bool = False
    """Whether its tags part the text."""


class Elements:
    """The elements of a document; each token's place in them."""

    def __init__(self, tokens: Sequence[Token], markup: Markup) -> None:
        """Pairs tags. An end tag ends the innermost element of its name, and all within that."""
        self.opened: dict[int, Element] = {}
        """The elements, by their start tags."""
        self.closed: dict[int, Element] = {}
        """The elements, by their end tags."""
        self.live: list[bool] = []
        """Whether text at the place of each token would be translated."""
        self._markup = markup
        self._tokens = tokens
        self._stack: list[Element] = []
        self._root_has_text = False
        self._open = Counter[str]()
        for number, token in enumerate(tokens):
            if token.kind == "open":
                self._end_implied(token.name, number)
            if token.kind == "close" and self._open[token.name]:
                element = self._close(token.name, number)
                self.closed[number] = element
            self.live.append(self._is_live())
            if token.kind == "text" and token.raw.strip().strip("\ufeff"):
                self._note_text()
            if token.kind in ("open", "empty"):
                element = self._element(token)
                element.parent = self._stack[-1] if self._stack else None
                self.opened[number] = element
                if token.kind == "open":
                    self._stack.append(element)
                    self._open[element.name] += 1
                else:
                    element.stop, element.is_closed = number + 1, True
        self._end(len(tokens), 0)
        for element in self.opened.values():
            element.is_block = self._parts_text(element)

    def _is_live(self) -> bool:
        return self._stack[-1].is_translated if self._stack else True

    def _note_text(self) -> None:
        if self._stack:
            self._stack[-1].has_text = True
        else:
            self._root_has_text = True

    def _parts_text(self, element: Element) -> bool:
        """Whether the tags of an element part the text; those of the one around it are known.

        In XML, an element beside text is within the text, as is all in it.
        """
        if self._markup.kind == "html":
            return element.name in BLOCKS
        if element.parent is None:
            return not self._root_has_text
        return element.parent.is_block and not element.parent.has_text

    def _element(self, token: Token) -> Element:
        """Makes an element of a start tag: whether it is translated is the innermost word on it."""
        inherited = self._is_live()
        never = bool(self._stack) and self._stack[-1].is_never
        ignored = token.name in self._markup.ignore_tags
        said = token.attributes.get("translate", "").strip().lower()
        is_html = self._markup.kind == "html"
        if never or ignored or (is_html and token.name in NEVER):
            return Element(token.name, False, ignored, True)
        if said in ("no", "yes"):
            translated = said == "yes"
        elif is_html and (
            token.name in UNTOUCHED or "notranslate" in token.attributes.get("class", "").split()
        ):
            translated = False
        else:
            translated = inherited
        if translated and not inherited:
            for outer in reversed(self._stack):
                if outer.is_translated or outer.holds_translated:
                    break
                outer.holds_translated = True
        return Element(token.name, translated, False, False)

    def _end_implied(self, name: str, number: int) -> None:
        """Ends the elements that have no end tag before the start tag of ``name``."""
        if self._markup.kind == "xml":
            return
        ended = ENDS.get(name, _NONE)
        while self._stack and (
            self._stack[-1].name in ended
            or (self._stack[-1].name == "p" and name in ENDS_PARAGRAPH)
        ):
            self._end(number, len(self._stack) - 1)

    def _close(self, name: str, number: int) -> Element:
        """Ends the innermost element of a name at its end tag."""
        depth = len(self._stack) - 1
        while self._stack[depth].name != name:
            depth -= 1
        element = self._stack[depth]
        self._end(number, depth)
        element.stop, element.is_closed = number + 1, True
        return element

    def _end(self, stop: int, depth: int) -> None:
        """Ends the elements from ``depth`` on before a token."""
        while len(self._stack) > depth:
            element = self._stack.pop()
            element.stop = stop
            self._open[element.name] -= 1

    def is_mention(self, number: int) -> bool:
        """Whether an element of HTML is a name, a hashtag or an address, which are carried over."""
        text = self._short_text(number, "a", "span")
        token = self._tokens[number]
        if any(map(_MENTION_CLASS.fullmatch, token.attributes.get("class", "").split())):
            return bool(text)
        return token.name == "a" and _MENTION.fullmatch(text) is not None

    def is_index(self, number: int) -> bool:
        """Whether an element of HTML is a number or sign above or below the line, or a note."""
        return _INDEX.fullmatch(self._short_text(number, "sub", "sup")) is not None

    def _short_text(self, number: int, *names: str) -> str:
        """Returns the text of an inline element of one of some names; none if much is in it."""
        element = self.opened[number]
        is_short = element.is_closed and element.stop - number <= _SHORT_PARTS
        if self._markup.kind == "xml" or element.name not in names or not is_short:
            return ""
        parts = self._tokens[number + 1 : element.stop - 1]
        if any(part.name in BLOCKS for part in parts):
            return ""
        return decode("".join(part.raw for part in parts if part.kind == "text")).strip()
