"""The translator: sentences in, translations out, without torch for a model file.

>>> from s2s import Translator
>>> Translator("model.onnx").translate(["Good morning."])[0].text
'Guten Morgen.'
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn, Self, Unpack

from s2s.config import SearchConfig, check_integer
from s2s.errors import ConfigError, UseError
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
from s2s.translate.limits import CutCounter, check_fixed
from s2s.translate.markup.calls import MarkupCalls
from s2s.translate.options import TranslateOptions
from s2s.translate.per_sentence import PerSentence
from s2s.translate.phrases import Phrase, read_prefixes, read_required
from s2s.translate.reader import Reader
from s2s.translate.request import Request, check_request
from s2s.translate.scoring_calls import ScoringCalls
from s2s.translate.searcher import Searcher
from s2s.translate.translation import Translation

if TYPE_CHECKING:
    from s2s.translate.required.inserter import Inserter


class Translator(MarkupCalls, ScoringCalls):
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
            options: See ``s2s.translate.options.TranslateOptions``.

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
