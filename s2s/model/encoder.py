"""Bidirectional recurrent encoder over padded batches.

The reader of Bahdanau, Cho and Bengio (2015), "Neural Machine Translation by Jointly Learning to
Align and Translate", section 3.2 and appendix A.2.1, with cells of four kinds (``make_layer``).
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from s2s.config import ModelConfig
from s2s.model.layers import (
    Dropout,
    WordEmbedding,
    drop_recurrent,
    length_mask,
    make_layer,
    run_layer,
)


class EncoderOutput(NamedTuple):
    """A source batch as the decoder reads it."""

    memory: Tensor  # (batch, src_len, hidden_size), zero on padding
    memory_mask: Tensor  # (batch, src_len) bool, True on tokens
    summary: Tensor  # (batch, hidden_size), the last state of each direction of the top layer


class _ReverseRows(torch.autograd.Function):
    """Reverses the first ``length`` steps of each row and leaves padding in place.

    Reversal is its own inverse, so its gradient is the same reversal: a copy of rows. The gradient
    of plain indexing would be an accumulating scatter.
    """

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, index: Tensor) -> Tensor:
        """Returns row i of the flattened (batch * src_len, features) taken from ``index[i]``."""
        ctx.save_for_backward(index)
        return inputs.flatten(0, 1).index_select(0, index).view_as(inputs)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """Returns the gradient, reversed as the inputs were."""
        (index,) = ctx.saved_tensors
        flat = gradient.flatten(0, 1).index_select(0, index)
        return flat.view_as(gradient), None


def reverse_rows(inputs: Tensor, index: Tensor) -> Tensor:
    """Returns ``inputs`` (batch, src_len, features) with each sentence reversed.

    Args:
        inputs: A padded batch.
        index: Its ``reversal_index``.
    """
    reversed_inputs: Tensor = _ReverseRows.apply(inputs, index)  # type: ignore[no-untyped-call]
    return reversed_inputs


def reversal_index(lengths: Tensor, max_len: int) -> Tensor:
    """Returns (batch * max_len,) int64: for each step, the flat index of its mirror image."""
    steps = torch.arange(max_len, device=lengths.device)
    mirrored = torch.where(steps < lengths[:, None], lengths[:, None] - 1 - steps, steps)
    rows = torch.arange(lengths.shape[0], device=lengths.device)[:, None] * max_len
    return (mirrored + rows).flatten()


class Encoder(nn.Module):
    """Reads a source sentence from both ends: one memory vector per token.

    Padding comes after the tokens, so the left-to-right pass never sees it before a token, and the
    right-to-left pass reads each sentence reversed by its own length. So there is no packing, and
    each layer is one recurrent call for each direction.
    """

    def __init__(self, config: ModelConfig, table: nn.Embedding) -> None:
        super().__init__()
        half = config.hidden_size // 2
        self.embedding = WordEmbedding(
            table, config.dropout, config.dropout_kind, config.word_dropout
        )
        sizes = [config.embedding_size] + [config.hidden_size] * (config.encoder_layers - 1)
        cell, activation = config.cell, config.activation
        self.forward_layers = nn.ModuleList(make_layer(cell, activation, n, half) for n in sizes)
        self.backward_layers = nn.ModuleList(make_layer(cell, activation, n, half) for n in sizes)
        self.dropout = Dropout(config.dropout, config.dropout_kind)
        self.recurrent_dropout = config.recurrent_dropout

    def forward(self, src: Tensor, src_lengths: Tensor) -> EncoderOutput:
        """Encodes ``src`` (batch, src_len) int64; row b has ``src_lengths[b]`` >= 1 tokens.

        Layers above the first add their input to their output (residual, as in GNMT).
        """
        batch, src_len = src.shape
        index = reversal_index(src_lengths, src_len)
        mask = length_mask(src_lengths, src_len)
        inputs = self.embedding(src)
        last = (src_lengths - 1)[:, None, None]
        for number, (ahead, back) in enumerate(
            zip(self.forward_layers, self.backward_layers, strict=True)
        ):
            forward_weights, backward_weights = (
                drop_recurrent(layer, self.recurrent_dropout) for layer in (ahead, back)
            )
            forward_outputs, _ = run_layer(ahead, inputs, None, forward_weights)
            mirrored, _ = run_layer(back, reverse_rows(inputs, index), None, backward_weights)
            outputs = torch.cat([forward_outputs, reverse_rows(mirrored, index)], dim=-1)
            if number == len(self.forward_layers) - 1:
                half = mirrored.shape[-1]
                both = torch.stack([forward_outputs, mirrored], dim=2).flatten(2)
                at_last = last.expand(batch, 1, 2 * half)
                summary = both.gather(1, at_last).squeeze(1)
            inputs = outputs if number == 0 else outputs + inputs
            if number < len(self.forward_layers) - 1:
                inputs = self.dropout(inputs)
        memory = inputs * mask[..., None]
        return EncoderOutput(memory, mask, summary)
