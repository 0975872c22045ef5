"""Reads the body of a request within limits of bytes and time: JSON, form fields or a query."""

import asyncio
import json
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from s2s.formats.card import parse_json
from s2s.serve.errors import BadRequest, Busy, Gone, Slow, TooMuch

_FIELDS = 10_000
"""Most form fields of a request."""
_TOO_MANY = f"Invalid request: the form has over {_FIELDS} fields"
_MANY_BYTES = 100_000
"""Bytes from which on a body is parsed in a thread."""
_MOST_HEAD = 1000
"""Bytes of the head of a part."""
_BOUNDARY = re.compile(r'multipart/form-data;.{0,100}?boundary="?([^";\s]{1,200})', re.IGNORECASE)
R = TypeVar("R")
_NAME = re.compile(rb'\bname="([^"]*)"')


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a request may have."""

    max_texts: int = 1000
    """Texts of a request."""
    max_chars: int = 10_000
    """Characters of a text."""
    max_bytes: int = 4_000_000
    """Bytes of a body."""
    max_alternatives: int = 10
    """Alternatives of a translation."""
    body_seconds: float = 30.0
    """Seconds for a whole body to arrive."""
    held_bytes: int = 64_000_000
    """Bytes of all bodies that are being read or answered at once."""


class BodyReader:
    """Reads bodies, and knows how many bytes are held at once."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.held = 0
        """Bytes of the bodies of requests that are not answered yet."""
        self._parsing = asyncio.Lock()

    async def read(self, request: Request) -> bytes:
        """Returns the body of a request.

        Raises:
            BadRequest: If it is packed.
            Busy: If too many bytes are held for other requests.
            Gone: If the client hung up.
            Slow: If it did not arrive in time.
            TooMuch: If it is too large; as soon as its length is known.
        """
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise BadRequest("Invalid request: the body is packed (Content-Encoding)")
        declared = request.headers.get("content-length", "")
        if declared.isascii() and declared.isdigit():
            self._check(int(declared[:20]))
        data = bytearray()
        try:
            async with asyncio.timeout(self.limits.body_seconds):
                async for chunk in request.stream():
                    self._check(len(data) + len(chunk))
                    self.held += len(chunk)
                    request.state.held = getattr(request.state, "held", 0) + len(chunk)
                    if self.held > self.limits.held_bytes:
                        raise Busy
                    data += chunk
        except TimeoutError as error:
            seconds = f"{self.limits.body_seconds:g}"
            raise Slow(f"the body did not arrive within {seconds} seconds") from error
        except ClientDisconnect as error:
            raise Gone from error
        return bytes(data)

    def release(self, request: Request) -> None:
        """Forgets a body, once its request is answered."""
        self.held -= getattr(request.state, "held", 0)
        request.state.held = 0

    async def fields(self, request: Request) -> dict[str, Any]:
        """Returns the fields of a request: of a JSON object, of a form, or of the query.

        A body that begins with a brace is JSON, whatever its type says: clients leave the type out,
        and curl calls everything a form. Without a body, the query counts. A form field that comes
        several times is a list.

        Raises:
            BadRequest: If it is none of these.
            RequestError: As ``read``.
        """
        data = (await self.read(request)).removeprefix(BOM_UTF8)
        if not data.strip():
            return _from_query(request.url.query)
        kind = request.headers.get("content-type", "")
        is_json = "json" in kind or data.lstrip()[:1] in (b"{", b"[")
        return await self.parse(read_json if is_json else partial(_read_form, kind), data)

    async def parse(self, parser: Callable[[bytes], R], data: bytes) -> R:
        """Parses a body; a large one in a thread, so that others go on.

        Only one large body is parsed at a time: it may take 20 times its size.
        """
        if len(data) <= _MANY_BYTES:
            return parser(data)
        async with self._parsing:
            return await asyncio.to_thread(parser, data)

    def _check(self, size: int) -> None:
        if size > self.limits.max_bytes:
            raise TooMuch("bytes", size, self.limits.max_bytes)


def read_json(data: bytes) -> dict[str, Any]:
    """Reads a JSON object of bounded depth.

    Raises:
        BadRequest: If it is none.
    """
    try:
        value = parse_json(data.decode("utf-8"))
    except json.JSONDecodeError as error:
        where = f"{error.msg} at character {error.pos}"
        raise BadRequest(f"Invalid request: the body is not JSON: {where}") from error
    except UnicodeDecodeError as error:
        raise BadRequest("Invalid request: the body is not UTF-8") from error
    except ValueError as error:
        raise BadRequest(f"Invalid request: the body is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise BadRequest("Invalid request: the body is not a JSON object")
    return value


def _read_form(kind: str, data: bytes) -> dict[str, Any]:
    """Reads a form of a ``Content-Type``."""
    try:
        if boundary := _BOUNDARY.match(kind):
            return _to_fields(_of_parts(data, boundary[1]))
        return _from_query(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadRequest("Invalid request: the form is not UTF-8") from error


def _from_query(text: str) -> dict[str, Any]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_FIELDS)
    except UnicodeDecodeError as error:
        raise BadRequest("Invalid request: the form is not UTF-8") from error
    except ValueError as error:
        raise BadRequest(_TOO_MANY) from error
    return _to_fields(pairs)


def _of_parts(data: bytes, boundary: str) -> list[tuple[str, str]]:
    """Reads names and values of a form of several parts (RFC 7578)."""
    pairs = []
    parts = (b"\r\n" + data).split(f"\r\n--{boundary}".encode("latin-1"), _FIELDS + 2)[1:]
    if len(parts) > _FIELDS + 1:  # the last one ends the form
        raise BadRequest(_TOO_MANY)
    for part in parts:
        head, _, value = part.partition(b"\r\n\r\n")
        if name := _NAME.search(head[:_MOST_HEAD]):
            pairs.append((name[1].decode("utf-8"), value.decode("utf-8")))
    return pairs


def _to_fields(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Returns values by name; a list of those of a name that comes several times."""
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in fields.items()}


def text_field(fields: Mapping[str, Any], name: str) -> str | None:
    """Returns a field that is text; None if it is missing, null or empty.

    Raises:
        BadRequest: If it is something else.
    """
    value = fields.get(name)
    if value in (None, ""):
        return None
    if not isinstance(value, str):
        raise BadRequest(f"Invalid request: {name} is not text")
    return value
