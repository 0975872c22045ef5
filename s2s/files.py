"""Files written whole or not at all: under another name in the same folder, then renamed."""

import contextlib
import errno
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal, TextIO, overload

from s2s.errors import FileError, S2SError, printable

WRITING_FAILED = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)
"""What is wrong when writing fails, whatever is written."""
ABANDONED_AFTER = 600
"""Seconds after which a file that nobody has locked is no longer in the making."""
_PREFIX, _SUFFIX = ".s2s-", ".tmp"


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Lends a name to write to; what is there when the block ends becomes ``path``.

    If the block raises, whatever it is, the lent file is removed and ``path`` is as it was. Of a
    process that is killed, ``.s2s-*.tmp`` stays; the next that writes into that folder removes it.
    Something that is no regular file, like ``/dev/null`` or a pipe, is lent itself.

    Raises:
        FileError: If the folder is missing or may not be written to, ``path`` is a folder or
            read-only, or the disk is full.
    """
    target = writable_target(path)
    lent = target
    with contextlib.ExitStack() as held:
        if target.is_file() or not target.exists():
            # Made here, so that a folder without write permission is told before any work.
            try:
                lent = held.enter_context(_temporary(target.parent))
            except OSError as error:
                raise _failed(printable(str(path)), error) from error
            _remove_abandoned(target.parent)
        with telling(path, lent):
            yield lent
            if lent is not target:
                settle(lent, target)


@contextmanager
def _temporary(folder: Path) -> Iterator[Path]:
    """Makes an empty file, locked as long as the block and the process live."""
    path, handle = folder, -1
    try:  # from before it is made: an interruption may come between any two steps
        while not path.is_file():  # before it was locked, somebody may have taken it for abandoned
            if handle >= 0:
                os.close(handle)
            path = folder / f"{_PREFIX}{secrets.token_hex(6)}{_SUFFIX}"
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
            _lock(handle, wait=True)
        yield path
    finally:
        if path is not folder:
            path.unlink(missing_ok=True)
        if handle >= 0:
            os.close(handle)


def _remove_abandoned(folder: Path) -> None:
    """Removes files of ``_temporary`` whose processes were killed some time ago."""
    with contextlib.suppress(OSError):  # it is for others that they are in the way
        for path in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
            # Where locks do not reach from machine to machine, what is written is at least young.
            if not path.is_file() or time.time() - path.stat().st_mtime < ABANDONED_AFTER:
                continue
            handle = os.open(path, os.O_WRONLY)
            try:
                if _lock(handle, wait=False):
                    path.unlink()
            finally:
                os.close(handle)


def _lock(handle: int, *, wait: bool) -> bool:
    """Locks an open file; tells whether that was possible."""
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except (ImportError, OSError):  # on Windows; on a disk that knows no locks, or somebody has it
        return False
    return True


def resolve(path: str | Path) -> Path:
    """Returns the absolute path that ``path`` stands for, without links; there may be nothing.

    Raises:
        FileError: If there can be none: a name is too long, links run in a circle, or it has a NUL.
    """
    try:
        target = Path(path).resolve()
        target.exists()
    except (OSError, RuntimeError, ValueError) as error:
        raise FileError(
            f"{printable(str(path))} cannot be a file's name: {_reason(error)}"
        ) from error
    return target


def writable_target(path: str | Path) -> Path:
    """Returns the file that ``path`` stands for: what a link points to, not the link.

    Raises:
        FileError: If the folder is missing, ``path`` is a folder or read-only, or no name at all.
    """
    name = printable(str(path))
    target = resolve(path)
    exists = target.exists()
    if target.is_dir():
        raise FileError(f"cannot write {name}: it is a folder; name a file")
    if not target.parent.is_dir():
        raise FileError(f"cannot write {name}: its folder does not exist; create it first")
    if exists and not os.access(target, os.W_OK):
        raise FileError(f"cannot write {name}: it is read-only")
    return target


@contextmanager
def telling(path: str | Path, lent: Path) -> Iterator[None]:
    """Turns what fails in the block because ``lent`` cannot be written into FileError."""
    try:
        yield
    except OSError as error:
        # Others than these come from the block, which may well read files, and name their own.
        ours = error.filename in (lent, str(lent)) or error.errno in WRITING_FAILED
        if isinstance(error, S2SError) or not ours:
            raise
        raise _failed(printable(str(path)), error) from error


def settle(lent: Path, target: Path) -> None:
    """Brings a finished file to the disk and under its name, with the old one's permissions."""
    with lent.open("rb+") as file:
        os.fsync(file.fileno())
    if target.exists():
        lent.chmod(target.stat().st_mode & 0o777)
    lent.replace(target)


@overload
def atomic_output(
    path: str | Path, mode: Literal["wb"]
) -> contextlib.AbstractContextManager[BinaryIO]: ...
@overload
def atomic_output(
    path: str | Path, mode: Literal["w"] = "w"
) -> contextlib.AbstractContextManager[TextIO]: ...
def atomic_output(path: str | Path, mode: Literal["w", "wb"] = "w") -> Any:
    r"""Opens a file for writing that becomes ``path`` when the block ends without an error.

    Args:
        path: Where the whole file goes.
        mode: ``w`` for UTF-8 text with plain ``\n``, ``wb`` for bytes.

    Raises:
        FileError: As ``atomic_path``.
    """
    return _atomic_output(path, mode)


@contextmanager
def _atomic_output(path: str | Path, mode: Literal["w", "wb"]) -> Iterator[IO[Any]]:
    with atomic_path(path) as lent:
        file: IO[Any]
        file = lent.open("wb") if mode == "wb" else lent.open("w", encoding="utf-8", newline="\n")
        with file:
            yield file


def _failed(name: str, error: Exception) -> FileError:
    return FileError(f"cannot write {name}: {_reason(error)}")


def _reason(error: Exception) -> object:
    return getattr(error, "strerror", None) or error
