"""How text is cut into pieces."""

from dataclasses import dataclass
from typing import Literal

from s2s.config.base import Config
from s2s.errors import ConfigError, with_option

Algorithm = Literal["bpe", "unigram", "char", "word"]
AnyAlgorithm = Literal["auto", Algorithm]
Normalization = Literal["auto", "folded", "identity", "nfkc", "nmt_nfkc"]


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
