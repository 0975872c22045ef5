"""KServe's requests and answers as bytes: JSON, with the strings in it or behind it.

Open Inference Protocol, ``inference_rest.md``; and the extension for binary data, in which the
header ``Inference-Header-Content-Length`` says how many bytes of the body are JSON. Each string
behind it is a little-endian uint32, its length in bytes, and its bytes.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from s2s.serve.body import read_json
from s2s.serve.errors import BadRequest

INPUT = "text"
OUTPUT = "translations"
JSON_LENGTH = "Inference-Header-Content-Length"
"""Header that says how many bytes of a body are JSON, if there is more."""
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class InferRequest:
    """A request for translations."""

    texts: tuple[str, ...]
    shape: tuple[int, ...]
    """(n,) or (n, 1), as the client sent it."""
    id: str | None
    binary: bool
    """Whether the client wants the translations behind the JSON, not in it."""


def read_infer(body: bytes, json_length: str | None) -> InferRequest:
    """Reads the body of an ``infer`` request.

    Args:
        body: All its bytes.
        json_length: Value of the header ``Inference-Header-Content-Length``; None if there is none.

    Raises:
        BadRequest: If it is no such request.
    """
    length = _json_length(json_length, len(body))
    request = read_json(body[:length])
    identifier = request.get("id")
    if identifier is not None and not (isinstance(identifier, str) and _is_text(identifier)):
        raise BadRequest(f"id must be a string of characters; found {_short(identifier)}")
    inputs = request.get("inputs")
    if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise BadRequest(f"inputs must be a list of one tensor, {INPUT!r}")
    tensor = inputs[0]
    if tensor.get("name") != INPUT:
        raise BadRequest(f"the only input is {INPUT!r}; found {_short(tensor.get('name'))}")
    if tensor.get("datatype") != "BYTES":
        raise BadRequest(f"datatype must be 'BYTES'; found {_short(tensor.get('datatype'))}")
    shape = _shape(tensor.get("shape"))
    size = _parameters(tensor, f"input {INPUT!r}").get("binary_data_size")
    rest = body[length:]
    if size is None:
        if rest:
            raise BadRequest(f"{len(rest)} bytes behind the JSON belong to no input")
        texts = _texts(tensor.get("data"), shape)
    else:
        if "data" in tensor:
            raise BadRequest("an input has data or binary_data_size, not both")
        if not isinstance(size, int) or isinstance(size, bool) or size != len(rest):
            raise BadRequest(
                f"binary_data_size is {_short(size)}, but {len(rest)} bytes follow the JSON"
            )
        texts = unpack_strings(rest, most=shape[0])
    if len(texts) != shape[0]:
        raise BadRequest(f"shape {list(shape)} is for {shape[0]} strings; found {len(texts)}")
    return InferRequest(tuple(texts), shape, identifier, _wants_binary(request))


def write_infer(
    request: InferRequest, translations: Sequence[str], model: str, version: str
) -> tuple[bytes, dict[str, str]]:
    """Returns the body of an answer, and its headers.

    Args:
        request: What is answered.
        translations: One for each text.
        model: Name of the model.
        version: Its version.
    """
    output: dict[str, Any] = {"name": OUTPUT, "datatype": "BYTES", "shape": list(request.shape)}
    answer: dict[str, Any] = {"model_name": model, "model_version": version}
    if request.id is not None:
        answer["id"] = request.id
    if not request.binary:
        output["data"] = list(translations)
        return _dump(answer | {"outputs": [output]}), {"Content-Type": "application/json"}
    packed = pack_strings(translations)
    output["parameters"] = {"binary_data_size": len(packed)}
    head = _dump(answer | {"outputs": [output]})
    headers = {
        "Content-Type": "application/octet-stream",
        JSON_LENGTH: str(len(head)),
    }
    return head + packed, headers


def pack_strings(texts: Sequence[str]) -> bytes:
    """Returns strings as the binary extension writes them."""
    encoded = [text.encode() for text in texts]
    return b"".join(_LENGTH.pack(len(text)) + text for text in encoded)


def unpack_strings(packed: bytes, most: int) -> list[str]:
    """Reads strings as the binary extension writes them.

    Args:
        packed: Their bytes.
        most: Strings that may be there.

    Raises:
        BadRequest: If there are more, one is longer than what is left, or one is no UTF-8.
    """
    texts: list[str] = []
    at = 0
    while at < len(packed):
        number = len(texts) + 1
        if number > most:
            raise BadRequest(f"the shape is for {most} strings, but the binary data has more")
        if len(packed) - at < _LENGTH.size:
            raise BadRequest(f"the binary data ends inside the length of string {number}")
        (length,) = _LENGTH.unpack_from(packed, at)
        at += _LENGTH.size
        if length > len(packed) - at:
            left = len(packed) - at
            raise BadRequest(f"string {number} says {length} bytes, but {left} are left")
        try:
            texts.append(packed[at : at + length].decode())
        except UnicodeDecodeError:
            raise BadRequest(f"string {number} of the binary data is no UTF-8") from None
        at += length
    return texts


def _json_length(header: str | None, size: int) -> int:
    if header is None:
        return size
    digits = header.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20 and int(digits) <= size):
        raise BadRequest(
            f"{JSON_LENGTH} must be a number of bytes, at most the {size} of the body; "
            f"found {_short(header)}"
        )
    return int(digits)


def _shape(value: object) -> tuple[int, ...]:
    """Returns (n,) or (n, 1)."""
    numbers = value if isinstance(value, list) else []
    whole = all(isinstance(size, int) and not isinstance(size, bool) for size in numbers)
    if not whole or len(numbers) not in (1, 2) or numbers[0] < 0 or numbers[1:] not in ([], [1]):
        raise BadRequest(f"shape must be [n] or [n, 1]; found {_short(value)}")
    return tuple(numbers)


def _texts(data: object, shape: tuple[int, ...]) -> list[str]:
    """Returns the strings of a list, or of a list of lists of one string."""
    if not isinstance(data, list):
        raise BadRequest(f"data must be a list of strings; found {_kind(data)}")
    if len(shape) == 2:
        data = [row[0] if isinstance(row, list) and len(row) == 1 else row for row in data]
    for number, text in enumerate(data, start=1):
        if not isinstance(text, str):
            raise BadRequest(f"data must be strings; item {number} is {_kind(text)}")
    return data


def _wants_binary(request: Mapping[str, Any]) -> bool:
    """Whether the translations are wanted in binary; the one output may be asked for by name."""
    binary = _flag(_parameters(request, "the request"), "binary_data_output")
    outputs = request.get("outputs")
    if outputs is None or outputs == []:
        return binary
    if not isinstance(outputs, list) or not all(isinstance(output, dict) for output in outputs):
        raise BadRequest("outputs must be a list of objects with a name")
    unknown = [output.get("name") for output in outputs if output.get("name") != OUTPUT]
    if unknown or len(outputs) > 1:
        wrong = _short(unknown[0]) if unknown else f"it {len(outputs)} times"
        raise BadRequest(f"the only output is {OUTPUT!r}; found {wrong}")
    parameters = _parameters(outputs[0], f"output {OUTPUT!r}")
    if "classification" in parameters:
        raise BadRequest("classification is for outputs that are numbers; translations are strings")
    return _flag(parameters, "binary_data", default=binary)


def _parameters(holder: Mapping[str, Any], whose: str) -> Mapping[str, Any]:
    parameters = holder.get("parameters")
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        raise BadRequest(f"parameters of {whose} must be an object; found {_kind(parameters)}")
    return parameters


def _flag(parameters: Mapping[str, Any], name: str, *, default: bool = False) -> bool:
    value = parameters.get(name, default)
    if not isinstance(value, bool):
        raise BadRequest(f"{name} must be true or false; found {_short(value)}")
    return value


def _is_text(value: str) -> bool:
    """Whether it has no lone surrogates, which no answer can hold."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _short(value: object) -> str:
    """Returns a value in JSON, cut where it is long."""
    written = json.dumps(value)
    return written if len(written) <= 60 else f"{written[:60]}..."


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}
    return kinds.get(type(value), "null" if value is None else "a number")


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
