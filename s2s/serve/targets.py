"""Targets of requests with scheme and host, which a server has to take for those without."""

import re
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

_ABSOLUTE = re.compile(rb"https?://(?:[^/@]*@)?([^/@]+)(.*)", re.IGNORECASE | re.DOTALL)


class AbsoluteTargets:
    """Middleware for ``POST http://host/translate``, which clients send that take us for a proxy.

    RFC 9112, section 3.2.2: a server accepts this form in all requests, and takes the host from it
    rather than from the header ``Host``.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Takes the application that answers."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        if scope["type"] == "http" and not scope["path"].startswith("/"):
            scope = _in_origin_form(scope)
        await self._app(scope, receive, send)


def _in_origin_form(scope: Scope) -> Scope:
    found = _ABSOLUTE.fullmatch(scope["raw_path"])
    if found is None:  # "*", or no target at all
        return scope
    host, path = found[1], found[2] or b"/"
    headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
    return {
        **scope,
        "path": unquote(path.decode("ascii")),
        "raw_path": path,
        "headers": [(b"host", host), *headers],
    }
