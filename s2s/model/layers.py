"""Parts that encoder and decoder share: recurrent layers, masks, dropout."""

import warnings
from typing import Any

import torch
from torch import Tensor, nn

from s2s.config import Activation, Cell, DropoutKind
from s2s.model.peephole import PeepholeLSTM

RecurrentLayer = nn.RNNBase | PeepholeLSTM
"""One layer in one direction, batch first, with torch's names of weights."""


def length_mask(lengths: Tensor, max_len: int) -> Tensor:
    """Returns (batch, max_len) bool, True on the first ``lengths[b]`` positions of row b."""
    return torch.arange(max_len, device=lengths.device) < lengths[:, None]


def make_layer(
    cell: Cell, activation: Activation, input_size: int, hidden_size: int
) -> RecurrentLayer:
    """Returns one recurrent layer in one direction, batch first.

    LSTM is Hochreiter and Schmidhuber (1997) with forget gates, GRU is Cho et al. (2014) with the
    reset gate after the product as in cuDNN, RNN is Elman (1990), peephole is Graves (2013).

    Recurrent weights start orthogonal and input weights Glorot-uniform, gate by gate; the forget
    gate starts open (bias 1, Jozefowicz et al. 2015). Peepholes start at 0: an LSTM.
    """
    layer: RecurrentLayer
    if cell == "lstm":
        layer = nn.LSTM(input_size, hidden_size, batch_first=True)
    elif cell == "peephole":
        layer = PeepholeLSTM(input_size, hidden_size)
    elif cell == "gru":
        layer = nn.GRU(input_size, hidden_size, batch_first=True)
    else:
        layer = nn.RNN(input_size, hidden_size, nonlinearity=activation, batch_first=True)
    weights = dict(layer.named_parameters())
    with torch.no_grad():
        for gate in weights["weight_ih_l0"].split(hidden_size):
            nn.init.xavier_uniform_(gate)
        for gate in weights["weight_hh_l0"].split(hidden_size):
            nn.init.orthogonal_(gate)
        weights["bias_ih_l0"].zero_()
        weights["bias_hh_l0"].zero_()
        if cell in ("lstm", "peephole"):
            weights["bias_ih_l0"][hidden_size : 2 * hidden_size] = 1.0  # torch's order: i, f, g, o
    return layer


_CALLS: dict[str, Any] = {
    "LSTM": torch.lstm,
    "GRU": torch.gru,
    "RNN_TANH": torch.rnn_tanh,
    "RNN_RELU": torch.rnn_relu,
}


def drop_recurrent(layer: nn.Module, rate: float) -> list[Tensor] | None:
    """Returns a layer's weights for one batch, with some weights from state to state dropped.

    All steps of all sentences lack the same weights: the weight-dropped LSTM of Merity, Keskar and
    Socher (2018), "Regularizing and Optimizing LSTM Language Models", section 2. A mask on the
    states themselves would have to come between the steps of a fused call. Peepholes, a weight for
    each unit, are all kept.

    Returns:
        Weights for ``run_layer``; None if nothing is dropped, so that the layer uses its own.
    """
    if not layer.training or rate == 0:
        return None
    weights: list[Tensor] = list(layer.parameters())
    weights[1] = weights[1] * _dropout_mask(weights[1], rate)
    return weights


def expect_loose_weights() -> None:
    """Ignores, in this process, torch's warning that cuDNN has to copy weights in each call.

    ``drop_recurrent`` makes new weights for each batch, so they are never in the one piece of
    memory that cuDNN wants, and ``flatten_parameters``, which torch advises, cannot help. Without
    ``recurrent_dropout`` the warning means that the weights have lost their place: then it stays.
    """
    message = "RNN module weights are not part of single contiguous chunk of memory"
    warnings.filterwarnings("ignore", message, UserWarning)


def run_layer(
    layer: nn.Module, inputs: Tensor, state: Any, weights: list[Tensor] | None
) -> tuple[Tensor, Any]:
    """Runs one recurrent layer over a padded batch.

    Args:
        layer: A layer from ``make_layer``.
        inputs: (batch, time, features).
        state: State before the first step: (1, batch, hidden_size), with a cell state a pair of
            such tensors; None is zero.
        weights: Result of ``drop_recurrent``.

    Returns:
        Outputs (batch, time, hidden_size), and the state after the last step.
    """
    if weights is None:
        outputs, after = layer(inputs, state)
        return outputs, after
    if isinstance(layer, PeepholeLSTM):
        outputs, after = layer(inputs, state, weights)
        return outputs, after
    assert isinstance(layer, nn.RNNBase)
    if state is None:
        nothing = inputs.new_zeros(1, inputs.shape[0], layer.hidden_size)
        state = (nothing, nothing) if layer.mode == "LSTM" else nothing
    # biases, 1 layer, dropout between layers, training, one direction, batch first
    options = (True, 1, 0.0, True, False, True)
    outputs, *last = _CALLS[layer.mode](inputs, state, weights, *options)
    return outputs, tuple(last) if layer.mode == "LSTM" else last[0]


class Dropout(nn.Module):
    """Dropout over (batch, time, features): a mask for each position, or for each sentence.

    ``variational`` keeps one mask over all positions of a sentence (Gal and Ghahramani 2016, "A
    Theoretically Grounded Application of Dropout in Recurrent Neural Networks", section 4).
    """

    def __init__(self, rate: float, kind: DropoutKind) -> None:
        super().__init__()
        self.rate = rate
        self.kind = kind

    def lock(self, batch: int, features: int, like: Tensor) -> Tensor | None:
        """Returns a ``variational`` mask for a loop over time that calls ``forward`` each step."""
        if not self.training or self.rate == 0 or self.kind == "plain":
            return None
        return _dropout_mask(like.new_empty(batch, 1, features), self.rate)

    def forward(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Returns ``inputs`` (batch, time, features); training drops features.

        ``mask`` is the result of ``lock``, if a sentence's positions come one by one.
        """
        if not self.training or self.rate == 0:
            return inputs
        if mask is not None:
            return inputs * mask
        if inputs.is_cuda and self.kind == "plain":
            return nn.functional.dropout(inputs, self.rate)
        sample = inputs if self.kind == "plain" else inputs[:, :1]
        return inputs * _dropout_mask(sample, self.rate)


def _dropout_mask(like: Tensor, rate: float) -> Tensor:
    """Returns 0 or 1 / (1 - rate) for each value of ``like``, from one random byte each.

    A CPU draws eight bytes in the time of one float: torch's own mask took 9 % of a training step.
    The rate is rounded to a multiple of 1/256, and the scale belongs to the rounded rate.
    """
    count = like.numel()
    words = torch.empty((count + 7) // 8, dtype=torch.int64, device=like.device)
    values = words.random_(-(2**63), None).view(torch.uint8)[:count]
    dropped = min(round(rate * 256), 255)
    return (values >= dropped).view(like.shape).to(like.dtype) * (256 / (256 - dropped))


class WordEmbedding(nn.Module):
    """An embedding table, with dropout of features and of whole words."""

    def __init__(
        self, table: nn.Embedding, dropout: float, kind: DropoutKind, word_dropout: float
    ) -> None:
        super().__init__()
        self.table = table
        self.dropout = Dropout(dropout, kind)
        self.word_dropout = word_dropout

    def forward(self, ids: Tensor) -> Tensor:
        """Embeds ``ids`` (batch, time) int64 as (batch, time, embedding_size)."""
        embedded = self.table(ids)
        if self.training and self.word_dropout > 0:
            is_present = torch.rand(ids.shape, device=ids.device) >= self.word_dropout
            embedded = embedded * is_present[..., None]
        dropped: Tensor = self.dropout(embedded)
        return dropped
