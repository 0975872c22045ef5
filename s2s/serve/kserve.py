"""KServe's API, version 2, which Triton and others have too: the Open Inference Protocol over HTTP.

Each language pair is a model with one input, ``text``, and one output, ``translations``.
"""

from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from s2s.serve.errors import Busy, NotSupported, RequestError
from s2s.serve.keys import bearer
from s2s.serve.models import ServedModel
from s2s.serve.shared import Endpoint, Shared
from s2s.serve.tensors import INPUT, JSON_LENGTH, OUTPUT, read_infer, write_infer
from s2s.version import __version__

API = "kserve"
VERSION = "1"
"""The one version that each model has."""


def routes(shared: Shared) -> list[Route]:
    """Returns the routes of the API."""
    kserve = KServe(shared)
    model = "/v2/models/{model}"
    table: list[tuple[str, Endpoint, str]] = [
        ("/v2", kserve.server, "GET"),
        ("/v2/health/live", kserve.live, "GET"),
        ("/v2/health/ready", kserve.ready, "GET"),
    ]
    for path in (model, model + "/versions/{version}"):
        table += [
            (path, kserve.model, "GET"),
            (f"{path}/ready", kserve.model_ready, "GET"),
            (f"{path}/infer", kserve.infer, "POST"),
        ]
    return shared.routes(table, api=API, form=error_response)


def error_response(error: RequestError) -> Response:
    """Returns an error in the form of the API."""
    status = error.status
    if isinstance(error, Busy):
        status = 503
    elif isinstance(error, NotSupported):
        status = 404
    return JSONResponse({"error": error.message}, status)


class KServe:
    """The endpoints."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def server(self, _: Request) -> Response:
        """``GET /v2``: what answers."""
        extensions = ["binary_tensor_data"]
        return JSONResponse({"name": "s2s", "version": __version__, "extensions": extensions})

    async def live(self, _: Request) -> Response:
        """``GET /v2/health/live``."""
        return JSONResponse({"live": True})

    async def ready(self, _: Request) -> Response:
        """``GET /v2/health/ready``: all models are loaded before the server listens."""
        return JSONResponse({"ready": True})

    async def model(self, request: Request) -> Response:
        """``GET /v2/models/M``: its input and its output."""
        model = self._find(request)
        text = {"name": INPUT, "datatype": "BYTES", "shape": [-1]}
        return JSONResponse(
            {
                "name": model.name,
                "versions": [VERSION],
                "platform": "s2s",
                "inputs": [text],
                "outputs": [text | {"name": OUTPUT}],
            }
        )

    async def model_ready(self, request: Request) -> Response:
        """``GET /v2/models/M/ready``."""
        return JSONResponse({"name": self._find(request).name, "ready": True})

    async def infer(self, request: Request) -> Response:
        """``POST /v2/models/M/infer``: texts to translations."""
        self._shared.keys.check(bearer(request.headers.get("authorization")))
        model = self._find(request)
        body = await self._shared.body.read(request)
        length = request.headers.get(JSON_LENGTH)
        asked = await self._shared.body.parse(partial(read_infer, json_length=length), body)
        answers = await self._shared.translate(request, model, asked.texts)
        translations = [answer.text for answer in answers]
        answer, headers = write_infer(asked, translations, model.name, VERSION)
        return Response(answer, headers=headers)

    def _find(self, request: Request) -> ServedModel:
        """Returns the model that the path names.

        Raises:
            NotSupported: If there is none.
        """
        name, version = request.path_params["model"], request.path_params.get("version", VERSION)
        if version != VERSION:
            raise NotSupported(f"version {version} of a model")
        return self._shared.service.model(name)
