"""Recurrent layers of the graph: one step of a decoder layer, all steps of an encoder layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from s2s.config import Activation, Cell, ModelConfig
from s2s_export.arithmetic import Arithmetic, FloatArray, Signal, to_array
from s2s_export.builder import Graph

# torch keeps gates as i, f, g, o (LSTM) and r, z, n (GRU); ONNX wants i, o, f, g and z, r, n.
ONNX_GATES: dict[Cell, tuple[int, ...]] = {"lstm": (0, 3, 1, 2), "gru": (1, 0, 2), "rnn": (0,)}
STEP_GATES: dict[Cell, tuple[int, ...]] = {"lstm": (0, 1, 3, 2), "gru": (0, 1, 2), "rnn": (0,)}
"""Sigmoid gates first, so that one Sigmoid covers them all."""
ACTIVATIONS: dict[Activation, str] = {"tanh": "Tanh", "relu": "Relu"}


def hidden_bound(config: ModelConfig, layers: int = 1) -> float | None:
    """Returns what no hidden state, or residual sum over ``layers`` of them, exceeds.

    LSTM states are a sigmoid times a tanh; GRU states are mixed from tanh values and a start
    within (-1, 1), the bridge's tanh; a ReLU has no bound.
    """
    unbounded = config.cell == "rnn" and config.activation == "relu"
    return None if unbounded else float(layers)


def layer_weights(layer: nn.Module) -> list[FloatArray]:
    """Returns torch's ``weight_ih``, ``weight_hh``, ``bias_ih`` and ``bias_hh`` of a layer."""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    return [to_array(layer.get_parameter(name)) for name in names]


def reorder(array: FloatArray, gates: Sequence[int]) -> FloatArray:
    """Returns (gates * hidden, ...) with its gates in another order."""
    blocks = np.split(array, len(gates))
    return np.concatenate([blocks[gate] for gate in gates])


@dataclass
class StepState:
    """State of one decoder layer: (rows, hidden_size) each."""

    hidden: Signal
    cell: Signal | None


def step(
    graph: Graph,
    arithmetic: Arithmetic,
    config: ModelConfig,
    weights: Sequence[FloatArray],
    inputs: Sequence[Signal],
    state: StepState,
    name: str,
) -> StepState:
    """Writes one step of a recurrent layer of the decoder; returns its next state.

    ``weights`` are those of ``layer_weights``.
    """
    gates, size = STEP_GATES[config.cell], config.hidden_size
    w_ih, w_hh, b_ih, b_hh = (reorder(weight, gates) for weight in weights)
    cell: str | None = None
    if config.cell == "gru":
        fed = arithmetic.product(graph, inputs, w_ih, b_ih, f"{name}.ih")
        kept = arithmetic.product(graph, [state.hidden], w_hh, b_hh, f"{name}.hh")
        hidden = _gru(graph, fed, kept, state.hidden.value, size)
    else:
        weight, bias = np.concatenate([w_ih, w_hh], axis=1), b_ih + b_hh
        total = arithmetic.product(graph, [*inputs, state.hidden], weight, bias, name)
        if config.cell == "lstm":
            assert state.cell is not None
            hidden, cell = _lstm(graph, total, state.cell.value, size)
        else:
            hidden = graph.op(ACTIVATIONS[config.activation], total)
    new_cell = None if cell is None else Signal(size, None, cell)
    return StepState(Signal(size, hidden_bound(config), hidden), new_cell)


def _lstm(graph: Graph, total: str, cell: str, size: int) -> tuple[str, str]:
    """Hochreiter and Schmidhuber (1997) with forget gates; ``total`` holds i, f, o, g."""
    gates, candidate = graph.ops("Split", 2, total, graph.ints(3 * size, size), axis=1)
    opened = graph.ops("Split", 3, graph.op("Sigmoid", gates), graph.ints(size, size, size), axis=1)
    written = graph.op("Mul", opened[0], graph.op("Tanh", candidate))
    cell = graph.op("Add", graph.op("Mul", opened[1], cell), written)
    return graph.op("Mul", opened[2], graph.op("Tanh", cell)), cell


def _gru(graph: Graph, fed: str, kept: str, hidden: str, size: int) -> str:
    """Cho et al. (2014), reset gate after the product; ``fed`` and ``kept`` hold r, z, n."""
    sizes = graph.ints(2 * size, size)
    fed_gates, fed_new = graph.ops("Split", 2, fed, sizes, axis=1)
    kept_gates, kept_new = graph.ops("Split", 2, kept, sizes, axis=1)
    opened = graph.op("Sigmoid", graph.op("Add", fed_gates, kept_gates))
    reset, update = graph.ops("Split", 2, opened, graph.ints(size, size), axis=1)
    new = graph.op("Tanh", graph.op("Add", fed_new, graph.op("Mul", reset, kept_new)))
    return graph.op("Add", graph.op("Mul", graph.op("Sub", hidden, new), update), new)


def bidirectional(
    graph: Graph,
    arithmetic: Arithmetic,
    config: ModelConfig,
    directions: tuple[nn.Module, nn.Module],
    inputs: str,
    lengths: str,
    name: str,
) -> tuple[str, str]:
    """Writes one encoder layer: an ONNX LSTM, GRU or RNN node that knows the true lengths.

    Args:
        graph: The main graph.
        arithmetic: Stores the weights.
        config: Of the model.
        directions: Left-to-right and right-to-left layer.
        inputs: (src_len, batch, features): recurrent nodes are time first.
        lengths: (batch,) int32.
        name: Of the weights.

    Returns:
        Outputs (src_len, batch, hidden_size) and last states (batch, hidden_size).
    """
    gates, half = ONNX_GATES[config.cell], config.hidden_size // 2

    w_ih, w_hh, b_ih, b_hh = (
        np.stack([reorder(ahead, gates), reorder(back, gates)])
        for ahead, back in zip(*map(layer_weights, directions), strict=True)
    )
    attributes: dict[str, Any] = {"direction": "bidirectional", "hidden_size": half}
    if config.cell == "gru":
        attributes["linear_before_reset"] = 1  # torch and cuDNN reset after the product
    if config.cell == "rnn":
        attributes["activations"] = [ACTIVATIONS[config.activation]] * 2
    outputs, last = graph.ops(
        config.cell.upper(),
        2,
        inputs,
        arithmetic.recurrent(graph, w_ih, f"{name}.input"),
        arithmetic.recurrent(graph, w_hh, f"{name}.recurrent"),
        graph.weight(f"{name}.bias", np.concatenate([b_ih, b_hh], axis=1)),
        lengths,
        **attributes,
    )
    # (src_len, 2, batch, half) and (2, batch, half): both directions side by side.
    joined = graph.op("Transpose", outputs, perm=[0, 2, 1, 3])
    summary = graph.op("Transpose", last, perm=[1, 0, 2])
    flat = graph.ints(0, 0, config.hidden_size)
    return graph.op("Reshape", joined, flat), graph.op(
        "Reshape", summary, graph.ints(-1, config.hidden_size)
    )
