"""How products are computed: the only difference between graphs of different precisions.

A ``Signal`` is an activation together with the range that is known when the graph is written; int8
needs the range, fp32 and fp16 pass it on.

The real numbers of a network have one type, ``RealType``: float16 in an fp16 graph, float32 in the
others. The search has float32 in all of them, so a decoder hands it logits and attention in that
type.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from s2s.errors import ModelError
from s2s_export.graph.builder import FLOAT, FLOAT16, UINT8, Array, Graph, Shape, Value

FloatArray = NDArray[np.float32]


def to_array(tensor: torch.Tensor) -> FloatArray:
    """Returns a weight as float32 numpy."""
    return tensor.detach().cpu().float().numpy()


@dataclass(frozen=True)
class RealType:
    """The type of a network's real numbers in a graph."""

    dtype: int
    """A type of ``TensorProto``."""
    array_type: type[np.float32 | np.float16]

    def array(self, value: FloatArray | float) -> Array:
        """Returns numbers in this type; infinity stays what it is.

        Raises:
            ModelError: If a number is too large for this type.
        """
        numbers = np.asarray(value, np.float32)
        limit = np.finfo(self.array_type).max
        largest = np.abs(numbers, where=np.isfinite(numbers), out=np.zeros_like(numbers)).max()
        if largest > limit:
            raise ModelError(
                f"a weight has the value {largest:.3g}; fp16 holds at most {limit:.0f}; export "
                "--precision fp32"
            )
        return numbers.astype(self.array_type)

    def as_float32(self, graph: Graph, value: Value) -> Value:
        """Writes a tensor of this type in float32; writes nothing if that is its type."""
        return value if self.dtype == FLOAT else graph.op("Cast", value, to=FLOAT)


FLOAT32_TYPE = RealType(FLOAT, np.float32)
FLOAT16_TYPE = RealType(FLOAT16, np.float16)


@dataclass
class Signal:
    """An activation of the graph, with features on the last axis."""

    size: int
    """Number of features."""
    bound: float | None
    """The largest absolute value that any sentence can cause; None if it is not known."""
    real: Value | None = None
    """The tensor of real numbers, if the graph has it."""
    coded: Value | None = None
    """The uint8 tensor, if the graph has it: 128 + 127 * value / bound."""

    @property
    def value(self) -> Value:
        """The tensor of real numbers, which the graph must have."""
        assert self.real is not None
        return self.real


@dataclass(frozen=True)
class StateTensor:
    """One tensor of a decoder's state, which a Loop carries from step to step: (rows, size)."""

    value: Value
    dtype: int
    size: int


@dataclass(frozen=True)
class MemoryTensor:
    """One tensor of a decoder's memory: (batch, ...)."""

    value: Value
    dtype: int
    shape: Shape
    """The shape without the first axis."""


class Arithmetic(Protocol):
    """The products of a graph in one precision."""

    recurrent_nodes: bool
    """Whether an encoder layer is one ONNX LSTM, GRU or RNN node, or a Scan over steps."""
    real: RealType
    """The type of real numbers."""

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
            inputs: Are joined on the last axis. They have two axes, or any number of axes if there
                is no bias.
            weight: (out, in).
            bias: (out,), or None.
            name: Name of the weights, unique.

        Returns:
            The product (..., out), real numbers.
        """

    def embed(self, graph: Graph, table: FloatArray, ids: Value, name: str) -> Signal:
        """Writes the rows ``ids`` of a table, for products to read."""

    def logits(
        self, graph: Graph, readout: Signal, weight: FloatArray, bias: FloatArray, name: str
    ) -> Value:
        """Writes the output layer; if it is tied, ``name`` is the name of the embedding table.

        Args:
            graph: A Loop's body.
            readout: (rows, features).
            weight: (pieces, features). If the source shares the table, its first rows are those of
                the target.
            bias: (tgt_vocab,).
            name: Name of the weight.

        Returns:
            The logits (rows, tgt_vocab), real numbers.
        """

    def state_tensors(self, graph: Graph, signal: Signal, *, real: bool) -> list[StateTensor]:
        """Lists the tensors of a signal that a Loop must carry.

        ``real`` says whether anything but products reads the signal.
        """


def with_tensors(signal: Signal, tensors: Sequence[StateTensor], values: Sequence[Value]) -> Signal:
    """Returns ``signal`` with ``values`` for the tensors that ``state_tensors`` listed."""
    changed = Signal(signal.size, signal.bound)
    for tensor, value in zip(tensors, values, strict=True):
        if tensor.dtype == UINT8:
            changed.coded = value
        else:
            changed.real = value
    return changed


def first_rows(graph: Graph, table: Value, num_rows: int, count: int) -> Value:
    """Returns the first ``count`` rows of a table; writes nothing if it has no others.

    The table is a constant: onnxruntime cuts it once, when it loads the file.
    """
    if count == num_rows:
        return table
    return graph.op("Slice", table, graph.ints(0), graph.ints(count), graph.ints(0))


class Floats:
    """Products of real numbers, with standard operators only: fp32 and fp16."""

    recurrent_nodes = True

    def __init__(self, real: RealType = FLOAT32_TYPE) -> None:
        """Takes the type of weights and activations."""
        self.real = real

    def _weight(self, graph: Graph, name: str, value: FloatArray) -> Value:
        return graph.weight(name, self.real.array(value))

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
            return graph.op("MatMul", joined, self._weight(graph, f"{name}.weight", weight.T))
        stored = self._weight(graph, f"{name}.weight", weight)
        return graph.op("Gemm", joined, stored, self._weight(graph, f"{name}.bias", bias), transB=1)

    def embed(self, graph: Graph, table: FloatArray, ids: Value, name: str) -> Signal:
        """See ``Arithmetic``."""
        rows = graph.op("Gather", self._weight(graph, name, table), ids)
        return Signal(table.shape[1], None, rows)

    def logits(
        self, graph: Graph, readout: Signal, weight: FloatArray, bias: FloatArray, name: str
    ) -> Value:
        """See ``Arithmetic``."""
        stored = self._weight(graph, name, weight)
        shift = self._weight(graph, "output.bias", bias)
        if stored not in graph.root.constants:
            return graph.op("Gemm", readout.value, stored, shift, transB=1)
        # A table that the source shares is in the main graph, and onnxruntime does not lay it out
        # for products in here. So it is transposed in the graph around this one: onnxruntime does
        # that once, when it loads the file, and lays out the result.
        rows = first_rows(graph.around, stored, len(weight), len(bias))
        transposed = graph.around.op("Transpose", rows, perm=[1, 0])
        return graph.op("Gemm", readout.value, transposed, shift)

    def state_tensors(self, graph: Graph, signal: Signal, *, real: bool) -> list[StateTensor]:
        """See ``Arithmetic``."""
        return [StateTensor(signal.value, self.real.dtype, signal.size)]
