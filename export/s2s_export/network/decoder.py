"""One decoder step of the graph: ``s2s.model.decoder`` for one position of every hypothesis."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from s2s.config import FORBIDDEN_IDS
from s2s.model.seq2seq import Seq2Seq
from s2s_export.graph.arithmetic import (
    Arithmetic,
    Floats,
    MemoryTensor,
    Signal,
    StateTensor,
    to_array,
    with_tensors,
)
from s2s_export.graph.builder import OMITTED, Graph, Value
from s2s_export.network.attention import (
    Context,
    MemoryValues,
    attend,
    fold_merge,
    memory_tensors,
    with_memory_tensors,
)
from s2s_export.network.encoder import EncoderValues
from s2s_export.network.layers import LayerStateValues, hidden_bound, layer_weights, step


@dataclass
class DecoderStateValues:
    """Signals that a decoder carries from one step to the next, (rows, size) each."""

    layers: list[LayerStateValues]
    readout: Signal | None  # with input feeding only


class DecoderWriter:
    """Writes the decoder's start and its step, with the names of its weights."""

    def __init__(self, model: Seq2Seq, arithmetic: Arithmetic, table_name: str) -> None:
        self.model = model
        self.config = model.config
        self.arithmetic = arithmetic
        self.table_name = table_name
        self.feeding = model.config.context == "input_feeding"

    def begin(self, graph: Graph, encoder_values: EncoderValues) -> DecoderStateValues:
        """Writes the state before the first step, (batch, size): a squashed view of the summary."""
        bridge = self.model.decoder.bridge
        size, layers = self.config.hidden_size, self.config.decoder_layers
        weight, bias = to_array(bridge.weight), to_array(bridge.bias)
        product = self.arithmetic.product(
            graph, [encoder_values.summary], weight, bias, "decoder.bridge"
        )
        bridged = graph.op("Tanh", product)
        count = weight.shape[0] // size
        parts = graph.ops("Split", count, bridged, graph.ints(*[size] * count), axis=1)
        cells: list[Signal | None] = [None] * layers
        if self.config.has_cell_state:
            cells = [Signal(size, None, cell) for cell in parts[layers:]]
        # tanh holds the first state within any bound of later ones.
        states = [
            LayerStateValues(Signal(size, hidden_bound(self.config), hidden), cell)
            for hidden, cell in zip(parts[:layers], cells, strict=True)
        ]
        readout = None
        if self.feeding:
            width = graph.ints(self.config.embedding_size)
            batch = graph.op("Shape", bridged, end=1)
            shape = graph.op("Concat", batch, width, axis=0)
            zeros = graph.op("Expand", self.arithmetic.real.array(np.zeros(1, "f")), shape)
            readout = Signal(self.config.embedding_size, 1.0, zeros)
        return DecoderStateValues(states, readout)

    def step(
        self, graph: Graph, tokens: Value, memory: MemoryValues, state: DecoderStateValues
    ) -> tuple[Value, Value, DecoderStateValues]:
        """Writes one step of the search.

        Args:
            graph: The body of the search.
            tokens: (rows,) int64, the last piece of each hypothesis; rows is batch * beam.
            memory: Memory of the batch.
            state: State of the rows.

        Returns:
            Logits (rows, tgt_vocab) float32, minus infinity for forbidden pieces; attention
            (batch, beam, width) float32, width at least src_len; the next state.
        """
        config = self.config
        table = to_array(self.model.decoder.embedding.table.weight)
        inputs = [self.arithmetic.embed(graph, table, tokens, self.table_name)]
        if state.readout is not None:
            inputs.append(state.readout)
        layers = [self._run(graph, 0, inputs, state, None)]
        outputs = layers[0].hidden
        context: Context | None = None
        attention = OMITTED
        if not self.feeding:
            context, attention = self._attend(graph, outputs, memory)
        for number in range(1, config.decoder_layers):
            layer = self._run(graph, number, [outputs], state, context)
            layers.append(layer)
            outputs = Signal(
                outputs.size,
                hidden_bound(config, number + 1),
                graph.op("Add", outputs.value, layer.hidden.value),
            )
        if context is None:
            context, attention = self._attend(graph, outputs, memory)
        readout = self._read(graph, outputs, context)
        logits, attention = (
            self.arithmetic.real.as_float32(graph, value)
            for value in (self._logits(graph, readout), attention)
        )
        return logits, attention, DecoderStateValues(layers, readout if self.feeding else None)

    def _run(
        self,
        graph: Graph,
        number: int,
        inputs: list[Signal],
        state: DecoderStateValues,
        context: Context | None,
    ) -> LayerStateValues:
        name = f"decoder.layers.{number}"
        attention = self.model.decoder.attention
        weights = layer_weights(self.model.decoder.layers[number])
        if context is not None:
            w_ih, b_ih = fold_merge(attention, weights.w_ih, weights.b_ih)
            weights = weights._replace(w_ih=w_ih, b_ih=b_ih)
            assert context.states is not None
            inputs = [*inputs, context.states]
        return step(
            graph, self.arithmetic, self.config, weights, inputs, state.layers[number], name
        )

    def _attend(self, graph: Graph, query: Signal, memory: MemoryValues) -> tuple[Context, Value]:
        attention = self.model.decoder.attention
        return attend(graph, self.arithmetic, self.config, attention, query, memory)

    def _read(self, graph: Graph, outputs: Signal, context: Context) -> Signal:
        """Writes the readout (rows, embedding_size), whose product is never in int8.

        The error of this product in int8 would cost more than that of any other, and it is one of
        the smallest: docs/explanation/decisions.md, "The readout stays in fp32 in
        int8 files".
        """
        readout = self.model.decoder.readout
        weight, bias = to_array(readout.weight), to_array(readout.bias)
        name, real = "decoder.readout", self.arithmetic.real
        if context.readout is not None:
            states = graph.weight(f"{name}.states", real.array(weight[:, : outputs.size]))
            total = graph.op("Gemm", outputs.value, states, context.readout, transB=1)
        else:
            assert context.states is not None
            weight, bias = fold_merge(self.model.decoder.attention, weight, bias)
            total = Floats(real).product(graph, [outputs, context.states], weight, bias, name)
        return Signal(self.config.embedding_size, 1.0, graph.op("Tanh", total))

    def _logits(self, graph: Graph, readout: Signal) -> Value:
        # The first rows of a shared table are the target's; the other rows have no bias.
        weight, bias = to_array(self.model.output.weight), to_array(self.model.output.bias).copy()
        # Pieces are forbidden in the bias, which takes no operator.
        bias[list(FORBIDDEN_IDS)] = -np.inf
        name = "output.weight" if self.config.tie == "none" else self.table_name
        return self.arithmetic.logits(graph, readout, weight, bias, name)

    def memory_tensors(self, memory: MemoryValues) -> list[MemoryTensor]:
        """Lists the tensors of a memory whose first axis is sentences."""
        return memory_tensors(self.config, self.arithmetic.real, memory)

    def with_memory_tensors(self, memory: MemoryValues, values: Iterator[Value]) -> MemoryValues:
        """Returns ``memory`` with the next ``values`` for the tensors that were listed."""
        return with_memory_tensors(memory, values)

    def state_tensors(self, graph: Graph, state: DecoderStateValues) -> list[list[StateTensor]]:
        """Lists the tensors of a state, a list for each of its signals."""
        # A GRU mixes its last state into the next one; the other cells only multiply it by weights.
        is_mixed = self.config.cell == "gru"
        tensors = []
        for layer in state.layers:
            tensors.append(self.arithmetic.state_tensors(graph, layer.hidden, real=is_mixed))
            if layer.cell is not None:
                tensors.append(self.arithmetic.state_tensors(graph, layer.cell, real=True))
        if state.readout is not None:
            tensors.append(self.arithmetic.state_tensors(graph, state.readout, real=False))
        return tensors

    def with_state_tensors(
        self,
        state: DecoderStateValues,
        tensors: Iterator[list[StateTensor]],
        values: Iterator[Value],
    ) -> DecoderStateValues:
        """Returns ``state`` with the next ``values`` for the next ``tensors``."""

        def replace(signal: Signal) -> Signal:
            listed = next(tensors)
            return with_tensors(signal, listed, [next(values) for _ in listed])

        layers = [
            LayerStateValues(
                replace(layer.hidden), None if layer.cell is None else replace(layer.cell)
            )
            for layer in state.layers
        ]
        return DecoderStateValues(layers, None if state.readout is None else replace(state.readout))
