"""What a model, its tokenizer, its training and its search are made of.

Every configuration is frozen, checks itself when it is made, and survives a trip through JSON
(``to_dict``, ``from_dict``). ``None`` means "off".
"""

import dataclasses
import math
import types
import typing
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

from s2s.errors import ConfigError, suggest

PAD_ID, UNK_ID, BOS_ID, EOS_ID = 0, 1, 2, 3
"""Special pieces, the same in every vocabulary; ``PAD_ID`` is also what padding holds."""
FORBIDDEN_IDS = (PAD_ID, UNK_ID, BOS_ID)
"""Pieces that the search never puts out: a translation holds no padding and no unknown piece."""

Algorithm = Literal["bpe", "unigram", "char", "word"]
Cell = Literal["lstm", "gru", "rnn"]
Activation = Literal["tanh", "relu"]
AttentionKind = Literal["dot", "general", "mlp", "multihead"]
ContextKind = Literal["parallel", "input_feeding"]
Tie = Literal["none", "target", "all"]
DropoutKind = Literal["plain", "variational"]


def _matches(value: Any, kind: Any) -> bool:
    """Whether a value read from JSON or passed by a caller is of the annotated type."""
    origin = typing.get_origin(kind)
    if origin is Literal:
        return value in get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return any(_matches(value, arm) for arm in get_args(kind))
    if origin is tuple:
        arm = get_args(kind)[0]
        return isinstance(value, tuple) and all(_matches(each, arm) for each in value)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, kind)


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Base of all configurations: type checks, JSON round trip, one-line errors."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if not _matches(value, field.type):
                if typing.get_origin(field.type) is Literal:
                    choices = get_args(field.type)
                    hint = suggest(str(value), [str(choice) for choice in choices])
                    raise ConfigError(
                        f"{type(self).__name__}.{field.name} is {value!r}; expected one of "
                        f"{', '.join(map(str, choices))}{hint}"
                    )
                kind = getattr(field.type, "__name__", str(field.type))
                raise ConfigError(
                    f"{type(self).__name__}.{field.name} is {value!r}; expected {kind}"
                )

    def _check_range(self, name: str, low: float, high: float = math.inf) -> None:
        """Raises ConfigError unless ``low`` <= field <= ``high``; None passes."""
        value = getattr(self, name)
        if value is not None and not low <= value <= high:
            limits = f"at least {low}" if high == math.inf else f"{low} to {high}"
            raise ConfigError(f"{type(self).__name__}.{name} is {value}; expected {limits}")

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values that JSON can hold."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Builds from ``to_dict``'s values.

        Raises:
            ConfigError: If a key is unknown or missing, or a value has the wrong type.
        """
        if not isinstance(values, dict):
            raise ConfigError(f"{cls.__name__}: expected a JSON object, found {values!r:.60}")
        fields = {field.name: field for field in dataclasses.fields(cls)}
        for key in values:
            if key not in fields:
                raise ConfigError(f"{cls.__name__}: unknown key {key!r}{suggest(key, fields)}")
        for name, field in fields.items():
            required = (
                field.default is dataclasses.MISSING
                and field.default_factory is dataclasses.MISSING
            )
            if required and name not in values:
                raise ConfigError(f"{cls.__name__}: key {name!r} is missing")
        return cls(**{key: _built(value, fields[key].type) for key, value in values.items()})


def _built(value: Any, kind: Any) -> Any:
    """Makes what ``to_dict`` or JSON turned into plain values again what a field wants."""
    if isinstance(kind, type) and issubclass(kind, Config):
        return kind.from_dict(value)
    if typing.get_origin(kind) is tuple and isinstance(value, list | tuple):
        return tuple(_built(each, get_args(kind)[0]) for each in value)
    return value


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenizerConfig(Config):
    """How text is cut into pieces (SentencePiece)."""

    vocab_size: int = 8000
    """Pieces of a vocabulary, special ones included; fewer where the text does not hold as many."""
    algorithm: Algorithm = "bpe"
    """Byte-pair encoding (Sennrich et al. 2016), unigram language model (Kudo 2018), one piece a
    character, or one a word: what stands between blanks, such as a phoneme. ``char`` and ``word``
    keep the ``vocab_size`` most frequent; what else comes is the unknown piece, never put out."""
    tgt_algorithm: Algorithm | None = None
    """The target's, where it is another one (letters to phonemes: ``char`` to ``word``)."""
    joint: bool = True
    """One vocabulary for both languages, or one for each."""
    tgt_pieces: Literal["seen", "all"] = "seen"
    """Which pieces of a joint vocabulary the output layer has: those that the training text's
    targets are cut into, which are then the only ones that targets are cut into; or all."""
    normalization: Literal["nmt_nfkc", "nfkc", "identity"] = "nmt_nfkc"
    """SentencePiece's rule for characters; part of the model, so the same when translating. Both
    ``nfkc`` make one symbol of some that differ (a raised h and h): ``identity`` keeps them."""
    sampling: float = 0.0
    """Subword sampling while training: the share of BPE merges left out (BPE-dropout, Provilkov et
    al. 2020), or the smoothing of the unigram lattice; 0 is off."""
    byte_fallback: bool = False
    """Write characters that the vocabulary lacks byte by byte (256 of its pieces), so that any text
    is read, and may be put out; not together with ``sampling``."""
    src_model: str | None = None
    """A SentencePiece model that exists, instead of learning one: the source's, or both sides'. Its
    special pieces must be those of s2s (pad 0, unk 1, bos 2, eos 3)."""
    tgt_model: str | None = None
    """The target's, where ``src_model`` is the source's alone."""
    new_pieces: int = 0
    """Pieces at most that a vocabulary which exists (``src_model``, or that of the run that
    ``TrainConfig.init`` names) gets from the training text, after its own."""

    def __post_init__(self) -> None:
        Config.__post_init__(self)
        self._check_range("vocab_size", 8, 1_000_000)
        self._check_range("sampling", 0, 1)
        self._check_range("new_pieces", 0, 1_000_000)
        if self.joint and self.tgt_algorithm not in (None, self.algorithm):
            raise ConfigError(
                f"TokenizerConfig.tgt_algorithm is {self.tgt_algorithm!r} beside algorithm "
                f"{self.algorithm!r}, but joint is True; two algorithms need joint False "
                "(--separate-vocabularies)"
            )
        if self.byte_fallback and self.sampling:
            raise ConfigError(
                "TokenizerConfig.byte_fallback goes without sampling, which knows no bytes; set "
                "sampling to 0"
            )
        if self.sampling and {self.algorithm, self.tgt_algorithm} & {"char", "word"}:
            raise ConfigError(
                f"TokenizerConfig.sampling is {self.sampling}, but a vocabulary of 'char' or "
                "'word' cuts text in one way only; set sampling to 0 (--sampling 0)"
            )
        if self.tgt_model is not None and self.src_model is None:
            raise ConfigError("TokenizerConfig.tgt_model needs a src_model beside it")


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelConfig(Config):
    """Shape of the encoder, the attention and the decoder."""

    src_vocab_size: int = 8000
    """Training takes the vocabulary sizes from the tokenizer."""
    tgt_vocab_size: int = 8000
    embedding_size: int = 256
    """Width of the embeddings, and of the readout before the output layer."""
    hidden_size: int = 512
    """Width of a decoder layer, and of the memory: each direction of the encoder has half of it."""
    encoder_layers: int = 1
    decoder_layers: int = 1
    cell: Cell = "lstm"
    activation: Activation = "tanh"
    """Non-linearity of the plain ``rnn`` cell; the other cells have their own."""
    attention: AttentionKind = "general"
    attention_heads: int = 4
    """Heads of ``multihead``; the other kinds have one."""
    context: ContextKind = "parallel"
    """``parallel``: the first decoder layer asks the memory, the layers above and the readout read
    the answer, each layer one call over the whole target (GNMT v2). ``input_feeding``: the readout
    of each step is an input of the next one (Luong et al. 2015, section 3.3)."""
    tie: Tie = "target"
    """Shared embedding tables: none, target input with output, or source with both (needs a joint
    vocabulary, whose first pieces are the target's). Press and Wolf (2017)."""
    dropout: float = 0.2
    """On embeddings, between layers and on the readout, while training."""
    dropout_kind: DropoutKind = "plain"
    """A new mask at each position, or one a sentence (``variational``, Gal and Ghahramani 2016)."""
    word_dropout: float = 0.0
    """Share of source and target-input words whose embedding is zero, while training."""

    recurrent_dropout: float = 0.0
    """Share of the weights from one state to the next that a batch leaves out, while training
    (Merity et al. 2018)."""

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
                f"ModelConfig.hidden_size is {self.hidden_size}; expected an even number, "
                "half of it for each direction of the encoder"
            )
        for name in ("dropout", "word_dropout", "recurrent_dropout"):
            self._check_range(name, 0, 0.95)
        if self.attention == "multihead" and self.hidden_size % self.attention_heads:
            raise ConfigError(
                f"ModelConfig.hidden_size {self.hidden_size} is no multiple of attention_heads "
                f"{self.attention_heads}"
            )
        if self.tie == "all" and self.src_vocab_size < self.tgt_vocab_size:
            raise ConfigError(
                f"ModelConfig.tie is 'all' but the vocabularies have {self.src_vocab_size} and "
                f"{self.tgt_vocab_size} pieces; use a joint tokenizer or tie 'target'"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchConfig(Config):
    """How a translation is looked for; what a model file recommends."""

    beam_size: int = 5
    length_penalty: float = 1.0
    """Alpha of Wu et al. (2016), equation 14: 0 ranks by total log-probability, 1 nearly by its
    mean."""
    max_length: int = 512
    """Pieces of a hypothesis at most, the end piece counted, whatever the source's length."""
    length_factor: int = 2
    """A hypothesis has at most ``length_factor * src_length + length_margin`` pieces: a limit that
    depends on its own sentence alone, so that a translation does not depend on its batch."""
    length_margin: int = 20
    min_length: int = 1
    """Minimum length in pieces, end piece included. Ignored if the maximum length or the bans leave
    no other piece."""
    no_repeat: int = 0
    """N-grams of so many pieces come once in a hypothesis (Paulus et al. 2018); 0 is no limit."""
    diversity: float = 0.0
    """Taken from the log-probability of a hypothesis' second candidate once, of the third twice: a
    beam of unlike hypotheses (Li, Monroe and Jurafsky 2016, "A Simple, Fast Diverse Decoding
    Algorithm"). Scores hold it."""
    temperature: float = 0.0
    """Over 0, pieces are drawn from the softmax of logits over it, each hypothesis on its own; 0
    takes the best ones."""
    top_k: int = 0
    """Pieces that are drawn from, the best ones; 0 is all."""
    seed: int = 0
    """Of what is drawn."""

    def __post_init__(self) -> None:
        Config.__post_init__(self)
        self._check_range("min_length", 0, 1_000_000)
        self._check_range("no_repeat", 0, 1_000_000)
        self._check_range("diversity", 0, 1e6)
        self._check_range("temperature", 0, 1e6)
        self._check_range("top_k", 0, 1_000_000)
        self._check_range("seed", 0, 2**31 - 3)
        self._check_range("beam_size", 1, 1000)
        self._check_range("length_penalty", 0, 10)
        self._check_range("max_length", 1, 1_000_000)
        self._check_range("length_factor", 0, 1000)
        self._check_range("length_margin", 1, 1_000_000)

    @property
    def alters_candidates(self) -> bool:
        """Whether a step does more than take the most probable pieces."""
        return self.min_length > 1 or bool(self.no_repeat or self.diversity or self.temperature)


def check_integer(name: str, value: object, low: int) -> None:
    """Raises ConfigError unless ``value`` is a whole number of at least ``low``."""
    if not isinstance(value, int) or isinstance(value, bool) or value < low:
        raise ConfigError(f"{name} is {value!r}; expected a whole number of at least {low}")
