"""The target's share: the first pieces of a joint vocabulary, the only ones for target text.

Many pieces of a joint vocabulary occur on one side only. An output layer with all of them spends
time, and some of its probability, on pieces that it never learns. So the pieces of target text come
first, and a field of its own in the SentencePiece model holds their number. Target text is cut into
these pieces alone, as with the vocabulary threshold of Sennrich et al. (2017), "The University of
Edinburgh's Neural MT Systems for WMT17". Training text is cut as it would be without a share.

Another field says that the rules of the model are those of source text only, so that target text
stays as it is written (``s2s.tokenizer.rules``). Joint vocabularies without it, those of earlier
versions among them, apply their rules to both sides.
"""

from collections.abc import Iterable

from s2s.config import EOS_ID
from s2s.errors import ModelError
from s2s.protobuf import read_fields, read_varint, write_field, write_varint
from s2s.tokenizer.rules import identity_for, with_rules

FIELD, AS_WRITTEN = 200, 201
"""Numbers that ``sentencepiece_model.proto`` leaves to others: SentencePiece ignores these fields.
They come before all others, so that a reader finds them at once."""
_KEY = write_varint(FIELD << 3)
_MARK = write_field(AS_WRITTEN, 1)
_PIECE = 1


def target_share(model: bytes) -> int | None:
    """Returns how many pieces of a joint vocabulary are the target's; None if all are.

    Raises:
        ModelError: If the field is damaged.
    """
    if not model.startswith(_KEY):
        return None
    try:
        return read_varint(memoryview(model), len(_KEY))[0]
    except IndexError as error:
        raise ModelError(f"the target's share of the vocabulary is damaged: {error}") from error


def share_with_target(model: bytes, ids: Iterable[int]) -> bytes:
    """Makes the pieces ``ids``, and the special ones, the target's share: puts them first.

    The other pieces keep their order.
    """
    shared = {*ids, *range(EOS_ID + 1)}
    pieces, others = _split(model)
    first = [piece for number, piece in enumerate(pieces) if number in shared]
    later = [piece for number, piece in enumerate(pieces) if number not in shared]
    mark = _MARK if is_as_written(model) else b""
    return b"".join([write_field(FIELD, len(first)), mark, *first, *later, *others])


def mark_as_written(model: bytes) -> bytes:
    """Marks a joint vocabulary without a share: its rules are for source text only."""
    return _MARK + model


def is_as_written(model: bytes) -> bool:
    """Whether the rules of a joint vocabulary are for source text only.

    Raises:
        ModelError: If the target's share is damaged.
    """
    share = target_share(model)
    start = 0 if share is None else len(_KEY) + len(write_varint(share))
    return model.startswith(_MARK, start)


def target_model(model: bytes) -> bytes:
    """Returns the model that cuts target text.

    It is ``model`` itself, or the target's share of it, with the rules for target text.
    """
    share = target_share(model)
    if share is None:
        return with_target_rules(model)
    pieces, others = _split(with_target_rules(model))
    return b"".join([*pieces[:share], *others])


def with_target_rules(model: bytes) -> bytes:
    """Returns a joint vocabulary, all of it, with the rules for target text."""
    return with_rules(model, identity_for(model)) if is_as_written(model) else model


def _split(model: bytes) -> tuple[list[bytes], list[bytes]]:
    """Returns the serialized fields of a model: its pieces, and others but those of this module."""
    pieces, others = [], []
    try:
        for number, value in read_fields(memoryview(model)):
            field = write_field(number, value if isinstance(value, int) else bytes(value))
            if number == _PIECE:
                pieces.append(field)
            elif number not in (FIELD, AS_WRITTEN):
                others.append(field)
    except IndexError as error:
        raise ModelError(f"the vocabulary is damaged: {error}") from error
    return pieces, others
