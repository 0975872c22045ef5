"""The encoder of the graph: ``s2s.model.encoder`` without packing and without mirrored batches.

In fp32 and fp16 a layer is one ONNX ``LSTM``, ``GRU`` or ``RNN`` node that knows the true lengths.
In int8, onnxruntime has such a node for the LSTM only, with one scale for a whole batch; so a layer
is one product over all steps for the inputs, and a Scan over steps for the states.

Time is the first axis here, because recurrent nodes require it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from s2s.config import Cell, ModelConfig
from s2s.model.encoder import Encoder
from s2s.model.seq2seq import Seq2Seq
from s2s_export.graph.arithmetic import (
    Arithmetic,
    FloatArray,
    Signal,
    StateTensor,
    to_array,
    with_tensors,
)
from s2s_export.graph.builder import FLOAT, INT32, OMITTED, Graph, Value
from s2s_export.network.layers import (
    ACTIVATIONS,
    STEP_GATES,
    LayerStateValues,
    LayerWeights,
    PeepholeValues,
    advance,
    hidden_bound,
    layer_weights,
)

# torch's gates are i, f, g, o (LSTM) and r, z, n (GRU); the ONNX nodes want i, o, f, g and z, r, n.
NODES: dict[Cell, tuple[str, tuple[int, ...]]] = {
    "lstm": ("LSTM", (0, 3, 1, 2)),
    "peephole": ("LSTM", (0, 3, 1, 2)),
    "gru": ("GRU", (1, 0, 2)),
    "rnn": ("RNN", (0,)),
}
"""The node of each cell, and the order of its gates."""
SIDES = ("ahead", "back")


@dataclass
class EncoderValues:
    """A source batch as the decoder reads it."""

    memory: Signal  # (batch, src_len, hidden_size), zero on padding
    mask: Value  # (batch, 1, src_len), 0 on tokens, -inf on padding
    summary: Signal  # (batch, hidden_size), the last state of each direction of the top layer


def encode(
    graph: Graph,
    arithmetic: Arithmetic,
    model: Seq2Seq,
    table_name: str,
    src: Value,
    lengths: Value,
) -> EncoderValues:
    """Writes the encoder over ``src`` (batch, src_len) with ``lengths`` (batch,), both int64.

    The source's embedding table is stored under ``table_name``.
    """
    config = model.config
    table = to_array(model.encoder.embedding.table.weight)
    ids = graph.op("Transpose", src, perm=[1, 0])
    inputs = arithmetic.embed(graph, table, ids, table_name)
    write = _write_node if arithmetic.recurrent_nodes else _write_scan
    for number in range(config.encoder_layers):
        weights = _direction_weights(model.encoder, number)
        name = f"encoder.layers.{number}"
        outputs, summary = write(graph, arithmetic, config, weights, inputs, lengths, name)
        if number > 0:
            outputs = graph.op("Add", outputs, inputs.value)
        inputs = Signal(config.hidden_size, hidden_bound(config, number + 1), outputs)
    is_token = token_mask(graph, src, lengths)
    batched = graph.op("Transpose", inputs.value, perm=[1, 0, 2])
    # ONNX does not promise that recurrent outputs are zero on padding. A Scan goes on over padding,
    # where ReLU states may grow beyond float32: a product with 0 would leave NaN.
    zero, nothing = (arithmetic.real.array(number) for number in (0.0, -np.inf))
    memory = graph.op("Where", graph.op("Unsqueeze", is_token, graph.ints(2)), batched, zero)
    mask = graph.op("Unsqueeze", graph.op("Where", is_token, zero, nothing), graph.ints(1))
    return EncoderValues(
        memory=Signal(config.hidden_size, inputs.bound, memory),
        mask=mask,
        summary=Signal(config.hidden_size, hidden_bound(config), summary),
    )


def token_mask(graph: Graph, src: Value, lengths: Value) -> Value:
    """Writes (batch, src_len) bool, True on tokens."""
    src_len = graph.op("Gather", graph.op("Shape", src), 1)
    positions = graph.op("Range", 0, src_len, 1)
    return graph.op("Less", positions, graph.op("Unsqueeze", lengths, graph.ints(1)))


def _direction_weights(encoder: Encoder, number: int) -> list[LayerWeights]:
    """Returns the weights of the left-to-right and of the right-to-left layer."""
    both = (encoder.forward_layers[number], encoder.backward_layers[number])
    return [layer_weights(layer) for layer in both]


def _write_node(
    graph: Graph,
    arithmetic: Arithmetic,
    config: ModelConfig,
    weights: list[LayerWeights],
    inputs: Signal,
    lengths: Value,
    name: str,
) -> tuple[Value, Value]:
    """Writes one layer as one recurrent node.

    Args:
        graph: The main graph.
        arithmetic: The type of the node's numbers.
        config: The model's configuration.
        weights: Weights of both directions, see ``_direction_weights``.
        inputs: (src_len, batch, features).
        lengths: (batch,) int64.
        name: Name of the weights.

    Returns:
        Outputs (src_len, batch, hidden_size) and last states (batch, hidden_size).
    """
    node, gates = NODES[config.cell]
    sides = [side.with_gates(gates) for side in weights]
    w_ih, w_hh, b_ih, b_hh = (
        np.stack(both) for both in zip(*(side[:4] for side in sides), strict=True)
    )
    shown = [side.w_ch[[0, 2, 1]].reshape(-1) for side in sides if side.w_ch is not None]

    def store(part: str, value: FloatArray) -> Value:
        return graph.weight(f"{name}.{part}", arithmetic.real.array(value))

    # No first states; then the peepholes, to i, o, f.
    more = [OMITTED, OMITTED, store("peepholes", np.stack(shown))] if shown else []
    half = config.hidden_size // 2
    attributes: dict[str, Any] = {"direction": "bidirectional", "hidden_size": half}
    if config.cell == "gru":
        attributes["linear_before_reset"] = 1  # torch and cuDNN reset after the product
    if config.cell == "rnn":
        attributes["activations"] = [ACTIVATIONS[config.activation]] * 2
    outputs, last_states = graph.ops(
        node,
        2,
        inputs.value,
        store("input", w_ih),
        store("recurrent", w_hh),
        store("bias", np.concatenate([b_ih, b_hh], axis=1)),
        graph.op("Cast", lengths, to=INT32),
        *more,
        **attributes,
    )
    # (src_len, 2, batch, half) and (2, batch, half): put both directions side by side.
    joined = graph.op("Transpose", outputs, perm=[0, 2, 1, 3])
    summary = graph.op("Transpose", last_states, perm=[1, 0, 2])
    width = config.hidden_size
    return (
        graph.op("Reshape", joined, graph.ints(0, 0, width)),
        graph.op("Reshape", summary, graph.ints(-1, width)),
    )


def _write_scan(
    graph: Graph,
    arithmetic: Arithmetic,
    config: ModelConfig,
    weights: list[LayerWeights],
    inputs: Signal,
    lengths: Value,
    name: str,
) -> tuple[Value, Value]:
    """Writes one layer as products over all steps and a Scan.

    The right-to-left direction reads each sentence reversed by its own length, so that padding
    comes last in both directions and both advance together, as (2 * batch) rows. Arguments and
    results are those of ``_write_node``.
    """
    half = config.hidden_size // 2
    weights = [side.with_gates(STEP_GATES[config.cell]) for side in weights]
    reversed_inputs = map_signal(arithmetic, graph, inputs, partial(reverse, lengths=lengths))
    fed = []
    sides = zip(SIDES, (inputs, reversed_inputs), weights, strict=True)
    for side, side_inputs, own in sides:
        # Only the GRU's reset gate keeps the biases of inputs and states apart.
        bias = own.b_ih if config.cell == "gru" else None
        fed.append(arithmetic.product(graph, [side_inputs], own.w_ih, bias, f"{name}.{side}.ih"))
    twice = graph.op("Mul", graph.op("Shape", lengths), 2)
    shape = graph.op("Concat", twice, graph.ints(half), axis=0)
    zeros = graph.op("Expand", np.zeros((1, 1), np.float32), shape)
    cell = Signal(half, None, zeros) if config.has_cell_state else None
    first = LayerStateValues(Signal(half, hidden_bound(config), zeros), cell)
    tensors = _state_tensors(graph, arithmetic, config, first)
    peepholes = _peepholes_by_row(graph, weights, lengths, name)

    body = graph.child(f"{name}.step")
    _write_scan_body(body, arithmetic, config, weights, peepholes, first, tensors, name)
    states = [tensor.value for signal in tensors for tensor in signal]
    stacked = graph.scan(body, states, [graph.op("Concat", *fed, axis=1)])[-1]

    ahead, back = graph.ops("Split", 2, stacked, axis=1)
    outputs = graph.op("Concat", ahead, reverse(graph, back, lengths=lengths), axis=-1)
    # Both directions end at the sentence's last step, length - 1.
    both = graph.op("Concat", ahead, back, axis=-1)
    batch = graph.op("Shape", lengths)
    row = graph.op("Range", 0, graph.op("Squeeze", batch), 1)
    last = graph.op("Add", graph.op("Mul", graph.op("Sub", lengths, 1), batch), row)
    flat = graph.op("Reshape", both, graph.ints(-1, config.hidden_size))
    return outputs, graph.op("Gather", flat, last)


def _write_scan_body(
    body: Graph,
    arithmetic: Arithmetic,
    config: ModelConfig,
    weights: list[LayerWeights],
    peepholes: PeepholeValues | None,
    first: LayerStateValues,
    tensors: list[list[StateTensor]],
    name: str,
) -> None:
    """Writes one step of both directions.

    Args:
        body: The body of the Scan.
        arithmetic: The precision of the products.
        config: The model's configuration.
        weights: Weights of both directions, in the order of ``STEP_GATES``.
        peepholes: Weights from the cell to the gates for each row, if the cell has them.
        first: The state before the first step.
        tensors: The tensors of ``first``.
        name: Name of the weights.
    """
    half = config.hidden_size // 2
    carried = [
        [body.input(body.fresh("state"), tensor.dtype, ["rows", half]) for tensor in signal]
        for signal in tensors
    ]
    fed = body.input(body.fresh("fed"), FLOAT, ["rows", len(weights[0].b_ih)])
    hidden, cell = with_tensors(first.hidden, tensors[0], carried[0]), None
    if first.cell is not None:
        cell = with_tensors(first.cell, tensors[1], carried[1])
    recurrent = []
    for number, (side, own) in enumerate(zip(SIDES, weights, strict=True)):
        side_hidden = map_signal(arithmetic, body, hidden, partial(half_of, number=number))
        bias = own.b_hh if config.cell == "gru" else own.b_ih + own.b_hh
        product = arithmetic.product(body, [side_hidden], own.w_hh, bias, f"{name}.{side}.hh")
        recurrent.append(product)
    both = body.op("Concat", *recurrent, axis=0)
    state = advance(body, config, fed, both, LayerStateValues(hidden, cell), peepholes)
    for signal in _state_tensors(body, arithmetic, config, state):
        for tensor in signal:
            body.output(tensor.value, tensor.dtype, ["rows", half])
    body.output(state.hidden.value, FLOAT, ["rows", half], body.fresh("output"))


def _peepholes_by_row(
    graph: Graph, weights: list[LayerWeights], lengths: Value, name: str
) -> PeepholeValues | None:
    """Writes the weights from the cell to the gates for (2 * batch) rows, those of ahead first."""
    sides = [side.w_ch for side in weights if side.w_ch is not None]
    if not sides:
        return None
    half = sides[0].shape[1]
    stored = graph.weight(f"{name}.peepholes", np.stack(sides).reshape(2, 1, 3 * half))
    shape = graph.op(
        "Concat", graph.ints(2), graph.op("Shape", lengths), graph.ints(3 * half), axis=0
    )
    rows = graph.op("Reshape", graph.op("Expand", stored, shape), graph.ints(-1, 3 * half))
    others, output = graph.ops("Split", 2, rows, graph.ints(2 * half, half), axis=1)
    return PeepholeValues(others, output)


def _state_tensors(
    graph: Graph, arithmetic: Arithmetic, config: ModelConfig, state: LayerStateValues
) -> list[list[StateTensor]]:
    """Lists the tensors of a state, a list for each of its signals."""
    tensors = [arithmetic.state_tensors(graph, state.hidden, real=config.cell == "gru")]
    if state.cell is not None:
        tensors.append(arithmetic.state_tensors(graph, state.cell, real=True))
    return tensors


def map_signal(
    arithmetic: Arithmetic, graph: Graph, signal: Signal, write: Callable[[Graph, Value], Value]
) -> Signal:
    """Applies ``write`` to the tensor of ``signal`` that products read."""
    tensors = arithmetic.state_tensors(graph, signal, real=False)
    return with_tensors(signal, tensors, [write(graph, tensor.value) for tensor in tensors])


def reverse(graph: Graph, value: Value, *, lengths: Value) -> Value:
    """Reverses each sentence of ``value`` (src_len, batch, ...) and leaves padding in place."""
    return graph.op("ReverseSequence", value, lengths, time_axis=0, batch_axis=1)


def half_of(graph: Graph, value: Value, *, number: int) -> Value:
    """Returns the rows of one direction."""
    return graph.ops("Split", 2, value, axis=0)[number]
