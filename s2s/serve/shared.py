"""What all APIs of a server share, and how an endpoint comes to be.

An API is a module with ``routes(shared) -> list[Route]``, which ``s2s.serve.app`` collects. Its
endpoints are ordinary functions of a request that raise ``RequestError``:

    def routes(shared: Shared) -> list[Route]:
        async def languages(request: Request) -> Response:
            return JSONResponse(...)
        return shared.routes([("/languages", languages, "GET")], api="libretranslate", form=_error)

``form`` turns a ``RequestError`` into the response of the API.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from time import perf_counter

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from s2s.serve.body import BodyReader
from s2s.serve.codes import find_code
from s2s.serve.detect import Detected, Detector, has_letters
from s2s.serve.errors import Failed, Gone, RequestError
from s2s.serve.keys import Keys
from s2s.serve.models import ServedModel
from s2s.serve.service import Answer, Service
from s2s.translate.markup.options import Markup

Endpoint = Callable[[Request], Awaitable[Response]]
Form = Callable[[RequestError], Response]
"""Turns an error into the response of an API."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Shared:
    """What all APIs share."""

    service: Service
    keys: Keys
    body: BodyReader
    detector: Detector

    def routes(
        self, table: Iterable[tuple[str, Endpoint, str]], *, api: str, form: Form
    ) -> list[Route]:
        """Makes the routes of an API from paths, endpoints and methods; see ``route``."""
        return [
            self.route(path, endpoint, method, api=api, form=form)
            for path, endpoint, method in table
        ]

    def route(self, path: str, endpoint: Endpoint, method: str, *, api: str, form: Form) -> Route:
        """Makes a route whose errors take the form of an API, and which is counted.

        Args:
            path: Path of the route, as Starlette writes it.
            endpoint: Answers, or raises RequestError.
            method: HTTP method.
            api: Name of the API in the counts.
            form: Turns an error into a response.
        """

        async def answer(request: Request) -> Response:
            start = perf_counter()
            try:
                response = await endpoint(request)
            except RequestError as error:
                response = form(error)
            except Exception as error:
                # An exception's words may quote a text.
                where = _place(error)
                logger.error("%s failed: %s in %s", path, type(error).__name__, where)
                response = form(Failed())
            finally:
                self.body.release(request)
            # After some errors the rest of the body was not read.
            if self.service.closing or response.status_code in _CLOSING:
                response.headers["Connection"] = "close"
            stats = self.service.stats
            stats.requests[api, response.status_code] += 1
            stats.latency.observe(perf_counter() - start)
            return response

        return Route(path, answer, methods=[method])

    async def detect(self, texts: Sequence[str]) -> list[Detected]:
        """Returns the most probable language of each text, while others go on.

        Raises:
            RequestError: As ``Detector.detect``.
        """
        return await asyncio.to_thread(lambda: [self.detector.detect(text)[0] for text in texts])

    async def translate_detected(
        self,
        request: Request,
        texts: Sequence[str],
        sources: Sequence[str],
        target: str,
        *,
        markup: Markup | None = None,
        n_best: int = 1,
    ) -> list[Answer]:
        """Translates texts, each from the language that it was found to be in.

        A text that was found to be in the target language already stays as it is. So does a text
        without letters, such as an empty one, which is in no language.

        Raises:
            RequestError: As ``translate``; NotSupported if a pair is not served.
        """
        answers = {
            number: Answer(text, (), 0.0)
            for number, text in enumerate(texts)
            if not has_letters(text)
        }
        for source in dict.fromkeys(sources):
            numbers = [
                number
                for number, each in enumerate(sources)
                if each == source and number not in answers
            ]
            if not numbers:
                continue
            same_source = [texts[number] for number in numbers]
            if find_code(target, [source]):
                found = [Answer(text, (), 0.0) for text in same_source]
            else:
                model = self.service.find(source, target)
                found = await self.translate(
                    request, model, same_source, markup=markup, n_best=n_best
                )
            answers |= zip(numbers, found, strict=True)
        return [answers[number] for number in range(len(texts))]

    async def translate(
        self,
        request: Request,
        model: ServedModel,
        texts: Sequence[str],
        *,
        markup: Markup | None = None,
        n_best: int = 1,
    ) -> list[Answer]:
        """As ``Service.translate``, for a request whose body was read.

        Raises:
            Gone: If the client hangs up meanwhile; texts that wait are dropped.
            RequestError: As ``Service.translate``.
        """
        work = asyncio.ensure_future(
            self.service.translate(model, texts, markup=markup, n_best=n_best)
        )
        watch = asyncio.ensure_future(_hang_up(request))
        try:
            await asyncio.wait((work, watch), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise Gone
            return work.result()
        finally:
            work.cancel()
            watch.cancel()


_CLOSING = (408, 413, 429, 503)


async def _hang_up(request: Request) -> None:
    """Returns when the client has hung up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _place(error: Exception) -> str:
    """Returns the file and line where an exception was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "?"
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
