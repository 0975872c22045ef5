"""The description of all APIs that programs read, at ``/spec``: OpenAPI 3.1."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from s2s.serve.shared import Shared
from s2s.serve.tensors import INPUT, JSON_LENGTH, OUTPUT
from s2s.version import __version__

Json = dict[str, Any]
_TEXT: Json = {"type": "string"}
_TEXTS: Json = {"oneOf": [_TEXT, {"type": "array", "items": _TEXT}]}
_NUMBER: Json = {"type": "number"}
_COUNT: Json = {"type": "integer", "minimum": 0}
_YES: Json = {"type": "boolean"}


def _record(properties: Json, required: str = "") -> Json:
    found: Json = {"type": "object", "properties": properties}
    return found | {"required": required.split()} if required else found


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


def _content(schema: Json, *types: str) -> Json:
    return {"content": {name: {"schema": schema} for name in types or ("application/json",)}}


_DETECTED = _record({"language": _TEXT, "confidence": _NUMBER}, "language confidence")
_TRANSLATE = _record(
    {
        "q": _TEXTS,
        "source": _TEXT | {"description": "A code, or auto."},
        "target": _TEXT,
        "format": {"enum": ["text", "html"], "default": "text"},
        "alternatives": _COUNT,
        "api_key": _TEXT,
    },
    "q source target",
)
_TRANSLATED = _record(
    {
        "translatedText": _TEXTS,
        "detectedLanguage": {"oneOf": [_DETECTED, _list(_DETECTED)]},
        "alternatives": _list({"oneOf": [_TEXT, _list(_TEXT)]}),
    },
    "translatedText",
)
_LANGUAGES = _list(_record({"code": _TEXT, "name": _TEXT, "targets": _list(_TEXT)}))
_DEEPL = _record(
    {
        "text": _TEXTS,
        "source_lang": _TEXT,
        "target_lang": _TEXT,
        "tag_handling": {"enum": ["html", "xml"]},
    },
    "text target_lang",
)
_DEEPL_ANSWER = _record(
    {
        "translations": _list(
            _record({"text": _TEXT, "detected_source_language": _TEXT, "billed_characters": _COUNT})
        )
    }
)
_DEEPL_LANGUAGES = _list(_record({"language": _TEXT, "name": _TEXT, "supports_formality": _YES}))
_TENSOR: Json = {
    "datatype": {"const": "BYTES"},
    "shape": _list(_COUNT),
    "data": _list(_TEXT),
    "parameters": _record({"binary_data_size": _COUNT}),
}
_INFER = _record(
    {
        "id": _TEXT,
        "inputs": _list(_record({"name": {"const": INPUT}} | _TENSOR, "name datatype shape")),
        "outputs": _list(_record({"name": {"const": OUTPUT}})),
    },
    "inputs",
)
_INFERRED = _record(
    {
        "model_name": _TEXT,
        "model_version": _TEXT,
        "id": _TEXT,
        "outputs": _list(_record({"name": {"const": OUTPUT}} | _TENSOR)),
    }
)
_ANY: Json = {"type": "object"}
_FORM = "application/x-www-form-urlencoded"
_MODEL = "/v2/models/{model}"

GETS: dict[str, tuple[str, Json]] = {
    "/languages": ("Languages, each with those that it can be translated to.", _LANGUAGES),
    "/frontend/settings": ("Limits, and the first language pair.", _ANY),
    "/health": ("Whether the server runs.", _record({"status": {"const": "ok"}})),
    "/v2/languages": ("DeepL: sources, or with type=target targets.", _DEEPL_LANGUAGES),
    "/v2/usage": (
        "DeepL: characters that were translated.",
        _record({"character_count": _COUNT, "character_limit": _COUNT}),
    ),
    "/v2/glossaries": ("DeepL: none.", _record({"glossaries": _list(_ANY)})),
    "/v2/glossary-language-pairs": ("DeepL: none.", _record({"supported_languages": _list(_ANY)})),
    "/v2": ("KServe: what answers.", _record({"name": _TEXT, "version": _TEXT})),
    "/v2/health/live": ("KServe: whether the server runs.", _record({"live": _YES})),
    "/v2/health/ready": ("KServe: whether it can translate.", _record({"ready": _YES})),
    _MODEL: ("KServe: input and output of a language pair.", _ANY),
    f"{_MODEL}/ready": ("KServe: whether it can translate.", _record({"ready": _YES})),
}
"""Paths that answer GET: what they are for, and the schema of the answer."""
POSTS: dict[str, tuple[str, Json, Json]] = {
    "/translate": ("Translates one text or several.", _TRANSLATE, _TRANSLATED),
    "/detect": (
        "Tells the languages that a text may be in, the most probable one first.",
        _record({"q": _TEXT, "api_key": _TEXT}, "q"),
        _list(_DETECTED),
    ),
    "/v2/translate": ("DeepL: translates one text or several.", _DEEPL, _DEEPL_ANSWER),
    f"{_MODEL}/infer": ("KServe: translates texts.", _INFER, _INFERRED),
}
"""Paths that answer POST: what they are for, and the schemas of body and answer."""


def spec() -> Json:
    """Returns the description."""
    paths: Json = {path: {"get": _operation(path, *entry)} for path, entry in GETS.items()}
    for path, (summary, body, answer) in POSTS.items():
        operation = _operation(path, summary, answer)
        types = ("application/json",) if path.startswith(_MODEL) else ("application/json", _FORM)
        operation["requestBody"] = _content(body, *types) | {"required": True}
        paths.setdefault(path, {})["post"] = operation
    header = {"name": JSON_LENGTH, "in": "header", "schema": _COUNT}
    paths[f"{_MODEL}/infer"]["post"]["parameters"].append(header)
    # A model's one version has the same paths.
    for path in [path for path in paths if path.startswith(_MODEL)]:
        paths[path.replace(_MODEL, f"{_MODEL}/versions/1")] = paths[path]
    return {
        "openapi": "3.1.0",
        "info": {"title": "s2s serve", "version": __version__},
        "paths": paths,
    }


def _operation(path: str, summary: str, answer: Json) -> Json:
    model = {"name": "model", "in": "path", "required": True, "schema": _TEXT}
    key = "message" if path in _OF_DEEPL else "error"
    error = {"description": "What is wrong."} | _content(_record({key: _TEXT}, key))
    return {
        "summary": summary,
        "parameters": [model] if path.startswith(_MODEL) else [],
        "responses": {"200": {"description": "The answer."} | _content(answer), "default": error},
    }


_OF_DEEPL = {path for path, entry in (GETS | POSTS).items() if entry[0].startswith("DeepL")}


def routes(_: Shared) -> list[Route]:
    """Returns the route of the description."""
    described = spec()

    async def show(_: Request) -> Response:
        return JSONResponse(described)

    return [Route("/spec", show, methods=["GET"])]
