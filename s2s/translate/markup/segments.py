"""Parts a document into segments that are translated, and all that stands between them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from s2s.translate.markup.elements import Element, Elements
from s2s.translate.markup.entities import decode
from s2s.translate.markup.names import BLOCKS, KNOWN, SEEN, UNSEEN
from s2s.translate.markup.options import Markup
from s2s.translate.markup.tokens import Token, Tokens

_BLANK = r"(?:\s|[\0\ufeff]|&(?:nbsp|\#160|\#[xX][aA]0);?)"
_LEADING = re.compile(rf"{_BLANK}*+")
_WORD = re.compile(r"[^\W_]+")
_LONGEST_FORMULA = 12
"""Letters and digits of a formula before an index; a longer word is none."""
_LONGEST_RAW = 1000
"""Characters of a formula, tags counted, that more is added to: the work stays bounded."""
_NO_BREAK = re.compile(r"&(?:nbsp|#160|#[xX][aA]0);?$")


class Piece(NamedTuple):
    """A piece of a segment."""

    kind: Literal["text", "open", "close", "item", "unit"]
    """``open`` and ``close`` are the tags of an element that is carried along with its words; an
    ``item`` has no words: an image, a comment; a ``unit`` is carried over as a word."""
    raw: str
    element: Element | None = None
    """The element of a tag."""
    parts_words: bool = False
    """Whether an item is something to see, so that the letters on both sides are two words."""
    index_name: str = ""
    """The name of the element, if it is an index such as ``<sub>2</sub>``, or begins a formula."""


@dataclass(frozen=True, slots=True)
class Span:
    """Neighbouring pieces without a tag between them that parts the text."""

    pieces: tuple[Piece, ...]

    @property
    def has_words(self) -> bool:
        """Whether there is something to translate: a letter or a digit."""
        return any(
            piece.kind == "text" and any(map(str.isalnum, decode(piece.raw)))
            for piece in self.pieces
        )

    @property
    def raw(self) -> str:
        """The pieces as they were typed."""
        return "".join(piece.raw for piece in self.pieces)


def part(document: Tokens, markup: Markup) -> Iterator[str | Span]:
    """Yields what a document consists of, in order: spans, and the text between them.

    Args:
        document: The document.
        markup: How it is read.
    """
    tokens = document.tokens
    elements = Elements(tokens, markup)
    pieces: list[Piece] = []
    number = 0
    while number < len(tokens):
        piece, following = _read(tokens, number, elements)
        if isinstance(piece, Piece):
            pieces.append(piece)
        else:
            if pieces:
                yield Span(_with_formulas(pieces))
                pieces = []
            yield piece
        number = following
    if pieces:
        yield Span(_with_formulas(pieces))


def _with_formulas(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Makes a unit of each index and the letters beside it: ``H<sub>2</sub>O``.

    An index behind a word that ends there is no formula but an item: a power, or a note.
    """
    found: list[Piece] = []
    tail = ""
    for number, piece in enumerate(pieces):
        if piece.kind == "text":
            if raw := piece.raw[len(tail) :]:
                found.append(Piece("text", raw))
            tail = ""
            continue
        following = pieces[number + 1] if number + 1 < len(pieces) else piece
        tail = _letters(following.raw) if piece.index_name and following.kind == "text" else ""
        head = _formula(found[-1]) if piece.index_name and found else ""
        if head and (tail or piece.index_name == "sub"):
            before = found.pop().raw[: -len(head)]
            if before:
                found.append(Piece("text", before))
            found.append(Piece("unit", head + piece.raw + tail, index_name=piece.index_name))
        else:
            tail = ""
            found.append(piece)
    return tuple(found)


def _letters(raw: str) -> str:
    """Returns the letters and digits at the beginning."""
    match = _WORD.match(raw)
    return match[0] if match else ""


def _formula(piece: Piece) -> str:
    """Returns the letters and digits at the end of a text, or all of a formula."""
    if piece.kind != "text":
        is_formula = piece.kind == "unit" and piece.index_name and len(piece.raw) <= _LONGEST_RAW
        return piece.raw if is_formula else ""
    word = _letters(piece.raw[: -_LONGEST_FORMULA - 1 : -1])[::-1]
    is_entity = piece.raw[: len(piece.raw) - len(word)].endswith(("&", "#"))
    return "" if is_entity or len(word) > _LONGEST_FORMULA else word


def _read(tokens: list[Token], number: int, elements: Elements) -> tuple[Piece | str, int]:
    """Returns the next piece, or text that parts pieces, and the number of the token after it."""
    token = tokens[number]
    if not elements.live[number]:
        return token.raw, number + 1
    if token.kind in ("open", "empty"):
        return _read_element(tokens, number, elements)
    if token.kind == "close":
        return _read_end(token, elements.closed.get(number)), number + 1
    return Piece("text" if token.kind == "text" else "item", token.raw), number + 1


def _read_element(tokens: list[Token], number: int, elements: Elements) -> tuple[Piece | str, int]:
    """Reads a start tag, or the whole of an element that is carried over as it is."""
    token, element = tokens[number], elements.opened[number]
    is_block, is_translated = element.is_block, element.is_translated
    is_empty = element.is_closed and element.stop <= number + 2
    is_mention = is_translated and elements.is_mention(number)
    is_index = is_translated and elements.is_index(number)
    is_whole = not is_block and (is_empty or is_mention or is_index)
    if not is_translated:
        is_whole = not element.holds_translated
    stop = element.stop if is_whole else number + 1
    raw = "".join(each.raw for each in tokens[number:stop])
    piece: Piece | str = raw
    if is_block or element.holds_translated:
        pass
    elif not is_translated:
        is_word = token.name not in UNSEEN and _has_text(tokens[number:stop])
        is_word = is_word or element.is_ignored
        piece = Piece("unit" if is_word else "item", raw, parts_words=token.name in SEEN)
    elif is_mention or (is_empty and _is_placeholder(token.name)):
        piece = Piece("unit", raw)
    elif is_index:
        piece = Piece("item", raw, index_name=token.name)
    elif is_empty or not element.is_closed:
        piece = Piece("item", raw, parts_words=token.name in SEEN)
    else:
        piece = Piece("open", raw, element)
    return piece, stop


def _read_end(token: Token, element: Element | None) -> Piece | str:
    """Reads an end tag; one without a start tag is an item, unless it is that of a block."""
    if element is None:
        return token.raw if token.name in BLOCKS else Piece("item", token.raw)
    if element.is_block or not element.is_translated:
        return token.raw
    return Piece("close", token.raw, element)


def _is_placeholder(name: str) -> bool:
    """Whether an empty element stands for words: HTML has no such element."""
    return name not in KNOWN and "-" not in name


def _has_text(tokens: list[Token]) -> bool:
    return any(token.kind == "text" and not token.raw.isspace() for token in tokens)


def trim(pieces: tuple[Piece, ...]) -> tuple[str, tuple[Piece, ...], str]:
    """Returns the blanks at both ends of a span as they were typed, and the pieces without them."""
    left, right = list(pieces), list[Piece]()
    lead = trail = ""
    while left and left[0].kind == "text":
        match = _LEADING.match(left[0].raw)
        blanks = match[0] if match else ""
        lead += blanks
        left[0] = Piece("text", left[0].raw[len(blanks) :])
        if left[0].raw:
            break
        del left[0]
    while left and left[-1].kind == "text":
        raw = left.pop().raw
        bare = _without_blanks_at_end(raw)
        trail = raw[len(bare) :] + trail
        if bare:
            right.append(Piece("text", bare))
            break
    return lead, (*left, *right), trail


def _without_blanks_at_end(raw: str) -> str:
    """Takes off blanks from the end, from the last one to the first."""
    end, before = len(raw), -1
    while end != before:
        before = end
        while end and (raw[end - 1].isspace() or raw[end - 1] in "\0\ufeff"):
            end -= 1
        if match := _NO_BREAK.search(raw[max(0, end - 7) : end]):
            end -= len(match[0])
    return raw[:end]
