"""Shape of a network."""

from dataclasses import dataclass
from typing import Literal

from s2s.config.base import Config
from s2s.config.pieces import BOS_ID, EOS_ID, PAD_ID, UNK_ID
from s2s.errors import ConfigError, with_option

Cell = Literal["lstm", "gru", "rnn", "peephole"]
Activation = Literal["tanh", "relu"]
AttentionKind = Literal["dot", "general", "mlp", "multihead"]
ContextKind = Literal["parallel", "input_feeding"]
Tie = Literal["none", "target", "all"]
DropoutKind = Literal["plain", "variational"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelConfig(Config):
    """Shape of the encoder, the attention and the decoder."""

    src_vocab_size: int = 8000
    """Number of source pieces. Training replaces it by the size of the tokenizer's vocabulary."""
    tgt_vocab_size: int = 8000
    """Number of target pieces. Training replaces it by the size of the tokenizer's vocabulary."""
    embedding_size: int = 256
    """Width of the embeddings and of the readout before the output layer."""
    hidden_size: int = 512
    """Width of a decoder layer and of the memory, an even number: each direction of the encoder has
    half of it."""
    encoder_layers: int = 1
    """Number of encoder layers, each in both directions."""
    decoder_layers: int = 1
    """Number of decoder layers."""
    cell: Cell = "lstm"
    """Recurrent cell of encoder and decoder: ``lstm``, ``gru``, ``rnn``, the plain one, or
    ``peephole``, an LSTM whose gates also see the cell, with a weight for each unit (Gers et al.
    2002; Graves 2013, equations 7 to 11)."""
    activation: Activation = "tanh"
    """Non-linearity of the ``rnn`` cell: ``tanh`` or ``relu``. The other cells ignore it."""
    attention: AttentionKind = "general"
    """How the decoder attends to the memory: ``dot`` or ``general`` (Luong et al. 2015), ``mlp``
    (Bahdanau et al. 2015), or ``multihead`` (Vaswani et al. 2017)."""
    attention_heads: int = 4
    """Number of heads of ``multihead``, a divisor of ``hidden_size``. Other kinds ignore it."""
    context: ContextKind = "parallel"
    """Where the attention's result goes. ``parallel``: the first decoder layer attends; the layers
    above and the readout take the result, so each layer is one call over the whole target (GNMT
    v2). ``input_feeding``: the readout of each step is an input of the next step (Luong et al.
    2015, section 3.3)."""
    tie: Tie = "target"
    """Embedding tables that share weights (Press and Wolf 2017). ``none``: no tables. ``target``:
    the target's input and output. ``all``: these and the source's; it needs a joint vocabulary,
    whose first pieces are the target's."""
    dropout: float = 0.2
    """Share of values that training sets to zero, on embeddings, between layers and on the readout.
    0: off."""
    dropout_kind: DropoutKind = "plain"
    """Masks of ``dropout``. ``plain``: a new one at each position. ``variational``: one for each
    sentence (Gal and Ghahramani 2016)."""
    word_dropout: float = 0.0
    """Share of source and target-input pieces whose embedding training sets to zero. 0: off."""
    recurrent_dropout: float = 0.0
    """Share of the weights from state to state that training leaves out in a batch (Merity et al.
    2018). 0: off."""

    def __post_init__(self) -> None:
        Config.__post_init__(self)
        for name in ("src_vocab_size", "tgt_vocab_size"):
            self._check_range(name, len((PAD_ID, UNK_ID, BOS_ID, EOS_ID)) + 1, 10_000_000)
        for name in ("encoder_layers", "decoder_layers"):
            self._check_range(name, 1, 100)
        for name in ("embedding_size", "attention_heads"):
            self._check_range(name, 1, 1_000_000)
        self._check_range("hidden_size", 2, 1_000_000)
        if self.hidden_size % 2:
            raise ConfigError(
                f"{with_option('hidden_size')} is {self.hidden_size}; expected an even number, "
                "because each direction of the encoder has half of it"
            )
        for name in ("dropout", "word_dropout", "recurrent_dropout"):
            self._check_range(name, 0, 0.95)
        if self.attention == "multihead" and self.hidden_size % self.attention_heads:
            raise ConfigError(
                f"{with_option('hidden_size')} is {self.hidden_size}; expected a multiple of "
                f"ModelConfig.attention_heads, which is {self.attention_heads}"
            )
        if self.tie == "all" and self.src_vocab_size < self.tgt_vocab_size:
            raise ConfigError(
                f"ModelConfig.tie is 'all', but the source vocabulary has {self.src_vocab_size} "
                f"pieces and the target vocabulary {self.tgt_vocab_size}; use a joint "
                "vocabulary, or set tie to 'target'"
            )

    @property
    def has_cell_state(self) -> bool:
        """Whether a layer carries a cell state beside its hidden state, as LSTMs do."""
        return self.cell in ("lstm", "peephole")
