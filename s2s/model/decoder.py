"""Attentional recurrent decoder, for a whole target at once or step by step.

The ``parallel`` context is that of GNMT v2 and RNMT+ (Chen et al. 2018, "The Best of Both Worlds"):
the first layer makes the queries, and the context is an input of the layers above and of the
readout, so that each layer is one recurrent call over the whole target. ``input_feeding`` is Luong
et al. (2015), section 3.3: the readout of each step is an input of the next step, which forces a
loop over time.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from s2s.config import ModelConfig
from s2s.model.attention import Attention, Memory
from s2s.model.encoder import EncoderOutput
from s2s.model.layers import Dropout, WordEmbedding, drop_recurrent, make_layer, run_layer

LayerState = tuple[Tensor, Tensor | None]
"""Last hidden state of a layer, and its cell state if it has one: (1, batch, hidden_size) each."""


class DecoderState(NamedTuple):
    """The state that a decoder carries from one step to the next."""

    hidden: Tensor  # (layers, batch, hidden_size)
    cell: Tensor | None  # (layers, batch, hidden_size), if layers have a cell state
    readout: Tensor | None  # (batch, embedding_size), with input feeding only

    def detach(self) -> "DecoderState":
        """Returns the same state, but no gradient passes through it."""
        return DecoderState(
            self.hidden.detach(),
            None if self.cell is None else self.cell.detach(),
            None if self.readout is None else self.readout.detach(),
        )

    def select(self, rows: Tensor) -> "DecoderState":
        """Returns the state of ``rows`` (new_batch,) int64, repeated or left out as listed."""
        return DecoderState(
            self.hidden.index_select(1, rows),
            None if self.cell is None else self.cell.index_select(1, rows),
            None if self.readout is None else self.readout.index_select(0, rows),
        )


class Decoder(nn.Module):
    """Writes the target: a readout for each position, which the output layer turns into logits."""

    def __init__(self, config: ModelConfig, table: nn.Embedding) -> None:
        super().__init__()
        self.config = config
        size, layers = config.hidden_size, config.decoder_layers
        feeding = config.context == "input_feeding"
        self.embedding = WordEmbedding(
            table, config.dropout, config.dropout_kind, config.word_dropout
        )
        first = config.embedding_size * (2 if feeding else 1)
        above = size if feeding else 2 * size
        self.layers = nn.ModuleList(
            make_layer(config.cell, config.activation, first if number == 0 else above, size)
            for number in range(layers)
        )
        self.attention = Attention(config)
        self.bridge = nn.Linear(size, layers * size * (1 + config.has_cell_state))
        self.readout = nn.Linear(2 * size, config.embedding_size)
        self.dropout = Dropout(config.dropout, config.dropout_kind)

    def begin(self, encoder_output: EncoderOutput) -> DecoderState:
        """Returns the state before the first step: a projection of the summary, through tanh."""
        batch = encoder_output.summary.shape[0]
        bridged = torch.tanh(self.bridge(encoder_output.summary))
        states = bridged.view(batch, -1, self.config.hidden_size).transpose(0, 1).contiguous()
        layers = self.config.decoder_layers
        cell = states[layers:] if self.config.has_cell_state else None
        feeding = self.config.context == "input_feeding"
        feed = states.new_zeros(batch, self.config.embedding_size) if feeding else None
        return DecoderState(states[:layers], cell, feed)

    def forward(
        self, tgt_in: Tensor, memory: Memory, state: DecoderState
    ) -> tuple[Tensor, DecoderState]:
        """Runs over all of ``tgt_in`` from ``state``.

        Args:
            tgt_in: (batch, tgt_len) int64; tgt_len is 1 in a search step.
            memory: Memory of the sentences. With several beams a sentence, row r of ``tgt_in``
                belongs to row r // beams of the memory.
            state: State of the rows of ``tgt_in``.

        Returns:
            Readouts (batch, tgt_len, embedding_size), and the state after the last position.
        """
        embedded = self.embedding(tgt_in)
        rate = self.config.recurrent_dropout
        weights = [drop_recurrent(layer, rate) for layer in self.layers]
        if self.config.context == "input_feeding":
            return self._forward_feeding(embedded, memory, state, weights)
        outputs, states = self._run(0, embedded, state, weights)
        context = self._attend(outputs, memory)
        layer_states: list[LayerState] = [states]
        for number in range(1, len(self.layers)):
            inputs = torch.cat([self.dropout(outputs), context], dim=-1)
            above, states = self._run(number, inputs, state, weights)
            outputs = outputs + above
            layer_states.append(states)
        return self._read(outputs, context), self._stack(layer_states, None)

    def _forward_feeding(
        self,
        embedded: Tensor,
        memory: Memory,
        state: DecoderState,
        weights: list[list[Tensor] | None],
    ) -> tuple[Tensor, DecoderState]:
        batch, size = embedded.shape[0], self.config.hidden_size
        between = [self.dropout.lock(batch, size, embedded) for _ in self.layers]
        last = self.dropout.lock(batch, self.config.embedding_size, embedded)
        readouts = []
        for position in range(embedded.shape[1]):
            assert state.readout is not None
            fed = torch.cat([embedded[:, position], state.readout], dim=-1)[:, None]
            outputs, states = self._run(0, fed, state, weights)
            layer_states = [states]
            for number in range(1, len(self.layers)):
                dropped = self.dropout(outputs, between[number])
                above, states = self._run(number, dropped, state, weights)
                outputs = outputs + above
                layer_states.append(states)
            readout = self._read(outputs, self._attend(outputs, memory), last)
            readouts.append(readout)
            state = self._stack(layer_states, readout[:, 0])
        return torch.cat(readouts, dim=1), state

    def _run(
        self,
        number: int,
        inputs: Tensor,
        state: DecoderState,
        weights: list[list[Tensor] | None],
    ) -> tuple[Tensor, LayerState]:
        """Runs one layer; returns its outputs and last (hidden, cell), each (1, batch, size)."""
        layer, layer_weights = self.layers[number], weights[number]
        hidden = state.hidden[number : number + 1].contiguous()
        if state.cell is None:
            outputs, hidden = run_layer(layer, inputs, hidden, layer_weights)
            return outputs, (hidden, None)
        cell = state.cell[number : number + 1].contiguous()
        outputs, (hidden, cell) = run_layer(layer, inputs, (hidden, cell), layer_weights)
        return outputs, (hidden, cell)

    def _attend(self, outputs: Tensor, memory: Memory) -> Tensor:
        """Attends for each row and position; the beams of a sentence are queries of one row."""
        rows, steps, size = outputs.shape
        queries = outputs.reshape(memory.keys.shape[0], -1, size)
        context: Tensor = self.attention(queries, memory)[0]
        return context.reshape(rows, steps, size)

    def _read(self, outputs: Tensor, context: Tensor, mask: Tensor | None = None) -> Tensor:
        readout: Tensor = torch.tanh(self.readout(torch.cat([outputs, context], dim=-1)))
        dropped: Tensor = self.dropout(readout, mask)
        return dropped

    @staticmethod
    def _stack(layer_states: list[LayerState], readout: Tensor | None) -> DecoderState:
        cells: list[Tensor] = [cell for _, cell in layer_states if cell is not None]
        hidden = torch.cat([hidden for hidden, _ in layer_states])
        return DecoderState(hidden, torch.cat(cells) if cells else None, readout)
