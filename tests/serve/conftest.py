"""A server in a thread of this process, and clients that send what no library would."""

import json
import logging
import socket
import threading
import time
from contextlib import contextmanager
from functools import partial

import pytest


class Server:
    """A running server."""

    def __init__(self, service, port, connections):
        self.service, self.port, self.connections = service, port, connections

    def connect(self):
        """Opens a connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def send(self, data):
        """Sends bytes; returns the status and the body of the response."""
        with self.connect() as connection:
            connection.sendall(data)
            return self.read(connection)

    @staticmethod
    def read(connection):
        """Reads a response: status and body. 0 if the connection ends without one."""
        file = connection.makefile("rb")
        first = file.readline()
        if not first:
            return 0, b""
        length = 0
        while (line := file.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return int(first.split()[1]), file.read(length)

    def post(self, path, body, *headers):
        """Posts a body; objects become JSON."""
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"POST {path} HTTP/1.1", "Host: s2s", f"Content-Length: {len(body)}", *headers]
        return self.send("\r\n".join([*lines, "", ""]).encode() + body)

    def translate(self, texts, **fields):
        """Translates by LibreTranslate's API."""
        request = {"q": texts, "source": "de", "target": "en", **fields}
        status, body = self.post("/translate", request)
        assert status == 200, body
        return json.loads(body)["translatedText"]


@pytest.fixture
def serve():
    """Runs a server in a thread: ``with serve(models, keys=..., **service) as server``.

    ``connections`` has limits of ``Connections``, by name. ``buffer`` is about how many bytes of an
    answer the system takes until the client reads.
    """

    uvicorn = pytest.importorskip("uvicorn")
    from s2s.serve.app import make_app
    from s2s.serve.keys import Keys
    from s2s.serve.protocol import Connections, LimitedProtocol
    from s2s.serve.server import listen
    from s2s.serve.service import Service

    translating = logging.getLogger("s2s.translate")
    level = translating.level
    translating.setLevel(logging.ERROR)  # as the command sets it

    @contextmanager
    def run(*models, keys=(), connections=None, buffer=None, **options):
        service = Service([str(model) for model in models], **options)
        shared = Connections(stats=service.stats, **(connections or {}))
        with listen("127.0.0.1", 0) as listener:
            if buffer:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
            config = uvicorn.Config(
                make_app(service, Keys(keys)),
                http=partial(LimitedProtocol, shared=shared),
                lifespan="on",
                log_config=None,
                access_log=False,
            )
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, args=([listener],))
            thread.start()
            while not server.started and thread.is_alive():
                time.sleep(0.01)
            try:
                yield Server(service, listener.getsockname()[1], shared)
            finally:
                server.should_exit = True
                thread.join()

    yield run
    translating.setLevel(level)
