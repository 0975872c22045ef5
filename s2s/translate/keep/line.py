"""A translation put together from the network's words and kept texts, with the blanks between."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from s2s.tokenizer.keep import KeptText
from s2s.translate.keep.finder import Finder
from s2s.translate.keep.units import SourceUnits, TargetTokens
from s2s.translate.sources import MarkedPart
from s2s.translate.words import Pairs, pair_words


class Slot(NamedTuple):
    """The place of a kept text in a translation."""

    start: int
    """The first of the tokens that it replaces."""
    stop: int
    """The token after the last one; ``start`` if it replaces none and comes before that token."""
    kept: int
    """The number of the kept text in the source."""


class Line:
    """A translation while it is put together."""

    def __init__(self) -> None:
        self.text = ""
        self.token_words: dict[int, int] = {}
        """The number of the word, from 0, that each token is in."""
        self.kept_words: dict[int, int] = {}
        """The number of the word, from 0, that each kept text begins in."""
        self.apart = False
        """Whether a blank must follow."""

    def add(self, text: str, *, blank: bool) -> int:
        """Adds a text; returns the number of its first word.

        A blank comes before it if ``blank`` asks for one, or if two words would become one.
        """
        if self.text and text:
            joined = self.text[-1].isalnum() and text[0].isalnum()
            if blank or joined or self.apart:
                self.text += " "
            self.apart = False
        word = self.text.count(" ")
        self.text += text
        return word


def put_together(
    target: TargetTokens, part: MarkedPart, slots: Sequence[Slot], finder: Finder
) -> Line:
    """Makes a line in which the kept texts are found again, if blanks around these allow it.

    For example, the pattern of an address may take a full stop after it for a part of it.
    """
    apart: set[int] = set()
    line = _make_line(target, part, slots, apart)
    missing = finder.num_missing(line.text, part.kept)
    for number in range(len(part.kept)):
        if not missing:
            break
        wider = _make_line(target, part, slots, apart | {number})
        still_missing = finder.num_missing(wider.text, part.kept)
        if still_missing < missing:
            line, apart, missing = wider, apart | {number}, still_missing
    return line


def _make_line(
    target: TargetTokens, part: MarkedPart, slots: Sequence[Slot], apart: set[int]
) -> Line:
    """Makes a line.

    A text that replaces words has their blanks. A text that is inserted between two words has the
    blanks that it has in the source; punctuation that is close to it in the source is close to it
    in the line. The texts in ``apart`` have blanks on both sides.
    """
    line = Line()
    next_token = 0
    inserted: KeptText | None = None  # the text just before, if it replaces no word
    for slot in [*sorted(slots, key=lambda slot: (slot.start, slot.kept)), None]:
        for token in range(next_token, len(target) if slot is None else slot.start):
            if not target.text(token, token + 1):
                continue
            blank = target.after_blank(token)
            if inserted is not None:
                blank = _blank_beside(inserted.after, target.is_punctuation(token), blank)
            line.token_words[token] = line.add(target.text(token, token + 1), blank=blank)
            inserted = None
        if slot is None:
            break
        kept, replaces = part.kept[slot.kept], slot.stop > slot.start
        if replaces:
            blank = target.after_blank(slot.start)
        else:
            after_token = inserted is None and slot.start > 0
            punctuation = after_token and target.is_punctuation(slot.start - 1)
            blank = _blank_beside(kept.before, punctuation, True)
        if inserted is not None and inserted.after.isalnum():
            blank = False
        line.kept_words[slot.kept] = line.add(kept.text, blank=blank or slot.kept in apart)
        line.apart = slot.kept in apart
        inserted = None if replaces else kept
        next_token = max(next_token, slot.stop)
    return line


def _blank_beside(neighbour: str, is_punctuation: bool, blank: bool) -> bool:
    """Whether a blank stands between an inserted text and the token beside it.

    Args:
        neighbour: The character beside the text in the source.
        is_punctuation: Whether the token is punctuation.
        blank: Whether the token has a blank by itself.
    """
    if neighbour in ("", " "):
        return blank or not is_punctuation
    return not is_punctuation and not neighbour.isalnum()


def align(
    attention: NDArray[np.float32],
    source: SourceUnits,
    target: TargetTokens,
    line: Line,
    part: MarkedPart,
) -> Pairs:
    """Aligns the words of a line; each word of a kept text with the same word in the source."""
    rows = [
        (place, word)
        for token, word in line.token_words.items()
        for place in range(*target.ranges[token])
    ]
    pairs = pair_words(
        attention[[place for place, _ in rows]], source.word_of, [word for _, word in rows]
    )
    src_words = {tgt: src for src, tgt in pairs}
    for number, word in line.kept_words.items():
        for offset in range(part.kept[number].text.count(" ") + 1):
            src_words[word + offset] = source.kept_words[number] + offset
    return tuple((src, tgt) for tgt, src in sorted(src_words.items()))
