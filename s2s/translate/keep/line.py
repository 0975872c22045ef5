"""A translation put together from the network's words and kept texts, with the blanks between."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from s2s.tokenizer.keep import Keep, Kept
from s2s.translate.keep.units import SourceUnits, TargetTokens
from s2s.translate.sources import MarkedPart
from s2s.translate.words import Pairs, pair_words


class Slot(NamedTuple):
    """Where in a translation a kept text goes."""

    start: int
    """The first of the tokens that it replaces."""
    stop: int
    """The one after the last; ``start`` where it is put before that one."""
    kept: int
    """Its number in the source."""


class Line:
    """A translation that is put together."""

    def __init__(self) -> None:
        self.text = ""
        self.token_words: dict[int, int] = {}
        """The number of the word, from 0, that each token is in."""
        self.kept_words: dict[int, int] = {}
        """The same of kept texts, their first word."""
        self.apart = False
        """Whether a blank has to follow."""

    def add(self, text: str, *, blank: bool) -> int:
        """Adds a text, after a blank if that is said or two words would become one."""
        if self.text and text:
            joined = self.text[-1].isalnum() and text[0].isalnum()
            if blank or joined or self.apart:
                self.text += " "
            self.apart = False
        word = self.text.count(" ")
        self.text += text
        return word


def put_together(target: TargetTokens, part: MarkedPart, slots: Sequence[Slot], keep: Keep) -> Line:
    """Makes a line; with more blanks where a pattern else finds something else than what is kept.

    An address before a full stop is an example.
    """
    wanted = Counter(each.text for each in part.kept)

    def missing(line: Line) -> int:
        return (wanted - Counter(keep.texts(line.text))).total()

    apart: set[int] = set()
    line = _line(target, part, slots, apart)
    for number in range(len(part.kept)):
        if not missing(line):
            break
        other = _line(target, part, slots, apart | {number})
        if missing(other) < missing(line):
            line, apart = other, apart | {number}
    return line


def _line(target: TargetTokens, part: MarkedPart, slots: Sequence[Slot], apart: set[int]) -> Line:
    """Makes a line.

    In place of words a text has their blanks. Between two words it has those that it has in the
    source, and punctuation that is close to it there is so here; each in ``apart`` has blanks.
    """
    line = Line()
    token = 0
    close: Kept | None = None  # put between two words just now
    for slot in [*sorted(slots, key=lambda slot: (slot.start, slot.kept)), None]:
        for each in range(token, len(target) if slot is None else slot.start):
            if not target.text(each, each + 1):
                continue
            blank = target.after_blank(each)
            if close is not None:
                blank = _blank_beside(close.after, target.is_mark(each), blank)
            line.token_words[each] = line.add(target.text(each, each + 1), blank=blank)
            close = None
        if slot is None:
            break
        kept, replaces = part.kept[slot.kept], slot.stop > slot.start
        if replaces:
            blank = target.after_blank(slot.start)
        else:
            mark = close is None and slot.start > 0 and target.is_mark(slot.start - 1)
            blank = _blank_beside(kept.before, mark, True)
        if close is not None and close.after.isalnum():
            blank = False
        line.kept_words[slot.kept] = line.add(kept.text, blank=blank or slot.kept in apart)
        line.apart = slot.kept in apart
        close = None if replaces else kept
        token = max(token, slot.stop)
    return line


def _blank_beside(neighbour: str, is_mark: bool, blank: bool) -> bool:
    """Whether there is a blank between a text that is put between two words and one of them.

    Args:
        neighbour: The character beside it in the source.
        is_mark: Whether what is beside it now is punctuation.
        blank: Whether that has a blank by itself.
    """
    if neighbour in ("", " "):
        return blank or not is_mark
    return not is_mark and not neighbour.isalnum()


def align(
    attention: NDArray[np.float32],
    source: SourceUnits,
    target: TargetTokens,
    line: Line,
    part: MarkedPart,
) -> Pairs:
    """Aligns the words of a line; of a kept text each with its own."""
    rows = [
        (place, word)
        for token, word in line.token_words.items()
        for place in range(*target.ranges[token])
    ]
    found = pair_words(
        attention[[place for place, _ in rows]], source.word_of, [word for _, word in rows]
    )
    pairs = {tgt: src for src, tgt in found}
    for number, word in line.kept_words.items():
        for more in range(part.kept[number].text.count(" ") + 1):
            pairs[word + more] = source.kept_words[number] + more
    return tuple((src, tgt) for tgt, src in sorted(pairs.items()))
