"""The models of a server by language pair, loaded from files that may be replaced while it runs."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from s2s.errors import ConfigError, ModelError, printable
from s2s.serve.codes import find_code
from s2s.tokenizer.keep import compile_keep
from s2s.tokenizer.tags import language_codes
from s2s.translate.translator import Translator
from s2s.writing.languages import has_code_form

Stamp = tuple[int, ...]
"""Numbers that change if a file is replaced or written anew; none if there is no file."""
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
    pairs: tuple[Pair, ...]
    """What it translates."""
    keep: tuple[str, ...]
    """Patterns of the texts to keep; none if the model cannot keep any."""
    users: int = 0
    """Requests that are using it."""
    retired: bool = False
    """Whether a newer one has taken its place: it is closed after its last request."""

    def to(self, target: str) -> str | None:
        """Returns the code of a target's tag; None if the model has no tags."""
        return find_code(target, language_codes(self.translator.tokenizer.tags))

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
    """What new requests use."""
    stamp: Stamp
    """That of the file that was loaded, or was tried last."""
    seen: Stamp | None = None
    """That of a file that has taken its place and may still grow."""

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """What it translates."""
        return self.engine.pairs


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A language pair, and the file that translates it."""

    pair: Pair
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
        self, models: Sequence[str], keep: Sequence[str] = (), *, threads: int | None = 1
    ) -> None:
        """Loads models.

        Args:
            models: Paths, or ``SOURCE:TARGET=PATH`` for a model whose card does not say its pair,
                or another one.
            keep: Patterns of texts to keep in addition to the model's own.
            threads: As for ``Translator``.

        Raises:
            ConfigError: If two models have the same pair, a card does not say its pair, or a
                pattern is wrong.
            S2SError: As ``Translator``.
        """
        compile_keep(keep)
        self._keep, self._threads = tuple(keep), threads
        self.files: list[ModelSource] = []
        self.by_pair: dict[Pair, ServedModel] = {}
        for model in models:
            file = self._open(model)
            self.files.append(file)
            for pair in file.pairs:
                if other := self.by_pair.get(pair):
                    raise ConfigError(
                        f"{printable(str(file.path))} and {printable(str(other.file.path))} both "
                        f"translate {pair}; leave out one of them, or name its pair: "
                        "SOURCE:TARGET=FILE"
                    )
                self.by_pair[pair] = ServedModel(pair, file)

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
        return ModelSource(path, pair, self._load(path, pair), stamp)

    def replaced(self) -> list[ModelSource]:
        """Returns the files that were replaced, and have not changed since the last call."""
        found = []
        for file in self.files:
            stamp = stamp_of(file.path)
            if stamp != file.stamp and stamp == file.seen:
                file.stamp = stamp
                if stamp:
                    found.append(file)
                else:
                    name = printable(str(file.path))
                    logger.warning("%s is gone; the server goes on with what it has loaded", name)
            file.seen = stamp
        return found

    def load_anew(self, file: ModelSource) -> Engine:
        """Loads a file that was replaced; does not use it yet.

        Raises:
            ConfigError: If it translates other languages than before.
            S2SError: As ``Translator``.
        """
        engine = self._load(file.path, file.pair)
        if engine.pairs != file.pairs:
            engine.translator.close()
            found, expected = (" ".join(map(str, each.pairs)) for each in (engine, file))
            raise ConfigError(
                f"{printable(str(file.path))} now translates {found}; expected {expected}: start "
                "the server anew"
            )
        return engine

    @staticmethod
    def switch(file: ModelSource, engine: Engine) -> None:
        """Gives new requests a new model; the old one is closed after its last request."""
        old, file.engine = file.engine, engine
        old.retired = True
        old.close_if_done()

    def _load(self, path: Path, pair: Pair | None) -> Engine:
        """Loads a model file and translates a word with it, which prepares its buffers.

        Raises:
            ConfigError: If nothing says which languages it translates.
            S2SError: As ``Translator``.
        """
        translator = Translator(path, threads=self._threads)
        try:
            pairs = _pairs(path, translator, pair)
        except ConfigError:
            translator.close()
            raise
        to = next(iter(language_codes(translator.tokenizer.tags)), None)
        own = translator.tokenizer.keep
        keep = [*(() if own is None else own.patterns), *self._keep]
        try:
            if keep:
                translator.translate(["a [X1X]"], to=to, keep=[*keep, r"\[X1X\]"])
        except (ConfigError, ModelError):  # it gives no attention, or keeps blanks
            logger.warning(
                "%s cannot keep placeholders: it was exported by an older s2s, or trained with "
                "--whitespace keep (--no-placeholders: without)",
                printable(str(path)),
            )
            keep = []
        translator.translate(["a"], to=to, keep=keep)
        return Engine(translator, pairs, tuple(keep))


def stamp_of(path: Path) -> Stamp:
    """Returns the stamp of a file."""
    try:
        status = path.stat()
    except OSError:
        return ()
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


def _codes(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [code for code in values if isinstance(code, str) and has_code_form(code)]
