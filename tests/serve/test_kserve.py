"""KServe's API, version 2."""

import json

import pytest

pytest.importorskip("starlette")
pytest.importorskip("httpx2")

from paths import DATA
from served import serving

from s2s.serve.tensors import pack_strings, unpack_strings
from s2s.version import __version__

INFER = "/v2/models/de-en/infer"


@pytest.fixture(scope="module")
def client():
    with serving(DATA / "tiny.onnx") as running:
        yield running


def tensor(*texts, **fields):
    shape = {"shape": [len(texts)], "data": list(texts)}
    return {"name": "text", "datatype": "BYTES"} | shape | fields


@pytest.mark.parametrize("path", [INFER, "/v2/models/de-en/versions/1/infer"])
@pytest.mark.parametrize("shape", [[2], [2, 1]])
def test_texts_in_json_are_translated(client, path, shape):
    inputs = [tensor("eins zwei", "drei", shape=shape)]
    response = client.post(path, json={"id": "seven", "inputs": inputs})
    output = {"name": "translations", "datatype": "BYTES", "shape": shape}
    assert response.json() == {
        "model_name": "de-en",
        "model_version": "1",
        "id": "seven",
        "outputs": [output | {"data": ["one two", "three"]}],
    }


def test_texts_in_binary_are_translated(client):
    packed = pack_strings(["fünf", "zwölf"])
    parameters = {"binary_data_size": len(packed)}
    text = {"name": "text", "datatype": "BYTES", "shape": [2], "parameters": parameters}
    outputs = [{"name": "translations", "parameters": {"binary_data": True}}]
    head = json.dumps({"inputs": [text], "outputs": outputs}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    response = client.post(INFER, content=head + packed, headers=headers)
    assert response.status_code == 200
    length = int(response.headers["Inference-Header-Content-Length"])
    (output,) = json.loads(response.content[:length])["outputs"]
    assert "data" not in output
    assert unpack_strings(response.content[length:], most=2) == ["five", "twelve"]


def test_no_texts_give_no_translations(client):
    response = client.post(INFER, json={"inputs": [tensor()]})
    assert response.json()["outputs"][0]["data"] == []


def test_server_and_models_are_described(client):
    assert client.get("/v2").json()["version"] == __version__
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    for path in ("/v2/models/de-en", "/v2/models/de-en/versions/1"):
        described = client.get(path).json()
        assert described["name"] == "de-en"
        assert described["inputs"] == [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
        assert described["outputs"][0]["name"] == "translations"
        assert client.get(f"{path}/ready").json() == {"name": "de-en", "ready": True}


@pytest.mark.parametrize(
    "path", ["/v2/models/en-de", "/v2/models/de-en/versions/2", "/v2/models/%FF", "/v2/models/%00"]
)
def test_a_model_that_is_not_there_is_404(client, path):
    for response in (
        client.get(path),
        client.get(f"{path}/ready"),
        client.post(f"{path}/infer", json={"inputs": [tensor("eins")]}),
    ):
        assert response.status_code == 404
        assert set(response.json()) == {"error"}


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ([tensor("a\0b")], "text 1 has NUL"),
        ([tensor("\ud800")], "text 1 has a lone surrogate"),
        ([tensor("a" * 10_001)], "10001 characters"),
        ([tensor(*["a"] * 1001)], "1001 texts"),
        ([tensor("eins", datatype="FP32")], "datatype must be 'BYTES'"),
    ],
)
def test_a_wrong_request_is_an_error(client, inputs, words):
    response = client.post(INFER, content=json.dumps({"inputs": inputs}))
    assert response.status_code == 400
    assert set(response.json()) == {"error"}
    assert words in response.json()["error"]


def test_translations_need_a_key_and_health_does_not(tiny):
    asked = {"inputs": [tensor("eins")]}
    with serving(tiny, keys=["a-key"]) as client:
        for path in ("/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/de-en/ready"):
            assert client.get(path).status_code == 200
        refused = client.post(INFER, json=asked)
        assert refused.status_code == 403
        assert refused.json() == {"error": "Invalid API key"}
        client.headers["Authorization"] = "Bearer a-key"
        assert client.post(INFER, json=asked).status_code == 200
