"""Cuts a document into tags, text and the rest, each as it was typed.

The parser is Python's ``html.parser``. It tells where each tag begins and ends, so that everything
else can be written back as it was. A parser that builds a tree, as browsers do, cannot: quotes,
missing end tags and unknown elements are gone in the tree. Its work may also be a square of the
document's size: ``<p><b id=1><p><b id=2>...`` opens every ``b`` again in every ``p``, and with
lexbor 50 kB of that became 124 MB in half a minute.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html.parser import HTMLParser
from typing import Literal, NamedTuple

from s2s.translate.markup.names import KNOWN, RAW, VOID
from s2s.translate.markup.options import Markup

Kind = Literal["text", "open", "close", "empty", "other"]

_NAME = re.compile(r"</?\s*([^\s/>]*)")
_FOUND = frozenset(("class", "translate"))
"""The attributes that count."""
_NO_TAG = re.compile(r"<(?![A-Za-z/!?])")
_NEUTRAL = "\x1a"
"""Stands for a character that says nothing about tags."""


class Token(NamedTuple):
    """A part of a document."""

    kind: Kind
    """``empty`` is an element without content: ``<br>``, or ``<x/>``. ``other`` is what is neither
    tag nor text, such as a comment."""
    raw: str
    """The part as it was typed."""
    name: str = ""
    """The name of a tag; in HTML in small letters."""
    attributes: Mapping[str, str] = {}
    """The attributes ``class`` and ``translate`` of a start tag."""


class Tokens(NamedTuple):
    """A document, cut into its parts; joined, these are the document."""

    tokens: list[Token]
    num_unread: int
    """Characters at the end that nothing could be made of, because a comment or an element such as
    ``script`` has no end, or the value of an attribute has none."""


class _Event(NamedTuple):
    """What the parser found at a place."""

    start: int
    end: int | None
    """None if it reaches to the next one."""
    token: Token


class _Scanner(HTMLParser):
    """Notes where tags and text begin."""

    def __init__(self, text: str, markup: Markup) -> None:
        super().__init__(convert_charrefs=False)
        # The releases of Python differ in these.
        raw = RAW if markup.kind == "html" else ()
        self.CDATA_CONTENT_ELEMENTS = raw  # type: ignore[misc]
        self.RCDATA_CONTENT_ELEMENTS = ()  # type: ignore[misc]
        self.events: list[_Event] = []
        self.innermost_raw = ""
        self._raw = raw
        self._is_xml = markup.kind == "xml"
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]

    @property
    def place(self) -> int:
        """Characters before what is being read."""
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def _add(self, kind: Kind, length: int | None = None, name: str = "", **found: str) -> None:
        start = self.place
        end = None if length is None else start + length
        self.events.append(_Event(start, end, Token(kind, "", name, found)))

    def _add_tag(
        self, name: str, attributes: list[tuple[str, str | None]], *, closed: bool
    ) -> None:
        raw = self.get_starttag_text() or ""
        empty = name in VOID or (closed and name not in KNOWN)
        if self._is_xml:
            match = _NAME.match(raw)
            name, empty = match[1] if match else name, closed
        found = {key: value or "" for key, value in reversed(attributes) if key in _FOUND}
        self._add("empty" if empty else "open", len(raw), name, **found)
        self.innermost_raw = name if name in self._raw else ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._add_tag(tag, attrs, closed=False)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._add_tag(tag, attrs, closed=True)

    def handle_endtag(self, tag: str) -> None:
        self.innermost_raw = ""
        self._add("close", None, tag)

    def handle_data(self, data: str) -> None:
        self._add("text", len(data))

    def handle_comment(self, data: str) -> None:
        self._add("other")

    def handle_decl(self, decl: str) -> None:
        self._add("other")

    def handle_pi(self, data: str) -> None:
        self._add("other")

    def unknown_decl(self, data: str) -> None:
        self._add("other")


def read_tokens(source: str, markup: Markup) -> Tokens:
    """Cuts a document into its parts, in time that grows with its length.

    Args:
        source: The document, or a piece of one.
        markup: How it is read.
    """
    masked = _masked(source, markup)
    scanner = _Scanner(masked, markup)
    # Without ``close``, what has no end is not searched again from each of its characters.
    scanner.feed(masked)
    stop = scanner.place
    tokens = list(_merged(_cut(source, scanner.events, stop, markup)))
    rest = source[stop:]
    num_unread = 0
    if rest:
        is_markup = (
            bool(scanner.innermost_raw) or rest.startswith(("<!", "<?", "</")) or ">" in rest
        )
        tokens = list(_merged([*tokens, Token("other" if is_markup else "text", rest)]))
        num_unread = len(rest) * is_markup
    return Tokens(tokens, num_unread)


def _cut(source: str, events: Sequence[_Event], stop: int, markup: Markup) -> Iterator[Token]:
    """Yields the parts that events are about, and what lies between them."""
    if first := events[0].start if events else stop:
        yield Token("other", source[:first])
    for number, event in enumerate(events):
        following = events[number + 1].start if number + 1 < len(events) else stop
        end = following if event.end is None else min(event.end, following)
        token = event.token._replace(raw=source[event.start : end])
        if token.kind == "close" and markup.kind == "xml":
            match = _NAME.match(token.raw)
            token = token._replace(name=match[1] if match else token.name)
        yield token
        if end < following:
            yield Token("other", source[end:following])


def _merged(tokens: Iterable[Token]) -> Iterator[Token]:
    """Joins neighbouring texts."""
    texts: list[str] = []
    for token in tokens:
        if token.kind == "text":
            texts.append(token.raw)
            continue
        if texts:
            yield Token("text", "".join(texts))
            texts = []
        yield token
    if texts:
        yield Token("text", "".join(texts))


def _masked(source: str, markup: Markup) -> str:
    """Returns a document of the same length without what the parser stumbles over.

    Entities are read later. Of sections in brackets, an unknown one is an error in some releases of
    Python, and the end of CDATA is not found in others.
    """
    text = _NO_TAG.sub(_NEUTRAL, source.replace("&", _NEUTRAL))
    if "<![" not in text:
        return text
    pieces, done = [], 0
    if markup.kind == "xml":
        while (start := text.find("<![CDATA[", done)) >= 0:
            end = text.find("]]>", start)
            if end < 0:
                break
            pieces += [text[done:start], "<!--", "x" * (end - start - 4), "-->"]
            done = end + 3
    return "".join([*pieces, text[done:]]).replace("<![", "<!x")
