"""Requests as Mastodon, Weblate and Discourse send them get the answers that these can read."""

import re

import pytest

pytest.importorskip("starlette")
pytest.importorskip("httpx2")

from paths import DATA
from served import serving


@pytest.fixture(scope="module")
def client():
    with serving(DATA / "tiny.onnx") as running:
        yield running


def test_mastodon_translates_the_texts_of_a_post(client):
    languages = client.get("/languages").json()
    pairs = {
        each["code"]: [code for code in each["targets"] if code != each["code"]]
        for each in languages
    }
    assert pairs["de"] == ["en"]
    warning, post, choice = (
        "eins",
        '<p>zwei <a href="https://a.example/@b">@b</a></p><p>drei</p>',
        "",
    )
    asked = {"source": "de", "target": "en", "format": "html", "api_key": None}
    answer = client.post("/translate", json=asked | {"q": [warning, post, choice]}).json()
    translated = answer["translatedText"]
    assert len(translated) == 3
    assert translated[0] == "one"
    assert re.findall(r"</?\w+", translated[1]) == re.findall(r"</?\w+", post)
    assert translated[2] == ""
    answer = client.post("/translate", json=asked | {"source": "auto", "q": [post, warning]}).json()
    assert [each["language"] for each in answer["detectedLanguage"]] == ["de", "de"]


def test_weblate_finds_its_placeholders_in_every_string(client):
    codes = {each["code"] for each in client.get("/languages").json()}
    assert {"de", "en"} <= codes
    strings = [f"eins [X{number}X] zwei [X{number + 7}X]" for number in range(20)]
    asked = {"api_key": "", "q": strings, "source": "de", "target": "en"}
    translated = client.post("/translate", json=asked).json()["translatedText"]
    for number, text in enumerate(translated):
        assert re.findall(r"\[X(\d+)X *\]", text) == [str(number), str(number + 7)]


def test_weblate_finds_its_placeholders_by_deepl_s_api(client):
    sources = {
        each["language"] for each in client.get("/v2/languages", params={"type": "source"}).json()
    }
    targets = {
        each["language"] for each in client.get("/v2/languages", params={"type": "target"}).json()
    }
    assert "DE" in sources
    assert "EN-GB" in targets
    assert client.get("/v2/glossary-language-pairs").json()["supported_languages"] == []
    strings = [f'eins <x id="{number}"></x> &lt; zwei' for number in range(20)]
    asked = {"text": strings, "source_lang": "DE", "target_lang": "EN", "formality": "default"}
    asked |= {"tag_handling": "xml", "ignore_tags": ["x"]}
    translations = client.post("/v2/translate", json=asked).json()["translations"]
    for number, translation in enumerate(translations):
        assert translation["text"].count(f'<x id="{number}"></x>') == 1
        assert "&lt;" in translation["text"]


def test_discourse_detects_and_then_translates(client):
    post = "<p>eins <strong>zwei</strong></p>\n<pre><code>drei</code></pre>"
    found = client.post("/detect", data={"q": "eins zwei", "api_key": ""}).json()
    language = found[0]["language"]
    supported = {each["code"] for each in client.get("/languages").json()}
    assert {language, "en"} <= supported
    asked = {"q": post, "source": language, "target": "en", "format": "html", "api_key": ""}
    translated = client.post("/translate", data=asked).json()["translatedText"]
    assert re.findall(r"</?\w+", translated) == re.findall(r"</?\w+", post)
    assert "<code>drei</code>" in translated
