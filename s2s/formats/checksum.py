"""The checksum in a model file, which tells damage before anything of the file is run.

The metadata entry ``s2s.checksum`` holds the SHA-256 of the whole file in 64 hexadecimal digits,
computed with zeros in their place. ``s2s.config`` declares it, so that damage cannot remove it
unnoticed; files of 0.1.0 have none. It is no signature: an attacker can write a new one.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from s2s.errors import ModelError
from s2s.protobuf import write_field, write_varint

KEY = "s2s.checksum"
DECLARED = {"checksum": "sha256"}
"""The declaration in ``s2s.config``."""
BLANK_CHECKSUM = "0" * 64
"""The entry before ``sealed`` writes the checksum."""
_BEFORE = (
    write_field(1, KEY.encode()) + write_varint(2 << 3 | 2) + write_varint(len(BLANK_CHECKSUM))
)
"""The bytes before the digits: a StringStringEntryProto."""


def sealed(model: bytes) -> bytes:
    """Returns a serialized model with its checksum written into it.

    Args:
        model: A model with an entry ``s2s.checksum``: ``BLANK_CHECKSUM``, or the checksum that it
            had before a change.

    Raises:
        ModelError: If it has no such entry.
    """
    place = _find_digits(model)
    if place is None:
        raise ModelError(f"the model cannot hold a checksum; expected one entry {KEY} of 64 digits")
    return model[:place] + _digest(model, place).encode() + model[place + len(BLANK_CHECKSUM) :]


def check_checksum(
    model: bytes, metadata: Mapping[str, str], card: Mapping[str, Any] | None
) -> None:
    """Raises ModelError if a model's checksum is wrong, or is declared but missing.

    Args:
        model: The serialized model.
        metadata: Its metadata.
        card: Its ``s2s.config``; None if that is no JSON object.
    """
    checksum = metadata.get(KEY)
    if checksum is None:
        if card is not None and "checksum" in card:
            raise ModelError(
                f"it is damaged: its {KEY} is missing; use a copy, or export the run again"
            )
        return
    place = _find_digits(model)
    if place is None or _digest(model, place) != checksum:
        raise ModelError(
            "it is damaged, or was changed after its export: its checksum does not match its "
            "content; use a copy, or export the run again"
        )


def _find_digits(model: bytes) -> int | None:
    """Returns where the digits of the last entry begin: the last entry counts."""
    start = model.rfind(_BEFORE)  # metadata come last, after the weights
    place = start + len(_BEFORE)
    return None if start < 0 or place + len(BLANK_CHECKSUM) > len(model) else place


def _digest(model: bytes, place: int) -> str:
    view = memoryview(model)
    digest = hashlib.sha256(view[:place])
    digest.update(BLANK_CHECKSUM.encode())
    digest.update(view[place + len(BLANK_CHECKSUM) :])
    return digest.hexdigest()
