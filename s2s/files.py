"""Files and folders that are written whole or not at all, and locks between processes.

What is being written stands in a temporary folder beside its target and is renamed at the end. The
folder is locked: ``lock``, a file in it, is held by ``filelock`` while the process lives. So
``remove_abandoned`` can tell the folder of a killed process from one in use.
"""

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal, TextIO, overload

from s2s.errors import FileError, S2SError, printable

WRITING_FAILED = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)
"""Error numbers of a write that failed, whatever file it was for."""
ABANDONED_AFTER = 600
"""Seconds after the last change for which a temporary file counts as in use, locked or not."""
_PREFIX, _SUFFIX = ".s2s-", ".tmp"
_LOCK_FILE = "lock"
_ATTEMPTS = 10
_NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK)
"""Error numbers of a disk that knows no locks."""


class FolderLock:
    """The lock of a folder, which holds while this process lives."""

    def __init__(self, folder: Path) -> None:
        """Prepares the lock and takes nothing yet; the folder need not exist."""
        from filelock import FileLock  # here, because the import takes 12 ms

        self.folder = folder
        # Not per thread: a generator may be closed in another thread than the one that began it.
        self._lock = FileLock(folder / _LOCK_FILE, thread_local=False)

    def acquire(self) -> bool:
        """Locks the folder if no other process has it locked; returns whether it is ours.

        If the disk knows no locks, every folder is ours: its age alone tells whether it is in use.

        Raises:
            OSError: If the lock file cannot be made or opened.
        """
        from filelock import Timeout

        path = self.folder / _LOCK_FILE
        try:
            if not self.is_held:
                self._lock.acquire(timeout=0)
        except Timeout:
            return False
        except NotImplementedError:  # a system without locks
            pass
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        return path.exists()  # else the process that had the lock has just removed the folder

    @property
    def is_held(self) -> bool:
        """Whether this process has locked the folder."""
        return self._lock.is_locked

    def remove(self) -> None:
        """Removes the folder and gives the lock back; a folder that others have locked stays."""
        try:
            is_ours = self.folder.is_dir() and self.acquire()
        except OSError:  # the lock cannot be opened, so somebody else made it
            return
        if is_ours:
            shutil.rmtree(self.folder, ignore_errors=True)
            self._lock.release()
            with contextlib.suppress(OSError):  # Windows: only now the lock file is gone
                self.folder.rmdir()


@contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """Makes a locked folder in ``parent`` and removes it when the block ends.

    Raises:
        OSError: If the folder cannot be made.
    """
    lock = FolderLock(_unused(parent))
    try:
        try:
            lock.folder.mkdir(parents=True)
            while not lock.acquire():  # another process took the new folder for abandoned
                lock = FolderLock(_unused(parent))
                lock.folder.mkdir(parents=True)
            yield lock.folder
        finally:
            lock.remove()
    finally:
        lock.remove()  # again, for an interruption between any two steps of the first time


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Keeps other processes that ask for the same path out while the block runs.

    Raises:
        FileError: If another process has ``path``, or the folder of the lock cannot be made.
    """
    name = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:12]
    lock = FolderLock(path.with_name(f"{_PREFIX}{name}{_SUFFIX}"))
    try:
        try:
            try:
                lock.folder.mkdir(exist_ok=True)
                is_ours = lock.acquire()
            except OSError as error:
                raise _failed(printable(str(path)), error) from error
            if not is_ours:
                raise FileError(
                    f"another process is writing {printable(str(path))}; wait until it has finished"
                )
            yield
        finally:
            lock.remove()
    finally:
        lock.remove()  # again, as above


def remove_abandoned(parent: Path, *, min_age: float = ABANDONED_AFTER) -> list[str]:
    """Removes the temporary folders and files of killed processes; returns their names.

    A folder is abandoned if nobody has it locked. Earlier versions of s2s also made temporary files
    without a folder; such a file is abandoned if it is ``ABANDONED_AFTER`` seconds old.

    Args:
        parent: Folder to look in; what cannot be removed stays.
        min_age: Seconds since the last change for which a folder stays too: locks may not reach
            from one machine to another.
    """
    removed = []
    with contextlib.suppress(OSError):
        for path in sorted(parent.glob(f"{_PREFIX}*{_SUFFIX}")):
            with contextlib.suppress(OSError):
                if path.is_file() and _age(path) >= ABANDONED_AFTER:
                    path.unlink()
                elif (path / _LOCK_FILE).is_file() and _age(path) >= min_age:
                    lock = FolderLock(path)
                    if lock.acquire() and lock.is_held:
                        lock.remove()
                if not path.exists():
                    removed.append(path.name)
    return removed


def _age(path: Path) -> float:
    """Returns the seconds since a file, or anything in a folder, was changed."""
    paths = [path, *path.iterdir()] if path.is_dir() else [path]
    return time.time() - max(path.stat().st_mtime for path in paths)


def _unused(parent: Path) -> Path:
    return parent / f"{_PREFIX}{secrets.token_hex(6)}{_SUFFIX}"


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Lends the path of an empty file; its content becomes ``path`` when the block ends.

    If the block raises, the lent file is removed and ``path`` stays as it was. If the process is
    killed, ``.s2s-*.tmp`` stays; the next write into the folder removes it. If ``path`` is not a
    regular file, for example ``/dev/null`` or a pipe, it is lent itself.

    Raises:
        FileError: If the folder is missing or cannot be written to, ``path`` is a folder or
            read-only, or the disk is full.
    """
    target = writable_target(path)
    lent = target
    with contextlib.ExitStack() as stack:
        if target.is_file() or not target.exists():
            # Made at once: if the folder cannot be written to, the error comes before any work.
            try:
                lent = stack.enter_context(temporary_folder(target.parent)) / target.name
                lent.touch()
            except OSError as error:
                raise _failed(printable(str(path)), error) from error
            remove_abandoned(target.parent)
        with telling(path, lent):
            yield lent
            if lent is not target:
                settle(lent, target)


@contextmanager
def atomic_folder(target: Path, is_complete: Callable[[], bool]) -> Iterator[Path]:
    """Lends an empty folder that becomes ``target`` when the block ends without an error.

    Args:
        target: Folder to make; missing parents are made too.
        is_complete: Called if ``target`` exists at the end: True keeps it, False replaces it.

    Raises:
        FileError: If a folder or file in it cannot be written.
    """
    try:
        with temporary_folder(target.parent) as temporary:
            lent = temporary / target.name
            lent.mkdir()
            yield lent
            for attempt in range(_ATTEMPTS):
                with contextlib.suppress(OSError):
                    lent.rename(target)
                    return
                if is_complete():  # another process was faster
                    return
                with contextlib.suppress(FileNotFoundError):  # another process removed it
                    target.rename(temporary / f"replaced-{attempt}")
        raise FileError(
            f"cannot make the folder {printable(str(target))}: its name is in use; remove that file"
        )
    except OSError as error:
        if isinstance(error, S2SError):
            raise
        folder = printable(str(target.parent))
        raise FileError(f"cannot write to the folder {folder}: {_reason(error)}") from error


def resolve(path: str | Path) -> Path:
    """Returns the absolute path of ``path`` without links; nothing need exist there.

    Raises:
        FileError: If no file can have this path: a name is too long or has a NUL, or links run in
            a circle.
    """
    try:
        target = Path(path).resolve()
        target.exists()
    except (OSError, RuntimeError, ValueError) as error:
        raise FileError(
            f"{printable(str(path))} cannot be the name of a file: {_reason(error)}"
        ) from error
    return target


def writable_target(path: str | Path) -> Path:
    """Returns the file that ``path`` names; of a link, the file that it points to.

    Raises:
        FileError: If the folder is missing, ``path`` is a folder or read-only, or no file can have
            this name.
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
    """Turns an error of the block into FileError if it comes from writing ``lent``."""
    try:
        yield
    except OSError as error:
        # Other errors come from the block, which may read other files.
        ours = error.filename in (lent, str(lent)) or error.errno in WRITING_FAILED
        if isinstance(error, S2SError) or not ours:
            raise
        raise _failed(printable(str(path)), error) from error


def settle(lent: Path, target: Path) -> None:
    """Flushes ``lent`` to the disk and renames it, with the permissions of the old ``target``."""
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
