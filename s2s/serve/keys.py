"""API keys: one key a line in a file, compared in constant time."""

import hashlib
import hmac
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from s2s.errors import ConfigError, FileError, printable
from s2s.serve.errors import WrongKey


class Keys:
    """The keys that the server accepts; without any, it accepts every request."""

    def __init__(self, keys: Sequence[str] = ()) -> None:
        """Takes the keys."""
        self._digests = [_digest(key) for key in keys]

    @property
    def are_needed(self) -> bool:
        """Whether a request needs a key."""
        return bool(self._digests)

    def check(self, key: object) -> None:
        """Raises WrongKey unless no key is needed, or the key is one of the server's.

        The time does not depend on the key: digests of equal length are compared, and all of them.

        Args:
            key: What the request gave for it. LibreTranslate has it in the field ``api_key``, DeepL
                in the header ``Authorization: DeepL-Auth-Key KEY``; every API takes
                ``Authorization: Bearer KEY``, see ``bearer``.
        """
        if not self._digests:
            return
        digest = _digest(key if isinstance(key, str) else "")
        found = [hmac.compare_digest(digest, each) for each in self._digests]
        if not any(found) or not key:
            raise WrongKey


def bearer(header: str | None, scheme: str = "Bearer") -> str | None:
    """Returns the key of an ``Authorization`` header; None if it has another scheme.

    Args:
        header: The header, each byte as a character, as Starlette has it. Clients write UTF-8 or
            Latin-1.
        scheme: Its first word.
    """
    header = header or ""
    with suppress(UnicodeError):
        header = header.encode("latin-1").decode("utf-8")
    given, _, key = header.strip().partition(" ")
    return key.strip() if given.lower() == scheme.lower() and key.strip() else None


def read_keys(path: Path) -> Keys:
    """Reads keys from a file: one a line; blank lines and lines that begin with # are left out.

    Raises:
        ConfigError: If it has no key.
        FileError: If it cannot be read.
    """
    name = printable(str(path))
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise FileError(f"cannot read {name} (--api-key-file): {reason}") from error
    keys = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not keys:
        raise ConfigError(f"{name} (--api-key-file) has no key; expected one a line")
    return Keys(keys)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
