"""The pieces of a serialized SentencePiece model, read and appended to.

Field numbers are those of ``sentencepiece_model.proto``: a model has a list of pieces (1), its
training settings (2) and its rules for characters (3).
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import sentencepiece

from s2s.config import UNK_ID
from s2s.errors import ModelError
from s2s.protobuf import read_fields, write_field, write_fixed32
from s2s.text import ZERO_WIDTH_SPACE

Ids = tuple[int, ...]
"""Ids of the pieces of a text."""

NORMAL, CONTROL, BYTE = 1, 3, 6
"""Kinds of pieces: text; control pieces, which no text contains; and bytes, which write a character
that has no piece."""
ALGORITHMS = {1: "unigram", 2: "bpe", 3: "word", 4: "char"}
SPACE = "\u2581"
"""SentencePiece's sign for a blank, with which the first piece of a word begins."""
_SHARED_OUT = 5000  # texts from which on a list gets threads: more than a translator's chunk


class Piece(NamedTuple):
    """An element of a vocabulary."""

    text: str
    score: float
    """Unigram: log-probability in nats. BPE: merges with a larger score come first."""
    kind: int = NORMAL


def read_pieces(model: bytes) -> list[Piece]:
    """Returns the pieces of a model, in the order of their ids.

    Raises:
        ModelError: If it is no SentencePiece model, or has a piece that is damaged.
    """
    pieces = []
    try:
        for number, value in read_fields(memoryview(model)):
            if number == 1 and isinstance(value, memoryview):
                piece = dict(read_fields(value))
                text, score = piece[1], piece.get(2, memoryview(bytes(4)))
                kind = piece.get(3, NORMAL)
                if not isinstance(kind, int):
                    raise TypeError("the kind of a piece is not a number")
                points = struct.unpack("<f", _bytes(score))[0]
                pieces.append(Piece(_bytes(text).decode(), points, kind))
    except (IndexError, KeyError, TypeError, UnicodeDecodeError, struct.error) as error:
        raise ModelError(f"the vocabulary is damaged: {error!s:.200}") from error
    return pieces


def algorithm_of(model: bytes) -> str:
    """Returns the algorithm that learned a model: ``bpe``, ``unigram``, ``word`` or ``char``."""
    kind = _fields(model, 2).get(3, 1)
    return ALGORITHMS.get(kind, "unknown") if isinstance(kind, int) else "unknown"


def normalization_of(model: bytes) -> str:
    """Returns the name of a model's rule for characters."""
    name = _fields(model, 3).get(1, memoryview(b""))
    return bytes(name).decode(errors="replace") if isinstance(name, memoryview) else ""


def splits_digits(model: bytes) -> bool:
    """Whether a model learned no pieces of several digits."""
    return bool(_fields(model, 2).get(25, 0))


def append_pieces(model: bytes, pieces: Iterable[Piece]) -> bytes:
    """Returns the model with more pieces at its end; the ids of the others do not change."""
    return model + b"".join(
        write_field(
            1,
            write_field(1, piece.text.encode())
            + write_fixed32(2, struct.pack("<f", piece.score))
            + write_field(3, piece.kind),
        )
        for piece in pieces
    )


def without_text(model: bytes) -> bytes:
    """Returns a model without its pieces of text: control pieces and bytes stay."""
    return b"".join(
        write_field(number, value if isinstance(value, int) else bytes(value))
        for number, value in read_fields(memoryview(model))
        if isinstance(value, int)
        or number != 1
        or dict(read_fields(value)).get(3, NORMAL) != NORMAL
    )


def normalize(processor: sentencepiece.SentencePieceProcessor, text: str) -> str:
    """Returns the text that a model cuts into pieces.

    Raises:
        ModelError: See ``apply_rules``.
    """
    return apply_rules(processor, readable(processor, text))


def apply_rules(processor: sentencepiece.SentencePieceProcessor, text: str) -> str:
    """Applies a model's rules for characters to a text, and writes its sign for blanks.

    Raises:
        ModelError: If the result is no UTF-8: the rules are damaged.
    """
    try:
        return str(processor.normalize(text))
    except UnicodeDecodeError as error:
        raise ModelError("the vocabulary's rules for characters are damaged") from error


def readable(processor: sentencepiece.SentencePieceProcessor, text: str) -> str:
    """Returns ``text`` with blanks for zero-width spaces that the vocabulary does not know."""
    if ZERO_WIDTH_SPACE in text and zero_width_is_blank(processor):
        return text.replace(ZERO_WIDTH_SPACE, " ")
    return text


def zero_width_is_blank(processor: sentencepiece.SentencePieceProcessor) -> bool:
    """Whether a model has neither a piece nor a rule for the zero-width space.

    It then stands for a blank, as in all vocabularies of s2s 0.1.0.
    """
    return (
        processor.piece_to_id(ZERO_WIDTH_SPACE) == UNK_ID
        and not processor.is_byte(processor.piece_to_id("<0x20>"))
        and ZERO_WIDTH_SPACE in processor.normalize(f"a{ZERO_WIDTH_SPACE}a")
    )


def cut_words(
    processor: sentencepiece.SentencePieceProcessor, words: Iterable[str], blank: Ids = ()
) -> list[int]:
    """Returns the ids of a text whose words are cut one by one.

    SentencePiece itself makes one unknown piece of several unknown words in a row, so that a text
    of five words may have three pieces. For a vocabulary of words, each word should have one.

    Args:
        processor: The vocabulary.
        words: The words; an empty one stands for a further blank.
        blank: Ids of such a blank.
    """
    return [number for word in words for number in (processor.encode(word) if word else blank)]


def encode_texts(
    processor: sentencepiece.SentencePieceProcessor,
    texts: Sequence[str],
    of_words: Callable[[], bool],
    keeps_blanks: bool,
) -> list[list[int]]:
    """Returns the ids of texts.

    Args:
        processor: The vocabulary.
        texts: The texts.
        of_words: Says whether it is a vocabulary of words; asked if a text has an unknown piece.
        keeps_blanks: Whether several blanks in a row count.
    """
    # SentencePiece starts at least one thread for a list in each call: a sentence takes 5 us
    # without threads and 40 to 300 us with them.
    known = [readable(processor, text) for text in texts]
    if len(texts) < _SHARED_OUT:
        encoded = [processor.encode(text) for text in known]
    else:
        encoded = list(processor.encode(known, num_threads=-1))
    unknown = [row for row, ids in enumerate(encoded) if UNK_ID in ids]
    if unknown and of_words():
        blank = (int(processor.piece_to_id(SPACE)),) if keeps_blanks else ()
        for row in unknown:
            encoded[row] = cut_words(processor, known[row].split(" "), blank)
    return encoded


def load_plain(model: bytes) -> sentencepiece.SentencePieceProcessor:
    """Loads a model that cuts normalised text, with signs for blanks, and changes nothing in it.

    So a text that does not begin a word can be cut without becoming the beginning of one.
    """
    # No character map, no blank added in front, no blank removed.
    plain = write_field(2, b"") + write_field(3, 0) + write_field(4, 0)
    processor = sentencepiece.SentencePieceProcessor()
    try:
        processor.LoadFromSerializedProto(model + write_field(3, plain))
    except RuntimeError as error:
        raise ModelError(f"SentencePiece refuses the vocabulary: {error!s:.200}") from error
    return processor


def _bytes(value: int | memoryview) -> bytes:
    if isinstance(value, int):
        raise TypeError("a number in place of text or score")
    return bytes(value)


def _fields(model: bytes, number: int) -> dict[int, int | memoryview]:
    """Returns the fields of the message that is a model's field ``number``."""
    fields: dict[int, int | memoryview] = {}
    try:
        for field, value in read_fields(memoryview(model)):
            if field == number and isinstance(value, memoryview):
                fields |= dict(read_fields(value))
    except IndexError as error:
        raise ModelError(f"the vocabulary is damaged: {error}") from error
    return fields
