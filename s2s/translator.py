"""Text in, translations out: what production needs, without torch.

>>> from s2s import Translator
>>> Translator("model.onnx").translate(["Good morning."])[0].text
'Guten Morgen.'
"""

import dataclasses
import logging
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Any

from s2s.backends import check_device
from s2s.batching import BatchSize, check_whole, longest_first, make_batches, pad, take
from s2s.config import EOS_ID, FORBIDDEN_IDS, SearchConfig
from s2s.errors import ConfigError, DataError
from s2s.loading import Model, load
from s2s.tags import choose_tag, codes
from s2s.text import clean
from s2s.tokenizer import Tokenizer
from s2s.translation import Hypothesis, Translation

MAX_SRC_LENGTH = 1000
"""Pieces of a source sentence that are translated, the end piece counted, unless told otherwise."""


logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Options:
    """A call's checked arguments."""

    search: SearchConfig
    tag: str | None
    n_best: int
    size: BatchSize
    max_src_length: int


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
        self,
        texts: Sequence[str],
        *,
        to: str | None = None,
        beam_size: int | None = None,
        n_best: int = 1,
        length_penalty: float | None = None,
        max_length: int | None = None,
        batch_tokens: int | None = None,
        max_src_length: int = MAX_SRC_LENGTH,
    ) -> list[Translation]:
        """Translates sentences.

        Args:
            texts: One sentence each; a line end inside one is a blank.
            to: Code of the language to translate to, of a model that was trained with tags for
                several: its tag is put before each sentence, which then is text from its first
                character. If None, each sentence has to begin with a tag itself: ``<2de> Hello.``
            beam_size: Hypotheses kept at each step; the model's own value if None.
            n_best: Hypotheses to return, at most ``beam_size``.
            length_penalty: Alpha of Wu et al. (2016), equation 14; larger prefers longer ones.
            max_length: Pieces of a translation at most.
            batch_tokens: Source pieces in a batch, padding counted; bounds the memory.
            max_src_length: Pieces of a sentence that are read; more are cut off, with a warning.

        Returns:
            One translation a sentence, in order; of a blank sentence, a blank one.

        Raises:
            ConfigError: If a value is out of range, or the model has no tag for ``to``.
            DataError: If a sentence begins with no tag, and ``to`` is None, of a model with tags.
        """
        stream = self.translate_stream(
            texts,
            to=to,
            beam_size=beam_size,
            n_best=n_best,
            length_penalty=length_penalty,
            max_length=max_length,
            batch_tokens=batch_tokens,
            max_src_length=max_src_length,
            chunk_lines=max(1, len(texts)),
        )
        return list(stream)

    def translate_stream(
        self,
        texts: Iterable[str],
        *,
        to: str | None = None,
        beam_size: int | None = None,
        n_best: int = 1,
        length_penalty: float | None = None,
        max_length: int | None = None,
        batch_tokens: int | None = None,
        max_src_length: int = MAX_SRC_LENGTH,
        chunk_lines: int = 2000,
    ) -> Iterator[Translation]:
        """Translates what an iterable yields, however long, in bounded memory.

        Args:
            texts: Sentences, read ``chunk_lines`` at a time.
            to: As for ``translate``, like those that follow.
            beam_size: As above.
            n_best: As above.
            length_penalty: As above.
            max_length: As above.
            batch_tokens: As above.
            max_src_length: As above.
            chunk_lines: Sentences that are sorted by length and translated together; with 1, each
                has its answer before the next is asked for.

        Returns:
            An iterator over one translation a sentence, in order.

        Raises:
            ConfigError: If a value is out of range, or the model has no tag for ``to``.
            DataError: As above, when the sentence's portion is asked for.
        """
        if isinstance(texts, str):
            raise ConfigError("texts is one string; expected a list of them: translate([text])")
        options = _Options(
            self._search_config(beam_size, length_penalty, max_length),
            choose_tag(to, self.tokenizer.tags),
            n_best,
            self._backend.batch_size,
            max_src_length,
        )
        check_whole("n_best", n_best, 1)
        if n_best > options.search.beam_size:
            raise ConfigError(
                f"n_best is {n_best} but beam_size only {options.search.beam_size}; raise beam_size"
            )
        if batch_tokens is not None:
            check_whole("batch_tokens", batch_tokens, 1)
            options = dataclasses.replace(options, size=options.size._replace(tokens=batch_tokens))
        check_whole("max_src_length", max_src_length, 2)
        check_whole("chunk_lines", chunk_lines, 1)
        return self._stream(iter(texts), options, chunk_lines)

    def _search_config(
        self, beam_size: int | None, length_penalty: float | None, max_length: int | None
    ) -> SearchConfig:
        """The model's values, and those of the caller in their place."""
        own = self.search
        search = dataclasses.replace(
            own,
            beam_size=own.beam_size if beam_size is None else beam_size,
            length_penalty=own.length_penalty if length_penalty is None else length_penalty,
            max_length=own.max_length if max_length is None else max_length,
        )
        most = self.tokenizer.tgt_vocab_size - len(FORBIDDEN_IDS)
        if search.beam_size > most:
            raise ConfigError(
                f"beam_size is {search.beam_size}; the model's vocabulary allows at most {most}"
            )
        return search

    def _stream(
        self, texts: Iterator[str], options: _Options, chunk_lines: int
    ) -> Iterator[Translation]:
        done = cuts = first_cut = 0
        while chunk := take(texts, chunk_lines):
            for translation in self._translate(self._tagged(chunk, options.tag, done), options):
                done += 1
                if translation.cut:
                    cuts += 1
                    first_cut = first_cut or done
                yield translation
        if cuts:
            logger.warning(
                "%d of %d sentences had over %d pieces and were cut there (first: line %d)",
                cuts,
                done,
                options.max_src_length,
                first_cut,
            )

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

    def _translate(self, texts: Sequence[str], options: _Options) -> list[Translation]:
        limit = options.max_src_length
        encoded = self.tokenizer.encode_src(texts)
        sources = [
            tuple(ids if len(ids) <= limit else [*ids[: limit - 1], EOS_ID]) for ids in encoded
        ]
        # No pieces: a blank sentence, or one of characters that the tokenizer knows as nothing.
        blank = [self.tokenizer.is_blank(ids) for ids in encoded]
        # Equal sentences have equal translations, so one of them is searched.
        spoken = {ids for ids, empty in zip(sources, blank, strict=True) if not empty}
        distinct = sorted(spoken, key=longest_first)
        beam_size, workers = options.search.beam_size, self._backend.workers
        batches = list(make_batches(distinct, beam_size, options.size, workers))
        # One batch runs in the caller's thread: nothing to hand over, nobody to wait for.
        run = self._pool.map if workers > 1 and len(batches) > 1 else map
        searched = run(lambda batch: self._search(batch, options), batches)
        found = dict(zip(distinct, chain.from_iterable(searched), strict=True))
        nothing = (Hypothesis("", 0.0, ()),) * options.n_best
        return [
            Translation(nothing, 0)
            if empty
            else Translation(found[ids], len(ids), cut=len(whole) > limit)
            for ids, whole, empty in zip(sources, encoded, blank, strict=True)
        ]

    def _search(
        self, batch: Sequence[tuple[int, ...]], options: _Options
    ) -> list[tuple[Hypothesis, ...]]:
        """Pads a batch, searches, and brings each sentence's hypotheses back to text."""
        found = self._backend.search(*pad(batch), options.search)
        n_best = options.n_best
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
