"""Starts `s2s serve` for clients of other projects; `make test-clients` runs these tests.

They run in an environment without s2s (`.venv-clients`), so the server and what it should answer
come from the command `s2s` of `.venv`.
"""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "data" / "tiny.onnx"
MODEL = Path(os.environ.get("S2S_MODEL", TINY)).resolve()
"""What the clients translate with, as English to Spanish whatever it really translates."""
COMMAND = shlex.split(os.environ.get("S2S", str(ROOT / ".venv" / "bin" / "s2s")))
KEY = "a-key"
TEXTS = [
    "eins zwei drei",
    "A man and two dogs are in the street.",
    "fünf zwölf elf & neun",
    "Hello",
]


class Server(NamedTuple):
    """A running server."""

    url: str
    port: int


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _run(folder, *options):
    """Runs a server until the tests are done; ends it as an operator would."""
    if shutil.which(COMMAND[0]) is None:
        pytest.skip(f"the command {COMMAND[0]} is missing; run make test-clients")
    port = _free_port()
    log = folder / f"{port}.log"
    models = [f"en:es={MODEL}", f"de:en={TINY}"]
    command = [*COMMAND, "serve", *models, "--port", str(port), *options]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)  # noqa: S603
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/health", process, log)
        yield Server(url, port)
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=30)
    assert code == 0, log.read_text()
    assert "Traceback" not in log.read_text()


def _wait_for(url, process, log):
    end = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310
            return
        except urllib.error.URLError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.1)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A server without keys."""
    yield from _run(tmp_path_factory.mktemp("server"))


@pytest.fixture(scope="session")
def server_with_key(tmp_path_factory):
    """A server that wants the key ``KEY``."""
    folder = tmp_path_factory.mktemp("server-with-key")
    keys = folder / "keys"
    keys.write_text(f"{KEY}\n")
    yield from _run(folder, "--api-key-file", keys)


@pytest.fixture(scope="session")
def expected():
    """What `s2s translate` makes of each text."""
    if shutil.which(COMMAND[0]) is None:
        pytest.skip(f"the command {COMMAND[0]} is missing; run make test-clients")
    found = {}
    for text in TEXTS:
        lines = text.encode()
        command = [*COMMAND, "translate", MODEL]
        finished = subprocess.run(command, input=lines, capture_output=True, check=True)  # noqa: S603
        found[text] = finished.stdout.decode().removesuffix("\n")
    return found
