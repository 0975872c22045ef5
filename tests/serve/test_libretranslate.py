"""LibreTranslate's API: what its clients send, and the errors that they compare."""

import json
import re
import time
from urllib.parse import quote

import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("starlette")
pytest.importorskip("httpx2")

from starlette.testclient import TestClient

from s2s import Translator
from s2s.serve.app import make_app
from s2s.serve.body import Limits
from s2s.serve.keys import Keys, read_keys
from s2s.serve.placeholders import PLACEHOLDERS
from s2s.serve.service import Service
from s2s.tokenizer.keep import KeepPatterns

PAIR = {"source": "de", "target": "en"}


@pytest.fixture(scope="module")
def client(tiny):
    service = Service([str(tiny)], limits=Limits(max_texts=3, max_chars=50, max_bytes=5000))
    with TestClient(make_app(service)) as client:
        yield client


@pytest.fixture(scope="module")
def two(tagged):
    with TestClient(make_app(Service([str(tagged)]), Keys(["one", "zwei"]))) as client:
        yield client


def texts_of(response):
    assert response.status_code == 200, response.text
    return response.json()["translatedText"]


def test_a_text_gives_a_text_and_a_list_gives_a_list(client):
    for q, expected in (("eins zwei", "one two"), (["eins zwei"], ["one two"])):
        assert texts_of(client.post("/translate", json={"q": q, **PAIR})) == expected
    assert texts_of(client.post("/translate", json={"q": ["elf", " ", "acht"], **PAIR})) == [
        "eleven",
        "",
        "eight",
    ]


@pytest.mark.parametrize(
    "request_",
    [
        {"json": {"q": "eins", **PAIR}},
        {"json": {"q": "eins", **PAIR, "api_key": None, "apiKey": "x", "format": "text"}},
        {"data": {"q": "eins", **PAIR}},
        {"params": {"q": "eins", **PAIR}},
        {"files": {name: (None, value) for name, value in {"q": "eins", **PAIR}.items()}},
        {"content": json.dumps({"q": "eins", **PAIR}).encode()},  # and no Content-Type
        {
            "content": json.dumps({"q": "eins", **PAIR}).encode(),
            "headers": {"Content-Type": "application/x-www-form-urlencoded"},  # as curl -d has it
        },
        {"content": b"\xef\xbb\xbf" + json.dumps({"q": "eins", **PAIR}).encode()},
        {"json": {"q": "eins", "source": "DE", "target": "en-GB"}},
        {"json": {"q": "eins", "source": "auto", "target": "en"}},
    ],
)
def test_every_way_to_send_fields_is_read(client, request_):
    assert texts_of(client.post("/translate", **request_)) == "one"


def test_a_field_that_comes_several_times_is_a_list(client):
    fields = {**PAIR, "q": ["elf", "zwölf"]}
    for way in ("data", "params"):
        assert texts_of(client.post("/translate", **{way: fields})) == ["eleven", "twelve"]
    files = [("source", (None, "de")), ("q", (None, "elf")), ("q", (None, "zwölf"))]
    files.append(("target", (None, "en")))
    assert texts_of(client.post("/translate", files=files)) == ["eleven", "twelve"]


def test_the_language_that_was_detected_comes_with_the_translation(client):
    body = {"q": "eins", "source": "auto", "target": "en"}
    assert client.post("/translate", json=body).json()["detectedLanguage"]["language"] == "de"
    body["q"] = ["eins", "elf"]
    found = client.post("/translate", json=body).json()["detectedLanguage"]
    assert [each["language"] for each in found] == ["de", "de"]
    assert all(0 <= each["confidence"] <= 100 for each in found)


def test_alternatives_come_with_the_translation(client):
    body = {"q": "eins zwei", **PAIR, "alternatives": 3}
    found = client.post("/translate", json=body).json()
    assert found["translatedText"] == "one two"
    assert 1 <= len(found["alternatives"]) <= 3
    assert "one two" not in found["alternatives"]
    found = client.post("/translate", json={**body, "q": ["eins", "elf"]}).json()
    assert [type(each) for each in found["alternatives"]] == [list, list]


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({"q": ""}, 400, "Invalid request: missing q parameter"),
        ({"q": None}, 400, "Invalid request: missing q parameter"),
        ({"source": ""}, 400, "Invalid request: missing source parameter"),
        ({"target": None}, 400, "Invalid request: missing target parameter"),
        ({"source": "zz"}, 400, "zz is not supported"),
        ({"target": "zz"}, 400, "zz is not supported"),
        ({"target": "de"}, 400, "de-de is not supported"),
        ({"format": "xx"}, 400, "xx format is not supported"),
        ({"q": ["eins"] * 4}, 400, "Invalid request: request (4) exceeds text limit (3)"),
        ({"q": "x" * 51}, 400, "Invalid request: request (51) exceeds text limit (50)"),
        ({"q": 5}, 400, "Invalid request: q is neither text nor a list of texts"),
        ({"q": ["eins", 5]}, 400, "Invalid request: q is neither text nor a list of texts"),
        ({"source": ["de"]}, 400, "Invalid request: source is not text"),
        ({"alternatives": -1}, 400, "Invalid request: alternatives is not a whole number from 0"),
        ({"alternatives": "x"}, 400, "Invalid request: alternatives is not a whole number from 0"),
        ({"alternatives": 11}, 400, "Invalid request: request (11) exceeds text limit (10)"),
        ({"q": "a\0b"}, 400, "Invalid request: text 1 has NUL"),
        ({"q": ["eins", "a\ud800"]}, 400, "Invalid request: text 2 has a lone surrogate"),
    ],
)
def test_errors_have_the_words_of_the_original(client, fields, status, error):
    content = json.dumps({"q": "eins", **PAIR, **fields}).encode()
    response = client.post("/translate", content=content)
    assert (response.status_code, response.json()) == (status, {"error": error})


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"{", "the body is not JSON"),
        (b'{"q": nothing}', "the body is not JSON"),
        (b"[1]", "the body is not a JSON object"),
        (b"[" * 2000, "the body is not valid JSON"),
        (b'{"q": ' + b"9" * 4500 + b"}", "the body is not valid JSON"),
        (b'{"q": "\xff"}', "the body is not UTF-8"),
        (b'{"q": "\0"}', "the body is not JSON"),
        (b"q=%ff&source=de&target=en", "the form is not UTF-8"),
        (b"q=\xff&source=de&target=en", "the form is not UTF-8"),
        (b"\0\0\0", "missing q parameter"),
        (b"&".join([b"a=b"] * 1100), "missing q parameter"),
    ],
)
def test_a_body_that_cannot_be_read_is_an_error_that_does_not_quote_it(client, content, error):
    response = client.post("/translate", content=content)
    assert response.status_code == 400
    assert response.json()["error"].startswith(f"Invalid request: {error}")
    assert "nothing" not in response.text


def test_wrong_paths_and_methods_are_errors_too(client):
    assert client.get("/translate").status_code == 405
    assert client.get("/nowhere").json()["error"] == "Not Found"


def test_languages_are_listed_with_their_targets(client, two):
    assert client.get("/languages").json() == [
        {"code": "de", "name": "German", "targets": ["en"]},
        {"code": "en", "name": "English", "targets": []},
    ]
    assert two.get("/languages").json()[0]["targets"] == ["en", "it"]


def test_detecting_and_settings_and_health(client, two):
    assert client.post("/detect", json={"q": "eins"}).json()[0]["language"] == "de"
    settings = client.get("/frontend/settings").json()
    assert (settings["charLimit"], settings["keyRequired"]) == (50, False)
    assert settings["language"]["target"] == {"code": "en", "name": "English"}
    assert two.get("/frontend/settings").json()["keyRequired"]
    assert client.get("/health").json() == {"status": "ok"}


def test_browsers_of_other_sites_may_ask(client):
    origin = {"Origin": "https://forum.example"}
    response = client.post("/translate", json={"q": "eins", **PAIR}, headers=origin)
    assert response.headers["access-control-allow-origin"] == "*"
    asked = {**origin, "Access-Control-Request-Method": "POST"}
    asked["Access-Control-Request-Headers"] = "content-type"
    assert client.options("/translate", headers=asked).status_code == 200


def test_documents_are_translated_as_the_translator_does(client, translator):
    pytest.importorskip("selectolax")
    documents = ["<p>eins <b>zwei</b></p><p>drei</p>", "<br>", "elf {x}", "<!-- x"]
    body = {"q": documents[:3], **PAIR, "format": "html", "alternatives": 1}
    found = client.post("/translate", json=body).json()
    assert found["translatedText"] == translator.translate_html(documents[:3], keep=PLACEHOLDERS)
    assert "<b>two</b>" in found["translatedText"][0]
    assert found["alternatives"] == [[], [], []]
    assert texts_of(client.post("/translate", data={**body, "q": documents[3]})) == documents[3]


def test_a_text_that_is_in_the_target_language_already_stays(tiny):
    pytest.importorskip("py3langid")
    texts = ["Das ist ein kleines Haus am See.", "This is a small house by the lake."]
    models = [str(tiny), f"en:de={tiny}"]
    with TestClient(make_app(Service(models))) as both:
        body = {"q": texts, "source": "auto", "target": "en"}
        found = both.post("/translate", json=body).json()
    assert [each["language"] for each in found["detectedLanguage"]] == ["de", "en"]
    assert found["translatedText"][0] != texts[0]
    assert found["translatedText"][1] == texts[1]


def test_a_text_without_letters_stays_and_harms_no_other_text_of_its_list(tiny, tagged):
    pytest.importorskip("py3langid")
    texts = ["", "<p>12 &gt; 5</p>", "Das ist ein kleines Haus am See.", " \U0001f600"]
    with TestClient(make_app(Service([f"de:it={tagged}", f"fr:en={tiny}"]))) as both:
        body = {"q": texts, "source": "auto", "target": "it"}
        found = both.post("/translate", json=body).json()["translatedText"]
    assert found[2] != texts[2]
    assert [found[0], found[1], found[3]] == [texts[0], texts[1], texts[3]]


@pytest.mark.parametrize("key", [None, "", "On", "one ", "öne", "\ud800", 5, ["one"]])
def test_a_wrong_key_is_refused(two, key):
    body = json.dumps({"q": "eins", **PAIR, "api_key": key}).encode()
    for path in ("/translate", "/detect"):
        response = two.post(path, content=body)
        assert (response.status_code, response.json()) == (403, {"error": "Invalid API key"})


def test_each_key_opens_the_server_in_a_field_or_in_a_header(two):
    for key in ("one", "zwei"):
        body = {"q": "eins", **PAIR}
        assert two.post("/translate", json={**body, "api_key": key}).status_code == 200
        header = {"Authorization": f"Bearer {key}"}
        assert two.post("/translate", json=body, headers=header).status_code == 200
        query = f"q={quote('fünf')}&source=de&target=it&api_key={key}"
        assert two.post(f"/translate?{query}").status_code == 200


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_file_of_keys_and_a_header_may_be_written_as_windows_and_others_do(
    tiny, tmp_path, encoding
):
    path = tmp_path / "keys.txt"
    path.write_bytes("\ufeffone\r\n\r\n  \r\n# two\r\nschl\u00fcssel\r\n".encode())
    with TestClient(make_app(Service([str(tiny)]), read_keys(path))) as client:
        for key, status in {"one": 200, "schl\u00fcssel": 200, "# two": 403, "": 403}.items():
            header = {"Authorization": f"Bearer {key}".encode(encoding)}
            body = {"q": "eins", "source": "de", "target": "en"}
            assert client.post("/translate", json=body, headers=header).status_code == status


def test_a_model_with_tags_gives_each_of_its_languages(two, tagged):
    with Translator(tagged) as translator:
        for to in ("en", "it"):
            body = {"q": ["eins zwei", "<2it> elf"], "source": "de", "target": to}
            found = texts_of(two.post("/translate", json={**body, "api_key": "one"}))
            expected = translator.translate(body["q"], to=to, keep=PLACEHOLDERS)
            assert found == [each.text for each in expected]


@pytest.mark.parametrize(
    "placeholder",
    ["[X5X]", '<x id="5"></x>', "{name}", "{{ count }}", "%(name)s", "%s", "%1$s", "${user}"],
)
def test_placeholders_of_services_are_kept(client, translator, placeholder):
    text = f"eins {placeholder} zwei"
    found = texts_of(client.post("/translate", json={"q": text, **PAIR}))
    assert found.count(placeholder) == 1
    assert found == translator.translate([text], keep=[re.escape(placeholder)])[0].text


@pytest.mark.parametrize(
    "text", ["50%ige", "100% sure", "5%d", "{ }", "[X]", "{not a name}", "<x>"]
)
def test_what_is_no_placeholder_is_text(text):
    assert KeepPatterns(PLACEHOLDERS).spans(f"eins {text} zwei") == []


@pytest.mark.parametrize("part", ["{", "{{", "[X1", "%(", "<x id=", "%(a", "{a", "%1$", "${", "x"])
def test_no_pattern_takes_long_for_a_long_text(part):
    start = time.process_time()
    KeepPatterns(PLACEHOLDERS).spans(part * 100_000)
    assert time.process_time() - start < 3
