"""LibreTranslate's API, as its clients use it: https://docs.libretranslate.com/api/.

A request may be a JSON object, a form, or a POST without a body whose fields stand in the query.
Unknown fields are ignored. Texts of errors are those of LibreTranslate, which clients compare.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from s2s.serve.body import text_field
from s2s.serve.detect import Detected
from s2s.serve.errors import BadRequest, Busy, NotSupported, RequestError, TooMuch
from s2s.serve.keys import bearer
from s2s.serve.names import language_name
from s2s.serve.shared import Shared
from s2s.translate.markup.options import Markup

API = "libretranslate"
AUTO = "auto"


def routes(shared: Shared) -> list[Route]:
    """Returns the routes of the API."""
    libre = LibreTranslate(shared)
    table = [
        ("/translate", libre.translate, "POST"),
        ("/detect", libre.detect, "POST"),
        ("/languages", libre.languages, "GET"),
        ("/frontend/settings", libre.settings, "GET"),
        ("/health", libre.health, "GET"),
    ]
    return shared.routes(table, api=API, form=error_response)


def error_response(error: RequestError) -> Response:
    """Returns an error in the form of the API."""
    message = error.message
    if isinstance(error, TooMuch) and error.what != "bytes":
        message = f"Invalid request: request ({error.found}) exceeds text limit ({error.limit})"
    if isinstance(error, Busy):
        message = f"Slowdown: {message}"
    return JSONResponse({"error": message}, error.status)


class LibreTranslate:
    """The endpoints."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def translate(self, request: Request) -> Response:
        """``POST /translate``: one text or a list."""
        fields = await self._fields(request)
        texts, is_list = _texts(fields)
        source, target = (_needed(fields, name) for name in ("source", "target"))
        markup, alternatives = _markup(fields), _alternatives(fields)
        shared = self._shared
        shared.service.check_texts(texts, 1 + alternatives)
        n_best = 1 if markup is not None else 1 + alternatives  # a document has no alternatives
        detected: list[Detected] = []
        if source == AUTO:
            detected = await shared.detect(texts)
            codes = [each.language for each in detected]
            answers = await shared.translate_detected(
                request, texts, codes, target, markup=markup, n_best=n_best
            )
        else:
            model = shared.service.find(source, target)
            answers = await shared.translate(request, model, texts, markup=markup, n_best=n_best)
        result: dict[str, Any] = {"translatedText": [answer.text for answer in answers]}
        if detected:
            result["detectedLanguage"] = [_to_json(each) for each in detected]
        if alternatives:
            result["alternatives"] = [list(answer.alternatives) for answer in answers]
        if not is_list:
            result = {name: values[0] for name, values in result.items()}
        return JSONResponse(result)

    async def detect(self, request: Request) -> Response:
        """``POST /detect``: the languages that a text may be in."""
        fields = await self._fields(request)
        text = "\n".join(_texts(fields)[0])
        self._shared.service.check_texts([text])
        found = await asyncio.to_thread(self._shared.detector.detect, text)
        return JSONResponse([_to_json(each) for each in found])

    async def languages(self, _: Request) -> Response:
        """``GET /languages``: all languages, each with those that it can be translated to."""
        targets = self._shared.service.languages()
        return JSONResponse(
            [
                {"code": code, "name": language_name(code), "targets": targets.get(code, [])}
                for code in self._shared.service.codes()
            ]
        )

    async def settings(self, _: Request) -> Response:
        """``GET /frontend/settings``: limits, and the first language pair."""
        shared = self._shared
        source, targets = next(iter(shared.service.languages().items()))
        return JSONResponse(
            {
                "apiKeys": shared.keys.are_needed,
                "charLimit": shared.service.limits.max_chars,
                "filesTranslation": False,
                "frontendTimeout": 500,
                "keyRequired": shared.keys.are_needed,
                "language": {
                    "source": {"code": source, "name": language_name(source)},
                    "target": {"code": targets[0], "name": language_name(targets[0])},
                },
                "suggestions": False,
                "supportedFilesFormat": [],
            }
        )

    async def health(self, _: Request) -> Response:
        """``GET /health``."""
        return JSONResponse({"status": "ok"})

    async def _fields(self, request: Request) -> dict[str, Any]:
        """Reads a request's fields, and checks its key."""
        fields = await self._shared.body.fields(request)
        header = bearer(request.headers.get("authorization"))
        self._shared.keys.check(fields.get("api_key") or header)
        return fields


def _texts(fields: Mapping[str, Any]) -> tuple[list[str], bool]:
    """Returns the texts of ``q``, and whether it is a list."""
    texts = fields.get("q")
    if texts in (None, "", []):
        raise BadRequest("Invalid request: missing q parameter")
    is_list = isinstance(texts, list)
    texts = texts if is_list else [texts]
    if not all(isinstance(text, str) for text in texts):
        raise BadRequest("Invalid request: q is neither text nor a list of texts")
    return texts, is_list


def _needed(fields: Mapping[str, Any], name: str) -> str:
    value = text_field(fields, name)
    if value is None:
        raise BadRequest(f"Invalid request: missing {name} parameter")
    return value


def _markup(fields: Mapping[str, Any]) -> Markup | None:
    format_ = text_field(fields, "format") or "text"
    if format_ not in ("text", "html"):
        raise NotSupported(f"{format_:.40} format")
    return Markup() if format_ == "html" else None


def _alternatives(fields: Mapping[str, Any]) -> int:
    value = fields.get("alternatives") or 0
    try:
        number = int(value) if isinstance(value, int | str) else -1
    except ValueError:
        number = -1
    if number < 0:
        raise BadRequest("Invalid request: alternatives is not a whole number from 0")
    return number


def _to_json(detected: Detected) -> dict[str, Any]:
    return {"confidence": round(100 * detected.confidence), "language": detected.language}
