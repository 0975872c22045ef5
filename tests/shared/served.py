"""A server in this process, for tests of its APIs."""

from contextlib import contextmanager

from starlette.testclient import TestClient

from s2s.serve.app import make_app
from s2s.serve.keys import Keys
from s2s.serve.service import Service


@contextmanager
def serving(*models, keys=(), **options):
    """Yields a client of a server of these models."""
    service = Service([str(model) for model in models], workers=1, threads=1, **options)
    app = make_app(service, Keys(list(keys)))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client
