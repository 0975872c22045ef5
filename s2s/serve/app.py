"""The application: the routes of all APIs, CORS for browsers, and the service's start and end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from s2s.serve import deepl, kserve, libretranslate, metrics, page, spec
from s2s.serve.body import BodyReader
from s2s.serve.detect import Detector
from s2s.serve.keys import Keys
from s2s.serve.service import Service
from s2s.serve.shared import Shared
from s2s.serve.targets import AbsoluteTargets

APIS = (libretranslate, deepl, kserve, metrics, page, spec)
"""The modules whose ``routes(shared)`` make the application."""


def make_app(service: Service, keys: Keys | None = None) -> Starlette:
    """Makes the application of a service, which is open while the application runs.

    Args:
        service: Translates.
        keys: API keys; every request is accepted if None.
    """
    shared = Shared(
        service=service,
        keys=keys or Keys(),
        body=BodyReader(service.limits),
        detector=Detector(list(service.languages())),
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with service:
            yield

    return Starlette(
        routes=[route for api in APIS for route in api.routes(shared)],
        middleware=[
            Middleware(AbsoluteTargets),
            Middleware(
                CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"]
            ),
        ],
        exception_handlers={HTTPException: _http_error},
        lifespan=lifespan,
    )


async def _http_error(_: Request, error: Exception) -> Response:
    """Answers a wrong path or method, in the forms of all APIs at once: it belongs to none."""
    assert isinstance(error, HTTPException)
    words = {"error": error.detail, "message": error.detail}
    return JSONResponse(words, error.status_code, error.headers)
