"""Recurrent layers one step at a time, for measuring gradients: each state is a graph node."""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from s2s.model.layers import RecurrentLayer
from s2s.model.peephole import PeepholeLSTM
from s2s.model.seq2seq import Seq2Seq


class StepwiseLayer(nn.Module):
    """A recurrent layer that runs one step at a time; its states are nodes of the graph.

    The fused call returns hidden states twice, as outputs and as last state, and never the cells of
    an LSTM. Here each state is one tensor that all later steps read.
    """

    def __init__(self, layer: RecurrentLayer) -> None:
        super().__init__()
        self.layer = layer
        self.hidden: list[Tensor] = []  # one for each step: (batch, hidden_size)
        self.cells: list[Tensor] = []

    def forward(self, inputs: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Computes what the layer computes; with input feeding it is called once a step."""
        first = inputs.new_zeros(inputs.shape[0], self.layer.hidden_size)
        cell = first
        if isinstance(state, tuple):
            hidden, cell = state[0][0], state[1][0]
        else:
            hidden = first if state is None else state[0]
        outputs = []
        for step in inputs.unbind(1):
            hidden, cell = self._step(step, hidden, cell)
            outputs.append(hidden)
        stacked = torch.stack(outputs, dim=1)
        self.hidden += outputs
        last = hidden[None]
        return stacked, (last, cell[None]) if self.cells else last

    def _step(self, inputs: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        w_in, w_hidden, b_in, b_hidden = (self.layer.get_parameter(name) for name in names)
        if isinstance(self.layer, nn.GRU):
            return torch.gru_cell(inputs, hidden, w_in, w_hidden, b_in, b_hidden), cell
        total = functional.linear(inputs, w_in, b_in) + functional.linear(
            hidden, w_hidden, b_hidden
        )
        if isinstance(self.layer, nn.LSTM | PeepholeLSTM):
            write, forget, new, read = total.chunk(4, dim=1)
            if isinstance(self.layer, PeepholeLSTM):
                to_input, to_forget, to_output = self.layer.weight_ch_l0
                write, forget = write + to_input * cell, forget + to_forget * cell
            cell = forget.sigmoid() * cell + write.sigmoid() * new.tanh()
            if isinstance(self.layer, PeepholeLSTM):
                read = read + to_output * cell
            self.cells.append(cell)
            return read.sigmoid() * cell.tanh(), cell
        return total.relu() if self.layer.mode == "RNN_RELU" else total.tanh(), cell


def unroll(model: Seq2Seq) -> tuple[Seq2Seq, dict[str, StepwiseLayer]]:
    """Returns a copy in float64 without dropout, and its recurrent layers by name."""
    clone = copy.deepcopy(model).double().eval().requires_grad_(True)
    by_name = {}
    for side, layers in (
        ("decoder layer {}", clone.decoder.layers),
        ("encoder layer {} forward", clone.encoder.forward_layers),
        ("encoder layer {} backward", clone.encoder.backward_layers),
    ):
        for number, layer in enumerate(layers):
            assert isinstance(layer, RecurrentLayer)
            layers[number] = by_name[side.format(number + 1)] = StepwiseLayer(layer)
    return clone, by_name
