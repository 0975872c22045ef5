"""Recurrent layers step by step, each state a node of the graph: for looking, not for training."""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from s2s.model.seq2seq import Seq2Seq


class StepwiseLayer(nn.Module):
    """A recurrent layer, one step at a time, whose states are nodes of the graph.

    The fused call hands out hidden states twice, as outputs and as last state, and an LSTM's cells
    not at all; here each state is one tensor that everything after it reads.
    """

    def __init__(self, layer: nn.RNNBase) -> None:
        super().__init__()
        self.layer = layer
        self.hidden: list[Tensor] = []  # a step each: (batch, hidden_size)
        self.cells: list[Tensor] = []

    def forward(self, inputs: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Does what the layer does; with input feeding it is called once a step."""
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
        return stacked, (last, cell[None]) if isinstance(self.layer, nn.LSTM) else last

    def _step(self, inputs: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        w_in, w_hidden, b_in, b_hidden = (self.layer.get_parameter(name) for name in names)
        if isinstance(self.layer, nn.GRU):
            return torch.gru_cell(inputs, hidden, w_in, w_hidden, b_in, b_hidden), cell
        total = functional.linear(inputs, w_in, b_in) + functional.linear(
            hidden, w_hidden, b_hidden
        )
        if isinstance(self.layer, nn.LSTM):
            write, forget, new, read = total.chunk(4, dim=1)
            cell = forget.sigmoid() * cell + write.sigmoid() * new.tanh()
            self.cells.append(cell)
            return read.sigmoid() * cell.tanh(), cell
        return total.relu() if self.layer.mode == "RNN_RELU" else total.tanh(), cell


def unroll(model: Seq2Seq) -> tuple[Seq2Seq, dict[str, StepwiseLayer]]:
    """Returns a copy in float64 that drops nothing, and its recurrent layers by name."""
    clone = copy.deepcopy(model).double().eval().requires_grad_(True)
    found = {}
    for side, layers in (
        ("decoder layer {}", clone.decoder.layers),
        ("encoder layer {} forward", clone.encoder.forward_layers),
        ("encoder layer {} backward", clone.encoder.backward_layers),
    ):
        for number, layer in enumerate(layers):
            assert isinstance(layer, nn.RNNBase)
            layers[number] = found[side.format(number + 1)] = StepwiseLayer(layer)
    return clone, found
