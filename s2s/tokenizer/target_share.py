"""The target's share: the first pieces of a joint vocabulary, the only ones for target text.

Many pieces of a joint vocabulary occur on one side only. An output layer with all of them spends
time, and some of its probability, on pieces that it never learns. So the pieces of target text come
first, and a field of its own in the SentencePiece model holds their number. Target text is cut into
these pieces alone, as with the vocabulary threshold of Sennrich et al. (2017), "The University of
Edinburgh's Neural MT Systems for WMT17". Training text is cut as it would be without a share.
"""

from collections.abc import Iterable

from s2s.config import EOS_ID
from s2s.errors import ModelError
from s2s.protobuf import read_fields, read_varint, write_field, write_varint

FIELD = 200
"""The first field number that ``sentencepiece_model.proto`` leaves to others; SentencePiece ignores
the field. It comes before all others, so that a reader finds it at once."""
_KEY = write_varint(FIELD << 3)
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
    return b"".join([write_field(FIELD, len(first)), *first, *later, *others])


def target_model(model: bytes) -> bytes:
    """Returns the model that cuts target text: ``model`` itself, or the target's share of it."""
    share = target_share(model)
    if share is None:
        return model
    pieces, others = _split(model)
    return b"".join([*pieces[:share], *others])


def _split(model: bytes) -> tuple[list[bytes], list[bytes]]:
    """Returns the serialized fields of a model: its pieces, and all others except the share."""
    pieces, others = [], []
    try:
        for number, value in read_fields(memoryview(model)):
            field = write_field(number, value if isinstance(value, int) else bytes(value))
            if number == _PIECE:
                pieces.append(field)
            elif number != FIELD:
                others.append(field)
    except IndexError as error:
        raise ModelError(f"the vocabulary is damaged: {error}") from error
    return pieces, others
