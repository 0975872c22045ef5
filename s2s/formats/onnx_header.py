"""The header of an ONNX file, read without the onnx package and without onnxruntime.

A walk over the protobuf message visits the fields that it needs and skips the weights; field
numbers are those of ``onnx.proto``. So ``s2s info`` starts at once, and weights that are stored
outside the file are noticed before any runtime follows their path.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from s2s.errors import ModelError
from s2s.protobuf import read_fields, read_varint

_MAX_DEPTH = 32  # of graphs inside graphs; the search needs two
_TYPES = {1: "float32", 2: "uint8", 3: "int8", 6: "int32", 7: "int64", 8: "string", 9: "bool"}
_TYPES |= {10: "float16", 11: "float64", 16: "bfloat16"}
_SIZES = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2}
"""Bytes of an element."""
_STRING = 8
_LISTS = (4, 5, 7, 10, 11)  # float_data, int32_data, int64_data, double_data, uint64_data


@dataclass(frozen=True)
class TensorInfo:
    """Name, type and shape of a graph's input or output."""

    name: str
    type: str
    shape: tuple[str, ...]  # numbers, or names of sizes that vary


@dataclass
class OnnxHeader:
    """An ONNX file without its nodes and weights."""

    ir_version: int = 0
    opsets: dict[str, int] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    inputs: list[TensorInfo] = field(default_factory=list)
    outputs: list[TensorInfo] = field(default_factory=list)
    weights: int = 0
    """Count of numbers in tensors, quantisation scales and constants included."""
    external: bool = False
    """Whether a tensor's data are in another file."""
    operators: set[tuple[str, str]] = field(default_factory=set)
    """Operators of its nodes: domain, empty for ONNX's own, and name."""
    misfit: str | None = None
    """Name of a tensor with more or less data than its shape asks for."""
    foreign: str | None = None
    """A part that files of s2s do not have."""


def read_header(data: bytes) -> OnnxHeader:
    """Reads the header of a serialized ONNX model.

    Raises:
        ModelError: If ``data`` is no such model, or not a complete one.
    """
    header = OnnxHeader()
    has_graph = False
    try:
        for number, value in read_fields(memoryview(data)):
            match number, value:
                case 1, int():
                    header.ir_version = value
                case 7, memoryview():
                    has_graph = True
                    _read_graph(value, header, 0)
                case 8, memoryview():
                    opset = dict(read_fields(value))
                    header.opsets[_text(opset.get(1))] = _number(opset.get(2))
                case 14, memoryview():
                    pair = dict(read_fields(value))
                    header.metadata[_text(pair.get(1))] = _text(pair.get(2))
                case (20, _) | (25, _):
                    header.foreign = "training" if number == 20 else "functions"
    except (IndexError, UnicodeDecodeError) as error:
        raise ModelError("it is not an ONNX file, or its end is missing") from error
    if not has_graph or not header.opsets:
        raise ModelError("it is not an ONNX file, or its end is missing")
    return header


def _read_graph(graph: memoryview, header: OnnxHeader, depth: int) -> None:
    """Adds a GraphProto to the header; inputs and outputs are those of the outermost graph."""
    if depth > _MAX_DEPTH:
        raise IndexError("graphs too deep")
    for number, value in read_fields(graph):
        if isinstance(value, int):
            continue
        if number == 1:
            _read_node(value, header, depth)
        elif number == 5:  # initializer
            _read_tensor(value, header)
        elif number in (11, 12) and depth == 0:
            (header.inputs if number == 11 else header.outputs).append(_read_tensor_info(value))
        elif number == 15:  # sparse_initializer
            header.foreign = "sparse tensors"


def _read_node(node: memoryview, header: OnnxHeader, depth: int) -> None:
    domain, operator = "", ""
    for number, value in read_fields(node):
        if not isinstance(value, memoryview):
            continue
        if number == 4:
            operator = _text(value)
        elif number == 5:
            _read_attribute(value, header, depth)
        elif number == 7:
            domain = _text(value)
    header.operators.add(("" if domain == "ai.onnx" else domain, operator))


def _read_attribute(attribute: memoryview, header: OnnxHeader, depth: int) -> None:
    for number, value in read_fields(attribute):
        if isinstance(value, memoryview):
            if number in (5, 10):  # t, tensors
                _read_tensor(value, header)
            elif number in (6, 11):  # g, graphs
                _read_graph(value, header, depth + 1)
            elif number in (22, 23):  # sparse_tensor, sparse_tensors
                header.foreign = "sparse tensors"


def _read_tensor(tensor: memoryview, header: OnnxHeader) -> None:
    fields: dict[int, list[int | memoryview]] = {}
    for number, value in read_fields(tensor):
        fields.setdefault(number, []).append(value)
    size = math.prod(_read_dims(fields.get(1, [])))
    header.weights += size
    if 13 in fields or 1 in fields.get(14, []):  # external_data, data_location
        header.external = True
    element = _number(fields.get(2, [0])[-1])
    if element == _STRING:
        fits = len(fields.get(6, [])) == size
    elif 9 in fields:  # raw_data
        fits = len(_view(fields[9][-1])) == size * _SIZES.get(element, -1)
    else:
        # A packed list, or one field a number. onnxruntime counts the numbers; counting the bytes
        # keeps shapes from being larger than the file.
        values = [value for number in _LISTS for value in fields.get(number, [])]
        fits = size <= sum(1 if isinstance(value, int) else len(value) for value in values)
    if not fits:
        header.misfit = _text(fields.get(8, [None])[-1])


def _read_dims(values: list[int | memoryview]) -> Iterator[int]:
    """Yields the sizes of a tensor's axes; a negative size, in 64 bits, exceeds any file."""
    for value in values:
        if isinstance(value, int):
            yield value
            continue
        position = 0  # packed
        while position < len(value):
            dim, position = read_varint(value, position)
            yield dim


def _read_tensor_info(info: memoryview) -> TensorInfo:
    """Reads a ValueInfoProto that holds a tensor type."""
    fields = dict(read_fields(info))
    tensor = dict(read_fields(_view(dict(read_fields(_view(fields.get(2)))).get(1))))
    shape = []
    for _, dim in read_fields(_view(tensor.get(2))):
        size = dict(read_fields(_view(dim)))
        shape.append(_text(size[2]) if 2 in size else str(size.get(1, "?")))
    element = _number(tensor.get(1))
    return TensorInfo(_text(fields.get(1)), _TYPES.get(element, f"type {element}"), tuple(shape))


def _view(value: int | memoryview | None) -> memoryview:
    return value if isinstance(value, memoryview) else memoryview(b"")


def _text(value: int | memoryview | None) -> str:
    return bytes(_view(value)).decode("utf-8")


def _number(value: int | memoryview | None) -> int:
    return value if isinstance(value, int) else 0
