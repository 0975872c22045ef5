"""Settings of parallel text."""

from dataclasses import dataclass

from s2s.config import Config
from s2s.errors import ConfigError, printable
from s2s.tokenizer.keep import compile_keep
from s2s.tokenizer.tags import check_tags


@dataclass(frozen=True, kw_only=True, slots=True)
class CorpusConfig(Config):
    """One parallel corpus: line i of ``tgt`` is the translation of line i of ``src``."""

    src: str
    """Path of the source text: UTF-8, plain or gzip."""
    tgt: str
    """Path of the target text: UTF-8, plain or gzip."""
    weight: float = 1.0
    """How often an epoch shows each pair. 2: twice. 0.5: an epoch shows half of the pairs, and the
    next epoch the other half."""
    tag: str | None = None
    """Piece before each source sentence, for example ``<2de>``. It tells a model with several
    target languages which one to translate to (Johnson et al. 2017, "Google's Multilingual Neural
    Machine Translation System", section 3). None: no tag."""

    def __post_init__(self) -> None:
        Config.__post_init__(self)
        if not 0 < self.weight <= 1000:
            raise ConfigError(
                f"CorpusConfig.weight of {printable(self.src)} is {self.weight}; expected a number "
                "greater than 0 and at most 1000"
            )
        if self.tag is not None:
            check_tags([self.tag])


@dataclass(frozen=True, kw_only=True, slots=True)
class DataConfig(Config):
    """Corpora of a training, and the filter of their pairs."""

    train: tuple[CorpusConfig, ...]
    """Corpora to train on, at least one."""
    validation: tuple[CorpusConfig, ...]
    """Corpora to validate on, at least one."""
    src_language: str | None = None
    """Code of the source language for the model's card. None: the ending of the file name."""
    tgt_language: str | None = None
    """Code of the target language for the model's card. None: the ending of the file name."""
    max_pieces: int = 200
    """Most pieces of a side, end piece and tag not counted. Longer pairs are rejected."""
    max_ratio: float = 4.0
    """A pair is rejected if its longer side has more than ``max_ratio * shorter + 5`` pieces."""
    keep: tuple[str, ...] = ()
    """Regular expressions of texts that translations copy unchanged (``s2s.translate.keep``). In
    training, a match that occurs on both sides of a pair becomes a single piece, which the network
    learns to copy. Translating then uses these expressions by default. Empty: off."""
    cache: str | None = None
    """Folder of tokenised text, which several runs may share. None: a folder in the run folder."""

    def __post_init__(self) -> None:
        Config.__post_init__(self)
        for name in ("train", "validation"):
            if not getattr(self, name):
                raise ConfigError(f"DataConfig.{name} is empty; name at least one corpus")
        self._check_range("max_pieces", 1)
        self._check_range("max_ratio", 1)
        compile_keep(self.keep)

    @property
    def tags(self) -> tuple[str, ...]:
        """Tags of the corpora, sorted, without repetition."""
        return tuple(sorted({corpus.tag for corpus in self.train if corpus.tag is not None}))
