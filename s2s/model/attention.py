"""Attention of decoder states over the encoder's memory.

``dot`` and ``general`` are Luong, Pham and Manning (2015), "Effective Approaches to
Attention-based Neural Machine Translation", equation 8, here divided by the square root of the
width as in Vaswani et al. (2017), equation 1; ``mlp`` is Bahdanau et al. (2015), appendix A.1.2;
``multihead`` is Vaswani et al. (2017), "Attention Is All You Need", section 3.2.2.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from s2s.config import ModelConfig
from s2s.model.encoder import EncoderOutput


class Memory(NamedTuple):
    """The source as a decoder step reads it; computed once a sentence, shared by all beams."""

    keys: Tensor  # (batch, src_len, hidden_size)
    values: Tensor  # (batch, src_len, hidden_size)
    mask: Tensor  # (batch, src_len) bool, True on tokens


class Attention(nn.Module):
    """Weighs the memory by how well it answers each query."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        size = config.hidden_size
        self.kind = config.attention
        self.heads = config.attention_heads if config.attention == "multihead" else 1
        self.scale = (size // self.heads) ** -0.5
        if self.kind != "dot":
            self.key = nn.Linear(size, size, bias=False)
        if self.kind == "mlp":
            self.query = nn.Linear(size, size)
            self.energy = nn.Linear(size, 1, bias=False)
        if self.kind == "multihead":
            self.query = nn.Linear(size, size)
            self.value = nn.Linear(size, size, bias=False)
            self.merge = nn.Linear(size, size)

    def prepare(self, encoder_output: EncoderOutput) -> Memory:
        """Projects the memory to keys and values, once for all steps and beams."""
        keys = encoder_output.memory if self.kind == "dot" else self.key(encoder_output.memory)
        values = (
            self.value(encoder_output.memory) if self.kind == "multihead" else encoder_output.memory
        )
        return Memory(keys, values, encoder_output.memory_mask)

    def forward(self, query: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Attends for each query: a time step in training, a beam in the search.

        Args:
            query: (batch, queries, hidden_size).
            memory: Memory of the same batch.

        Returns:
            The context (batch, queries, hidden_size), and the attention (batch, queries, src_len),
            which sums to 1 over src_len and is 0 on padding. It is a mean over heads.
        """
        mask = memory.mask[:, None, :]
        if self.kind == "mlp":
            hidden = torch.tanh(self.query(query)[:, :, None, :] + memory.keys[:, None, :, :])
            scores = self.energy(hidden).squeeze(-1)
        elif self.kind == "multihead":
            return self._multihead(query, memory)
        else:
            scores = torch.bmm(query * self.scale, memory.keys.transpose(1, 2))
        attention = scores.masked_fill(~mask, float("-inf")).softmax(dim=-1)
        context = torch.bmm(attention, memory.values)
        return context, attention

    def _multihead(self, query: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        def split(tensor: Tensor) -> Tensor:
            """Cuts (batch, n, hidden_size) into (batch, heads, n, hidden_size / heads)."""
            batch, steps, size = tensor.shape
            heads = tensor.view(batch, steps, self.heads, size // self.heads)
            return heads.transpose(1, 2)

        queries, keys, values = split(self.query(query)), split(memory.keys), split(memory.values)
        scores = torch.matmul(queries * self.scale, keys.transpose(-1, -2))
        masked = scores.masked_fill(~memory.mask[:, None, None, :], float("-inf"))
        attention = masked.softmax(dim=-1)
        context = torch.matmul(attention, values).transpose(1, 2).flatten(2)
        merged: Tensor = self.merge(context)
        return merged, attention.mean(dim=1)
