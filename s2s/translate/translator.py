"""Text in, translations out: what production needs, without torch.

>>> from s2s import Translator
>>> Translator("model.onnx").translate(["Good morning."])[0].text
'Guten Morgen.'
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn, Self, Unpack

from s2s.config import SearchConfig, check_integer
from s2s.errors import ConfigError, DataError, SentenceError, UseError, printable
from s2s.runtime.backend import check_device
from s2s.runtime.load import Model, load
from s2s.runtime.providers import Provider
from s2s.text import clean
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.pieces import Ids
from s2s.tokenizer.tags import codes
from s2s.translate.batching import SourcePart, longest_first, take
from s2s.translate.keep.carrier import Carrier
from s2s.translate.keep.units import SourceUnits
from s2s.translate.per_sentence import PerSentence
from s2s.translate.phrases import Phrase, check_known, read_required
from s2s.translate.request import MAX_SCORED, Request, TranslateOptions, check_request
from s2s.translate.searcher import Searcher
from s2s.translate.sources import Source, SourceReader
from s2s.translate.translation import Details, Hypothesis, Translation, join_parts
from s2s.translate.words import count_words

if TYPE_CHECKING:
    from s2s.translate.required.insertion import Inserter


class Translator:
    """Translates with a model file (onnxruntime), a run folder or several of those (torch).

    One object may be used by several threads at once. What a sentence gets depends on the sentence
    alone, not on its neighbours.

    It is of one process: a copy in a forked process raises UseError, and it cannot be pickled. As a
    context manager, or by ``close``, it ends its threads and gives back its memory.
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
            model: Path or bytes of an ``.onnx`` file, or path of a run folder. Or several run
                folders, an ensemble: each step's log-probabilities are the mean of theirs, see
                ``s2s.model.ensemble``. They share their vocabularies, and may differ in all
                else; recommended values are the first one's.
            device: ``cpu`` or ``cuda``.
            threads: Cores to use; all that the process may use if None. Batches run side by side,
                one on each; with more than one, those that come alone are shared by two.
            session_options: An ``onnxruntime.SessionOptions``, used as it is: s2s sets nothing in
                it. Change what ``s2s.session_options()`` returns, so that the
                rest stays as s2s has it; above all one thread in a session, as ``threads`` batches
                run at once.
            providers: Execution providers of onnxruntime in place of ``device``, in order of
                preference, names or names with options:
                ``[("CUDAExecutionProvider", {"device_id": 1})]``. All of them must start. Batches
                run side by side only where the first one is ``CPUExecutionProvider``.

        Raises:
            ConfigError: If a value is out of range, or a model file is one of several models; if
                onnxruntime knows no such provider, or a run folder is given such a value.
            DeviceError: If the device or a provider is not there.
            FileError: If the model cannot be read.
            MissingPackageError: If onnxruntime (or torch, for a run folder) is missing.
            ModelError: If it is no s2s model, or a damaged one, or runs do not fit together; or if
                onnxruntime refuses it or its options.
        """
        check_device(device)
        if threads is not None:
            check_integer("threads", threads, 1)
        self.card: dict[str, Any]
        """What the model says about itself: JSON values."""
        self.tokenizer: Tokenizer
        self.search: SearchConfig
        """Recommended values."""
        if providers is not None and device != "cpu":
            raise ConfigError(f"device is {device!r} beside providers; leave out one of them")
        loaded = load(model, device, threads, session_options, providers)
        _, self.card, self.tokenizer, self.search = loaded
        self._searcher = Searcher(loaded.backend, self.tokenizer)

    def close(self) -> None:
        """Ends the threads and lets the model go; every later call raises UseError.

        Batches that are being searched for other threads are waited for; those calls, if they have
        more to do, end with UseError. To close again does nothing.
        """
        self._searcher.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise UseError("a translator cannot be copied or pickled; make one in each process")

    def translate(
        self, texts: Sequence[str], **options: Unpack[TranslateOptions]
    ) -> list[Translation]:
        """Translates sentences.

        Args:
            texts: One sentence each; a line end inside one is a blank.
            options: See ``s2s.translate.request.TranslateOptions``.

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
        self._searcher.backend()  # before any work
        request = check_request(options, self.search, self._searcher.batch_size, self.tokenizer)
        check_integer("chunk_lines", chunk_lines, 1)
        check_integer("skip", skip, 0)
        banned = options.get("banned") or ()
        required = read_required(options.get("required"), self.tokenizer, banned)
        if options.get("required") and request.keep is not None:
            raise ConfigError(
                "required words and kept texts cannot be had in one call; leave out required, or "
                "keep nothing: keep='', --keep ''"
            )
        prefixes = self._prefixes(options.get("prefix"))
        for each in (prefixes, required):
            each.leave_out(skip)
        rest = islice(texts, skip, None)
        inserter = None
        if options.get("required"):
            from s2s.translate.required.insertion import Inserter  # few calls need it

            inserter = Inserter(self.tokenizer, self._searcher, request, skip)
        return self._stream(rest, prefixes, required, request, chunk_lines, skip, inserter)

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
            translations: As many, of 1,000 pieces at most.
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
        self._searcher.backend()  # before any work
        request = check_request(options, self.search, self._searcher.batch_size, self.tokenizer)
        limit, queries = request.max_src_length, []
        sources = self.tokenizer.encode_src(self._tagged(texts, request.tag, done))
        targets = self.tokenizer.encode_tgt([clean(text) for text in translations])
        for number, (src, tgt) in enumerate(zip(sources, targets, strict=True), done + 1):
            for owner, ids, most in (("has", src, limit), ("has a target of", tgt, MAX_SCORED)):
                if len(ids) > most:
                    what = f"{owner} {len(ids)} pieces; expected at most {most}: split it"
                    raise SentenceError(number, what)
            queries.append(SourcePart(tuple(src), tuple(tgt)))
        distinct = sorted(set(queries), key=longest_first)
        found = dict(zip(distinct, self._searcher.run(distinct, request), strict=True))
        return [found[query].hypotheses[0] for query in queries]

    def _prefixes(self, prefix: str | Sequence[str] | None) -> PerSentence[Ids]:
        """Encodes one prefix for all sentences, or one for each."""
        if prefix is None or isinstance(prefix, str):
            return PerSentence.same(self._encode_prefix(prefix) if prefix else (), "prefixes")
        return PerSentence.of(map(self._encode_prefix, prefix), "prefixes")

    def _encode_prefix(self, prefix: str) -> Ids:
        text = clean(prefix)
        (ids,) = self.tokenizer.encode_tgt([text])
        check_known(f"the prefix {printable(text)!r}", text, ids, self.tokenizer)
        return tuple(ids[:-1])

    def _stream(
        self,
        texts: Iterator[str],
        prefixes: PerSentence[Ids],
        required: PerSentence[tuple[Phrase, ...]],
        request: Request,
        chunk_lines: int,
        done: int,
        inserter: "Inserter | None",
    ) -> Iterator[Translation]:
        reader = SourceReader(self.tokenizer, request, done)
        carrier = Carrier(self.tokenizer, request, done)
        while chunk := take(texts, chunk_lines):
            begun = prefixes.take(len(chunk), done)
            wanted = required.take(len(chunk), done)
            sources = reader.read(self._tagged(chunk, request.tag, done), begun, wanted)
            yield from self._translate(sources, request, carrier, inserter)
            done += len(chunk)
        reader.tell()
        carrier.tell()
        if inserter is not None:
            inserter.tell()
        prefixes.finish(done)
        required.finish(done)

    def _tagged(self, texts: Sequence[str], tag: str | None, done: int) -> list[str]:
        """Cleans sentences and puts the tag before them, or looks that they have one."""
        texts = [clean(text) for text in texts]
        if tag is not None:
            return [f"{tag} {text}" for text in texts]
        tags = self.tokenizer.tags
        for number, text in enumerate(texts if tags else (), done + 1):
            if text and self.tokenizer.tag_of(text) is None:
                raise SentenceError(
                    number,
                    f"begins with none of the model's tags {', '.join(tags)}; name the language "
                    f"to translate to (to={codes(tags)[0]!r}, --to {codes(tags)[0]}), or begin "
                    "each sentence with its tag",
                )
        return texts

    def _translate(
        self,
        sources: Sequence[Source],
        request: Request,
        carrier: Carrier,
        inserter: "Inserter | None",
    ) -> list[Translation]:
        # Equal sentences have equal translations, so one of them is searched.
        distinct = {each for source in sources for each in source.queries}
        ordered = sorted(distinct, key=longest_first)
        if inserter is not None:
            beams = dict(zip(ordered, inserter.search(ordered), strict=True))
            found = inserter.insert(sources, beams)
        else:
            searched = dict(zip(ordered, self._searcher.run(ordered, request), strict=True))
            found = [carrier.carry(source, searched) for source in sources]
        details = Details((), ()) if request.details else None
        nothing = (Hypothesis("", 0.0, (), details),) * request.n_best
        return [
            Translation(
                join_parts(parts, self._words(source, request)) or nothing,
                sum(len(each.src) for each in source.queries),
                len(source.parts),
                source.cut,
            )
            for source, parts in zip(sources, found, strict=True)
        ]

    def _words(self, source: Source, request: Request) -> list[int]:
        """Counts the words of each part, if anybody wants to know."""
        if not request.details or len(source.parts) == 1:
            return [0] * len(source.parts)
        if source.kept:
            return [SourceUnits(each, self.tokenizer).num_words for each in source.kept]
        return [count_words(self.tokenizer.src_pieces(each.src)) for each in source.queries]
