"""Output that an interrupted command can go on with.

The output grows in ``OUT.partial`` and becomes ``OUT`` when it is whole; ``OUT.partial.json``
beside it describes the job. A run that is stopped or killed, or finds the disk full, leaves both
files, if it had begun. A run that ends with another error leaves neither, unless it was resumed.
"""

import contextlib
import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from s2s.errors import ConfigError, FileError, S2SError, printable
from s2s.files import (
    WRITING_FAILED,
    atomic_output,
    exclusive,
    settle,
    telling,
    writable_target,
)
from s2s.formats.run_folder import BEST_FILE

logger = logging.getLogger(__name__)


class Resumable(NamedTuple):
    """A file that is being written."""

    file: BinaryIO
    done: int
    """Number of groups of lines that it already holds."""


@contextmanager
def resumable_output(
    path: Path, job: dict[str, Any], *, resume: bool, group: int
) -> Iterator[Resumable]:
    """Opens an output that becomes ``path`` when the block ends without an error.

    Args:
        path: Where the whole file goes.
        job: JSON values that decide what the lines are.
        resume: Continue what an interrupted run left; if it left nothing, begin.
        group: Number of lines that belong together; an incomplete group is removed.

    Raises:
        ConfigError: If another job left the file, or ``path`` is no regular file.
        FileError: If the file cannot be written, or another process is writing it.
    """
    target = writable_target(path)
    name = printable(str(path))
    if target.exists() and not target.is_file():
        raise ConfigError(f"{name} is not a regular file; --resume needs a regular file")
    partial = target.with_name(f"{target.name}.partial")
    note = target.with_name(f"{target.name}.partial.json")
    file: BinaryIO | None = None
    with exclusive(partial):
        try:  # from before the file is made: an interruption may come between any two steps
            with telling(path, partial):
                file = partial.open("ab+")
                with _growing(
                    file, partial, note, job, name=name, resume=resume, group=group
                ) as growing:
                    yield growing
                file.close()
            settle(partial, target)
            note.unlink()
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            if file is not None:
                with contextlib.suppress(OSError):
                    file.close()
            _log_how_to_resume(partial)
            raise
        finally:  # whatever the error: a module in C turns an interruption into an ImportError
            if file is not None:
                file.close()
            if not _has_content(partial):
                _remove(partial, note)


@contextmanager
def _growing(
    file: BinaryIO,
    partial: Path,
    note: Path,
    job: dict[str, Any],
    *,
    name: str,
    resume: bool,
    group: int,
) -> Iterator[Resumable]:
    try:
        done = _whole_groups(file, note, job, group, name) if resume else 0
        if not done:
            file.truncate(0)
        with atomic_output(note) as note_file:
            json.dump(job, note_file)
        yield Resumable(file, done)
        file.flush()
    except S2SError:
        if not resume:
            _remove(partial, note)
        raise
    except OSError as error:
        with contextlib.suppress(OSError):  # it cannot write what it still holds, either
            file.close()
        if error.errno not in WRITING_FAILED:
            raise
        raise FileError(
            f"cannot write {name}: {error.strerror}; the finished lines are in "
            f"{printable(str(partial))}: free some space, then repeat the command with --resume"
        ) from error


def _log_how_to_resume(partial: Path) -> None:
    if _has_content(partial):  # written now or by an earlier run
        logger.warning(
            "stopped; the finished lines are in %s: repeat the command with --resume to continue",
            printable(str(partial)),
        )


def _has_content(partial: Path) -> bool:
    return partial.exists() and partial.stat().st_size > 0


def _whole_groups(file: BinaryIO, note: Path, job: dict[str, Any], group: int, name: str) -> int:
    """Counts the groups that an interrupted run left, and cuts off an incomplete one."""
    try:
        old_job = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0  # killed before it had begun
    if not isinstance(old_job, dict):
        return 0
    for key, value in job.items():
        if old_job.get(key) != value:
            raise ConfigError(
                f"{name}.partial belongs to another command: {key} was {old_job.get(key)!r} and is "
                f"now {value!r}; repeat the old command, or leave out --resume to start again"
            )
    file.seek(0)
    lines = size = whole = done = 0
    for line in file:
        size += len(line)
        lines += line.endswith(b"\n")
        if lines == (done + 1) * group:
            whole, done = size, done + 1
    file.truncate(whole)
    return done


def _remove(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def is_regular(output: str) -> bool:
    """Whether an output is or becomes a regular file: not standard output, a pipe or a device."""
    try:
        return output != "-" and (Path(output).is_file() or not Path(output).exists())
    except OSError:
        return True  # writing it raises the error


def fingerprint(model: str) -> str:
    """Returns the SHA-256 of a model file, or of a run's weights."""
    path = Path(model)
    try:
        with (path / BEST_FILE if path.is_dir() else path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return ""  # loading it raises the error
