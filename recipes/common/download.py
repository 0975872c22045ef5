"""Reads the files of a data set: from a folder, or else downloaded into it, and checked."""

import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple
from urllib.request import Request, urlopen

from s2s.errors import DataError, FileError
from s2s.files import atomic_output

TIMEOUT = 60
"""Seconds of silence after which a download has failed."""
# Some servers answer nobody who gives urllib's own name.
HEADERS = {"User-Agent": "Mozilla/5.0 (s2s recipe)"}


class Reply(NamedTuple):
    """What a server sent."""

    content: bytes
    last_changed: str | None
    """When the content was changed, in the server's words; None if it does not say."""


@contextmanager
def explained(action: str, advice: str) -> Iterator[None]:
    """Turns an error of reading, unpacking or downloading into one line.

    Args:
        action: What the block does, for example ``read train.tsv``.
        advice: What to do if it fails: the end of the line.

    Raises:
        FileError: ``cannot ACTION: REASON; ADVICE``.
    """
    try:
        yield
    except (OSError, EOFError, zlib.error, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise FileError(f"cannot {action}: {reason}; {advice}") from error


def download(address: str, advice: str) -> Reply:
    """Returns what is at an address.

    Raises:
        FileError: If it cannot be had; the message ends with ``advice``.
    """
    with (
        explained(f"download {address}", advice),
        urlopen(Request(address, headers=HEADERS), timeout=TIMEOUT) as reply,  # noqa: S310
    ):
        return Reply(reply.read(), reply.headers["Last-Modified"])


def check_sum(content: bytes, sha256: str, place: str | Path, advice: str) -> None:
    """Checks that content is what was published.

    Args:
        content: The whole file.
        sha256: Its published sum, in hexadecimal digits.
        place: Path or address that it is from.
        advice: What to do if it is another: the end of the message.

    Raises:
        DataError: If the sum is another.
    """
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise DataError(f"{place} is damaged: SHA-256 {found}, expected {sha256}; {advice}")


def obtain_file(path: Path, address: str, advice: str, *, sha256: str | None = None) -> bytes:
    """Returns the content of a file, which is downloaded first if it is missing.

    A download is checked before it is written, whole or not at all. A damaged file stays as it is.

    Args:
        path: The file; missing folders are made for a download.
        address: Where it is published.
        advice: What to do if it can neither be read nor downloaded.
        sha256: Its published sum, in hexadecimal digits; None checks nothing.

    Raises:
        FileError: If it cannot be read, downloaded or written.
        DataError: If its sum is another.
    """
    if path.exists():
        with explained(f"read {path}", advice):
            content = path.read_bytes()
        if sha256 is not None:
            check_sum(content, sha256, path, "try again without that file")
        return content
    content = download(address, advice).content
    if sha256 is not None:
        check_sum(content, sha256, address, "try again")
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_output(path, "wb") as file:
        file.write(content)
    return content
