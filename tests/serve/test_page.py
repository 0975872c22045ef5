"""The page to type into loads nothing from elsewhere, and works with the keyboard alone."""

import base64
import hashlib
import json
import re
import shutil
import signal
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytest.importorskip("starlette")
pytest.importorskip("httpx2")

from paths import ROOT
from processes import start
from served import serving

EXAMPLES = ROOT / "export" / "examples"
NODE = shutil.which("node")
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
VOID = {"meta", "link", "input"}


class Reader(HTMLParser):
    """Collects the elements of a page, each of which must be closed."""

    def __init__(self):
        super().__init__()
        self.elements, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def response(tiny):
    with serving(tiny) as client:
        return client.get("/")


@pytest.fixture
def elements(response):
    reader = Reader()
    reader.feed(response.text)
    reader.close()
    assert reader.open == []
    return reader.elements


def test_the_page_loads_nothing_from_elsewhere(response, elements):
    links = [attrs[name] for _, attrs in elements for name in ("src", "href") if name in attrs]
    assert links == ["data:,"]
    assert not re.search(r"https?:|//[a-z]|@import|url\(|eval|innerHTML", response.text)


def test_the_policy_allows_the_page_s_own_script_and_style_and_nothing_else(response):
    policy = dict(
        directive.split(" ", 1)
        for directive in response.headers["content-security-policy"].split("; ")
    )
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    for tag in ("script", "style"):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", response.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert policy[f"{tag}-src"] == f"'sha256-{digest}'"


def test_no_element_has_a_style_or_script_of_its_own(elements):
    assert not [name for _, attrs in elements for name in attrs if name[:2] == "on"]
    assert not [attrs for _, attrs in elements if "style" in attrs]


def test_every_field_has_a_label(elements):
    labels = {attrs["for"] for tag, attrs in elements if tag == "label"}
    fields = [attrs for tag, attrs in elements if tag in ("select", "textarea", "input", "output")]
    assert len(fields) == 5
    for attrs in fields:
        assert attrs["id"] in labels or attrs["aria-label"]
    assert dict(elements)["html"]["lang"] == "en"


def test_a_browser_translates_by_keyboard(tiny, translator, tmp_path):
    for needed, is_there in {
        "node": NODE,
        "chromium": BROWSER,
        "playwright-core (npm install in export/examples)": (
            EXAMPLES / "node_modules" / "playwright-core"
        ).is_dir(),
    }.items():
        if not is_there:
            pytest.skip(f"{needed} is missing")
    keys = tmp_path / "keys"
    keys.write_text("a-key\n")
    models = (tiny, f"en:es={tiny}")
    texts = ["eins <b>zwei", "drei.\n\n  Vier & <script>alert(1)</script> fünf."]
    with start("serve", *models, "--port", 0, "--api-key-file", keys) as server:
        try:
            job = {"browser": BROWSER, "url": _address(server), "key": "a-key", "texts": texts}
            finished = subprocess.run(  # noqa: S603
                [NODE, Path(__file__).parent / "drive_page.mjs"],
                input=json.dumps(job).encode(),
                capture_output=True,
                cwd=EXAMPLES,
                check=False,
            )
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=30)
    assert finished.stderr.decode() == ""
    found = json.loads(finished.stdout)
    assert found["problems"] == []
    assert len(set(found["backgrounds"])) == 2  # light and dark
    assert found["focus"] == "text"
    assert found["refused"] == "Invalid API key"
    assert found["order"] == ["target", "key", "translate"]
    assert found["targets"] == ["en"]
    assert found["translations"] == [each.text for each in translator.translate(texts)]
    assert found["language"] == "en"
    assert re.fullmatch(r"Read as German \(\d+ %\)\.", found["detected"])


def _address(server):
    """Reads a starting server's lines until it says where it listens."""
    for line in server.stderr:
        if match := re.search(rb"http://[\d.]+:\d+", line):
            return match[0].decode()
    pytest.fail("the server did not start")
