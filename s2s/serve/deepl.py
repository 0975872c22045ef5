"""The part of DeepL's API that translates texts: https://developers.deepl.com/docs.

A request may be a JSON object or a form. Unknown fields are ignored; a field that asks for what the
server cannot do, such as a glossary, is an error.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from s2s.serve.body import text_field
from s2s.serve.errors import BadRequest, NotSupported, RequestError
from s2s.serve.keys import bearer
from s2s.serve.names import language_name
from s2s.serve.shared import Shared
from s2s.translate.markup.options import Markup
from s2s.writing.languages import primary

API = "deepl"
CHARACTER_LIMIT = 1_000_000_000_000
"""What ``/v2/usage`` says that may be translated: as DeepL says it where there is no limit."""
_VARIANTS = {"en": ("EN-GB", "EN-US"), "pt": ("PT-BR", "PT-PT")}
"""Targets that DeepL has in place of a language; the model of the language serves them all."""
_OTHER_NAMES = {"no": "NB"}
"""Languages that DeepL calls otherwise."""
_NEEDS_MORE = ("glossary_id", "glossary_ids", "style_id", "custom_instructions")
"""Fields that change translations, and that no model here can follow."""


def routes(shared: Shared) -> list[Route]:
    """Returns the routes of the API."""
    deepl = DeepL(shared)
    table = [
        ("/v2/translate", deepl.translate, "POST"),
        ("/v2/languages", deepl.languages, "GET"),
        ("/v2/usage", deepl.usage, "GET"),
        ("/v2/glossaries", deepl.glossaries, "GET"),
        ("/v2/glossary-language-pairs", deepl.glossary_pairs, "GET"),
    ]
    return shared.routes(table, api=API, form=error_response)


def error_response(error: RequestError) -> Response:
    """Returns an error in the form of the API."""
    return JSONResponse({"message": error.message}, error.status)


class DeepL:
    """The endpoints."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def translate(self, request: Request) -> Response:
        """``POST /v2/translate``: texts, with markup if ``tag_handling`` says so."""
        fields = await self._fields(request)
        _refuse_what_needs_more(fields)
        texts = _texts(fields)
        target = text_field(fields, "target_lang")
        if target is None:
            raise BadRequest("Parameter 'target_lang' not specified.")
        given = text_field(fields, "source_lang")
        markup = _markup(fields)
        shared = self._shared
        shared.service.check_texts(texts)
        if given is None:
            sources = [each.language for each in await shared.detect(texts)]
            answers = await shared.translate_detected(
                request, texts, sources, target, markup=markup
            )
        else:
            model = shared.service.find(given, target)
            sources = [model.source] * len(texts)
            answers = await shared.translate(request, model, texts, markup=markup)
        translations = [
            {
                "detected_source_language": source_name(source),
                "text": answer.text,
                "billed_characters": len(text),
            }
            for text, source, answer in zip(texts, sources, answers, strict=True)
        ]
        return JSONResponse({"translations": translations})

    async def languages(self, request: Request) -> Response:
        """``GET /v2/languages``: the sources, or with ``type=target`` the targets."""
        fields = await self._fields(request)
        side = text_field(fields, "type") or "source"
        served = self._shared.service.languages()
        if side == "source":
            names = {source_name(code): language_name(primary(code)) for code in served}
        elif side == "target":
            targets = sorted({target for targets in served.values() for target in targets})
            names = {name: language_name(name) for code in targets for name in target_names(code)}
        else:
            raise BadRequest("Value for 'type' not supported: it is source or target.")
        return JSONResponse(
            [
                {"language": code, "name": name, "supports_formality": False}
                for code, name in sorted(names.items())
            ]
        )

    async def usage(self, request: Request) -> Response:
        """``GET /v2/usage``: characters that the server has translated for all its clients."""
        await self._fields(request)
        count = self._shared.service.stats.characters
        return JSONResponse({"character_count": count, "character_limit": CHARACTER_LIMIT})

    async def glossaries(self, request: Request) -> Response:
        """``GET /v2/glossaries``: there are none. Weblate asks."""
        await self._fields(request)
        return JSONResponse({"glossaries": []})

    async def glossary_pairs(self, request: Request) -> Response:
        """``GET /v2/glossary-language-pairs``: there are none. Weblate asks."""
        await self._fields(request)
        return JSONResponse({"supported_languages": []})

    async def _fields(self, request: Request) -> dict[str, Any]:
        """Reads a request's fields, and checks its key."""
        header = request.headers.get("authorization")
        key = bearer(header, "DeepL-Auth-Key") or bearer(header)
        if key is not None:
            self._shared.keys.check(key)
        fields = await self._shared.body.fields(request)
        self._shared.keys.check(key or fields.get("auth_key"))
        return fields


def source_name(code: str) -> str:
    """Returns DeepL's code of a source language: no script, no region."""
    language = primary(code)
    return _OTHER_NAMES.get(language, language.upper())


def target_names(code: str) -> Iterator[str]:
    """Yields DeepL's codes of a target language, several for English and Portuguese."""
    language = primary(code)
    if "-" in code or "_" in code:
        yield code.upper().replace("_", "-")
    elif language in _VARIANTS:
        yield from _VARIANTS[language]
    else:
        yield source_name(code)


def _texts(fields: Mapping[str, Any]) -> list[str]:
    texts = fields.get("text")
    if texts is None or texts == []:
        raise BadRequest("Parameter 'text' not specified.")
    texts = texts if isinstance(texts, list) else [texts]
    if not all(isinstance(text, str) for text in texts):
        raise BadRequest("Value for 'text' not supported: it is neither text nor a list of texts.")
    return texts


def _markup(fields: Mapping[str, Any]) -> Markup | None:
    handling = text_field(fields, "tag_handling")
    ignored = fields.get("ignore_tags") or []
    names = [ignored] if isinstance(ignored, str) else ignored
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadRequest("Value for 'ignore_tags' not supported: it is no list of names.")
    if handling is None:
        return None
    tags = [name.strip() for part in names for name in part.split(",") if name.strip()]
    if handling == "html":
        return Markup(ignore_tags=tags)
    if handling == "xml":
        return Markup(kind="xml", ignore_tags=tags)
    raise NotSupported(f"tag_handling {handling}")


def _refuse_what_needs_more(fields: Mapping[str, Any]) -> None:
    for name in _NEEDS_MORE:
        if fields.get(name):
            raise NotSupported(name)
    formality = text_field(fields, "formality")
    if formality in ("more", "less"):
        raise NotSupported(f"formality {formality}")
