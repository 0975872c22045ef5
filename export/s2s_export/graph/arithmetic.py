"""How products are computed: what fp32 and int8 graphs differ in, and nothing else.

A ``Signal`` is an activation together with what is known about its range when the graph is
written; int8 needs the range, fp32 passes it on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from s2s_export.graph.builder import FLOAT, Graph, Shape, Value

FloatArray = NDArray[np.float32]


def to_array(tensor: torch.Tensor) -> FloatArray:
    """Returns a weight as float32 numpy."""
    return tensor.detach().cpu().float().numpy()


@dataclass
class Signal:
    """An activation of the graph: features on the last axis."""

    size: int
    """Number of features."""
    bound: float | None
    """No absolute value is larger, whatever the sentence; None if nothing is known."""
    real: Value | None = None
    """Name of the float32 tensor, if the graph has it."""
    coded: Value | None = None
    """Name of the uint8 tensor, if the graph has it: 128 + 127 * value / bound."""

    @property
    def value(self) -> Value:
        """Name of the float32 tensor."""
        assert self.real is not None
        return self.real


@dataclass(frozen=True)
class StateTensor:
    """One tensor of a signal that a Loop carries from step to step: (rows, size)."""

    value: Value
    dtype: int
    size: int


@dataclass(frozen=True)
class MemoryTensor:
    """One float32 tensor of what a decoder remembers of sentences: (batch, ...)."""

    value: Value
    shape: Shape
    """Without the first axis."""


class Arithmetic(Protocol):
    """The products of a graph in one precision."""

    microsoft: bool
    """Whether graphs use onnxruntime's own operators."""
    recurrent_nodes: bool
    """Whether an encoder layer is one ONNX LSTM, GRU or RNN node, or a Scan over steps."""

    def product(
        self,
        graph: Graph,
        inputs: Sequence[Signal],
        weight: FloatArray,
        bias: FloatArray | None,
        name: str,
    ) -> Value:
        """Writes ``concat(inputs) @ weight.T + bias``.

        Args:
            graph: The graph or a Loop's body.
            inputs: Joined on the last axis; two axes, or any number if there is no bias.
            weight: (out, in).
            bias: (out,), or None.
            name: Of the weights, unique.

        Returns:
            The name of the float32 product (..., out).
        """

    def embed(self, graph: Graph, table: FloatArray, ids: Value, name: str) -> Signal:
        """Writes rows ``ids`` of a table, for products to read."""

    def logits(
        self, graph: Graph, readout: Signal, weight: FloatArray, bias: FloatArray, name: str
    ) -> Value:
        """Writes the output layer; ``name`` is that of the embedding table if they are tied.

        Args:
            graph: A Loop's body.
            readout: Of each row.
            weight: (pieces, features); of a table that is the source's, too, the first rows are
                the target's.
            bias: (tgt_vocab,).
            name: Of the weight.

        Returns:
            The name of the logits (rows, tgt_vocab).
        """

    def state_tensors(self, graph: Graph, signal: Signal, *, real: bool) -> list[StateTensor]:
        """Returns what a Loop must carry of a signal; ``real`` if more than products read it."""


def with_tensors(signal: Signal, carried: Sequence[StateTensor], names: Sequence[Value]) -> Signal:
    """Returns a signal whose tensors, as listed by ``state_tensors``, have new ``names``."""
    received = Signal(signal.size, signal.bound)
    for tensor, name in zip(carried, names, strict=True):
        if tensor.dtype == FLOAT:
            received.real = name
        else:
            received.coded = name
    return received


def first_rows(graph: Graph, table: Value, rows: int, wanted: int) -> Value:
    """Returns the name of a table's first rows; writes nothing if these are all.

    Of a constant: onnxruntime cuts it once, when it loads the file.
    """
    if wanted == rows:
        return table
    return graph.op("Slice", table, graph.ints(0), graph.ints(wanted), graph.ints(0))


class Float32:
    """Products in float32, with standard operators only."""

    microsoft = False
    recurrent_nodes = True

    def product(
        self,
        graph: Graph,
        inputs: Sequence[Signal],
        weight: FloatArray,
        bias: FloatArray | None,
        name: str,
    ) -> Value:
        """See ``Arithmetic``."""
        values = [signal.value for signal in inputs]
        joined = values[0] if len(values) == 1 else graph.op("Concat", *values, axis=-1)
        if bias is None:
            return graph.op("MatMul", joined, graph.weight(f"{name}.weight", weight.T))
        stored = graph.weight(f"{name}.weight", weight)
        return graph.op("Gemm", joined, stored, graph.weight(f"{name}.bias", bias), transB=1)

    def embed(self, graph: Graph, table: FloatArray, ids: Value, name: str) -> Signal:
        """See ``Arithmetic``."""
        rows = graph.op("Gather", graph.weight(name, table), ids)
        return Signal(table.shape[1], None, rows)

    def logits(
        self, graph: Graph, readout: Signal, weight: FloatArray, bias: FloatArray, name: str
    ) -> Value:
        """See ``Arithmetic``."""
        stored, shift = graph.weight(name, weight), graph.weight("output.bias", bias)
        if stored not in graph.root.constants:
            return graph.op("Gemm", readout.value, stored, shift, transB=1)
        # A table that the source shares is stored too far up to be laid out for products. Turned
        # around in the graph that holds this one: onnxruntime does that once, when it loads the
        # file, and lays out the result.
        rows = first_rows(graph.around, stored, len(weight), len(bias))
        turned = graph.around.op("Transpose", rows, perm=[1, 0])
        return graph.op("Gemm", readout.value, turned, shift)

    def state_tensors(self, graph: Graph, signal: Signal, *, real: bool) -> list[StateTensor]:
        """See ``Arithmetic``."""
        return [StateTensor(signal.value, FLOAT, signal.size)]
