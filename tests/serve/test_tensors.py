"""KServe's requests are read as they were meant, or refused with one clear error."""

import json
import struct
from contextlib import suppress

import pytest

pytest.importorskip("starlette")

from hypothesis import given
from hypothesis import strategies as st

from s2s.serve.errors import BadRequest, RequestError
from s2s.serve.tensors import pack_strings, read_infer, unpack_strings, write_infer

TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=5)
NAMES = st.sampled_from(
    [
        "id",
        "name",
        "text",
        "inputs",
        "outputs",
        "shape",
        "datatype",
        "data",
        "BYTES",
        "parameters",
        "binary_data_size",
        "binary_data_output",
        "translations",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.floats() | st.text(max_size=3),
    lambda values: st.lists(values, max_size=2) | st.dictionaries(NAMES, values, max_size=2),
    max_leaves=4,
)


def request(tensor=None, **fields):
    text = {"name": "text", "datatype": "BYTES", "shape": [1], "data": ["eins"]}
    return {"inputs": [text | (tensor or {})]} | fields


def read(value, behind=b""):
    head = json.dumps(value).encode()
    return read_infer(head + behind, str(len(head)) if behind else None)


@given(TEXTS, st.booleans())
def test_strings_in_json_and_in_binary_are_read_alike(texts, column):
    shape = [len(texts), 1] if column else [len(texts)]
    data = [[text] for text in texts] if column else texts
    in_json = read(request({"shape": shape, "data": data}))
    packed = pack_strings(texts)
    tensor = {"name": "text", "datatype": "BYTES", "shape": shape}
    tensor["parameters"] = {"binary_data_size": len(packed)}
    head = json.dumps({"inputs": [tensor]}).encode()
    in_binary = read_infer(head + packed, str(len(head)))
    assert in_json == in_binary
    assert list(in_json.texts) == texts
    assert list(in_json.shape) == shape


@given(TEXTS)
def test_packed_strings_are_unpacked(texts):
    assert unpack_strings(pack_strings(texts), most=len(texts)) == texts


@given(TEXTS, st.booleans())
def test_an_answer_has_the_translations_of_its_request(texts, binary):
    parameters = {"binary_data_output": binary}
    shape = {"shape": [len(texts)], "data": texts}
    asked = read(request(shape, id="seven", parameters=parameters))
    body, headers = write_infer(asked, texts, "de-en", "1")
    length = int(headers.get("Inference-Header-Content-Length", len(body)))
    answer = json.loads(body[:length])
    (output,) = answer["outputs"]
    found = unpack_strings(body[length:], len(texts)) if binary else output["data"]
    assert found == texts
    assert (answer["model_name"], answer["id"], output["shape"]) == ("de-en", "seven", [len(texts)])
    if binary:
        assert output["parameters"]["binary_data_size"] == len(body) - length


def test_an_output_says_for_itself_whether_it_is_binary():
    outputs = [{"name": "translations", "parameters": {"binary_data": False}}]
    parameters = {"binary_data_output": True}
    assert not read(request(outputs=outputs, parameters=parameters)).binary
    assert read(request(outputs=[{"name": "translations"}], parameters=parameters)).binary


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({}, "inputs"),
        ({"inputs": []}, "inputs"),
        ({"inputs": {}}, "inputs"),
        ({"inputs": [{}, {}]}, "inputs"),
        (request({"name": "src"}), "the only input is 'text'; found \"src\""),
        (request({"datatype": "FP32"}), "datatype must be 'BYTES'"),
        (request({"shape": [2]}), r"shape \[2\] is for 2 strings; found 1"),
        (request({"shape": [1, 2]}), "shape must be"),
        (request({"shape": [1, 1, 1]}), "shape must be"),
        (request({"shape": [-1]}), "shape must be"),
        (request({"shape": [True]}), "shape must be"),
        (request({"shape": [1.0]}), "shape must be"),
        (request({"shape": "1"}), "shape must be"),
        (request({"shape": None}), "shape must be"),
        (request({"data": [1]}), "item 1 is a number"),
        (request({"data": [["eins"]]}), "item 1 is a list"),
        (request({"data": "eins"}), "data must be a list"),
        (request({"parameters": []}), "parameters of input 'text' must be an object"),
        (request({"parameters": {"binary_data_size": 0}}), "not both"),
        (request(id=7), "id must be a string"),
        (request(id="\ud800"), "id must be a string"),
        (request(parameters={"binary_data_output": 1}), "binary_data_output must be true or false"),
        (request(outputs={}), "outputs must be a list"),
        (request(outputs=[{"name": "scores"}]), "the only output is 'translations'"),
        (request(outputs=[{"name": "translations"}] * 2), "2 times"),
        (
            request(outputs=[{"name": "translations", "parameters": {"classification": 2}}]),
            "classification",
        ),
    ],
)
def test_a_wrong_request_is_one_clear_error(value, words):
    with pytest.raises(BadRequest, match=words) as error:
        read(value)
    assert "\n" not in error.value.message


def in_binary(packed, shape=(1,), size=None, length=None):
    tensor = {"name": "text", "datatype": "BYTES", "shape": list(shape)}
    tensor["parameters"] = {"binary_data_size": len(packed) if size is None else size}
    head = json.dumps({"inputs": [tensor]}).encode()
    return read_infer(head + packed, str(len(head)) if length is None else length)


@pytest.mark.parametrize(
    ("packed", "words"),
    [
        (b"\1\0", "ends inside the length of string 1"),
        (b"\2\0\0\0a", "string 1 says 2 bytes, but 1 are left"),
        (b"\xff\xff\xff\xffa", "string 1 says 4294967295 bytes"),
        (b"\1\0\0\0\xff", "string 1 of the binary data is no UTF-8"),
        (b"\0\0\0\0" * 2, "for 1 strings, but the binary data has more"),
        (b"", r"shape \[1\] is for 1 strings; found 0"),
        (struct.pack("<I", 3) + b"\xed\xa0\x80", "no UTF-8"),  # a surrogate
    ],
)
def test_malformed_binary_data_is_one_clear_error(packed, words):
    with pytest.raises(BadRequest, match=words):
        in_binary(packed)


@pytest.mark.parametrize("size", [-1, 0, 4, 6, True, "5", None, 1e9])
def test_a_wrong_size_of_the_binary_data_is_an_error(size):
    with pytest.raises(BadRequest, match=r"binary_data_size|bytes behind the JSON"):
        in_binary(pack_strings(["a"]), size=False if size is None else size)


@pytest.mark.parametrize("length", ["", "-1", "1e3", "٣", "9" * 30, "1000", "0x10", " "])
def test_a_wrong_length_of_the_json_is_an_error(length):
    with pytest.raises(BadRequest, match="Inference-Header-Content-Length"):
        in_binary(b"", length=length)


def test_bytes_that_belong_to_nothing_are_an_error():
    with pytest.raises(BadRequest, match="3 bytes behind the JSON"):
        read(request(), b"abc")


@given(VALUES, st.binary(max_size=12), st.none() | st.integers(-1, 200).map(str))
def test_anything_else_is_an_error_of_a_request(value, behind, length):
    with suppress(RequestError):
        read_infer(json.dumps(value).encode() + behind, length)


@given(VALUES, VALUES, VALUES)
def test_a_request_with_strange_fields_is_read_or_refused(shape, data, parameters):
    try:
        found = read(request({"shape": shape, "data": data, "parameters": parameters}))
    except RequestError:
        return
    assert len(found.texts) == found.shape[0]
