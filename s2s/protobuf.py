"""Protobuf messages, read and written without the protobuf package.

The wire format is described in https://protobuf.dev/programming-guides/encoding/. Other modules
rely on two of its rules: appending a repeated field to a message adds an element, and appending a
message to a field that already has one merges both, field by field.
"""

from collections.abc import Iterator

_VARINT, _BYTES, _FIXED32 = 0, 2, 5


def read_fields(view: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yields the number and value of each field of a message.

    Raises:
        IndexError: If the message is cut off, or is not a message.
    """
    position = 0
    while position < len(view):
        key, position = read_varint(view, position)
        value: int | memoryview
        match key & 7:
            case 0:
                value, position = read_varint(view, position)
            case 2:
                size, position = read_varint(view, position)
                value, position = view[position : position + size], position + size
            case 1:
                value, position = view[position : position + 8], position + 8
            case 5:
                value, position = view[position : position + 4], position + 4
            case _:
                raise IndexError("unknown wire type")
        if position > len(view) or key >> 3 == 0:
            raise IndexError("cut off")
        yield key >> 3, value


def read_varint(view: memoryview, position: int) -> tuple[int, int]:
    """Returns the number at ``position`` and the position after it.

    Raises:
        IndexError: If the number is cut off, or has more than 64 bits.
    """
    value = shift = 0
    while shift < 64:
        byte = view[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise IndexError("number of more than 64 bits")


def write_field(number: int, value: int | bytes) -> bytes:
    """Returns a field with a non-negative number, or with a serialized string or message."""
    if isinstance(value, int):
        return write_varint(number << 3 | _VARINT) + write_varint(value)
    return write_varint(number << 3 | _BYTES) + write_varint(len(value)) + value


def write_fixed32(number: int, value: bytes) -> bytes:
    """Returns a field of four bytes, for example a little-endian float."""
    assert len(value) == 4
    return write_varint(number << 3 | _FIXED32) + value


def write_varint(value: int) -> bytes:
    """Returns a non-negative number in the encoding of messages."""
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
