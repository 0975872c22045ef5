"""Which nodes of an exported graph onnxruntime can compute on a GPU.

The kernels are those of its CUDA provider by docs/OperatorKernels.md of onnxruntime 1.30, for
opset 17 and the types that graphs of s2s have.
"""

from typing import get_args

import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("torch")

from graphs import every_node
from onnx import TensorProto, shape_inference

from s2s.config import AttentionKind, Cell, ContextKind, ModelConfig, SearchConfig
from s2s_export.model import build_model

FLOATS = {"FLOAT", "FLOAT16", "DOUBLE"}
NUMBERS = {*FLOATS, "INT32", "INT64"}
ANY = {*NUMBERS, "BOOL", "UINT8", "INT8"}
TRUTH = {"BOOL"}
KERNELS = {
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "Abs", "Neg"), NUMBERS),
    **dict.fromkeys(("Greater", "Less", "LessOrEqual", "GreaterOrEqual", "Max", "Min"), NUMBERS),
    **dict.fromkeys(("Mod", "Pow", "ReduceMax", "ReduceSum", "TopK"), NUMBERS),
    **dict.fromkeys(("And", "Or", "Not", "If"), TRUTH),
    **dict.fromkeys(("Cast", "Concat", "Expand", "Gather", "GatherElements"), ANY),
    **dict.fromkeys(("Identity", "Reshape", "ReverseSequence", "ScatterElements"), ANY),
    **dict.fromkeys(("ScatterND", "Shape", "Slice", "Split", "Squeeze"), ANY),
    **dict.fromkeys(("Transpose", "Unsqueeze", "Loop", "Scan"), ANY),
    **dict.fromkeys(("Gemm", "GRU", "LSTM", "RNN", "Log", "LogSoftmax", "MatMul"), FLOATS),
    **dict.fromkeys(("Sigmoid", "Softmax", "Tanh", "Relu"), FLOATS),
    "ConstantOfShape": {"INT64"},
    "Equal": {*NUMBERS, "BOOL"},
    "NonZero": {"BOOL", "FLOAT", "FLOAT16", "INT32", "INT64", "UINT8"},
    "Pad": {*FLOATS, "BOOL"},
    "Range": {"INT64", "INT32", "FLOAT", "DOUBLE"},
    "ReduceMean": {*FLOATS, "INT32"},
    "ReduceProd": {*FLOATS, "INT32"},
    "Where": {"FLOAT", "FLOAT16", "INT32", "INT64", "UINT8"},  # of what is chosen
}

ON_HOST = {
    **dict.fromkeys(("Expand", "ReduceSum", "Reshape", "Split"), (1,)),
    **dict.fromkeys(("Squeeze", "TopK", "Unsqueeze"), (1,)),
    **dict.fromkeys(("ConstantOfShape", "If"), (0,)),
    **{"Loop": (0, 1), "Pad": (1, 2), "Range": (0, 1, 2), "Slice": (1, 2, 3, 4)},
}
"""Inputs that the kernels for a GPU read on the host: sizes, places and conditions."""


def element_types(graph, outer=None):
    """Yields each node with the types that are known where it stands."""
    types = dict(outer or {})
    for value in [*graph.input, *graph.output, *graph.value_info]:
        types[value.name] = value.type.tensor_type.elem_type
    types |= {tensor.name: tensor.data_type for tensor in graph.initializer}
    for node in graph.node:
        yield node, types
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from element_types(attribute.g, types)


def without_kernel(model):
    """Returns operators and types of the nodes that a GPU cannot compute."""
    graph = shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph
    found, number = [], 0
    for node, types in element_types(graph):
        number += 1
        operand = node.input[1 if node.op_type == "Where" else 0] if node.input else None
        if node.op_type == "Constant":
            continue
        code = types.get(operand, TensorProto.UNDEFINED)
        name = TensorProto.DataType.Name(code)
        allowed = KERNELS.get(node.op_type, set()) if not node.domain else set()
        if not allowed or (name != "UNDEFINED" and name not in allowed):
            found.append((node.op_type, name))
        elif name == "UNDEFINED":
            assert node.op_type in {"Loop", "Scan", "Range", "If"}, (node.op_type, operand)
    assert number == sum(1 for _ in every_node(graph))
    return found


def graph_of(make_model, precision, **config):
    sizes = {"src_vocab_size": 12, "tgt_vocab_size": 12, "embedding_size": 8, "hidden_size": 8}
    model = make_model(ModelConfig(**sizes, **config))
    return build_model(model, SearchConfig(), precision)


@pytest.mark.parametrize("attention", get_args(AttentionKind))
@pytest.mark.parametrize("context", get_args(ContextKind))
@pytest.mark.parametrize("cell", get_args(Cell))
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_a_gpu_can_compute_every_node(make_model, precision, cell, context, attention):
    graph = graph_of(make_model, precision, cell=cell, context=context, attention=attention)
    assert not without_kernel(graph)


def host_inputs(graph, outer=()):
    """Yields what is read on the host: node, name of the value, graphs around it, innermost last.

    Each graph comes with its nodes by output.
    """
    scopes = (*outer, (graph, {output: node for node in graph.node for output in node.output}))
    for node in graph.node:
        for place in ON_HOST.get(node.op_type, ()):
            if place < len(node.input) and node.input[place]:
                yield node, node.input[place], scopes
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from host_inputs(attribute.g, scopes)


def computed_from(name, scopes):
    """Returns what a value depends on, besides shapes, constants and inputs of the file."""
    *outer, (graph, made_by) = scopes
    if name in {tensor.name for tensor in graph.initializer}:
        return set()
    if name in {value.name for value in graph.input}:
        return {name} if outer else set()
    if name not in made_by:
        return computed_from(name, outer)
    node = made_by[name]
    if node.op_type in {"Shape", "Constant"}:
        return set()
    if node.op_type in {"Loop", "Scan", "If", "NonZero"}:
        return {node.op_type}
    return set().union(*(computed_from(each, scopes) for each in node.input if each))


@pytest.mark.parametrize(
    "config",
    [
        *({"cell": cell, "context": "input_feeding"} for cell in get_args(Cell)),
        *({"attention": attention} for attention in get_args(AttentionKind)),
    ],
    ids=str,
)
def test_sizes_that_a_step_reads_on_the_host_are_known_before_it(make_model, config):
    graph = graph_of(make_model, "fp32", **config).graph
    in_step = [
        (node.op_type, name, computed_from(name, scopes))
        for node, name, scopes in host_inputs(graph)
        if any(scope.name == "search_step" for scope, _ in scopes)
    ]
    assert {"Reshape", "TopK"} <= {operator for operator, *_ in in_step}
    assert not [each for each in in_step if each[2]]


def test_a_size_that_a_gpu_computes_is_found():
    helper = onnx.helper
    nodes = [
        helper.make_node("NonZero", ["values"], ["places"]),
        helper.make_node("Squeeze", ["places"], ["sizes"]),
        helper.make_node("Reshape", ["values", "sizes"], ["reshaped"]),
    ]
    values = helper.make_tensor_value_info("values", TensorProto.FLOAT, [None])
    graph = helper.make_graph(nodes, "small", [values], [])
    ((_, name, scopes),) = host_inputs(graph)
    assert computed_from(name, scopes) == {"NonZero"}


def test_a_node_without_a_kernel_is_found():
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("ReduceProd", ["sizes"], ["product"])],
        "small",
        [onnx.helper.make_tensor_value_info("sizes", TensorProto.INT64, [2])],
        [onnx.helper.make_tensor_value_info("product", TensorProto.INT64, [1])],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
    assert without_kernel(model) == [("ReduceProd", "INT64")]
