"""Text in, translations out: what production needs, without torch.

>>> from s2s import Translator
>>> Translator("model.onnx").translate(["Good morning."])[0].text
'Guten Morgen.'
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice, repeat
from typing import Any, Unpack

from s2s.backends import Batch, check_device
from s2s.batching import Ids, Query, check_whole, longest_first, make_batches, pad, take
from s2s.config import SearchConfig
from s2s.errors import ConfigError, DataError
from s2s.hypotheses import read_hypotheses
from s2s.loading import Model, load
from s2s.request import Request, TranslateOptions, check_request
from s2s.sources import Source, SourceReader
from s2s.tags import codes
from s2s.text import clean
from s2s.tokenizer import Tokenizer
from s2s.translation import Details, Hypothesis, Translation, join_parts
from s2s.words import count_words


class Translator:
    """Translates with a model file (onnxruntime), a run folder or several of those (torch).

    One object may be used by several threads at once. What a sentence gets depends on the sentence
    alone, not on its neighbours; in int8 but for rounding, see ``export/README.md``.
    """

    def __init__(
        self,
        model: Model | Sequence[Model],
        *,
        device: str = "cpu",
        threads: int | None = None,
    ) -> None:
        """Loads a model.

        Args:
            model: Path or bytes of an ``.onnx`` file, or path of a run folder. Or several run
                folders, an ensemble: each step's log-probabilities are the mean of theirs, see
                ``s2s.model.ensemble``. They share their vocabularies, and may differ in all
                else; recommended values are the first one's.
            device: ``cpu`` or ``cuda``.
            threads: Cores to use; all that the process may use if None.

        Raises:
            ConfigError: If a value is out of range, or a model file is one of several models.
            DeviceError: If the device is not there.
            FileError: If the model cannot be read.
            MissingPackageError: If onnxruntime (or torch, for a run folder) is missing.
            ModelError: If it is no s2s model, or a damaged one, or runs do not fit together.
        """
        check_device(device)
        if threads is not None:
            check_whole("threads", threads, 1)
        self.card: dict[str, Any]
        """What the model says about itself: JSON values."""
        self.tokenizer: Tokenizer
        self.search: SearchConfig
        """Recommended values."""
        self._backend, self.card, self.tokenizer, self.search = load(model, device, threads)
        self._pool = ThreadPoolExecutor(self._backend.workers, "s2s")

    def translate(
        self, texts: Sequence[str], **options: Unpack[TranslateOptions]
    ) -> list[Translation]:
        """Translates sentences.

        Args:
            texts: One sentence each; a line end inside one is a blank.
            options: See ``s2s.request.TranslateOptions``.

        Returns:
            One translation a sentence, in order; of a blank sentence, a blank one.

        Raises:
            ConfigError: If an option is out of range, or the model has no tag for ``to``.
            DataError: If a sentence begins with no tag, and ``to`` is None, of a model with tags;
                or is too long and ``too_long`` is ``error``.
        """
        return list(self.translate_stream(texts, max(1, len(texts)), **options))

    def translate_stream(
        self,
        texts: Iterable[str],
        chunk_lines: int = 2000,
        skip: int = 0,
        **options: Unpack[TranslateOptions],
    ) -> Iterator[Translation]:
        """Translates what an iterable yields, however long, in bounded memory.

        Args:
            texts: Sentences, read ``chunk_lines`` at a time.
            chunk_lines: Sentences that are sorted by length and translated together; with 1, each
                has its answer before the next is asked for.
            skip: Sentences at the beginning that are left out, those of an interrupted run.
            options: As for ``translate``.

        Returns:
            An iterator over one translation a sentence, in order.

        Raises:
            ConfigError: As above.
            DataError: As above, when the sentence's portion is asked for.
        """
        if isinstance(texts, str):
            raise ConfigError("texts is one string; expected a list of them: translate([text])")
        request = check_request(options, self.search, self._backend.batch_size, self.tokenizer)
        check_whole("chunk_lines", chunk_lines, 1)
        check_whole("skip", skip, 0)
        rest = islice(texts, skip, None)
        prefix = options.get("prefix")
        prefixes = islice(self._prefixes(prefix), skip, None)
        one_for_all = prefix is None or isinstance(prefix, str)
        return self._stream(rest, prefixes, request, chunk_lines, skip, one_for_all=one_for_all)

    def score(
        self,
        texts: Sequence[str],
        translations: Sequence[str],
        *,
        to: str | None = None,
        done: int = 0,
    ) -> list[Hypothesis]:
        """Says how probable given translations are (forced decoding).

        Args:
            texts: Source sentences, of 200 pieces at most.
            translations: As many.
            to: As for ``translate``.
            done: Sentences that came before, in other calls, for the numbers in messages.

        Returns:
            The translations, with scores and details. One that has a character that the vocabulary
            lacks has a score of minus infinity.

        Raises:
            ConfigError: If the model has no tag for ``to``.
            DataError: If there are more of one than of the other, or a sentence is too long.
        """
        if len(texts) != len(translations):
            raise DataError(f"{len(texts)} sentences but {len(translations)} translations")
        options: TranslateOptions = {"to": to, "beam_size": 1, "details": True}
        request = check_request(options, self.search, self._backend.batch_size, self.tokenizer)
        limit, queries = request.max_src_length, []
        sources = self.tokenizer.encode_src(self._tagged(texts, request.tag, done))
        targets = self.tokenizer.encode_tgt([clean(text) for text in translations])
        for number, (src, tgt) in enumerate(zip(sources, targets, strict=True), done + 1):
            if len(src) > limit:
                raise DataError(
                    f"sentence {number} has {len(src)} pieces; expected at most {limit}: split it"
                )
            queries.append(Query(tuple(src), tuple(tgt)))
        distinct = sorted(set(queries), key=longest_first)
        found = dict(zip(distinct, self._run(distinct, request), strict=True))
        return [found[query][0] for query in queries]

    def _prefixes(self, prefix: str | Sequence[str] | None) -> Iterator[Ids]:
        """Encodes one prefix for all sentences, or one for each."""
        if prefix is None or isinstance(prefix, str):
            return repeat(self._encode_prefix(prefix or ""))
        return map(self._encode_prefix, prefix)

    def _encode_prefix(self, prefix: str) -> Ids:
        (ids,) = self.tokenizer.encode_tgt([clean(prefix)])
        return tuple(ids[:-1])

    def _stream(
        self,
        texts: Iterator[str],
        prefixes: Iterator[Ids],
        request: Request,
        chunk_lines: int,
        done: int,
        *,
        one_for_all: bool,
    ) -> Iterator[Translation]:
        reader = SourceReader(self.tokenizer, request, done)
        while chunk := take(texts, chunk_lines):
            begun = list(islice(prefixes, len(chunk)))
            if len(begun) < len(chunk):
                raise ConfigError(
                    f"there are {done + len(begun)} prefixes, and more sentences; expected as many"
                )
            sources = reader.read(self._tagged(chunk, request.tag, done), begun)
            yield from self._translate(sources, request)
            done += len(chunk)
        reader.tell()
        # Of one prefix for all, there is always a next one: it is not asked for.
        if not one_for_all and next(prefixes, None) is not None:
            raise ConfigError(f"there are more than {done} prefixes, but {done} sentences")

    def _tagged(self, texts: Sequence[str], tag: str | None, done: int) -> list[str]:
        """Cleans sentences and puts the tag before them, or looks that they have one."""
        texts = [clean(text) for text in texts]
        if tag is not None:
            return [f"{tag} {text}" for text in texts]
        tags = self.tokenizer.tags
        for number, text in enumerate(texts if tags else (), done + 1):
            if text and self.tokenizer.tag_of(text) is None:
                raise DataError(
                    f"sentence {number} begins with none of the model's tags {', '.join(tags)}; "
                    f"name the language to translate to (to={codes(tags)[0]!r}, --to "
                    f"{codes(tags)[0]}), or begin each sentence with its tag"
                )
        return texts

    def _translate(self, sources: Sequence[Source], request: Request) -> list[Translation]:
        # Equal sentences have equal translations, so one of them is searched.
        distinct = sorted({each for source in sources for each in source.parts}, key=longest_first)
        found = dict(zip(distinct, self._run(distinct, request), strict=True))
        details = Details((), ()) if request.details else None
        nothing = (Hypothesis("", 0.0, (), details),) * request.n_best
        return [
            Translation(
                join_parts([found[each] for each in source.parts], self._words(source, request))
                if source.parts
                else nothing,
                sum(len(each.src) for each in source.parts),
                len(source.parts),
                source.cut,
            )
            for source in sources
        ]

    def _words(self, source: Source, request: Request) -> list[int]:
        """Counts the words of each part, if anybody wants to know."""
        if not request.details or len(source.parts) == 1:
            return [0] * len(source.parts)
        return [count_words(self.tokenizer.src_pieces(each.src)) for each in source.parts]

    def _run(self, queries: Sequence[Query], request: Request) -> Iterable[tuple[Hypothesis, ...]]:
        beam_size, workers = request.search.beam_size, self._backend.workers
        batches = list(make_batches(queries, beam_size, request.size, workers))
        # One batch runs in the caller's thread: nothing to hand over, nobody to wait for.
        run = self._pool.map if workers > 1 and len(batches) > 1 else map
        return chain.from_iterable(run(lambda batch: self._search(batch, request), batches))

    def _search(self, queries: Sequence[Query], request: Request) -> list[tuple[Hypothesis, ...]]:
        """Pads a batch, searches, and brings each sentence's hypotheses back to text."""
        prefixes = [query.prefix for query in queries]
        batch = Batch(
            *pad([query.src for query in queries]),
            pad(prefixes)[0] if any(prefixes) else None,
            request.bias,
        )
        found = self._backend.search(batch, request.search, details=request.details)
        return read_hypotheses(found, queries, request.n_best, self.tokenizer)
