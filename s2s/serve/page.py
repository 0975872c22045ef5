"""The page to type into, at ``/``. It loads nothing from elsewhere, and uses LibreTranslate's API.

The policy lets the browser run the one script that the page has, and ask this server only.
"""

import base64
import hashlib
import re
from functools import lru_cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from s2s.serve.shared import Shared


@lru_cache(maxsize=1)
def page() -> tuple[str, dict[str, str]]:
    """Returns the page as HTML, and its headers."""
    html = files("s2s.serve").joinpath("page.html").read_text(encoding="utf-8")
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {_hash_of('script', html)}",
            f"style-src {_hash_of('style', html)}",
            "connect-src 'self'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )
    return html, {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }


def _hash_of(tag: str, html: str) -> str:
    """Returns the source expression of the one element of that name."""
    (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def routes(_: Shared) -> list[Route]:
    """Returns the route of the page."""

    async def show(_: Request) -> Response:
        html, headers = page()
        return HTMLResponse(html, headers=headers)

    return [Route("/", show, methods=["GET"])]
