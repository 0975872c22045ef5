"""Errors a user can cause: one line that says what was expected, found, where, and what to do.

Each is also the builtin that a caller would guess. The command line prints an ``S2SError`` as
``s2s: error: ...`` and exits with 2; anything else is a fault of s2s and keeps its traceback.
"""

import difflib
import re
from collections.abc import Iterable

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class S2SError(Exception):
    """Base of every error that the input or the configuration can cause."""


class ConfigError(S2SError, ValueError):
    """A setting is unknown, out of range, or contradicts another one."""


class DataError(S2SError, ValueError):
    """Text that cannot be read as parallel, UTF-8 lines."""


class SentenceError(DataError):
    """A sentence among others that cannot be used."""

    def __init__(self, number: int, what: str) -> None:
        """Says ``what`` about sentence ``number``, from 1: "has 300 pieces; expected ..."."""
        super().__init__(f"sentence {number} {what}")
        self.number = number
        self.what = what


class FileError(S2SError, OSError):
    """A file or folder that is missing, unreadable, or in the way."""


class ModelError(S2SError, ValueError):
    """A model file, tokenizer or checkpoint that is damaged or of another kind."""


class DeviceError(S2SError, RuntimeError):
    """A device that was asked for and is not there."""


class UseError(S2SError, RuntimeError):
    """A translator that was closed, or is in a process other than the one that made it."""


class ParityError(S2SError, RuntimeError):
    """An exported graph that does not translate like the torch model it was written from."""


class TrainingError(S2SError, RuntimeError):
    """A training that cannot go on."""


class MissingPackageError(S2SError, ImportError):
    """An optional package that the asked-for command needs is not installed."""


def suggest(found: str, valid: Iterable[str]) -> str:
    """Returns ``; did you mean 'x'?`` for the nearest of ``valid``, or an empty string."""
    nearest = difflib.get_close_matches(found, list(valid), n=1)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""


def printable(text: str) -> str:
    """Returns ``text`` safe for a terminal: control characters and escapes are spelled out."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
