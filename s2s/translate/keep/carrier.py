"""The kept texts of one call: put into the translations of their sentences, and counted."""

import logging
from collections.abc import Sequence

from s2s.tokenizer import Tokenizer
from s2s.translate.keep.finder import Finder
from s2s.translate.keep.mending import Carried, Mender, Results
from s2s.translate.keep.units import SourceUnits
from s2s.translate.request import Request
from s2s.translate.searcher import PartResult, Searcher
from s2s.translate.sources import MarkedPart, Sentence, Source
from s2s.translate.translation import Beam, Details, Hypothesis

logger = logging.getLogger(__name__)


class Carrier:
    """Finishes translations: carries the kept texts of their sources over into them."""

    def __init__(
        self, tokenizer: Tokenizer, searcher: Searcher, request: Request, done: int = 0
    ) -> None:
        """Prepares a call.

        Args:
            tokenizer: The model's.
            searcher: Searches.
            request: The call's.
            done: Texts that came before, in another call.
        """
        self.request = request
        """The options of the searches whose results are finished."""
        self._tokenizer = tokenizer
        self._finder = Finder(tokenizer, request.keep)
        self._mender = Mender(tokenizer, searcher, request)
        self._done = done
        self._num_kept = 0
        self._num_inserted = 0
        self._first_inserted = 0

    def finish(
        self, sources: Sequence[Source], results: Results
    ) -> list[tuple[Source, list[Beam]]]:
        """Returns the texts with the hypotheses of each of their parts, kept texts included.

        A text may come back with more kept texts: with its numbers, for example.
        """
        texts = [
            [self._carry(sentence, results) for sentence in source.sentences] for source in sources
        ]
        finished = []
        mended = self._mender.mend(texts, self._carry, self._done)
        for source, text in zip(sources, mended, strict=True):
            self._done += 1
            self._count(text)
            sentences = tuple(carried.sentence for carried in text)
            n_best = self.request.n_best
            beams = [beam[:n_best] for carried in text for beam in carried.beams]
            finished.append((source._replace(sentences=sentences), beams))
        return finished

    def _count(self, text: Sequence[Carried]) -> None:
        for carried in text:
            self._num_kept += sum(not kept.is_sign for kept in carried.sentence.kept)
            if carried.num_inserted:
                self._num_inserted += carried.num_inserted
                self._first_inserted = self._first_inserted or self._done

    def _carry(self, sentence: Sentence, results: Results) -> Carried:
        """Puts the kept texts of a sentence into its translations."""
        beams, num_inserted = [], 0
        for searched, marked in sentence.parts:
            if marked is None or (searched is not None and not marked.kept):
                assert searched is not None
                beams.append(results[searched].hypotheses)
            elif searched is None:
                beams.append(self._copy(marked))
            else:
                beam, inserted = self._place(marked, results[searched], len(searched.prefix))
                num_inserted += inserted
                beams.append(beam)
        return Carried(sentence, tuple(beams), num_inserted)

    def _place(self, marked: MarkedPart, result: PartResult, prefix_len: int) -> tuple[Beam, int]:
        from s2s.translate.keep.placement import place_texts  # few sentences need it

        placements = [
            place_texts(hypothesis, attention, marked, self._finder, self._tokenizer, prefix_len)
            for hypothesis, attention in zip(result.hypotheses, result.attention, strict=True)
        ]
        return tuple(each.hypothesis for each in placements), placements[0].num_inserted

    def _copy(self, marked: MarkedPart) -> Beam:
        """Returns the translation of kept texts without words beside them: the texts themselves."""
        details = None
        if self.request.details:
            words = range(SourceUnits(marked, self._tokenizer).num_words)
            details = Details(log_probs=(), alignment=tuple((word, word) for word in words))
        copy = Hypothesis(text=marked.copy(), score=0.0, pieces=(), details=details, has_kept=True)
        return (copy,) * self.request.n_best

    def log_warnings(self) -> None:
        """Logs what was mended, and how many kept texts had no matching word."""
        self._mender.log(self._done)
        if self._num_inserted:
            logger.warning(
                "%d of %d kept texts had no matching word in the translation; they were inserted "
                "next to the words that attend to their neighbours (first: line %d)",
                self._num_inserted,
                self._num_kept,
                self._first_inserted,
            )
