"""The whole network: embeddings, encoder, attention decoder, output layer."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from s2s.config import PAD_ID, ModelConfig
from s2s.model.attention import Memory
from s2s.model.decoder import Decoder, DecoderState
from s2s.model.encoder import Encoder


def _make_table(vocab_size: int, embedding_size: int) -> nn.Embedding:
    table = nn.Embedding(vocab_size, embedding_size, padding_idx=PAD_ID)
    with torch.no_grad():
        nn.init.normal_(table.weight, std=embedding_size**-0.5)
        table.weight[PAD_ID].zero_()
    return table


class OutputLayer(nn.Linear):
    """Turns readouts into logits; if the source shares its table, with the table's first rows."""

    @property
    def rows(self) -> Tensor:
        """The weights, one row for each piece of the target: (tgt_vocab, embedding_size)."""
        return self.weight[: self.out_features]

    def forward(self, readouts: Tensor) -> Tensor:
        """Returns logits (..., tgt_vocab) for readouts (..., embedding_size)."""
        return functional.linear(readouts, self.rows, self.bias)


class Seq2Seq(nn.Module):
    """Encoder, decoder and output layer; ``config.tie`` says which of them share embeddings."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        src_table = _make_table(config.src_vocab_size, config.embedding_size)
        shared = config.tie == "all"
        tgt_table = (
            src_table if shared else _make_table(config.tgt_vocab_size, config.embedding_size)
        )
        self.encoder = Encoder(config, src_table)
        self.decoder = Decoder(config, tgt_table)
        self.output = OutputLayer(config.embedding_size, config.tgt_vocab_size)
        nn.init.normal_(self.output.weight, std=config.embedding_size**-0.5)
        nn.init.zeros_(self.output.bias)
        if config.tie != "none":
            self.output.weight = tgt_table.weight

    def forward(self, src: Tensor, src_lengths: Tensor, tgt_in: Tensor) -> Tensor:
        """Runs over the whole target (teacher forcing).

        Args:
            src: (batch, src_len) int64, the end piece last, padded.
            src_lengths: (batch,) int64, each >= 1.
            tgt_in: (batch, tgt_len) int64, the begin piece first, padded.

        Returns:
            Readouts (batch, tgt_len, embedding_size), not logits: callers apply ``output`` to real
            positions only, so that padding costs no time.
        """
        memory, state = self.begin(src, src_lengths)
        readouts: Tensor = self.decoder(tgt_in, memory, state)[0]
        return readouts

    def begin(self, src: Tensor, src_lengths: Tensor) -> tuple[Memory, DecoderState]:
        """Encodes a batch; returns the memory that every step reads, and the first state."""
        encoder_output = self.encoder(src, src_lengths)
        return self.decoder.attention.prepare(encoder_output), self.decoder.begin(encoder_output)

    def step(
        self, tokens: Tensor, memory: Memory, state: DecoderState
    ) -> tuple[Tensor, DecoderState]:
        """Runs one step of the search.

        Args:
            tokens: (rows,) int64, the last token of each hypothesis; rows is batch * beams.
            memory: Memory of the batch.
            state: State of the rows.

        Returns:
            Logits (rows, tgt_vocab) and the next state.
        """
        readouts, state = self.decoder(tokens[:, None], memory, state)
        logits: Tensor = self.output(readouts[:, 0])
        return logits, state

    def num_parameters(self) -> int:
        """Returns the number of weights, shared ones counted once."""
        return sum(parameter.numel() for parameter in self.parameters())
