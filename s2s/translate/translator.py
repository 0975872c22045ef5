"""The translator: sentences in, translations out, without torch for a model file.

>>> from s2s import Translator
>>> Translator("model.onnx").translate(["Good morning."])[0].text
'Guten Morgen.'
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn, Self, Unpack

from s2s.config import SearchConfig, check_integer
from s2s.errors import ConfigError, DataError, UseError, with_option
from s2s.formats.card import has_fixed_search
from s2s.runtime.backend import check_device
from s2s.runtime.load import Model, load
from s2s.runtime.providers import Provider
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.pieces import Ids
from s2s.translate.batching import check_texts, longest_first, take
from s2s.translate.habits import Habits
from s2s.translate.joining import join_sentences
from s2s.translate.keep.carrier import Carrier
from s2s.translate.keep.unknown import UnknownCount
from s2s.translate.limits import CutCounter, check_fixed
from s2s.translate.markup.options import Markup
from s2s.translate.per_sentence import PerSentence
from s2s.translate.phrases import Phrase, read_prefixes, read_required
from s2s.translate.reader import Reader
from s2s.translate.request import Request, TranslateOptions, check_request
from s2s.translate.scoring import (
    Label,
    classify,
    encode_labels,
    encode_sources,
    encode_targets,
    force,
    labels_of,
)
from s2s.translate.searcher import Searcher
from s2s.translate.translation import Hypothesis, Translation

if TYPE_CHECKING:
    from s2s.translate.markup.document import Document
    from s2s.translate.required.inserter import Inserter


class Translator:
    """Translates with a model file (onnxruntime), or with one run folder or several (torch).

    Several threads may use one object at once. A sentence's translation depends on the sentence
    alone, not on its neighbours.

    A translator belongs to one process: its copy in a forked process raises UseError, and it cannot
    be pickled. ``close``, or the end of a ``with`` block, ends its threads and frees its memory.
    """

    def __init__(
        self,
        model: Model | Sequence[Model],
        *,
        device: str = "cpu",
        threads: int | None = None,
        session_options: Any = None,
        providers: Sequence[Provider] | None = None,
    ) -> None:
        """Loads a model.

        Args:
            model: Path or bytes of an ``.onnx`` file, a binary file that is open for reading, or
                path of a run folder. Or a list of run folders, an ensemble: each step's
                log-probabilities are the mean of the members', see ``s2s.model.ensemble``. The
                members share their vocabularies and may differ in everything else; the first one
                gives the recommended values.
            device: ``cpu`` or ``cuda``.
            threads: Cores to use; all that the process may use if None. Batches run side by side,
                one on each core. If there is more than one core, a batch that comes alone is shared
                by two.
            session_options: An ``onnxruntime.SessionOptions``, used as it is: s2s sets nothing in
                it. Start from ``s2s.session_options()``, which has the settings of s2s; above all,
                leave one thread to a session, since ``threads`` batches run at once.
            providers: Execution providers of onnxruntime in place of ``device``, in order of
                preference, names or names with options:
                ``[("CUDAExecutionProvider", {"device_id": 1})]``. All of them must start. Batches
                run side by side only if the first one is ``CPUExecutionProvider``.

        Raises:
            ConfigError: If a value is out of range; if one of several models is a model file; if
                onnxruntime knows no such provider; if options for onnxruntime are given with a run
                folder.
            DeviceError: If the device or a provider is missing.
            FileError: If the model cannot be read.
            MissingPackageError: If onnxruntime (or torch, for a run folder) is missing.
            ModelError: If it is no s2s model, is damaged, or the runs do not fit together; or if
                onnxruntime refuses it or its options.
        """
        check_device(device)
        if threads is not None:
            threads = check_integer("threads", threads, 1)
        self.card: dict[str, Any]
        """The model's description of itself: JSON values."""
        self.tokenizer: Tokenizer
        self.search: SearchConfig
        """The model's recommended values."""
        if providers is not None and device != "cpu":
            raise ConfigError(
                f"device is {device!r}, but providers is given too; leave out one of them"
            )
        backend, self.card, self.tokenizer, self.search = load(
            model, device, threads, session_options, providers
        )
        self._habits = Habits(self.card, self.tokenizer, gives_attention=backend.gives_attention)
        self._searcher = Searcher(backend, self.tokenizer)

    def close(self) -> None:
        """Ends the threads and lets the model go; every later call raises UseError.

        Waits for the batches that are being searched for other threads; a call that has more to do
        ends with UseError. Closing twice does nothing.
        """
        self._searcher.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise UseError(
            "a translator cannot be copied or pickled; make a translator in each process"
        )

    def translate(
        self, texts: Iterable[str], **options: Unpack[TranslateOptions]
    ) -> list[Translation]:
        """Translates texts.

        Args:
            texts: Texts, of one sentence or of several. Blanks and line breaks between sentences
                stay; a line break inside a sentence is a blank.
            options: See ``s2s.translate.request.TranslateOptions``.

        Returns:
            One translation for each sentence, in order; a blank one for a blank sentence.

        Raises:
            ConfigError: If an option is out of range or differs from a search that the file has
                fixed, or the model has no tag for ``to``.
            DataError: If the model has tags, ``to`` is None, and a sentence begins with no tag; or
                if a sentence is too long and ``too_long`` is ``error``.
        """
        texts = list(check_texts("texts", texts))
        return list(self.translate_stream(texts, max(1, len(texts)), **options))

    def translate_stream(
        self,
        texts: Iterable[str],
        chunk_lines: int = 2000,
        skip: int = 0,
        **options: Unpack[TranslateOptions],
    ) -> Iterator[Translation]:
        """Translates the sentences of an iterable, however many, in bounded memory.

        Args:
            texts: Sentences, read ``chunk_lines`` at a time.
            chunk_lines: Sentences that are sorted by length and translated together. With 1, each
                translation is ready before the next sentence is read.
            skip: Sentences to skip at the beginning, to go on after an interrupted run.
            options: As for ``translate``.

        Returns:
            An iterator over one translation for each sentence, in order.

        Raises:
            ConfigError: As above.
            DataError: As above, when the chunk of the sentence is read.
        """
        texts = check_texts("texts", texts)
        self._searcher.check_open()
        if has_fixed_search(self.card):
            check_fixed(options, self.search)
        request = self._check(options)
        chunk_lines = check_integer("chunk_lines", chunk_lines, 1)
        skip = check_integer("skip", skip, 0)
        banned = options.get("banned") or ()
        required = read_required(options.get("required"), self.tokenizer, banned)
        if options.get("required") and request.keep is not None:
            raise ConfigError(
                "required (--require) and keep (--keep) cannot be combined; leave out one of them "
                "(an empty keep turns keeping off)"
            )
        prefixes = read_prefixes(options.get("prefix"), self.tokenizer)
        prefixes.skip(skip)
        required.skip(skip)
        return self._stream(
            islice(texts, skip, None),
            request=request,
            prefixes=prefixes,
            required=required,
            finisher=self._finisher(request, skip, required=bool(options.get("required"))),
            chunk_lines=chunk_lines,
            done=skip,
        )

    def translate_html(
        self,
        texts: Iterable[str],
        *,
        markup: Markup | None = None,
        **options: Unpack[TranslateOptions],
    ) -> list[str]:
        """Translates documents with markup; the tags go with the words that they were around.

        Args:
            texts: Documents of HTML, or pieces of such, each of which depends on itself alone.
            markup: How they are read, for example as XML; HTML if None.
            options: As for ``translate``, without ``n_best``, ``prefix`` and ``required``.

        Returns:
            One document for each, in order. Everything but the texts to translate is as it was.

        Raises:
            ConfigError: As ``translate``; if an option has no meaning for documents; if the model
                was trained with its blanks kept.
            DataError: As ``translate``; the number is that of a block of text.
        """
        from s2s.translate.markup.document import translate_documents  # few calls need it

        return translate_documents(check_texts("texts", texts), self, markup or Markup(), options)

    def read_html(self, text: str, markup: Markup | None = None) -> "Document":
        """Reads a document with markup, so that the texts of several are translated together.

        Args:
            text: The document.
            markup: As for ``translate_html``.
        """
        from s2s.translate.markup.document import Document

        gives_attention = self._habits.gives_attention
        return Document(text, markup or Markup(), gives_attention=gives_attention)

    def html_options(self, options: TranslateOptions) -> TranslateOptions:
        """Returns the options for ``translate`` to translate the texts of documents.

        Args:
            options: The caller's.

        Raises:
            ConfigError: If one has no meaning for documents, or the model keeps blanks.
        """
        from s2s.translate.markup.document import html_options

        gives_attention = self._habits.gives_attention
        return html_options(options, self.tokenizer, gives_attention=gives_attention)

    def _check(self, options: TranslateOptions) -> Request:
        """Checks the options of a call."""
        size = self._searcher.batch_size
        return check_request(options, self.search, size, self.tokenizer, self._habits)

    def _finisher(self, request: Request, done: int, *, required: bool) -> "Carrier | Inserter":
        """Returns the object that puts kept texts, or required texts, into translations."""
        if not required:
            return Carrier(self.tokenizer, self._searcher, request, done)
        from s2s.translate.required.inserter import Inserter  # few calls need it

        return Inserter(self.tokenizer, self._searcher, request, done)

    def _stream(
        self,
        texts: Iterator[str],
        *,
        request: Request,
        prefixes: PerSentence[Ids],
        required: PerSentence[tuple[Phrase, ...]],
        finisher: "Carrier | Inserter",
        chunk_lines: int,
        done: int,
    ) -> Iterator[Translation]:
        """Translates sentences chunk by chunk: reads, searches, finishes and joins them."""
        reader = Reader(self.tokenizer, request, done)
        cuts = CutCounter(request.search, done)
        while chunk := take(texts, chunk_lines):
            sources = reader.read(
                chunk, prefixes.take(len(chunk), done), required.take(len(chunk), done)
            )
            # Equal parts have equal translations, so each is searched once.
            distinct = {part for source in sources for part in source.searched_parts}
            parts = sorted(distinct, key=longest_first)
            results = dict(zip(parts, self._searcher.run(parts, finisher.request), strict=True))
            yield from cuts.count(
                [
                    join_sentences(source, beams, request, self.tokenizer)
                    for source, beams in finisher.finish(sources, results)
                ]
            )
            done += len(chunk)
        reader.log_warnings()
        finisher.log_warnings()
        cuts.log_warning()
        prefixes.check_end(done)
        required.check_end(done)

    def score(
        self,
        texts: Iterable[str],
        translations: Iterable[str],
        *,
        to: str | None = None,
        done: int = 0,
        unknown: UnknownCount | None = None,
    ) -> list[Hypothesis]:
        """Returns how probable given translations are (forced decoding).

        Args:
            texts: Source sentences, of 200 pieces at most; 1,000 for vocabularies of characters or
                words.
            translations: One for each sentence, of 1,000 pieces at most.
            to: As for ``translate``.
            done: Sentences that came before, in other calls, for the numbers in messages.
            unknown: Counts characters that the source vocabulary lacks, over several calls. None:
                they are counted in this call, and a warning is logged.

        Returns:
            The translations, with scores and details. A translation with a character that the
            vocabulary lacks has a score of minus infinity.

        Raises:
            ConfigError: If the model has no tag for ``to``.
            DataError: If the two counts differ, or a sentence or a translation is too long.
        """
        texts = list(check_texts("texts", texts))
        translations = list(check_texts("translations", translations))
        if len(texts) != len(translations):
            raise DataError(
                f"there are {len(texts)} sentences but {len(translations)} translations; "
                "expected the same number"
            )
        self._searcher.check_open()
        request = self._check(
            {"to": to, "beam_size": 1, "details": True, "sentences": False, "rewrite": False}
        )
        sources = encode_sources(texts, request, self.tokenizer, done, "split it", unknown)
        targets = encode_targets(translations, self.tokenizer, done)
        return force(zip(sources, targets, strict=True), self._searcher, request)

    def classify(
        self,
        texts: Iterable[str],
        labels: Iterable[str] | None = None,
        *,
        to: str | None = None,
        max_src_length: int | None = None,
        done: int = 0,
        unknown: UnknownCount | None = None,
    ) -> list[list[Label]]:
        """Returns how probable each label is, for a model whose targets are labels.

        Each label is a translation whose probability the model gives (forced decoding); these
        probabilities are then divided by their sum. A text is read in one piece.

        Args:
            texts: Texts to classify.
            labels: Labels, at least two, as the targets of the training were written. None: those
                of the training, which the model's card has if there were at most 100.
            to: As for ``translate``.
            max_src_length: Most pieces of a text, end piece included; by default 200, or 1,000 with
                vocabularies of characters or words.
            done: Texts that came before, in other calls, for the numbers in messages.
            unknown: As for ``score``.

        Returns:
            For each text all labels, the most probable first; none for a blank text.

        Raises:
            ConfigError: If there are no labels or unfit ones, or the model has no tag for ``to``.
            DataError: If a text is too long.
        """
        texts = list(check_texts("texts", texts))
        self._searcher.check_open()
        request = self._check(
            {
                "to": to,
                "beam_size": 1,
                "length_penalty": 0.0,  # a score is then a log-probability
                "sentences": False,
                "max_src_length": max_src_length,
            }
        )
        encoded = encode_labels(labels_of(self.card) if labels is None else labels, self.tokenizer)
        advice = f"cut it, or raise {with_option('max_src_length')}"
        sources = encode_sources(texts, request, self.tokenizer, done, advice, unknown)
        full = [src for src in sources if not self.tokenizer.is_blank(src)]
        found = classify(full, encoded, self._searcher, request)
        return [[] if self.tokenizer.is_blank(src) else next(found) for src in sources]
