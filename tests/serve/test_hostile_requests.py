"""Whatever is sent, each API answers in its own form, and never with a fault of the server."""

import json
import logging
from urllib.parse import quote

import pytest

pytest.importorskip("starlette")
pytest.importorskip("httpx2")

from hypothesis import given, settings
from hypothesis import strategies as st
from paths import DATA
from served import serving

FORMS = {
    "/translate": {"error"},
    "/detect": {"error"},
    "/v2/translate": {"message"},
    "/v2/languages": {"message"},
    "/v2/usage": {"message"},
    "/v2/models/de-en/infer": {"error"},
    "/v2/models/de-en/versions/1/infer": {"error"},
    "/v2/models/de-en": {"error"},
}
"""Keys of an error by path."""
NAMES = st.sampled_from(
    [
        "q",
        "source",
        "target",
        "format",
        "alternatives",
        "api_key",
        "text",
        "source_lang",
        "target_lang",
        "tag_handling",
        "ignore_tags",
        "type",
        "formality",
        "auth_key",
        "glossary_id",
        "id",
        "inputs",
        "outputs",
        "name",
        "shape",
        "datatype",
        "data",
        "parameters",
        "binary_data_size",
        "binary_data_output",
    ]
)
WORDS = st.sampled_from(
    [
        "de",
        "en",
        "DE",
        "EN-GB",
        "auto",
        "zz",
        "html",
        "xml",
        "text",
        "translations",
        "BYTES",
        "eins",
        "<b>zwei</b>",
        "{name}",
        "%s",
        "\x00",
        "\ud800",
        "[X5X]",
        "&amp;",
        "<x/>",
        "0",
        "1",
        "-1",
        "1e9",
        "true",
        "\u202e",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.floats() | WORDS | st.text(max_size=5),
    lambda values: st.lists(values, max_size=2) | st.dictionaries(NAMES, values, max_size=2),
    max_leaves=4,
)
TENSOR = st.fixed_dictionaries(
    {"name": st.just("text"), "datatype": st.just("BYTES")},
    optional={"shape": VALUES, "data": VALUES, "parameters": VALUES},
)
RIGHT = {
    "q": st.lists(WORDS, max_size=3) | WORDS,
    "source": st.sampled_from(["de", "auto"]),
    "target": st.just("en"),
    "text": st.lists(WORDS, max_size=3) | WORDS,
    "target_lang": st.just("EN-GB"),
    "inputs": st.lists(TENSOR, min_size=1, max_size=1),
}
NEARLY_RIGHT = st.fixed_dictionaries({}, optional=RIGHT | {"format": VALUES, "tag_handling": WORDS})
OBJECTS = NEARLY_RIGHT | st.dictionaries(NAMES, VALUES, max_size=4) | VALUES
BODIES = st.one_of(
    OBJECTS.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(NAMES, WORDS, max_size=4).map(
        lambda fields: "&".join(f"{name}={word}" for name, word in fields.items()).encode(
            "utf-8", "surrogatepass"
        )
    ),
    st.binary(max_size=30),
    st.tuples(OBJECTS, st.binary(max_size=9)).map(
        lambda both: json.dumps(both[0]).encode() + both[1]
    ),
    st.sampled_from(
        [b"[" * 9999, b'{"q":' * 9999, b"%ff=%fe", b"&" * 20_000, b'{"q":1' + b"0" * 9999]
    ),
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Content-Type": st.sampled_from(
            [
                "application/json",
                "application/x-www-form-urlencoded",
                "multipart/form-data; boundary=B",
                "\xff",
            ]
        ),
        "Content-Encoding": st.sampled_from(["gzip", "identity", ""]),
        "Authorization": st.sampled_from(["Bearer", "DeepL-Auth-Key \xff", "Basic Og=="]),
        "Inference-Header-Content-Length": st.integers(-1, 99).map(str),
        "Accept": st.just("*/*;q=x"),
    },
)


@pytest.fixture(scope="module")
def client():
    with serving(DATA / "tiny.onnx", f"en:es={DATA / 'tiny.onnx'}") as running:
        yield running


def check(response, path):
    assert response.status_code < 500, response.text
    found = json.loads(response.content.decode()) if response.status_code != 200 else None
    if response.status_code == 405:
        assert set(found) == {"error", "message"}
    elif found is not None:
        assert response.status_code in (400, 403, 404, 413)
        assert set(found) == FORMS[path]
        (message,) = found.values()
        assert message
        assert "\n" not in message
        assert "Traceback" not in message


@given(st.sampled_from(sorted(FORMS)), st.sampled_from(["POST", "POST", "GET"]), BODIES, HEADERS)
@settings(max_examples=300, deadline=None)
def test_every_request_is_answered_in_the_form_of_its_api(client, path, method, body, headers):
    headers = {name: value.encode("latin-1") for name, value in headers.items()}
    check(client.request(method, path, content=body, headers=headers), path)


@given(st.binary(max_size=20), st.binary(max_size=20))
@settings(max_examples=40, deadline=None)
def test_any_path_and_query_are_answered(client, path, query):
    for method in ("GET", "POST", "HEAD", "BREW"):
        response = client.request(method, f"/{quote(path, safe='')}?{quote(query, safe='=&')}")
        assert response.status_code < 500


def test_a_form_of_too_many_fields_is_refused_whatever_its_kind(client):
    part = b'--B\r\nContent-Disposition: form-data; name="q"\r\n\r\neins\r\n'
    forms = {
        "application/x-www-form-urlencoded": b"q=eins&" * 10_001,
        "multipart/form-data; boundary=B": part * 10_001 + b"--B--\r\n",
    }
    for kind, form in forms.items():
        response = client.post("/translate", content=form, headers={"Content-Type": kind})
        assert response.status_code == 400
        assert "over 10000 fields" in response.json()["error"]


def test_a_failure_tells_nobody_what_was_sent(client, monkeypatch, caplog):
    from s2s.serve.service import Service

    async def fail(*_, **__):
        raise RuntimeError("geheim")

    monkeypatch.setattr(Service, "translate", fail)
    tensor = {"name": "text", "datatype": "BYTES", "shape": [1], "data": ["geheim"]}
    requests = {
        "/translate": {"q": "geheim", "source": "de", "target": "en"},
        "/v2/translate": {"text": "geheim", "target_lang": "EN", "source_lang": "DE"},
        "/v2/models/de-en/infer": {"inputs": [tensor]},
    }
    with caplog.at_level(logging.INFO):
        for path, fields in requests.items():
            response = client.post(path, json=fields)
            assert response.status_code == 500
            assert set(response.json()) == FORMS[path]
            assert "geheim" not in response.text
    assert "RuntimeError" in caplog.text
    assert "geheim" not in caplog.text
