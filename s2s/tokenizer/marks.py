"""Pieces of a sentence in which marks stand in place of what is kept (``s2s.tokenizer.keep``)."""

import re
from collections.abc import Iterator, Sequence

import sentencepiece

from s2s.config import UNK_ID
from s2s.errors import ModelError
from s2s.tokenizer.keep import KEEP_PIECE, SILENT, STAND_IN
from s2s.tokenizer.pieces import SPACE, load_plain, normalize

MARK_IDS = {STAND_IN: -1, SILENT: -2}
"""What stands for them among the ids of pieces; no piece has these."""
BLANK_ID = -3
"""The blank before a stand-in."""
_MARK = re.compile(f"([{STAND_IN}{SILENT}])")


class MarkedEncoder:
    """Cuts what is between marks as if the words on both sides were there."""

    def __init__(self, model: bytes, processor: sentencepiece.SentencePieceProcessor) -> None:
        """Takes a SentencePiece model, serialized and loaded."""
        self._normalizer = processor
        self._plain = load_plain(model)
        # A vocabulary of words has none.
        self._has_blank = int(processor.piece_to_id(SPACE)) != UNK_ID

    def encode(self, text: str) -> list[int]:
        """Returns ids of pieces and of marks."""
        ids: list[int] = []
        for each in self.segments(text):
            ids += [each] if isinstance(each, int) else self._plain.encode(each)
        return ids

    def segments(self, text: str) -> Iterator[str | int]:
        """Yields ids of marks, and in pieces' own form, normalized, what is between them."""
        between = _MARK.split(text)  # text and marks by turns
        for number, each in enumerate(between):
            before = between[number - 1][-1:] if number else ""
            if number % 2:
                if each == STAND_IN and before in ("", " ") and self._has_blank:
                    yield BLANK_ID
                yield MARK_IDS[each]
            elif each:
                glued = number > 0 and not each.startswith(" ")
                if before == SILENT:
                    last = between[number - 2][-1:]
                    # Nothing is read for the mark, but it parts words: <i>one</i><i>two</i>.
                    parted = last in ("", " ") or (last.isalnum() and each[0].isalnum())
                    glued = glued and not parted
                normal = normalize(self._normalizer, each)
                yield normal.removeprefix(SPACE) if glued else normal


def find_keep(processor: sentencepiece.SentencePieceProcessor) -> int:
    """Returns the id of the piece of kept texts; ModelError if there is none."""
    number = int(processor.piece_to_id(KEEP_PIECE))
    if number == UNK_ID or not processor.is_control(number):
        raise ModelError(f"a tokenizer has no control piece {KEEP_PIECE}, but keep has patterns")
    return number


def read(ids: Sequence[int], blank: int, stand_in: int) -> tuple[int, ...]:
    """Returns ids in which pieces are in place of marks."""
    pieces = {MARK_IDS[STAND_IN]: stand_in, BLANK_ID: blank}
    return tuple(pieces.get(each, each) for each in ids if each != MARK_IDS[SILENT])
