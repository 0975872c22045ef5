"""Packed data told by its first bytes and unpacked while it is read: gzip, xz, bzip2, zstd.

The name of a file does not matter, except that ``text.gz`` must hold gzip data. All parts of a file
are read, as ``cat a.xz b.xz`` makes it; what follows them is an error. Memory is bounded.
"""

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Literal, NamedTuple, cast

from s2s.errors import DISTRIBUTION, DataError, MissingPackageError

MEMORY_LIMIT = 1 << 28
"""Most bytes that unpacking xz may need; zstd's own limit is half of it."""
_BLOCK = 1 << 16


class Compression(NamedTuple):
    """A way to pack data."""

    name: str
    ending: str
    """Of file names that promise such data."""
    magics: tuple[bytes, ...]
    """What the data may begin with."""


GZIP = Compression("gzip", ".gz", (b"\x1f\x8b",))
COMPRESSIONS = (
    GZIP,
    Compression("xz", ".xz", (b"\xfd7zXZ\0",)),
    Compression(
        "bzip2",
        ".bz2",
        tuple(  # the last ones are data of no bytes
            b"BZh%d%b" % (level, start)
            for level in range(1, 10)
            for start in (b"1AY&SY", b"\x17rE8P\x90")
        ),
    ),
    Compression(
        "zstd",
        ".zst",
        # The others are frames to be skipped, with which parallel packers begin.
        (b"\x28\xb5\x2f\xfd", *(bytes([0x50 + number]) + b"\x2a\x4d\x18" for number in range(16))),
    ),
)
"""What text may be packed with."""


def compression_of(head: bytes) -> Compression | None:
    """Returns what packed the data that begins with ``head``; None if nothing that is known."""
    return next((each for each in COMPRESSIONS if head.startswith(each.magics)), None)


def without_ending(name: str) -> str:
    """Returns a file name without the ending of a compression, such as ``.gz``."""
    ending = next((each.ending for each in COMPRESSIONS if name.endswith(each.ending)), "")
    return name.removesuffix(ending)


@contextmanager
def unpacked(raw: BinaryIO, name: str) -> Iterator[tuple[BinaryIO, bool]]:
    """Lends a stream of the unpacked bytes of ``raw``, and whether they were packed.

    No more bytes are taken from ``raw`` than are needed to recognise packed data, and then what it
    has: a user who types lines is answered line by line.

    Args:
        raw: Where to read.
        name: Its name for messages.

    Raises:
        DataError: If the data is damaged, here or while the stream is read.
        MissingPackageError: If the package that unpacks such data is not installed.
        OSError: If ``raw`` cannot be read.
    """
    head = _read_head(raw)
    stream = cast(BinaryIO, io.BufferedReader(_Unread(head, raw), _BLOCK))
    found = compression_of(head)
    promised = next((each for each in COMPRESSIONS if name.lower().endswith(each.ending)), None)
    if found is None and promised is not None:
        raise _damaged(promised.name, name, f"it has no {promised.name} header")
    if found is None:
        yield stream, False
    elif found is GZIP:
        try:
            with gzip.GzipFile(fileobj=stream) as file:
                yield cast(BinaryIO, file), True
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise _damaged(GZIP.name, name, str(error)) from error
    else:
        reader = _Unpacked(stream, name, found.name, _decompressor(found.name, name))
        yield cast(BinaryIO, io.BufferedReader(reader, _BLOCK)), True


def _damaged(kind: str, name: str, reason: str) -> DataError:
    return DataError(
        f"{name}: the {kind} data is damaged ({reason.rstrip('.')}); create the file again"
    )


def _read_head(raw: BinaryIO) -> bytes:
    """Reads a byte at a time while what was read may be the beginning of packed data."""
    magics = [magic for each in COMPRESSIONS for magic in each.magics]
    head = b""
    while any(magic.startswith(head) and len(magic) > len(head) for magic in magics):
        if not (byte := raw.read(1)):
            break
        head += byte
    return head


def _decompressor(kind: str, name: str) -> Callable[[], Any]:
    """Returns a function that makes a decompressor of one part.

    The packages are loaded here: a Python may have been built without them.
    """
    try:
        if kind == "xz":
            import lzma

            return lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY_LIMIT)
        if kind == "bzip2":
            import bz2

            return bz2.BZ2Decompressor
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
        return zstd.ZstdDecompressor
    except ImportError as error:
        hint = f"install '{DISTRIBUTION}[zstd]'" if kind == "zstd" else "use a Python that has it"
        raise MissingPackageError(f"{name} is {kind} data; {hint}, or unpack it first") from error


class _Unread(io.RawIOBase):
    """A stream with its first bytes put back, which were read to recognise the format."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head = head
        self._stream = stream

    def readable(self) -> Literal[True]:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        # read1 returns what a pipe has now: an interactive user gets an answer line by line.
        data = self._head or cast(io.BufferedReader, self._stream).read1(len(view))
        data, self._head = data[: len(view)], self._head[len(view) :]
        view[: len(data)] = data
        return len(data)


class _Unpacked(io.RawIOBase):
    """The bytes of all parts of packed data.

    Python's own readers of xz and bzip2 pass over whatever follows the first part.
    """

    def __init__(self, packed: BinaryIO, name: str, kind: str, make: Callable[[], Any]) -> None:
        self._packed = cast(io.BufferedReader, packed)
        self._name, self._kind = name, kind
        self._make = make
        self._part = make()
        self._rest = b""  # read, but not unpacked yet
        self._ended = False

    def readable(self) -> Literal[True]:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        while not self._ended:
            if self._part.eof and not self._next_part():
                break
            if self._part.needs_input and not self._rest:
                self._rest = self._packed.read1(_BLOCK)
                if not self._rest:
                    raise _damaged(self._kind, self._name, "it ends too early")
            data, self._rest = self._unpack(len(view)), b""
            if data:
                view[: len(data)] = data
                return len(data)
        return 0

    def _unpack(self, most: int) -> bytes:
        try:
            data: bytes = self._part.decompress(self._rest, most)
        except Exception as error:  # each package has an exception of its own
            if "memory" in str(error).lower():
                raise DataError(
                    f"{self._name}: unpacking this {self._kind} data needs too much memory; pack "
                    "it again with a smaller window (for example xz -6, or zstd without --long)"
                ) from error
            raise _damaged(self._kind, self._name, str(error)) from error
        return data

    def _next_part(self) -> bool:
        """Begins the part that follows; false if none does, only zeros that fill a block."""
        rest = self._part.unused_data.lstrip(b"\0")
        while not rest:
            if not (block := self._packed.read1(_BLOCK)):
                self._ended = True
                return False
            rest = block.lstrip(b"\0")
        self._part, self._rest = self._make(), rest
        return True
