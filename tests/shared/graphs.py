"""What a graph holds, bodies of Loops and branches included."""

import math

import onnx


def every_node(graph):
    """Yields the nodes of a graph and of the graphs inside it."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from every_node(attribute.g)


def every_tensor(graph):
    """Yields the stored tensors of a graph and of the graphs inside it."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from every_tensor(attribute.g)
            elif attribute.type == onnx.AttributeProto.TENSOR:
                yield attribute.t


def float_matrices(graph):
    """Returns the float32 tensors of a graph that are no vectors: bytes by name."""
    return {
        tensor.name: 4 * math.prod(tensor.dims)
        for tensor in every_tensor(graph)
        if tensor.data_type == onnx.TensorProto.FLOAT
        and len(tensor.dims) > 1
        and max(tensor.dims) > 1
    }
