"""Folders that are whole or not there: made under another name beside it, then renamed."""

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from s2s.errors import FileError, S2SError, printable

_PREFIX, _SUFFIX = ".s2s-", ".tmp"
_LOCK_FILE = "lock"
_ATTEMPTS = 10


class Building:
    """A folder being made; removed when the block ends and it was not settled."""

    def __init__(self, parent: Path, name: str) -> None:
        """Makes the folder, under a name that nobody takes for ``parent / name``.

        Raises:
            FileError: If that is not possible; and when the block ends, if writing failed.
        """
        self._parent = parent
        self._target = parent / name
        try:
            self.path, self._lock = _begin(parent)
        except OSError as error:
            raise self._failed(error) from error

    def settle(self, is_whole: Callable[[], bool]) -> None:
        """Gives the folder its name; one that is there already is kept if ``is_whole``.

        Raises:
            FileError: If the name is not to be had.
        """
        for _ in range(_ATTEMPTS):
            with contextlib.suppress(OSError):
                self.path.rename(self._target)
                return
            if is_whole():  # another process was faster
                return
            away = _unused(self._parent)
            with contextlib.suppress(FileNotFoundError):  # another process was faster in this
                self._target.rename(away)
            if away.is_dir():
                shutil.rmtree(away, ignore_errors=True)
            else:
                away.unlink(missing_ok=True)
        raise FileError(f"cannot make {printable(str(self._target))}: something is in the way")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)
        if isinstance(error, OSError) and not isinstance(error, S2SError):
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> FileError:
        return FileError(
            f"cannot write to the folder {printable(str(self._parent))}: {error.strerror or error}"
        )


def remove_abandoned(parent: Path) -> list[str]:
    """Removes what was being made by processes that are no more; returns the names."""
    removed = []
    for path in sorted(parent.glob(f"{_PREFIX}*{_SUFFIX}")):
        try:
            lock = os.open(path / _LOCK_FILE, os.O_RDWR)
        except OSError:  # just settled, or just begun
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # somebody is at work
            continue
        else:
            shutil.rmtree(path, ignore_errors=True)
            removed.append(path.name)
        finally:
            os.close(lock)
    return removed


def _begin(parent: Path) -> tuple[Path, int]:
    """Makes a folder with a lock in it, held as long as this process lives; returns both."""
    while True:
        path = _unused(parent)
        path.mkdir(parents=True)
        lock = os.open(path / _LOCK_FILE, os.O_CREAT | os.O_RDWR, 0o666)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (path / _LOCK_FILE).exists():
            return path, lock
        os.close(lock)  # before it was locked, somebody took it for abandoned


def _unused(parent: Path) -> Path:
    return parent / f"{_PREFIX}{secrets.token_hex(6)}{_SUFFIX}"
