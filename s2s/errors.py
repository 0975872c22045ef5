"""Errors that a user can cause. A message is one line: what was expected, found, where, what to do.

Each error is also the builtin that a caller would guess. The command line prints an ``S2SError`` as
``s2s: error: ...`` and exits with 2. Any other exception is a fault of s2s and keeps its traceback.
"""

import difflib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Self

DISTRIBUTION = "s2s-onnx"
"""Name of this package on the index, where ``s2s`` is another project."""
_OWN_PACKAGES = ("s2s", "s2s_export")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_SAME_NAME = (
    "accumulate algorithm attention augment batch_tokens beam_size bptt_steps cache cell columns "
    "context decoder_layers deduplicate device diversity dropout embedding_size encoder_layers "
    "hidden_size in_step init keep labels learning_rate length_factor length_margin length_penalty "
    "max_epochs max_length max_minutes max_src_length max_updates min_length n_best new_pieces "
    "no_repeat normalization pairs pairs_format patience precision prefix sampling save_minutes "
    "seed temperature tgt_algorithm threads to too_long top_k triton_device validate_by "
    "validate_every vocab_size whitespace workers"
)
OPTIONS = {
    **{name: f"--{name.replace('_', '-')}" for name in _SAME_NAME.split()},
    "banned": "--ban",
    "required": "--require",
    "src_model": "--tokenizer",
    "tgt_model": "--tgt-tokenizer",
}
"""Options of the command line by the field or argument that they set, for errors: a user of the
command knows a setting by its option."""


class S2SError(Exception):
    """Base class of all errors that the input or the configuration can cause."""


class ConfigError(S2SError, ValueError):
    """A setting is unknown, out of range, or contradicts another one."""


class DataError(S2SError, ValueError):
    """Text that cannot be read as parallel UTF-8 lines."""


class SentenceError(DataError):
    """One of several sentences cannot be used."""

    def __init__(self, number: int, what: str) -> None:
        """Makes the message "sentence ``number`` ``what``".

        Args:
            number: Number of the sentence, from 1.
            what: What is wrong with it: "has 300 pieces; expected ...".
        """
        super().__init__(f"sentence {number} {what}")
        self.number = number
        self.what = what

    def __reduce__(self) -> tuple[type[Self], tuple[int, str], dict[str, Any]]:
        """Lets the error leave a process of a pool, which would otherwise wait for ever."""
        return type(self), (self.number, self.what), self.__dict__


class FileError(S2SError, OSError):
    """A file or folder that is missing, unreadable, or in the way."""


class ModelError(S2SError, ValueError):
    """A model file, tokenizer or checkpoint is damaged or of another kind."""


class DeviceError(S2SError, RuntimeError):
    """The requested device does not exist."""


class UseError(S2SError, RuntimeError):
    """A translator is used after it was closed, or in another process than the one that made it."""


class ParityError(S2SError, RuntimeError):
    """An exported graph and the torch model it was written from translate differently."""


class TrainingError(S2SError, RuntimeError):
    """A training cannot continue."""


class MissingPackageError(S2SError, ImportError):
    """An optional package that the command needs is not installed."""


@contextmanager
def needs(extra: str, purpose: str, *, hint: str = "") -> Iterator[None]:
    """Turns a missing package into MissingPackageError; wrap the imports for ``purpose`` in it.

    A module of s2s itself that is missing, or an import that fails in another way, is a fault and
    keeps its error.

    Args:
        extra: Optional dependencies of s2s that have the package, for example ``train``.
        purpose: What needs the package, the subject of the message: "a run folder".
        hint: Appended to the message.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] in _OWN_PACKAGES:
            raise
        package = error.name.replace("_", "-")
        raise MissingPackageError(
            f"{purpose} needs {package}; install '{DISTRIBUTION}[{extra}]'{hint}"
        ) from error


def with_option(name: str) -> str:
    """Returns the name of a setting as errors show it: ``beam_size (--beam-size)``."""
    return f"{name} ({OPTIONS[name]})" if name in OPTIONS else name


def suggest(unknown: object, valid: Iterable[str]) -> str:
    """Returns ``; did you mean 'x'?`` with the nearest of ``valid``, or an empty string."""
    nearest = difflib.get_close_matches(str(unknown), list(valid), n=1)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""


def printable(text: str) -> str:
    """Returns ``text`` safe for a terminal: control characters are written as escapes."""
    return _CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)
