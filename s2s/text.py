r"""Lines of text from files and pipes: UTF-8, plain or packed, one file or two parallel ones.

Only ``\n`` ends a line, with an optional ``\r`` before it. Every other line separator of Unicode is
a blank inside a line, so both sides of a corpus stay aligned and N lines in are N lines out. Files
are read in pieces: memory is bounded by ``LINE_LIMIT``, whatever the size of a file.
"""

import codecs
import logging
import re
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

from s2s.compression import unpacked
from s2s.errors import DataError, FileError, S2SError, printable

LINE_LIMIT = 1 << 20
"""Most bytes of a line; the rest is checked and left out, and a warning is logged."""
DOCUMENT_LIMIT = 1 << 27
"""Most bytes of a document that is read as a whole."""
_PROBE = 4096
"""Bytes at the start of a document that tell how wide its characters are."""

_CONVERT = "convert it, for example with iconv"
_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
"""Byte order marks at the start of a file, and the encodings that they mean."""
_NO_TEXT = (
    (0, b"PK\3\4", "a zip archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!\x1a\7", "a RAR archive"),
    (0, b"\x04\x22\x4d\x18", "lz4 data"),
    (0, b"\x1f\x8b", "gzip data"),
    (0, b"\xfd7zXZ\0", "xz data"),
    (0, b"\x28\xb5\x2f\xfd", "zstd data"),
    (4, b"1AY&SY", "bzip2 data"),
    (257, b"ustar", "a tar archive"),
)
"""Position, bytes and name of formats that are not text; some are valid UTF-8. Packed data comes
here if it was packed twice."""
_LONG = 1000
"""Lines with more characters than this go through ``_in_order``."""

_BLANKS = re.compile("[\0\ufeff]")  # str.split does not take them for blanks
ZERO_WIDTH_SPACE = "\u200b"
"""Ends words in scripts without blanks, such as Khmer, without being seen."""
_ZERO_WIDTH_RUN = re.compile(f"[ {ZERO_WIDTH_SPACE}]*{ZERO_WIDTH_SPACE}[ {ZERO_WIDTH_SPACE}]*")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
_LINE_BLANKS = re.compile("[\0\ufeff\n\r\x0b\f\x1c-\x1e\x85\u2028\u2029]")
"""What is a blank even where blanks are kept: separators of lines, and what nobody sees."""
_SURROGATES = re.compile("[\ud800-\udfff]")

logger = logging.getLogger(__name__)


def clean(line: str) -> str:
    """Returns ``line`` in Unicode form NFC, with single blanks between words and none around.

    Blanks are Unicode's white space, and NUL and the byte order mark, which are invisible too. A
    zero-width space stays within a word, once; around a word it is taken away. A lone surrogate,
    which UTF-8 cannot encode, becomes U+FFFD.
    """
    text = " ".join(_BLANKS.sub(" ", _compose(line)).split())
    if ZERO_WIDTH_SPACE in text:
        text = _ZERO_WIDTH_RUN.sub(_shortest, text).strip(f" {ZERO_WIDTH_SPACE}")
    return text


def without_controls(text: str) -> str:
    """Returns a text without control characters, which a terminal obeys."""
    return _CONTROLS.sub("", text)


def clean_but_blanks(line: str) -> str:
    """Returns ``line`` as ``clean`` does, but with its blanks and tabs as they are.

    Blanks at both ends stay, too, and so do other blanks such as U+00A0. Separators of lines, NUL
    and the byte order mark become blanks; line breaks at the end are taken away. A line without
    anything else becomes empty.
    """
    text = _LINE_BLANKS.sub(" ", _compose(line.rstrip("\r\n")))
    return text if clean(text) else ""


def _compose(line: str) -> str:
    """Returns ``line`` in Unicode form NFC, without surrogates."""
    if line.isascii():
        return line
    line = _SURROGATES.sub("\ufffd", line)
    return unicodedata.normalize("NFC", line if len(line) <= _LONG else _in_order(line))


def _shortest(run: re.Match[str]) -> str:
    """Returns a blank in place of blanks and zero-width spaces, or one zero-width space."""
    return " " if " " in run[0] else ZERO_WIDTH_SPACE


def _in_order(line: str) -> str:
    """Returns ``line`` decomposed, with the marks after each letter in canonical order.

    NFC sorts marks too, but with an insertion sort: 100,000 marks took 23 seconds.
    """
    decomposed = "".join(unicodedata.normalize("NFD", character) for character in line)
    return "".join(
        "".join(sorted(run, key=unicodedata.combining) if are_marks else run)
        for are_marks, run in groupby(decomposed, lambda mark: unicodedata.combining(mark) > 0)
    )


def read_lines(path: Path | str) -> Iterator[str]:
    r"""Yields the lines of a file, without their line ends.

    Packed text (gzip, xz, bzip2, zstd) is recognised by its first bytes, not by its name. A byte
    order mark at the start is dropped. A line of more than ``LINE_LIMIT`` bytes is cut there and a
    warning is logged.

    Args:
        path: The file; the string ``"-"`` is standard input.

    Raises:
        DataError: If the text is not UTF-8 (the message names file, line and byte) or the packed
            data is damaged.
        FileError: If the file is missing, unreadable or a folder.
        MissingPackageError: If the file is zstd data and the package for it is missing.
    """
    name = text_name(path)
    with _open(path, name) as raw:
        try:
            with unpacked(raw, name) as (stream, was_packed):
                yield from _decode(stream, name, " of the unpacked text" if was_packed else "")
        except OSError as error:
            if isinstance(error, S2SError):
                raise
            raise FileError(f"cannot read {name}: {error.strerror or error}") from error


def read_document(path: Path | str) -> str:
    """Returns a whole file as text, with its line ends and a byte order mark as they are.

    Args:
        path: The file, plain or packed; the string ``"-"`` is standard input.

    Raises:
        DataError: If the text is not UTF-8 or longer than ``DOCUMENT_LIMIT``, or the packed data is
            damaged.
        FileError: As ``read_lines``.
        MissingPackageError: As ``read_lines``.
    """
    name = text_name(path)
    with _open(path, name) as raw:
        try:
            with unpacked(raw, name) as (stream, was_packed):
                data = stream.read(DOCUMENT_LIMIT + 1)
        except OSError as error:
            if isinstance(error, S2SError):
                raise
            raise FileError(f"cannot read {name}: {error.strerror or error}") from error
    if len(data) > DOCUMENT_LIMIT:
        raise DataError(
            f"{name} has more than {DOCUMENT_LIMIT} bytes; expected a document, which is read as a "
            "whole: divide it"
        )
    _check_kind(data, name)
    if b"\0" in data[:_PROBE] and (wide := _wide(data[:_PROBE])):
        raise DataError(f"{name} is not UTF-8 text: it looks like {wide}; {_CONVERT}")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        where = " of the unpacked text" if was_packed else ""
        raise _not_utf8(name, data.count(b"\n", 0, error.start) + 1, error, 0, where) from error


def text_name(path: Path | str) -> str:
    """Returns the name of a file of ``read_lines`` for messages."""
    return "standard input" if path == "-" else printable(str(path))


def read_pairs(src: Path, tgt: Path, *, cleaned: bool = True) -> Iterator[tuple[str, str]]:
    """Yields the line pairs of two parallel files, blank ones too.

    Args:
        src: File of the source.
        tgt: File of the target.
        cleaned: Whether ``clean`` is applied to each line.

    Raises:
        DataError: At the start if both are the same file, at the end if one has more lines than the
            other; also as ``read_lines``.
        FileError: As ``read_lines``.
    """
    if src == tgt or _same_file(src, tgt):
        raise DataError(
            f"source and target are the same file, {printable(str(src))}; name two different files"
        )
    src_lines, tgt_lines = read_lines(src), read_lines(tgt)
    count = 0
    for src_line in src_lines:
        tgt_line = next(tgt_lines, None)
        if tgt_line is None:
            raise _mismatch(src, count + 1 + sum(1 for _ in src_lines), tgt, count)
        count += 1
        yield (clean(src_line), clean(tgt_line)) if cleaned else (src_line, tgt_line)
    if more := sum(1 for _ in tgt_lines):
        raise _mismatch(src, count, tgt, count + more)


def _same_file(src: Path, tgt: Path) -> bool:
    try:
        return src.samefile(tgt)
    except (OSError, ValueError):  # reading them raises the error that says why
        return False


def _mismatch(src: Path, src_count: int, tgt: Path, tgt_count: int) -> DataError:
    return DataError(
        f"{printable(str(src))} has {src_count} lines but {printable(str(tgt))} has {tgt_count}; "
        "parallel files must match line by line"
    )


@contextmanager
def _open(path: Path | str, name: str) -> Iterator[BinaryIO]:
    if path == "-" and sys.stdin is None:
        raise FileError("standard input is closed; send text to it, or name a file")
    with ExitStack() as stack:
        try:
            raw = sys.stdin.buffer if path == "-" else stack.enter_context(Path(path).open("rb"))
        except FileNotFoundError as error:
            raise FileError(f"{name} does not exist") from error
        except IsADirectoryError as error:
            raise FileError(f"{name} is a folder; expected a text file") from error
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            reason = getattr(error, "strerror", None) or error
            raise FileError(f"cannot read {name}: {reason}") from error
        yield raw


def _decode(stream: BinaryIO, name: str, where: str) -> Iterator[str]:
    """Splits and decodes bytes; ``where`` ends the sentence that names a bad byte."""
    number = offset = 0
    first, checked = b"", False
    while raw := stream.readline(LINE_LIMIT):
        number += 1
        offset += len(raw)
        first = first or raw
        if number == 1:
            _check_kind(raw, name)
            raw = raw.removeprefix(codecs.BOM_UTF8)
        if not checked and b"\0" in raw and len(raw) >= 4:  # fewer bytes show nothing
            checked = True
            if wide := _wide(raw):
                raise DataError(f"{name} is not UTF-8 text: it looks like {wide}; {_CONVERT}")
        try:
            if raw.endswith(b"\n") or len(raw) < LINE_LIMIT - len(codecs.BOM_UTF8):
                line = raw.decode("utf-8")
            else:
                decoder = codecs.getincrementaldecoder("utf-8")()
                line = decoder.decode(raw)
                cut = False
                while raw and not raw.endswith(b"\n"):
                    raw = stream.readline(LINE_LIMIT)
                    offset += len(raw)
                    text = decoder.decode(raw, final=not raw or raw.endswith(b"\n"))
                    cut = cut or bool(text.strip())
                if cut:
                    logger.warning(
                        "%s, line %d is longer than %d bytes; the rest of it is left out",
                        name,
                        number,
                        LINE_LIMIT,
                    )
        except UnicodeDecodeError as error:
            # The decoded bytes end at ``offset``, even if some came from an earlier read.
            before = offset - len(error.object)
            raise _not_utf8(name, number, error, before, where, first) from error
        yield line.removesuffix("\n").removesuffix("\r")


def _check_kind(data: bytes, name: str) -> None:
    """Raises DataError if a file begins as another kind of file."""
    for position, magic, kind in _NO_TEXT:
        if data.startswith(magic, position):
            raise DataError(f"{name} is not text but {kind}; unpack it first")


def _not_utf8(
    name: str, line: int, error: UnicodeDecodeError, before: int, where: str, first: bytes = b""
) -> DataError:
    """Says which byte of a file is not UTF-8.

    Args:
        name: The file's.
        line: The number of the line, from 1.
        error: What decoding raised.
        before: Bytes of the file before those that were decoded.
        where: The end of the sentence that names the byte.
        first: The first bytes of the file; those that were decoded if empty.
    """
    bad, position = error.object[error.start], before + error.start + 1
    start = first or error.object
    wide = next((wide for mark, wide in _ENCODINGS if start.startswith(mark)), None)
    hint = "" if wide is None else f"it looks like {wide}; "
    return DataError(
        f"{name}, line {line}: byte {position}{where} (0x{bad:02x}) is not UTF-8; {hint}{_CONVERT}"
    )


def _wide(line: bytes) -> str | None:
    """Returns the encoding of a line if it is one of two or four bytes a character.

    In these, all but one of the bytes of an ASCII character are NUL. They are valid UTF-8: single
    letters with blanks between them.
    """
    for width, name in ((4, "UTF-32"), (2, "UTF-16")):
        count = len(line) // width
        zeros = sorted(line[start::width].count(0) for start in range(width))
        if count >= 2 and zeros[0] == 0 and zeros[1] >= count:
            return name
    return None
