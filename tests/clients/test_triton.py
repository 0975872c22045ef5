"""Triton's own HTTP client gets right answers, with strings in JSON and in binary."""

import pytest

pytestmark = pytest.mark.clients
http = pytest.importorskip("tritonclient.http")
np = pytest.importorskip("numpy")
MODEL = "en-es"


@pytest.fixture
def client(server):
    with http.InferenceServerClient(f"127.0.0.1:{server.port}") as running:
        yield running


@pytest.mark.parametrize("column", [False, True])
@pytest.mark.parametrize("binary_out", [None, False, True])
@pytest.mark.parametrize("binary_in", [False, True])
def test_texts_are_translated(client, expected, binary_in, binary_out, column):
    shape = [len(expected), 1] if column else [len(expected)]
    texts = http.InferInput("text", shape, "BYTES")
    data = np.array([text.encode() for text in expected], dtype=object).reshape(shape)
    texts.set_data_from_numpy(data, binary_data=binary_in)
    outputs = None
    if binary_out is not None:
        outputs = [http.InferRequestedOutput("translations", binary_data=binary_out)]
    result = client.infer(MODEL, [texts], outputs=outputs, request_id="seven")
    assert result.get_response()["id"] == "seven"
    found = result.as_numpy("translations")
    assert list(found.shape) == shape
    strings = [text.decode() if isinstance(text, bytes) else text for text in found.ravel()]
    assert strings == list(expected.values())


def test_the_server_and_its_models_are_described(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(MODEL)
    assert not client.is_model_ready("another")
    assert client.get_server_metadata()["name"] == "s2s"
    metadata = client.get_model_metadata(MODEL)
    assert metadata["name"] == MODEL
    assert [tensor["name"] for tensor in metadata["inputs"]] == ["text"]
    assert [tensor["name"] for tensor in metadata["outputs"]] == ["translations"]


def test_a_model_that_is_not_there_is_one_clear_error(client):
    from tritonclient.utils import InferenceServerException

    texts = http.InferInput("text", [1], "BYTES")
    texts.set_data_from_numpy(np.array([b"Hello"], dtype=object))
    with pytest.raises(InferenceServerException, match="another"):
        client.infer("another", [texts])
    numbers = http.InferInput("text", [1], "FP32")
    numbers.set_data_from_numpy(np.zeros(1, np.float32))
    with pytest.raises(InferenceServerException, match="BYTES"):
        client.infer(MODEL, [numbers])
