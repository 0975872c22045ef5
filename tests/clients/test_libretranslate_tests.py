"""LibreTranslate's own tests of its API pass. They run from its wheel; nothing of them is here."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.clients
WHEELS = Path(__file__).parents[2] / ".venv-clients" / "wheels"
WHEEL = Path(
    os.environ.get("LIBRETRANSLATE_WHEEL", WHEELS / "libretranslate-1.9.6-py3-none-any.whl")
)
NUMBER = 14
CLIENT = '''
import os

import pytest
import requests


class Response:
    """A response as Flask's test client has it."""

    def __init__(self, response):
        self.status_code, self.data = response.status_code, response.content
        self.json = response.json() if "json" in response.headers["content-type"] else None


class Client:
    def get(self, path, **fields):
        return Response(requests.get(os.environ["URL"] + path, timeout=30, **fields))

    def post(self, path, **fields):
        return Response(requests.post(os.environ["URL"] + path, timeout=30, **fields))


@pytest.fixture
def client():
    return Client()
'''


def test_libretranslates_own_tests_pass(server, tmp_path):
    if not WHEEL.is_file():
        pytest.skip(f"{WHEEL.name} is missing; run make test-clients")
    pytest.importorskip("requests")
    tests = "libretranslate/tests/test_api/test_"
    with zipfile.ZipFile(WHEEL) as wheel:
        for name in wheel.namelist():
            if name.startswith(tests):
                (tmp_path / Path(name).name).write_bytes(wheel.read(name))
    (tmp_path / "conftest.py").write_text(CLIENT)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        tmp_path,
    ]
    finished = subprocess.run(  # noqa: S603
        [*command, tmp_path],
        env=os.environ | {"URL": server.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
    assert f"{NUMBER} passed" in finished.stdout
