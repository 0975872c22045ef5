"""Clients from npm get right answers."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NODE = shutil.which("node")
pytestmark = pytest.mark.clients


@pytest.mark.parametrize(
    "package", ["translate", "libretranslate", "libretranslate-ts", "deepl-node"]
)
def test_npm_client_translates(package, server, expected):
    if NODE is None:
        pytest.skip("node is missing")
    if not (HERE / "node_modules" / package).is_dir():
        pytest.skip(f"the npm package {package} is missing; run make test-clients")
    job = {"package": package, "url": server.url, "texts": list(expected)}
    finished = subprocess.run(  # noqa: S603
        [NODE, HERE / "translate.mjs"],
        input=json.dumps(job).encode(),
        capture_output=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr.decode()
    assert json.loads(finished.stdout) == list(expected.values())
