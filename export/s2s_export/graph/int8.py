"""Products in int8 with activation scales that are known when the graph is written.

The activations of a recurrent translator are bounded: hidden states and readouts by a sigmoid or
tanh, embeddings by their table, a context because it is a weighted mean of encoder states. So the
scales are constants of the graph, and need no calibration data. None depends on a sentence's
neighbours, unlike the scales of onnxruntime's dynamic quantisation, one for a whole batch.
Activations without a bound (ReLU states, the projected values of multihead attention) get a scale
for each row, which does not depend on neighbours either. Attention is in fp32 and adds in the same
order whatever the batch (``s2s_export.network.attention``): all scores of 1,000 Multi30k sentences
have the same bits alone and in every batch that was tried, with one thread and with two.

Activations are uint8 around 128, weights int8 with a scale for each output. x86 processors without
VNNI add the products of two neighbours in 16 bits (``vpmaddubsw``) and saturate silently. A file
must give the same result everywhere, so the scale of an output keeps the sum of any two weights in
a group of four neighbours within 128: onnxruntime packs weights in such groups, and 255 * 128 fits
into 16 bits. The usual remedy, weights of 7 bits, costs more precision. The weights of the
vocabulary are only limited to 127 each: there the activations have 7 bits instead, 1 to 127 around
64, and 127 * (127 + 127) fits, too. In that product, the weights lose more precision than the
activations (docs/explanation/decisions.md, "The vocabulary's weights use all of 8 bits").

The product that makes the readout stays in float32 (``s2s_export.network.decoder``). The other
products are onnxruntime's ``MatMulIntegerToFloat``; everything between products is float32.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from s2s_export.graph.arithmetic import (
    FLOAT32_TYPE,
    FloatArray,
    Signal,
    StateTensor,
    first_rows,
)
from s2s_export.graph.builder import FLOAT, MICROSOFT, OMITTED, UINT8, Graph, Value

CODES = 127
"""Largest distance of a uint8 activation from its zero point, and of an int8 weight from 0."""
ZERO_POINT = 128
FEW_CODES, LOW_POINT = 63, 64
"""The same two numbers for the activations of 7 bits that the vocabulary's product reads."""
NEIGHBOURS = 4
"""Weights of one output that onnxruntime's kernels keep side by side and add in pairs."""
SMALLEST = 1e-20
"""Smallest divisor, for weights that are all zeros or nearly; a bias divided by it still fits
float32."""
ALIKE = 4
"""The rows of a vocabulary share a scale if the largest is at most so many times the median."""


def to_codes(weight: FloatArray) -> tuple[NDArray[np.int8], FloatArray]:
    """Rounds to int8 with a scale for each row, so that pairs of products can be added.

    Args:
        weight: (rows, features).

    Returns:
        Codes of the shape of ``weight``, and scales (rows,): their product is near ``weight``.
    """
    size = np.abs(weight)
    padded = np.pad(size, ((0, 0), (0, -size.shape[1] % NEIGHBOURS)))
    groups = np.sort(padded.reshape(len(size), -1, NEIGHBOURS), axis=-1)
    # At most 127, not 128, because rounding may add 1 to the sum of two codes.
    return _rounded(weight, np.maximum(_peaks(size), groups[..., -2:].sum(axis=-1).max(axis=1)))


def vocabulary_codes(
    table: FloatArray, outputs: int
) -> tuple[NDArray[np.int8], FloatArray, FloatArray]:
    """Rounds an output layer to int8, for activations of 7 bits.

    Args:
        table: (pieces, features).
        outputs: How many rows belong to the output layer: the first ones.

    Returns:
        Codes of the shape of ``table``; a scale for each row (pieces,); and the scales of the
        output layer (outputs,). If its rows are similar in size, they share one scale (), which
        saves each step a pass over the logits.
    """
    peaks = _peaks(np.abs(table))
    largest, median = peaks[:outputs].max(), np.median(peaks[:outputs])
    is_shared = largest <= ALIKE * median
    if is_shared:
        peaks[:outputs] = largest
    codes, scale = _rounded(table, peaks)
    return codes, scale, scale[0] if is_shared else scale[:outputs]


def _peaks(size: FloatArray) -> FloatArray:
    return np.asarray(size.max(axis=1), np.float32)


def _rounded(weight: FloatArray, peaks: FloatArray) -> tuple[NDArray[np.int8], FloatArray]:
    scale = np.maximum(peaks, SMALLEST).astype(np.float32) / np.float32(CODES)
    return np.rint(weight / scale[..., None]).astype(np.int8), scale


class Int8:
    """See ``s2s_export.graph.arithmetic.Arithmetic``."""

    recurrent_nodes = False
    real = FLOAT32_TYPE

    def __init__(self, product_table: str | None, outputs: int) -> None:
        """Takes the embedding table that is the output layer as well.

        Args:
            product_table: Its name; None if there is no such table.
            outputs: How many of its rows belong to the output layer: the first ones.
        """
        self._product_table, self._outputs = product_table, outputs

    def product(
        self,
        graph: Graph,
        inputs: Sequence[Signal],
        weight: FloatArray,
        bias: FloatArray | None,
        name: str,
    ) -> Value:
        """See ``Arithmetic``."""
        bounds = [signal.bound for signal in inputs]
        known = [bound for bound in bounds if bound is not None]
        if len(known) < len(bounds):
            return self._by_row(graph, inputs, weight, bias, name)
        # Inputs of different bounds share one product, because the weights contain the bounds.
        sizes = [signal.size for signal in inputs]
        scaled = weight * np.repeat(np.array(known, np.float32), sizes)
        codes, scale = to_codes(scaled)
        coded = [self._code(graph, signal) for signal in inputs]
        joined = coded[0] if len(coded) == 1 else graph.op("Concat", *coded, axis=-1)
        stored = graph.weight(f"{name}.codes", codes.T)
        return self._multiply(graph, joined, stored, scale, bias, name)

    def _multiply(
        self,
        graph: Graph,
        coded: Value,
        weight: Value,
        scale: FloatArray,
        bias: FloatArray | None,
        name: str,
        grid: tuple[int, int] = (CODES, ZERO_POINT),
    ) -> Value:
        """Writes the float32 product of coded inputs and (in, out) weights.

        ``grid`` is the largest distance of an input's code from its zero point, and the zero point.
        """
        unit, zero = np.array(1 / grid[0], dtype=np.float32), np.array(grid[1], dtype=np.uint8)
        scales = graph.weight(f"{name}.scales", scale)
        # onnxruntime copies a vector of scales at each call, number by number: 60 of 180 us for one
        # row and 8,000 outputs. Steps have few rows, so they multiply by the vector in a node of
        # its own.
        is_separate = scale.ndim == 1 and graph is not graph.root
        if is_separate and bias is not None:
            bias = bias / scale
        product = graph.op(
            "MatMulIntegerToFloat",
            coded,
            weight,
            unit,
            np.array(1, dtype=np.float32) if is_separate else scales,
            zero,
            OMITTED,
            OMITTED if bias is None else graph.weight(f"{name}.bias", bias),
            domain=MICROSOFT,
        )
        return graph.op("Mul", product, scales) if is_separate else product

    def _code(self, graph: Graph, signal: Signal) -> Value:
        """Writes a signal's uint8 tensor, once."""
        if signal.coded is None:
            assert signal.bound is not None
            scale = np.array(signal.bound / CODES, dtype=np.float32)
            zero = np.array(ZERO_POINT, dtype=np.uint8)
            signal.coded = graph.op("QuantizeLinear", signal.value, scale, zero)
        return signal.coded

    def _by_row(
        self,
        graph: Graph,
        inputs: Sequence[Signal],
        weight: FloatArray,
        bias: FloatArray | None,
        name: str,
    ) -> Value:
        """Writes a product of inputs without a bound: each row is divided by its largest value."""
        values = [self._real(graph, signal) for signal in inputs]
        joined = values[0] if len(values) == 1 else graph.op("Concat", *values, axis=-1)
        peak = graph.op("ReduceMax", graph.op("Abs", joined), axes=[-1], keepdims=1)
        peak = graph.op("Max", peak, SMALLEST)
        unit = Signal(weight.shape[1], 1.0, graph.op("Div", joined, peak))
        total = graph.op("Mul", self.product(graph, [unit], weight, None, name), peak)
        return total if bias is None else graph.op("Add", total, graph.weight(f"{name}.bias", bias))

    def _real(self, graph: Graph, signal: Signal) -> Value:
        """Writes a signal's float32 tensor, once."""
        if signal.real is None:
            assert signal.bound is not None and signal.coded is not None
            scale = np.array(signal.bound / CODES, dtype=np.float32)
            zero = np.array(ZERO_POINT, dtype=np.uint8)
            signal.real = graph.op("DequantizeLinear", signal.coded, scale, zero)
        return signal.real

    def embed(self, graph: Graph, table: FloatArray, ids: Value, name: str) -> Signal:
        """See ``Arithmetic``; products read codes with one scale for the whole table."""
        if name != self._product_table:
            bound = _largest(table)
            rounded = np.rint(table * np.float32(CODES / bound)) + ZERO_POINT
            whole = graph.weight(f"{name}.codes", rounded.astype(np.uint8))
            return Signal(table.shape[1], bound, coded=graph.op("Gather", whole, ids))
        # All operands are constants: onnxruntime computes this table once, when it loads the file.
        # Each node then takes the memory of a table in float32.
        codes, scale, _ = vocabulary_codes(table, self._outputs)
        bound = _largest(codes * scale[:, None])
        root = graph.root
        stored = root.weight(f"{name}.codes", codes)
        uniform = bool((scale == scale[0]).all())
        column = root.weight(f"{name}.scales", scale[0] if uniform else scale)
        if not uniform:
            column = root.op("Unsqueeze", column, root.ints(-1))
        values = root.op("Mul", root.op("Cast", stored, to=FLOAT), column)
        signal = Signal(table.shape[1], bound, values)
        return Signal(
            table.shape[1], bound, coded=graph.op("Gather", self._code(root, signal), ids)
        )

    def logits(
        self, graph: Graph, readout: Signal, weight: FloatArray, bias: FloatArray, name: str
    ) -> Value:
        """See ``Arithmetic``."""
        assert readout.bound == 1.0
        if name == self._product_table:
            rounded, _, scale = vocabulary_codes(weight, len(bias))
            stored = graph.root.weight(f"{name}.codes", rounded)
            # A constant, like the table for ids; onnxruntime lays it out for products.
            rows = first_rows(graph.around, stored, len(weight), len(bias))
            codes = graph.around.op("Transpose", rows, perm=[1, 0])
        else:
            rounded, _, scale = vocabulary_codes(weight, len(bias))
            codes = graph.weight(f"{name}.codes", rounded.T)
        unit, zero = np.array(1 / FEW_CODES, dtype=np.float32), np.array(LOW_POINT, dtype=np.uint8)
        coded = graph.op("QuantizeLinear", readout.value, unit, zero)
        return self._multiply(graph, coded, codes, scale, bias, "output", (FEW_CODES, LOW_POINT))

    def state_tensors(self, graph: Graph, signal: Signal, *, real: bool) -> list[StateTensor]:
        """See ``Arithmetic``: a signal that only products read is carried as codes."""
        tensors = []
        if signal.bound is not None:
            tensors.append(StateTensor(self._code(graph, signal), UINT8, signal.size))
        if real or signal.bound is None:
            tensors.append(StateTensor(signal.value, FLOAT, signal.size))
        return tensors


def _largest(table: FloatArray) -> float:
    """Returns the largest absolute value, or a little if all are zero."""
    return max(float(np.abs(table).max()), SMALLEST)
