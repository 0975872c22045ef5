"""Models by language pair, and the batches that all requests share.

>>> service = Service(["model.onnx"])
>>> async with service:
...     answers = await service.translate(service.find("en", "de"), ["Good morning."])
"""

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Self, TypeVar

from s2s.errors import ConfigError, S2SError, printable
from s2s.formats.card import has_fixed_search
from s2s.machine import available_cores
from s2s.serve.batcher import Batcher
from s2s.serve.body import Limits
from s2s.serve.codes import find_code
from s2s.serve.errors import BadRequest, NotSupported, TooMuch
from s2s.serve.models import Engine, Models, Pair, ServedModel
from s2s.serve.placeholders import PLACEHOLDERS
from s2s.serve.stats import Stats
from s2s.translate.markup.document import Document
from s2s.translate.markup.options import Markup
from s2s.translate.options import TranslateOptions
from s2s.translate.translation import Translation
from s2s.translate.translator import Translator

_NOT_TEXT = re.compile("[\0\ud800-\udfff]")
_MANY_CHARACTERS = 20_000
"""Characters of texts whose pieces are counted, or whose tags are read, in a thread."""
WATCH_SECONDS = 1.0
"""Seconds between two looks at the files. One that is still being written is left alone."""

R = TypeVar("R")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """A text's translation."""

    text: str
    alternatives: tuple[str, ...]
    """The next best translations, best first: at most ``n_best - 1``, none of them blank or equal
    to another."""
    score: float
    """As ``Translation.score``."""


class Service:
    """Models by language pair, and the batches that all requests share.

    Every translation is that of ``Translator.translate`` for the text alone, to the last bit.
    """

    def __init__(
        self,
        models: Sequence[str],
        *,
        keep: Sequence[str] = PLACEHOLDERS,
        limits: Limits | None = None,
        batch_pieces: int = 1024,
        batch_delay: float = 0.0,
        queue_pieces: int = 100_000,
        workers: int | None = None,
        threads: int | None = 1,
    ) -> None:
        """Loads models.

        Args:
            models: Paths, or ``SOURCE:TARGET=PATH`` for a model whose card does not say its pair.
            keep: Patterns of texts that are copied into translations.
            limits: What a request may have.
            batch_pieces: Pieces of a batch.
            batch_delay: Seconds that a server with nothing to do waits for more texts.
            queue_pieces: Pieces that may wait; more requests are refused.
            workers: Batches that run at once; one for each core if None.
            threads: Cores for one batch, as for ``Translator``. With two, a request that comes
                alone is answered sooner on an idle machine, but takes more time of the cores; once
                there are many, fewer are answered.

        Raises:
            ConfigError: If two models have the same pair, or a card does not say its pair.
            S2SError: As ``Translator``.
        """
        self.limits = limits or Limits()
        self.stats = Stats()
        self.closing = False
        """Whether the server is about to end: answers then say that their connection does, too."""
        self.models = Models(models, keep, threads=threads)
        self._new_batcher: Callable[[], Batcher[Translation]] = lambda: Batcher(
            self.stats,
            workers=workers or available_cores(),
            batch_pieces=batch_pieces,
            delay=batch_delay,
            queue_pieces=queue_pieces,
        )
        self._batcher: Batcher[Translation] | None = None
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Starts the threads, and watches the files."""
        self._batcher = self._new_batcher()
        self._watch = asyncio.create_task(self._watch_files())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Ends the threads after the batches that are being searched, and closes the models."""
        if self._watch is not None:
            self._watch.cancel()
        if self._batcher is not None:
            self._batcher.close()
        self.models.close()
        logger.info("%s", self.stats)

    def languages(self) -> dict[str, list[str]]:
        """Source code -> target codes, all sorted."""
        return self.models.languages()

    def codes(self) -> list[str]:
        """All source and target codes, sorted."""
        languages = self.languages()
        return sorted({*languages, *(code for codes in languages.values() for code in codes)})

    def model(self, name: str) -> ServedModel:
        """Returns the model of that name.

        Raises:
            NotSupported: If there is none.
        """
        for model in self.models.by_pair.values():
            if model.name == name:
                return model
        raise NotSupported(name)

    def find(self, source: str, target: str) -> ServedModel:
        """Returns the model of a language pair; codes may differ in case, script or region.

        Raises:
            NotSupported: If a language or the pair is not served.
        """
        languages = self.languages()
        found = find_code(source, list(languages))
        if found is None:
            raise NotSupported(source)
        to = find_code(target, languages[found])
        if to is None:
            known = find_code(target, self.codes())
            raise NotSupported(target if known is None else f"{source}-{target}")
        return self.models.by_pair[Pair(found, to)]

    async def translate(
        self,
        model: ServedModel,
        texts: Sequence[str],
        *,
        markup: Markup | None = None,
        n_best: int = 1,
    ) -> list[Answer]:
        """Translates the texts of a request, in batches with those of other requests.

        If the caller is cancelled, texts that are not being searched yet are dropped.

        Args:
            model: What translates.
            texts: The texts.
            markup: How documents with markup are read; None for plain texts.
            n_best: Translations of each text, the best one included; 1 for documents.

        Raises:
            BadRequest: If a text has NUL or a lone surrogate.
            Busy: If too much waits already.
            Failed: If a text could not be translated.
            NotSupported: If the model cannot translate documents.
            TooMuch: If there are too many texts or alternatives, or a text is too long.
        """
        self.check_texts(texts, n_best)
        if not texts:
            return []
        engine = model.file.engine
        engine.users += 1
        options: TranslateOptions = {"to": engine.to(model.target), "keep": engine.keep}
        try:
            if markup is not None:
                answers = await self._translate_documents(engine, texts, options, markup)
            else:
                found = await self._search(engine, texts, {**options, "n_best": n_best})
                answers = [_answer(translation) for translation in found]
        finally:
            engine.release()
        self.stats.texts += len(texts)
        self.stats.characters += sum(map(len, texts))
        return answers

    async def _translate_documents(
        self, engine: Engine, texts: Sequence[str], options: TranslateOptions, markup: Markup
    ) -> list[Answer]:
        """Translates documents: their texts are searched like those of other requests."""
        translator = engine.translator
        try:
            options = translator.html_options(options)
        except ConfigError as error:  # the model keeps blanks
            raise NotSupported(f"{markup.kind} format") from error

        def read() -> list[Document]:
            return [translator.read_html(text, markup) for text in texts]

        def finish() -> list[str]:
            left = iter(found)
            return [document.finish(islice(left, len(document.texts))) for document in documents]

        documents = await _beside(read, texts)
        inner = [text for document in documents for text in document.texts]
        found = await self._search(engine, inner, options) if inner else []
        finished = await _beside(finish, texts)
        self.stats.guessed += sum(document.num_guessed for document in documents)
        self.stats.unread += sum(document.num_unread > 0 for document in documents)
        score = sum(translation.score for translation in found)
        return [Answer(text, (), score) for text in finished]

    async def _search(
        self, engine: Engine, texts: Sequence[str], options: TranslateOptions
    ) -> list[Translation]:
        """Translates texts in batches with those of other requests, and counts what came of it."""
        assert self._batcher is not None, "the service is not open"

        def count() -> list[int]:
            return [len(ids) for ids in engine.translator.tokenizer.encode_src(list(texts))]

        lengths = await _beside(count, texts)
        kind = (id(engine), options.get("to"), options.get("n_best"), options.get("details"))
        run = partial(_translate, engine.translator, options)
        found = await self._batcher.translate(texts, lengths, run, kind)
        self.stats.pieces += sum(lengths)
        self.stats.cut += sum(translation.hypotheses[0].cut for translation in found)
        self.stats.long += sum(translation.num_long > 0 for translation in found)
        self.stats.unknown += sum(translation.num_unknown for translation in found)
        return found

    def check_texts(self, texts: Sequence[str], n_best: int = 1) -> None:
        """Checks the texts of a request before anything is done with them.

        Raises:
            BadRequest: If a text has NUL or a lone surrogate.
            TooMuch: If there are too many texts or alternatives, or a text is too long.
        """
        limits = self.limits
        if len(texts) > limits.max_texts:
            raise TooMuch("texts", len(texts), limits.max_texts)
        if n_best - 1 > limits.max_alternatives:
            raise TooMuch("alternatives", n_best - 1, limits.max_alternatives)
        for number, text in enumerate(texts, 1):
            if len(text) > limits.max_chars:
                raise TooMuch("characters in a text", len(text), limits.max_chars)
            if found := _NOT_TEXT.search(text):
                what = "NUL" if found[0] == "\0" else "a lone surrogate"
                raise BadRequest(f"Invalid request: text {number} has {what}")

    async def _watch_files(self) -> None:
        """Loads files that are replaced."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            for file in self.models.replaced():
                name = printable(str(file.path))
                try:
                    engine = await asyncio.to_thread(self.models.load_anew, file)
                except S2SError as error:
                    self.stats.failed_reloads += 1
                    logger.warning("the server goes on with the model that it has: %s", error)
                else:
                    self.models.switch(file, engine)
                    self.stats.reloads += 1
                    logger.info("%s was replaced and loaded anew", name)


async def _beside(work: Callable[[], R], texts: Sequence[str]) -> R:
    """Does some work on texts; in a thread if there are many characters, so that others go on."""
    if sum(map(len, texts)) < _MANY_CHARACTERS:
        return work()
    return await asyncio.to_thread(work)


def _translate(
    translator: Translator, options: TranslateOptions, texts: Sequence[str]
) -> list[Translation]:
    """Translates a batch, in a thread; the beam is as wide as the number of translations.

    A beam that the file has fixed stays, and limits that number.
    """
    n_best = options.get("n_best") or 1
    beam_size = translator.search.beam_size
    if not has_fixed_search(translator.card):
        search = replace(translator.search, beam_size=max(beam_size, n_best))
        beam_size = search.fitted(translator.tokenizer.tgt_vocab_size).beam_size
    n_best = min(n_best, beam_size)
    fitted: TranslateOptions = {**options, "n_best": n_best, "beam_size": beam_size}
    return translator.translate(texts, **fitted)


def _answer(translation: Translation) -> Answer:
    best, *others = (hypothesis.text for hypothesis in translation.hypotheses)
    alternatives = tuple(text for text in dict.fromkeys(others) if text.strip() and text != best)
    return Answer(best, alternatives, translation.score)
