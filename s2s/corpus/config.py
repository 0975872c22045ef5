"""Settings of parallel text."""

from dataclasses import dataclass

from s2s.config import Config
from s2s.errors import ConfigError, printable
from s2s.tokenizer.keep import compile_keep
from s2s.tokenizer.tags import check_tags


@dataclass(frozen=True, kw_only=True, slots=True)
class CorpusConfig(Config):
    """One parallel corpus: line i of ``tgt`` translates line i of ``src``; plain or gzip."""

    src: str
    tgt: str
    weight: float = 1.0
    """How often an epoch shows each pair: 2 twice, 0.5 half of the pairs, others each time."""
    tag: str | None = None
    """A piece put before each source sentence, ``<2de>`` say: with several target languages the
    model is told which one is wanted (Johnson et al. 2017, "Google's Multilingual Neural Machine
    Translation System", section 3)."""

    def __post_init__(self) -> None:
        Config.__post_init__(self)
        if not 0 < self.weight <= 1000:
            raise ConfigError(
                f"CorpusConfig.weight of {printable(self.src)} is {self.weight}; expected over 0, "
                "to 1000"
            )
        if self.tag is not None:
            check_tags([self.tag])


@dataclass(frozen=True, kw_only=True, slots=True)
class DataConfig(Config):
    """The corpora of a training, and which of their pairs are left out."""

    train: tuple[CorpusConfig, ...]
    validation: tuple[CorpusConfig, ...]
    src_language: str | None = None
    """Language code for the model's card; None takes the file name's ending."""
    tgt_language: str | None = None
    max_pieces: int = 200
    """Pairs with more pieces on either side are left out and counted."""
    max_ratio: float = 4.0
    """Pairs with more than ``max_ratio * shorter + 5`` pieces on the longer side are left out."""
    keep: tuple[str, ...] = ()
    """Regular expressions of what is to come into translations as it is written
    (``s2s.translate.keep``): matches that both sides of a pair have are one piece each, which the
    network learns to carry over, and translating keeps them by itself."""
    cache: str | None = None
    """Folder for tokenised text that several runs may share; None keeps it in the run folder."""

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
        """The tags of the corpora, each once, sorted."""
        return tuple(sorted({each.tag for each in self.train if each.tag is not None}))
