"""The models of a server by language pair, loaded from files that may be replaced while it runs."""

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from s2s.errors import ConfigError, FileError, ModelError, printable
from s2s.tokenizer.tags import language_codes
from s2s.translate.translator import Translator
from s2s.writing.languages import has_code_form, primary, same_code

_PAIR = re.compile(r"([\w-]+):([\w-]+)=(.+)", re.DOTALL)

logger = logging.getLogger(__name__)


class Pair(NamedTuple):
    """A source and a target language."""

    source: str
    target: str

    def __str__(self) -> str:
        return f"{self.source}-{self.target}"


@dataclass(eq=False, slots=True)
class Engine:
    """A loaded model file, and the requests that use it."""

    translator: Translator
    keep: tuple[str, ...]
    """Patterns of the texts to keep; none if the model cannot keep any."""
    users: int = 0
    """Requests that are using it."""
    retired: bool = False
    """Whether a newer one has taken its place: it is closed after its last request."""

    def release(self) -> None:
        """Ends one request's use."""
        self.users -= 1
        self.close_if_done()

    def close_if_done(self) -> None:
        """Closes a retired model that nobody uses."""
        if self.retired and not self.users:
            self.translator.close()


@dataclass(eq=False, slots=True)
class ModelSource:
    """A model file of the command line."""

    path: Path
    pair: Pair | None
    """The pair that the command line gave it; None if its card says it."""
    engine: Engine
    pairs: tuple[Pair, ...]
    stamp: tuple[int, ...]
    """What tells that the file was replaced."""


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A language pair, and the file that translates it."""

    pair: Pair
    to: str | None
    """Code of the tag, for a model with tags."""
    file: ModelSource

    @property
    def name(self) -> str:
        """Its name for KServe: ``en-de``."""
        return str(self.pair)

    @property
    def source(self) -> str:
        """Code of the source language."""
        return self.pair.source

    @property
    def target(self) -> str:
        """Code of the target language."""
        return self.pair.target


class Models:
    """Served models by language pair."""

    def __init__(
        self, models: Sequence[str], keep: Sequence[str] = (), *, threads: int | None = None
    ) -> None:
        """Loads models.

        Args:
            models: Paths, or ``SOURCE:TARGET=PATH`` for a model whose card does not say its pair,
                or another one.
            keep: Patterns of texts to keep in addition to the model's own.
            threads: As for ``Translator``.

        Raises:
            ConfigError: If two models have the same pair, or a card does not say its pair.
            S2SError: As ``Translator``.
        """
        self._keep, self._threads = tuple(keep), threads
        self.files: list[ModelSource] = []
        self.by_pair: dict[Pair, ServedModel] = {}
        for model in models:
            file = self._open(model)
            self.files.append(file)
            for served in _served(file):
                if other := self.by_pair.get(served.pair):
                    raise ConfigError(
                        f"{printable(str(file.path))} and {printable(str(other.file.path))} both "
                        f"translate {served.pair}; leave out one of them, or name its pair: "
                        "SOURCE:TARGET=FILE"
                    )
                self.by_pair[served.pair] = served

    def languages(self) -> dict[str, list[str]]:
        """Target codes by source code, sorted."""
        sources = sorted({pair.source for pair in self.by_pair})
        return {
            source: sorted(pair.target for pair in self.by_pair if pair.source == source)
            for source in sources
        }

    def close(self) -> None:
        """Closes all models."""
        for file in self.files:
            file.engine.translator.close()

    def _open(self, model: str) -> ModelSource:
        match = _PAIR.fullmatch(model)
        pair = None if match is None else Pair(match[1], match[2])
        path = Path(model if match is None else match[3])
        for code in pair or ():
            if not has_code_form(code):
                raise ConfigError(f"{model!r} names {code!r}; expected the code of a language: en")
        stamp = stamp_of(path)
        engine = self.load(path)
        try:
            pairs = _pairs(path, engine.translator, pair)
        except ConfigError:
            engine.translator.close()
            raise
        return ModelSource(path, pair, engine, pairs, stamp)

    def load(self, path: Path) -> Engine:
        """Loads a model file and translates a word with it, which prepares its buffers.

        Raises:
            S2SError: As ``Translator``.
        """
        translator = Translator(path, threads=self._threads)
        to = next(iter(language_codes(translator.tokenizer.tags)), None)
        own = translator.tokenizer.keep
        keep = [*(() if own is None else own.patterns), *self._keep]
        try:
            if keep:
                translator.translate(["a [X1X]"], to=to, keep=[*keep, r"\[X1X\]"])
        except (ConfigError, ModelError):  # it gives no attention, or is not one of text
            logger.warning(
                "%s cannot keep placeholders: it was exported by an older s2s, or keeps blanks",
                printable(str(path)),
            )
            keep = []
        translator.translate(["a"], to=to, keep=keep)
        return Engine(translator, tuple(keep))


def stamp_of(path: Path) -> tuple[int, ...]:
    """Returns numbers that change if a file is replaced or written anew.

    Raises:
        FileError: If it is missing.
    """
    try:
        status = path.stat()
    except OSError as error:
        name = printable(str(path))
        raise FileError(f"cannot read {name}: {error.strerror or error}") from error
    return status.st_ino, status.st_size, status.st_mtime_ns


def _pairs(path: Path, translator: Translator, given: Pair | None) -> tuple[Pair, ...]:
    """Returns the pairs that a model translates.

    Raises:
        ConfigError: If its card does not say them, or it has no tag for the given target.
    """
    name = printable(str(path))
    languages = translator.card.get("languages")
    languages = languages if isinstance(languages, dict) else {}
    tags = language_codes(translator.tokenizer.tags)
    if given is not None:
        if tags and find_code(given.target, tags) is None:
            raise ConfigError(
                f"{name} has no tag for {given.target!r}; it translates to {', '.join(tags)}"
            )
        return (given,)
    sources = _codes(languages.get("src"))
    targets = tags or _codes(languages.get("tgt"))[:1]
    if not sources or not targets:
        raise ConfigError(
            f"the card of {name} does not say which languages it translates; "
            f"name them: SOURCE:TARGET={name}"
        )
    return tuple(Pair(source, target) for source in sources for target in targets)


def _served(file: ModelSource) -> Iterator[ServedModel]:
    tags = language_codes(file.engine.translator.tokenizer.tags)
    for pair in file.pairs:
        yield ServedModel(pair, find_code(pair.target, tags) if tags else None, file)


def _codes(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [code for code in values if isinstance(code, str) and has_code_form(code)]


def find_code(code: str, codes: Sequence[str]) -> str | None:
    """Returns the code among ``codes`` that a client means; None if there is none, or several.

    ``EN``, ``eng`` and ``en-GB`` mean ``en`` if there is no nearer one; ``pt`` means ``pt-BR`` if
    there is no other Portuguese.
    """
    for alike in (same_code, primary):
        found = [each for each in codes if alike(each) == alike(code)]
        if len(found) == 1:
            return found[0]
    return None
