"""Text in, translations out: what production needs, without torch.

>>> from s2s import Translator
>>> Translator("model.onnx").translate(["Good morning."])[0].text
'Guten Morgen.'
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any, Unpack

from s2s.backends import check_device
from s2s.batching import check_whole, longest_first, make_batches, pad, take
from s2s.config import EOS_ID, SearchConfig
from s2s.errors import ConfigError, DataError
from s2s.loading import Model, load
from s2s.request import Request, TranslateOptions, check_request
from s2s.sources import Source, SourceReader
from s2s.tags import codes
from s2s.text import clean
from s2s.tokenizer import Tokenizer
from s2s.translation import Hypothesis, Translation, join_parts


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
        **options: Unpack[TranslateOptions],
    ) -> Iterator[Translation]:
        """Translates what an iterable yields, however long, in bounded memory.

        Args:
            texts: Sentences, read ``chunk_lines`` at a time.
            chunk_lines: Sentences that are sorted by length and translated together; with 1, each
                has its answer before the next is asked for.
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
        return self._stream(iter(texts), request, chunk_lines)

    def _stream(
        self, texts: Iterator[str], request: Request, chunk_lines: int
    ) -> Iterator[Translation]:
        reader = SourceReader(self.tokenizer, request)
        done = 0
        while chunk := take(texts, chunk_lines):
            sources = reader.read(self._tagged(chunk, request.tag, done))
            yield from self._translate(sources, request)
            done += len(chunk)
        reader.tell()

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
        distinct = sorted({ids for source in sources for ids in source.parts}, key=longest_first)
        beam_size, workers = request.search.beam_size, self._backend.workers
        batches = list(make_batches(distinct, beam_size, request.size, workers))
        # One batch runs in the caller's thread: nothing to hand over, nobody to wait for.
        run = self._pool.map if workers > 1 and len(batches) > 1 else map
        searched = run(lambda batch: self._search(batch, request), batches)
        found = dict(zip(distinct, chain.from_iterable(searched), strict=True))
        nothing = (Hypothesis("", 0.0, ()),) * request.n_best
        return [
            Translation(
                join_parts([found[ids] for ids in source.parts]) if source.parts else nothing,
                sum(map(len, source.parts)),
                len(source.parts),
                source.cut,
            )
            for source in sources
        ]

    def _search(
        self, batch: Sequence[tuple[int, ...]], request: Request
    ) -> list[tuple[Hypothesis, ...]]:
        """Pads a batch, searches, and brings each sentence's hypotheses back to text."""
        found = self._backend.search(*pad(batch), request.search)
        n_best = request.n_best
        pieces = [
            [int(piece) for piece in tokens[:length] if piece != EOS_ID]
            for beam, lengths in zip(found.hypotheses, found.lengths, strict=True)
            for tokens, length in zip(beam[:n_best], lengths[:n_best], strict=True)
        ]
        scores = found.scores[:, :n_best].flatten().tolist()
        # Cleaned, because a vocabulary made elsewhere may hold line ends.
        texts = [clean(text) for text in self.tokenizer.decode(pieces)]
        hypotheses = [
            Hypothesis(text, score, tuple(self.tokenizer.tgt_pieces(ids)))
            for text, score, ids in zip(texts, scores, pieces, strict=True)
        ]
        return [tuple(hypotheses[i : i + n_best]) for i in range(0, len(hypotheses), n_best)]
