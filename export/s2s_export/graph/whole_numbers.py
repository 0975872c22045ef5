"""Operations on int64 for which onnxruntime has no kernel on a GPU, written with others.

It would compute ``Pad`` and ``ReduceProd`` of int64 on the CPU, and copy their values there and
back in each round of a search.
"""

from s2s_export.graph.builder import Graph, Value


def num_rows(graph: Graph, by_beam: Value) -> Value:
    """Writes the product (1,) of a shape (2,) int64: batch and beam."""
    batch, beam = (graph.op("Gather", by_beam, graph.ints(axis)) for axis in (0, 1))
    return graph.op("Mul", batch, beam)


def append_zeros(graph: Graph, values: Value, shape: Value) -> Value:
    """Writes int64 ``values`` with zeros behind them on the last axis.

    Args:
        graph: The graph.
        values: Any shape.
        shape: (dimensions,) int64: the shape of the zeros.
    """
    zeros = graph.op("Expand", graph.ints(0), shape)
    return graph.op("Concat", values, zeros, axis=-1)
