"""Marks among pieces: how a sentence in which marks stand for kept texts is cut into pieces.

The marks are the two characters of ``s2s.tokenizer.keep``. Among the ids of pieces they have
negative ids of their own, until ``replace_marks`` puts pieces in their place.
"""

import re
from collections.abc import Iterator, Sequence

import sentencepiece

from s2s.config import UNK_ID
from s2s.errors import ModelError
from s2s.tokenizer.keep import KEEP_PIECE, SILENT, STAND_IN
from s2s.tokenizer.pieces import SPACE, cut_words, load_plain, normalize

MARK_IDS = {STAND_IN: -1, SILENT: -2}
"""The ids of the marks; no piece has these."""
BLANK_ID = -3
"""The blank before a stand-in."""
_MARK = re.compile(f"([{STAND_IN}{SILENT}])")
_WORD = re.compile(f"{SPACE}?[^{SPACE}]+")


class MarkedEncoder:
    """Cuts the text between marks as if the marks were words."""

    def __init__(
        self, model: bytes, processor: sentencepiece.SentencePieceProcessor, *, of_words: bool
    ) -> None:
        """Takes a SentencePiece model, serialized and loaded, and whether it is one of words."""
        self._normalizer = processor
        self._plain = load_plain(model)
        # A vocabulary of words has no piece for a blank.
        self._of_words = of_words
        self._has_blank = int(processor.piece_to_id(SPACE)) != UNK_ID

    def encode(self, text: str) -> list[int]:
        """Returns ids of pieces and of marks."""
        ids: list[int] = []
        for segment in self.segments(text):
            if isinstance(segment, int):
                ids.append(segment)
            elif self._of_words:
                ids += cut_words(self._plain, _WORD.findall(segment))
            else:
                ids += self._plain.encode(segment)
        return ids

    def segments(self, text: str) -> Iterator[str | int]:
        """Yields the ids of marks and the text between them, normalised, with signs for blanks."""
        segments = _MARK.split(text)  # text and marks by turns
        for number, segment in enumerate(segments):
            before = segments[number - 1][-1:] if number else ""
            if number % 2:
                if segment == STAND_IN and before in ("", " ") and self._has_blank:
                    yield BLANK_ID
                yield MARK_IDS[segment]
            elif segment:
                glued = number > 0 and not segment.startswith(" ")
                if before == SILENT:
                    last = segments[number - 2][-1:]
                    # The network reads nothing there, but words end: <i>one</i><i>two</i>.
                    parts_words = last in ("", " ") or (last.isalnum() and segment[0].isalnum())
                    glued = glued and not parts_words
                normal = normalize(self._normalizer, segment)
                yield normal.removeprefix(SPACE) if glued else normal


def keep_piece_id(processor: sentencepiece.SentencePieceProcessor) -> int:
    """Returns the id of the piece of kept texts; raises ModelError if there is none."""
    number = int(processor.piece_to_id(KEEP_PIECE))
    if number == UNK_ID or not processor.is_control(number):
        raise ModelError(
            f"keep (--keep) has patterns, but a tokenizer has no control piece {KEEP_PIECE}; turn "
            "keeping off, or learn a new vocabulary"
        )
    return number


def replace_marks(ids: Sequence[int], blank: int, stand_in: int) -> tuple[int, ...]:
    """Returns ids with pieces in place of marks.

    Args:
        ids: Ids of pieces and marks.
        blank: The id of the piece for a blank before a stand-in.
        stand_in: The id of the piece for a stand-in; a silent mark gets none.
    """
    pieces = {MARK_IDS[STAND_IN]: stand_in, BLANK_ID: blank}
    return tuple(pieces.get(number, number) for number in ids if number != MARK_IDS[SILENT])
