"""One step of a recurrent layer, for the decoder and, in int8, for the encoder."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from torch import nn

from s2s.config import Activation, Cell, ModelConfig
from s2s_export.graph.arithmetic import Arithmetic, FloatArray, Signal, to_array
from s2s_export.graph.builder import Graph, Value

STEP_GATES: dict[Cell, tuple[int, ...]] = {
    "lstm": (0, 1, 3, 2),
    "peephole": (0, 1, 3, 2),
    "gru": (0, 1, 2),
    "rnn": (0,),
}
"""torch's gates are i, f, g, o (LSTM) and r, z, n (GRU). A step that is written by operators has
all sigmoid gates first, so that one Sigmoid covers them."""
ACTIVATIONS: dict[Activation, str] = {"tanh": "Tanh", "relu": "Relu"}


def hidden_bound(config: ModelConfig, layers: int = 1) -> float | None:
    """Returns the bound of a hidden state, or of a residual sum of ``layers`` of them.

    States of LSTMs are a sigmoid times a tanh; GRU states are mixed from tanh values and a start
    within (-1, 1), the bridge's tanh; a ReLU has no bound.
    """
    unbounded = config.cell == "rnn" and config.activation == "relu"
    return None if unbounded else float(layers)


class LayerWeights(NamedTuple):
    """Weights of a layer in one direction, with torch's names, gates in torch's order."""

    w_ih: FloatArray  # (gates * hidden, inputs)
    w_hh: FloatArray  # (gates * hidden, hidden)
    b_ih: FloatArray  # (gates * hidden,)
    b_hh: FloatArray  # (gates * hidden,)
    w_ch: FloatArray | None  # (3, hidden): from the cell to i, f and o; peepholes only

    def with_gates(self, gates: Sequence[int]) -> "LayerWeights":
        """Returns the weights with their gates in another order; ``w_ch`` stays as it is."""
        w_ih, w_hh, b_ih, b_hh = (reorder(weight, gates) for weight in self[:4])
        return LayerWeights(w_ih, w_hh, b_ih, b_hh, self.w_ch)


def layer_weights(layer: nn.Module) -> LayerWeights:
    """Returns the weights of a layer in float32."""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    w_ih, w_hh, b_ih, b_hh = (to_array(layer.get_parameter(name)) for name in names)
    w_ch = dict(layer.named_parameters()).get("weight_ch_l0")
    return LayerWeights(w_ih, w_hh, b_ih, b_hh, None if w_ch is None else to_array(w_ch))


def reorder(array: FloatArray, gates: Sequence[int]) -> FloatArray:
    """Returns (gates * hidden, ...) with its gates in another order."""
    blocks = np.split(array, len(gates))
    return np.concatenate([blocks[gate] for gate in gates])


@dataclass
class LayerStateValues:
    """State of one decoder layer: (rows, hidden_size) each."""

    hidden: Signal
    cell: Signal | None


@dataclass(frozen=True)
class PeepholeValues:
    """Weights from the cell to the gates, which broadcast over rows."""

    others: Value  # (2 * hidden,) or (rows, 2 * hidden), to i and f
    output: Value  # (hidden,) or (rows, hidden)


def step(
    graph: Graph,
    arithmetic: Arithmetic,
    config: ModelConfig,
    weights: LayerWeights,
    inputs: Sequence[Signal],
    state: LayerStateValues,
    name: str,
) -> LayerStateValues:
    """Writes one step of a recurrent layer of the decoder; returns its next state."""
    w_ih, w_hh, b_ih, b_hh, w_ch = weights.with_gates(STEP_GATES[config.cell])
    if config.cell == "gru":
        fed = arithmetic.product(graph, inputs, w_ih, b_ih, f"{name}.ih")
        recurrent = arithmetic.product(graph, [state.hidden], w_hh, b_hh, f"{name}.hh")
        return advance(graph, config, fed, recurrent, state)
    weight, bias = np.concatenate([w_ih, w_hh], axis=1), b_ih + b_hh
    total = arithmetic.product(graph, [*inputs, state.hidden], weight, bias, name)
    peepholes = None
    if w_ch is not None:
        others, output = (arithmetic.real.array(part) for part in (w_ch[:2].reshape(-1), w_ch[2]))
        peepholes = PeepholeValues(
            graph.weight(f"{name}.peepholes", others),
            graph.weight(f"{name}.peepholes.output", output),
        )
    return advance(graph, config, total, None, state, peepholes)


def advance(
    graph: Graph,
    config: ModelConfig,
    fed: Value,
    recurrent: Value | None,
    state: LayerStateValues,
    peepholes: PeepholeValues | None = None,
) -> LayerStateValues:
    """Writes the part of a step that follows its products.

    Args:
        graph: The body of a loop.
        config: The model's configuration.
        fed: Product of the inputs (rows, gates * hidden), in the order of ``STEP_GATES``.
        recurrent: Product of the last hidden state, of the same shape and order; None if ``fed`` is
            the sum of both.
        state: The last state (rows, hidden).
        peepholes: The weights from the cell to the gates, if the cell has them.

    Returns:
        The next state.
    """
    size = state.hidden.size
    cell: Signal | None = None
    if config.cell == "gru":
        assert recurrent is not None
        hidden = _gru(graph, fed, recurrent, state.hidden.value, size)
    else:
        total = fed if recurrent is None else graph.op("Add", fed, recurrent)
        if config.has_cell_state:
            assert state.cell is not None
            write = _lstm if peepholes is None else partial(_peephole, peepholes=peepholes)
            hidden, new_cell = write(graph, total, state.cell.value, size)
            cell = Signal(size, None, new_cell)
        else:
            hidden = graph.op(ACTIVATIONS[config.activation], total)
    return LayerStateValues(Signal(size, hidden_bound(config), hidden), cell)


def _lstm(graph: Graph, total: Value, cell: Value, size: int) -> tuple[Value, Value]:
    """Hochreiter and Schmidhuber (1997) with forget gates; ``total`` holds i, f, o, g."""
    gates, candidate = graph.ops("Split", 2, total, graph.ints(3 * size, size), axis=1)
    sizes = graph.ints(size, size, size)
    gates = graph.op("Sigmoid", gates)
    input_gate, forget_gate, output_gate = graph.ops("Split", 3, gates, sizes, axis=1)
    candidate = graph.op("Mul", input_gate, graph.op("Tanh", candidate))
    cell = graph.op("Add", graph.op("Mul", forget_gate, cell), candidate)
    return graph.op("Mul", output_gate, graph.op("Tanh", cell)), cell


def _peephole(
    graph: Graph, total: Value, cell: Value, size: int, peepholes: PeepholeValues
) -> tuple[Value, Value]:
    """Graves (2013), equations 7 to 11; ``total`` holds i, f, o, g without what the cell adds."""
    parts = graph.ops("Split", 3, total, graph.ints(2 * size, size, size), axis=1)
    others, output_gate, candidate = parts
    shown = graph.op("Mul", graph.op("Concat", cell, cell, axis=1), peepholes.others)
    others = graph.op("Sigmoid", graph.op("Add", others, shown))
    input_gate, forget_gate = graph.ops("Split", 2, others, graph.ints(size, size), axis=1)
    candidate = graph.op("Mul", input_gate, graph.op("Tanh", candidate))
    cell = graph.op("Add", graph.op("Mul", forget_gate, cell), candidate)
    shown = graph.op("Mul", cell, peepholes.output)
    output_gate = graph.op("Sigmoid", graph.op("Add", output_gate, shown))
    return graph.op("Mul", output_gate, graph.op("Tanh", cell)), cell


def _gru(graph: Graph, fed: Value, recurrent: Value, hidden: Value, size: int) -> Value:
    """Cho et al. (2014), reset gate after the product; both products hold r, z, n."""
    sizes = graph.ints(2 * size, size)
    fed_gates, fed_new = graph.ops("Split", 2, fed, sizes, axis=1)
    recurrent_gates, recurrent_new = graph.ops("Split", 2, recurrent, sizes, axis=1)
    gates = graph.op("Sigmoid", graph.op("Add", fed_gates, recurrent_gates))
    reset, update = graph.ops("Split", 2, gates, graph.ints(size, size), axis=1)
    new = graph.op("Tanh", graph.op("Add", fed_new, graph.op("Mul", reset, recurrent_new)))
    return graph.op("Add", graph.op("Mul", graph.op("Sub", hidden, new), update), new)
