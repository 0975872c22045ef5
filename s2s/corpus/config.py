"""Settings of parallel text."""

from dataclasses import dataclass, fields
from typing import Any, Literal, Self

from s2s.config import Config
from s2s.corpus.columns import parse_columns
from s2s.errors import ConfigError, printable, suggest, with_option
from s2s.tokenizer.keep import compile_keep
from s2s.tokenizer.tags import check_tags
from s2s.writing.languages import has_code_form

ORDINARY_RATIO = 4.0
"""``DataConfig.max_ratio`` of text in two languages."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CorpusConfig(Config):
    """One parallel corpus: two files, ``src`` and ``tgt``, or one file with both sides, ``pairs``.

    All files are UTF-8, plain or packed (gzip, xz, bzip2, zstd).
    """

    src: str | None = None
    """Path of the source text, one sentence a line."""
    tgt: str | None = None
    """Path of the target text; its line i is the translation of line i of ``src``."""
    more_tgt: tuple[str, ...] = ()
    """Paths of further translations of ``src``, line by line; a blank line is none. Only for
    validation: its score compares with all of them, its loss with ``tgt`` alone."""
    pairs: str | None = None
    """Path of a file with a pair on each line, in place of ``src`` and ``tgt``."""
    columns: str | None = None
    """Columns of ``pairs`` that are source and target: numbers from 1, names of the first line, or
    keys of JSON, such as ``1,2``, ``word,phones`` or ``translation.en,translation.de``. ``+`` joins
    columns with a blank: ``lemma+features,form``. None: columns with usual names, or the first
    two."""
    pairs_format: Literal["tsv", "csv", "jsonl", "cmudict"] | None = None
    """Form of ``pairs``: ``tsv``, columns between tabs without quotation marks; ``csv``; ``jsonl``,
    a JSON object or list on each line; ``cmudict``, a word and its phones. None: by the name of the
    file or its first line."""
    weight: float = 1.0
    """How often an epoch shows each pair. 2: twice. 0.5: an epoch shows half of the pairs, and the
    next epoch the other half."""
    tag: str | None = None
    """Piece before each source sentence, for example ``<2de>``. It tells a model with several
    target languages which one to translate to (Johnson et al. 2017, "Google's Multilingual Neural
    Machine Translation System", section 3). None: no tag."""

    def __post_init__(self) -> None:
        Config.__post_init__(self)
        if self.pairs is None:
            if self.src is None or self.tgt is None:
                missing = "src" if self.src is None else "tgt"
                raise ConfigError(f"CorpusConfig.{missing} is missing; set src and tgt, or pairs")
            if self.columns is not None or self.pairs_format is not None:
                name = "columns" if self.columns is not None else "pairs_format"
                raise ConfigError(
                    f"{with_option(name)} is set, but there is no file of {with_option('pairs')}; "
                    "leave it out"
                )
        elif self.src is not None or self.tgt is not None or self.more_tgt:
            raise ConfigError(
                f"CorpusConfig has {with_option('pairs')}, and src or tgt, too; set src and tgt, "
                "or pairs"
            )
        if self.columns is not None:
            parse_columns(self.columns)
        if not 0 < self.weight <= 1000:
            raise ConfigError(
                f"CorpusConfig.weight of {self.name} is {self.weight}; expected a number "
                "greater than 0 and at most 1000"
            )
        if self.tag is not None:
            check_tags([self.tag])

    @property
    def paths(self) -> tuple[str, ...]:
        """The files: source and target, or one with both."""
        paths = (self.src, self.tgt) if self.pairs is None else (self.pairs,)
        return tuple(path for path in paths if path is not None)

    @property
    def name(self) -> str:
        """The files' names for messages."""
        return " and ".join(map(printable, self.paths))


@dataclass(frozen=True, kw_only=True, slots=True)
class AugmentConfig(Config):
    """Shares of the training pairs that are changed into what people type, anew in each epoch.

    A pair gets at most one of ``upper`` and ``title``; the others come beside it. The names are
    those of OpusTrainer. A change that brings in unknown pieces, or makes a side longer than
    ``DataConfig.max_pieces``, is left out.
    """

    upper: float = 0.0
    """Share of pairs of which both sides are written in capitals."""
    title: float = 0.0
    """Share of pairs of which both sides are written in Title Case."""
    typos: float = 0.0
    """Share of pairs whose source gets a typing error."""
    merge: float = 0.0
    """Share of pairs that the pair after them in the text is joined to, so that a line has several
    sentences."""
    noend: float = 0.0
    """Share of pairs whose source loses its end mark, if both sides have one."""

    def __post_init__(self) -> None:
        Config.__post_init__(self)
        for field in fields(self):
            self._check_range(field.name, 0, 1)
        if self.upper + self.title > 1:
            raise ConfigError(
                f"augment (--augment) has upper={self.upper:g} and title={self.title:g}; expected "
                "at most 1 for both together, because a pair gets only one of them"
            )

    def _label(self, name: str) -> str:
        return f"{name} of augment (--augment)"

    def __bool__(self) -> bool:
        """Whether anything is changed."""
        return any(self.shares().values())

    def __str__(self) -> str:
        shares = (f"{name} {100 * share:g} %" for name, share in self.shares().items())
        return ", ".join(shares) or "none"

    def shares(self) -> dict[str, float]:
        """Returns the shares that are not 0, by name."""
        return {name: share for name, share in self.to_dict().items() if share}

    @classmethod
    def from_dict(cls, values: dict[str, Any] | str) -> Self:
        """Builds from the values of ``to_dict``, or from a text as ``parse`` does."""
        if isinstance(values, str):
            return cls.parse(values)
        return super(AugmentConfig, cls).from_dict(values)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads ``NAME=SHARE,NAME=SHARE``; an empty text is off.

        Raises:
            ConfigError: If it has another form, or a name is unknown.
        """
        names = [field.name for field in fields(cls)]
        shares: dict[str, float] = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, _, value = (side.strip() for side in part.partition("="))
            try:
                share = float(value)
            except ValueError:
                share = None
            if name not in names or name in shares or share is None:
                raise ConfigError(
                    f"augment (--augment) has {part!r}; expected NAME=SHARE, each name once, with "
                    f"a share from 0 to 1 and a name of {', '.join(names)}{suggest(name, names)}"
                )
            shares[name] = share
        return cls(**shares)


@dataclass(frozen=True, kw_only=True, slots=True)
class DataConfig(Config):
    """Corpora of a training, and the filter of their pairs."""

    train: tuple[CorpusConfig, ...]
    """Corpora to train on, at least one."""
    validation: tuple[CorpusConfig, ...]
    """Corpora to validate on, at least one."""
    src_language: str | None = None
    """Code of the source language, such as ``de``, ``pt-BR`` or ``zh-Hans``, for the model's card.
    It helps to cut texts into sentences. None: the ending of the file name, or the name of the
    column, if that is a code."""
    tgt_language: str | None = None
    """Code of the target language for the model's card. None: the ending of the file name, or the
    name of the column, if that is a code."""
    max_pieces: int = 200
    """Most pieces of a side, end piece and tag not counted. Longer pairs are rejected."""
    max_ratio: float | Literal["auto"] = "auto"
    """A pair is rejected if its longer side has more than ``max_ratio * shorter + 5`` pieces.
    ``auto``: 4, or what pairs of the text usually need if that would reject more than one in a
    hundred. The run stores the number."""
    keep: tuple[str, ...] = ()
    """Regular expressions of texts that translations copy unchanged (``s2s.translate.keep``). In
    training, a match that occurs on both sides of a pair becomes a single piece, which the network
    learns to copy. Translating then uses these expressions by default. Empty: off."""
    augment: AugmentConfig = AugmentConfig()
    """Pairs that are changed into what people type: capitals, typing errors, missing end marks."""
    deduplicate: bool = False
    """Whether a pair that occurs again in its corpus, exactly the same, is left out. The vocabulary
    is learned from all pairs."""
    cache: str | None = None
    """Folder of tokenised text, which several runs may share. None: a folder in the run folder."""

    def __post_init__(self) -> None:
        Config.__post_init__(self)
        for name in ("train", "validation"):
            if not getattr(self, name):
                raise ConfigError(f"DataConfig.{name} is empty; name at least one corpus")
        for corpus in self.train:
            if corpus.more_tgt:
                raise ConfigError(
                    f"CorpusConfig.more_tgt of {corpus.name} names further translations, but a "
                    "corpus to train on has one for each source; repeat the source lines"
                )
        for name in ("src_language", "tgt_language"):
            code = getattr(self, name)
            if code is not None and not has_code_form(code):
                raise ConfigError(
                    f"DataConfig.{name} (--set {name}) is {code!r}; expected a language code, such "
                    "as de, pt-BR, zh-Hans or eng_Latn"
                )
        self._check_range("max_pieces", 1)
        self._check_range("max_ratio", 1)
        compile_keep(self.keep)

    @property
    def ratio(self) -> float:
        """``max_ratio`` as a number; 4 before a run has settled it."""
        return ORDINARY_RATIO if self.max_ratio == "auto" else self.max_ratio

    @property
    def tags(self) -> tuple[str, ...]:
        """Tags of the corpora, sorted, without repetition."""
        return tuple(sorted({corpus.tag for corpus in self.train if corpus.tag is not None}))
