"""The options of a model file beside its five inputs: constants that ``opened`` makes inputs.

A file holds a constant for each option. A program that loads the file as it is sees five plain
inputs, three outputs, and a graph without branches, since onnxruntime folds the constants. In what
``opened`` returns, these constants are inputs, too, so that a caller can give them other values: if
an input is also a constant, onnxruntime takes the constant as the input's default. Two more values
become outputs. ``opened`` does so by appending a message, which protobuf merges.

A file of fixed search has constants in place of three of the five inputs, too, and all its
constants have the values of its search. s2s opens it in the same way, for the calls that search
otherwise within a translation (required words, scores of given translations).
"""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from s2s.config import SearchConfig
from s2s.protobuf import write_field

_ONNX_TYPES: dict[Any, int] = {np.float32: 1, np.int64: 7, np.bool_: 9}
SCALARS: dict[str, type[np.generic]] = {
    "length_factor": np.int64,
    "length_margin": np.int64,
    "in_step": np.bool_,
    "min_length": np.int64,
    "no_repeat": np.int64,
    "diversity": np.float32,
    "temperature": np.float32,
    "top_k": np.int64,
    "seed": np.int64,
}
"""Fields of SearchConfig, and their types in the graph."""
SEARCH_INPUTS: dict[str, type[np.generic]] = {
    "beam_size": np.int64,
    "max_length": np.int64,
    "length_penalty": np.float32,
}
"""Fields of SearchConfig that are inputs, unless the search is fixed, and their types."""
_LEARNED = ("length_factor", "length_margin", "in_step")


def _scalars(search: SearchConfig) -> dict[str, Any]:
    learned = zip(_LEARNED, (*search.limit, search.is_in_step), strict=True)
    values = search.to_dict() | dict(learned)
    return {name: np.array(values[name], kind) for name, kind in SCALARS.items()}


DEFAULTS: dict[str, Any] = {
    **_scalars(SearchConfig()),
    "prefix": np.zeros((1, 1), np.int64),  # (batch, prefix_len): how translations begin
    "bias": np.zeros(1, np.float32),  # (tgt_vocab,), added to logits
    "details": np.array(False),  # whether log_probs and attention are wanted
}
"""The constants of a file whose training has learned nothing of lengths, by the names of their
inputs."""

DETAILS: dict[str, int] = {"log_probs": 3, "attention": 4}
"""The outputs for details, float32, and how many axes they have: (batch, beam, tgt_len) and, for
attention, src_len."""


def constants(search: SearchConfig) -> dict[str, Any]:
    """Returns the constants of a file, with what the training has learned of lengths."""
    scalars = _scalars(search)
    return {**DEFAULTS, **{name: scalars[name] for name in _LEARNED}}


def fixed_constants(search: SearchConfig) -> dict[str, Any]:
    """Returns the constants of a file whose search is fixed: all values of its search."""
    values = search.to_dict()
    inputs = {name: np.array(values[name], kind) for name, kind in SEARCH_INPUTS.items()}
    return {**DEFAULTS, **_scalars(search), **inputs}


def changed_scalars(search: SearchConfig, own: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the options of a search that differ from a file's constants ``own``, as inputs."""
    return {name: value for name, value in _scalars(search).items() if value != own[name]}


def opened(
    model: bytes, options: Collection[str] = tuple(DEFAULTS), *, fixed: bool = False
) -> bytes:
    """Returns a serialized model with its options as inputs, and its details as outputs.

    Field numbers are those of ``onnx.proto``: ModelProto 7 graph, GraphProto 11 input, 12 output.

    Args:
        model: The file's bytes.
        options: Names of the options that the file has; its card lists them.
        fixed: Whether its search is fixed; its search values become inputs, too.
    """
    inputs = [
        write_field(11, _value_info(name, kind, 0)) for name, kind in SEARCH_INPUTS.items() if fixed
    ]
    inputs += [
        write_field(11, _value_info(name, value.dtype.type, value.ndim))
        for name, value in DEFAULTS.items()
        if name in options
    ]
    outputs = [
        write_field(12, _value_info(name, np.float32, axes)) for name, axes in DETAILS.items()
    ]
    return model + write_field(7, b"".join(inputs + outputs))


def _value_info(name: str, kind: type[np.generic], axes: int) -> bytes:
    """Returns a ValueInfoProto: 1 name, 2 type; its axes have names, so any size is allowed."""
    names = (f"{name}_axis_{axis}".encode() for axis in range(axes))
    shape = b"".join(write_field(1, write_field(2, axis_name)) for axis_name in names)
    tensor = write_field(1, _ONNX_TYPES[kind]) + write_field(2, shape)
    return write_field(1, name.encode()) + write_field(2, write_field(1, tensor))
