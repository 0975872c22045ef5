"""Configurations of a tokenizer, a model and a search.

Every configuration is frozen, checks itself when it is made, and survives a trip through JSON
(``to_dict``, ``from_dict``). ``None`` means "off".
"""

import dataclasses
import math
import types
import typing
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal, Self, get_args

from s2s.errors import OPTIONS, ConfigError, suggest, with_option

PAD_ID, UNK_ID, BOS_ID, EOS_ID = 0, 1, 2, 3
"""Ids of the special pieces, the same in every vocabulary; padding is ``PAD_ID``."""
FORBIDDEN_IDS = (PAD_ID, UNK_ID, BOS_ID)
"""Pieces that are never part of a translation."""


def widest_beam(tgt_vocab_size: int) -> int:
    """Returns the largest beam size of a vocabulary: its pieces that a translation can have."""
    return tgt_vocab_size - len(FORBIDDEN_IDS)


Algorithm = Literal["bpe", "unigram", "char", "word"]
AnyAlgorithm = Literal["auto", Algorithm]
Cell = Literal["lstm", "gru", "rnn", "peephole"]
Activation = Literal["tanh", "relu"]
AttentionKind = Literal["dot", "general", "mlp", "multihead"]
ContextKind = Literal["parallel", "input_feeding"]
Tie = Literal["none", "target", "all"]
Normalization = Literal["auto", "folded", "identity", "nfkc", "nmt_nfkc"]
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
        return isinstance(value, tuple) and all(_matches(item, arm) for item in value)
    if kind is float:
        return isinstance(value, Real) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, Integral) and not isinstance(value, bool)
    return isinstance(value, kind)


_WORDS = {bool: "True or False", int: "a whole number", float: "a number", str: "a text"}


def _in_words(kind: Any) -> str:
    """Returns an annotated type as an error says it: ``a whole number or None``."""
    origin = typing.get_origin(kind)
    if origin is Literal:
        return " or ".join(map(repr, get_args(kind)))
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_in_words(arm) for arm in get_args(kind))
    if origin is tuple:
        return f"a tuple, each item {_in_words(get_args(kind)[0])}"
    if kind is type(None):
        return "None"
    return _WORDS.get(kind, getattr(kind, "__name__", str(kind)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Base class of all configurations: type checks, JSON round trip, one-line errors."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if getattr(value, "shape", None) == ():  # NumPy's scalar: JSON knows Python's only
                value = value.item()
                object.__setattr__(self, field.name, value)
            if not _matches(value, field.type):
                if typing.get_origin(field.type) is Literal:
                    choices = get_args(field.type)
                    hint = suggest(str(value), [str(choice) for choice in choices])
                    raise ConfigError(
                        f"{self._label(field.name)} is {value!r}; expected one of "
                        f"{', '.join(map(str, choices))}{hint}"
                    )
                raise ConfigError(
                    f"{self._label(field.name)} is {value!r}; expected {_in_words(field.type)}"
                )

    def _check_range(self, name: str, low: float, high: float = math.inf) -> None:
        """Raises ConfigError unless ``low`` <= field <= ``high``, or it is None or a word."""
        value = getattr(self, name)
        if value is not None and not isinstance(value, str) and not low <= value <= high:
            limits = f"at least {low}" if high == math.inf else f"{low} to {high}"
            raise ConfigError(f"{self._label(name)} is {value}; expected {limits}")

    def _label(self, name: str) -> str:
        """Returns the name of a field in an error: with its option, or else with its class."""
        return with_option(name) if name in OPTIONS else f"{type(self).__name__}.{name}"

    def to_dict(self) -> dict[str, Any]:
        """Returns the fields as plain values for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Builds a configuration from the values of ``to_dict``.

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
    """Converts a plain value of ``to_dict`` or JSON to the type ``kind`` of its field."""
    if isinstance(kind, type) and issubclass(kind, Config):
        return kind.from_dict(value)
    if typing.get_origin(kind) is tuple and isinstance(value, list | tuple):
        return tuple(_built(item, get_args(kind)[0]) for item in value)
    return value


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenizerConfig(Config):
    """How text is cut into pieces (SentencePiece)."""

    vocab_size: int = 8000
    """Number of pieces of a vocabulary, special pieces included. A small text may give fewer."""
    algorithm: AnyAlgorithm = "auto"
    """How text is cut into pieces: ``bpe``, byte-pair encoding (Sennrich et al. 2016); ``unigram``,
    a unigram language model (Kudo 2018); ``char``, one piece a character; ``word``, one piece a
    word, which is anything between blanks, for example a phoneme. ``char`` and ``word`` keep the
    ``vocab_size`` most frequent characters or words; all others become the unknown piece, which no
    translation contains. ``auto``: ``char`` if the lines are words that seldom come again (see
    ``s2s.tokenizer.choice``), else ``bpe``; an existing vocabulary keeps its algorithm."""
    tgt_algorithm: Algorithm | None = None
    """Algorithm of the target vocabulary, if it is not ``algorithm`` (for letters to phonemes,
    ``word`` beside ``char``). It needs ``joint`` false. None: the same as ``algorithm``."""
    joint: bool = True
    """True: one vocabulary for both languages. False: one for each language."""
    tgt_pieces: Literal["seen", "all"] = "seen"
    """Pieces of a joint vocabulary that the output layer has. ``seen``: only pieces that occur in
    the targets of the training text; targets are then cut into these alone. ``all``: all pieces."""
    normalization: Normalization = "auto"
    """Rules for characters, part of the SentencePiece model. ``folded``: the source in form NFKC,
    without characters that are not seen, such as soft hyphens; the target as it is written.
    ``identity``: both sides as they are written. ``nfkc`` and ``nmt_nfkc``: both sides in form
    NFKC, so that no translation contains, for example, a full-width comma; ``nmt_nfkc`` also makes
    some characters blanks. For these two, a typed U+2581 (``▁``) is a blank, too: SentencePiece
    writes blanks so; ``folded`` and ``identity`` keep it. ``auto``: ``folded`` for ``bpe`` and
    ``unigram`` with ``whitespace`` single, else ``identity``; an existing vocabulary keeps its
    rules."""
    whitespace: Literal["single", "keep"] = "single"
    """Blanks within a line. ``single``: a run of them is one blank, and those at both ends are
    taken away. ``keep``: blanks and tabs are characters, for code and other text in which they
    count; it excludes ``folded`` and ``nmt_nfkc``, tags, kept texts and augmentation. An existing
    vocabulary keeps its way."""
    sampling: float = 0.0
    """Strength of the subword sampling in training, 0 to 1: for ``bpe``, the share of merges that
    are left out (BPE-dropout, Provilkov et al. 2020); for ``unigram``, the smoothing of the
    lattice. 0: off."""
    byte_fallback: bool = False
    """True: characters that are not in the vocabulary are written as bytes (256 of its pieces), so
    that any text can be read, and may occur in translations. It excludes ``sampling``."""
    src_model: str | None = None
    """Path of an existing SentencePiece model, for the source or for both sides. Its special pieces
    must be those of s2s (pad 0, unk 1, bos 2, eos 3). None: a vocabulary is learned."""
    tgt_model: str | None = None
    """Path of an existing SentencePiece model for the target; ``src_model`` is then the model of
    the source alone. None: ``src_model`` is the model of both sides."""
    new_pieces: int = 0
    """Most pieces that an existing vocabulary (``src_model``, or that of the run in
    ``TrainConfig.init``) gets from the training text, after its own pieces. 0: none."""

    def __post_init__(self) -> None:
        Config.__post_init__(self)
        self._check_range("vocab_size", 8, 1_000_000)
        self._check_range("sampling", 0, 1)
        self._check_range("new_pieces", 0, 1_000_000)
        if self.joint and self.tgt_algorithm not in (None, self.algorithm):
            raise ConfigError(
                f"{with_option('tgt_algorithm')} is {self.tgt_algorithm!r}, but "
                f"{with_option('algorithm')} is {self.algorithm!r}; two algorithms need two "
                "vocabularies: set joint to False (--separate-vocabularies)"
            )
        if self.whitespace == "keep" and self.normalization in ("folded", "nmt_nfkc"):
            raise ConfigError(
                f"{with_option('normalization')} is {self.normalization!r}, which makes blanks of "
                f"tabs, but {with_option('whitespace')} is 'keep'; leave out one of them"
            )
        if self.byte_fallback and self.sampling:
            raise ConfigError(
                "TokenizerConfig.byte_fallback is True and sampling (--sampling) is "
                f"{self.sampling}; they cannot be combined: turn off one of them"
            )
        if self.sampling and {self.algorithm, self.tgt_algorithm} & {"char", "word"}:
            raise ConfigError(
                f"{with_option('sampling')} is {self.sampling}, but a vocabulary of 'char' or "
                "'word' can cut a text in only one way; set sampling to 0"
            )
        if self.tgt_model is not None and self.src_model is None:
            raise ConfigError(
                "tgt_model (--tgt-tokenizer) is set, but src_model (--tokenizer) is not; set both"
            )


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


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchConfig(Config):
    """Settings of the search; a model file recommends some."""

    beam_size: int = 5
    """Number of hypotheses of a sentence that the search keeps after each step, at most the number
    of pieces that can be written. 1: greedy."""
    length_penalty: float = 1.0
    """Alpha of Wu et al. (2016), equation 14. 0 ranks hypotheses by their total log-probability, 1
    nearly by its mean."""
    max_length: int = 512
    """Maximum length of a hypothesis in pieces, end piece included, for every source length.
    Training raises the default if its text has longer targets."""
    length_factor: int | Literal["auto"] = "auto"
    """A hypothesis has at most ``length_factor * src_length + length_margin`` pieces. This limit
    depends on its own sentence alone, so that a translation does not depend on its batch. ``auto``:
    training learns it, so that all its pairs fit; 2 where nothing is learned."""
    length_margin: int | Literal["auto"] = "auto"
    """Pieces that a hypothesis may always have, see ``length_factor``. ``auto``: as training learns
    it, 20 where nothing is learned."""
    in_step: bool | Literal["auto"] = "auto"
    """Whether a hypothesis has exactly as many pieces as its source, as labels of words need it:
    the end piece is forbidden before and forced then, and no limit of length counts. ``auto``:
    training settles it, on if both vocabularies are of words and both sides of all its pairs are
    equally long, but not all pairs; off where nothing is settled."""
    min_length: int = 1
    """Minimum length of a hypothesis in pieces, end piece included. Ignored if the maximum length
    or the bans leave no other piece."""
    no_repeat: int = 0
    """Length of n-grams of pieces that occur at most once in a hypothesis (Paulus et al. 2018). 0:
    no limit."""
    diversity: float = 0.0
    """Penalty in nats for candidates that follow the same hypothesis: the second-best loses it
    once, the third-best twice. The beam's hypotheses then differ more (Li, Monroe and Jurafsky
    2016, "A Simple, Fast Diverse Decoding Algorithm"). Scores include it. 0: off."""
    temperature: float = 0.0
    """Divisor of the logits if pieces are drawn at random, for each hypothesis on its own. 0: the
    search takes the best pieces and draws nothing."""
    top_k: int = 0
    """Number of best pieces that are drawn from if ``temperature`` is over 0. 0: all pieces."""
    seed: int = 0
    """Seed of the random draws, see ``temperature``."""

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

    def fitted(self, tgt_vocab_size: int) -> Self:
        """Returns the settings as numbers, with a beam no wider than a vocabulary allows."""
        factor, margin = self.limit
        return dataclasses.replace(
            self,
            beam_size=min(self.beam_size, widest_beam(tgt_vocab_size)),
            length_factor=factor,
            length_margin=margin,
            in_step=self.is_in_step,
        )

    @property
    def limit(self) -> tuple[int, int]:
        """``length_factor`` and ``length_margin`` as numbers."""
        factor, margin = self.length_factor, self.length_margin
        return (2 if factor == "auto" else factor), (20 if margin == "auto" else margin)

    @property
    def is_in_step(self) -> bool:
        """``in_step`` as a truth value."""
        return self.in_step is True

    @property
    def alters_candidates(self) -> bool:
        """Whether a step does more than take the most probable pieces."""
        rare = self.no_repeat or self.diversity or self.temperature
        return self.min_length > 1 or self.is_in_step or bool(rare)


def check_integer(name: str, value: object, low: int) -> int:
    """Returns an integer of any type, NumPy's too, as ``int``.

    Raises:
        ConfigError: If it is none, or less than ``low``.
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < low:
        raise ConfigError(
            f"{with_option(name)} is {value!r}; expected a whole number, at least {low}"
        )
    return int(value)
