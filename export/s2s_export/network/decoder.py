"""One decoder step of the graph: ``s2s.model.decoder`` for one position of every hypothesis."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from s2s.config import FORBIDDEN_IDS
from s2s.model.seq2seq import Seq2Seq
from s2s_export.graph.arithmetic import (
    Arithmetic,
    Float32,
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
    memory_tensors,
    merged,
    with_memory_tensors,
)
from s2s_export.network.encoder import EncoderValues
from s2s_export.network.layers import LayerStateValues, hidden_bound, layer_weights, step


@dataclass
class DecoderStateValues:
    """What a decoder carries from one step to the next, (rows, size) each."""

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
        if self.config.cell == "lstm":
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
            readout = Signal(
                self.config.embedding_size, 1.0, graph.op("Expand", np.zeros(1, "f"), shape)
            )
        return DecoderStateValues(states, readout)

    def step(
        self, graph: Graph, tokens: Value, memory: MemoryValues, state: DecoderStateValues
    ) -> tuple[Value, Value, DecoderStateValues]:
        """Writes one step of the search.

        Args:
            graph: The body of the search.
            tokens: (rows,) int64, the last piece of each hypothesis; rows is batch * beam.
            memory: Of the batch.
            state: Of the rows.

        Returns:
            Logits (rows, tgt_vocab), minus infinity for forbidden pieces; attention
            (batch, beam, width), width at least src_len; the next state.
        """
        config = self.config
        table = to_array(self.model.decoder.embedding.table.weight)
        embedded = self.arithmetic.embed(graph, table, tokens, self.table_name)
        news = [self._run(graph, 0, [embedded, *self._fed(state)], state, None)]
        outputs = news[0].hidden
        context: Context | None = None
        attention = OMITTED
        if not self.feeding:
            context, attention = self._attend(graph, outputs, memory)
        for number in range(1, config.decoder_layers):
            new = self._run(graph, number, [outputs], state, context)
            news.append(new)
            outputs = Signal(
                outputs.size,
                hidden_bound(config, number + 1),
                graph.op("Add", outputs.value, new.hidden.value),
            )
        if context is None:
            context, attention = self._attend(graph, outputs, memory)
        read = self._read(graph, outputs, context)
        readout = Signal(config.embedding_size, 1.0, graph.op("Tanh", read))
        logits = self._logits(graph, readout)
        return logits, attention, DecoderStateValues(news, readout if self.feeding else None)

    def _fed(self, state: DecoderStateValues) -> list[Signal]:
        return [state.readout] if state.readout is not None else []

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
        w_ih, w_hh, b_ih, b_hh = layer_weights(self.model.decoder.layers[number])
        if context is not None:
            w_ih, b_ih = merged(attention, w_ih, b_ih)
            assert context.states is not None
            inputs = [*inputs, context.states]
        weights = (w_ih, w_hh, b_ih, b_hh)
        return step(
            graph, self.arithmetic, self.config, weights, inputs, state.layers[number], name
        )

    def _attend(self, graph: Graph, query: Signal, memory: MemoryValues) -> tuple[Context, Value]:
        attention = self.model.decoder.attention
        return attend(graph, self.arithmetic, self.config, attention, query, memory)

    def _read(self, graph: Graph, outputs: Signal, context: Context) -> Value:
        """Writes what tanh makes a readout of, (rows, embedding_size), in float32 always.

        Of all products it is the one whose error in int8 costs most, and one of the smallest:
        recipes/README.md, "int8 beside fp32".
        """
        readout = self.model.decoder.readout
        weight, bias = to_array(readout.weight), to_array(readout.bias)
        name = "decoder.readout"
        if context.read is not None:
            own = graph.weight(f"{name}.states", weight[:, : outputs.size])
            return graph.op("Gemm", outputs.value, own, context.read, transB=1)
        assert context.states is not None
        weight, bias = merged(self.model.decoder.attention, weight, bias)
        return Float32().product(graph, [outputs, context.states], weight, bias, name)

    def _logits(self, graph: Graph, readout: Signal) -> Value:
        # The rows of a shared table that come after the target's have no bias.
        weight, bias = to_array(self.model.output.weight), to_array(self.model.output.bias).copy()
        # In the bias, forbidding a piece costs no operator.
        bias[list(FORBIDDEN_IDS)] = -np.inf
        name = "output.weight" if self.config.tie == "none" else self.table_name
        return self.arithmetic.logits(graph, readout, weight, bias, name)

    def memory_tensors(self, memory: MemoryValues) -> list[MemoryTensor]:
        """Lists the tensors of a memory, sentences first."""
        return memory_tensors(self.config, memory)

    def with_memory_tensors(self, memory: MemoryValues, names: Iterable[Value]) -> MemoryValues:
        """Returns ``memory`` with other tensors; of an iterator, no more is taken than it has."""
        return with_memory_tensors(memory, names)

    def state_tensors(self, graph: Graph, state: DecoderStateValues) -> list[list[StateTensor]]:
        """Lists the tensors of each of a state's signals."""
        # A GRU mixes its last state into the next one; others only multiply it by weights.
        mixed = self.config.cell == "gru"
        carried = []
        for layer in state.layers:
            carried.append(self.arithmetic.state_tensors(graph, layer.hidden, real=mixed))
            if layer.cell is not None:
                carried.append(self.arithmetic.state_tensors(graph, layer.cell, real=True))
        if state.readout is not None:
            carried.append(self.arithmetic.state_tensors(graph, state.readout, real=False))
        return carried

    def with_state_tensors(
        self,
        state: DecoderStateValues,
        carried: Iterable[list[StateTensor]],
        names: Iterable[Value],
    ) -> DecoderStateValues:
        """Returns ``state`` with ``names`` for the tensors that ``state_tensors`` listed.

        Of iterators, no more is taken than the state has.
        """
        rest, lists = iter(names), iter(carried)

        def take(signal: Signal) -> Signal:
            tensors = next(lists)
            return with_tensors(signal, tensors, [next(rest) for _ in tensors])

        layers = [
            LayerStateValues(take(layer.hidden), None if layer.cell is None else take(layer.cell))
            for layer in state.layers
        ]
        return DecoderStateValues(layers, None if state.readout is None else take(state.readout))
