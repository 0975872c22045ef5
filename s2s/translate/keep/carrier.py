"""The kept texts of one call: put into the translations of their sentences, and counted."""

import logging
from collections.abc import Mapping, Sequence

from s2s.tokenizer import Tokenizer
from s2s.translate.batching import SourcePart
from s2s.translate.keep.finder import Finder
from s2s.translate.keep.units import SourceUnits
from s2s.translate.request import Request
from s2s.translate.searcher import PartResult
from s2s.translate.sources import MarkedPart, Source
from s2s.translate.translation import Beam, Details, Hypothesis

logger = logging.getLogger(__name__)


class Carrier:
    """Finishes translations: carries the kept texts of their sources over into them."""

    def __init__(self, tokenizer: Tokenizer, request: Request, done: int = 0) -> None:
        """``done`` sentences came before, in another call."""
        self.request = request
        """The options of the searches whose results are finished."""
        self._tokenizer = tokenizer
        self._finder = Finder(tokenizer, request.keep)
        self._done = done
        self._num_kept = 0
        self._num_inserted = 0
        self._first_inserted = 0

    def finish(
        self, sources: Sequence[Source], results: Mapping[SourcePart, PartResult]
    ) -> list[list[Beam]]:
        """Returns the hypotheses of each part of each sentence, kept texts included."""
        return [self._finish(source, results) for source in sources]

    def _finish(self, source: Source, results: Mapping[SourcePart, PartResult]) -> list[Beam]:
        self._done += 1
        beams = []
        for searched, marked in source.parts:
            if marked is not None:
                self._num_kept += sum(not kept.is_sign for kept in marked.kept)
            if marked is None or (searched is not None and not marked.kept):
                assert searched is not None
                beams.append(results[searched].hypotheses)
            elif searched is None:
                beams.append(self._copy(marked))
            else:
                beams.append(self._carry(marked, results[searched], len(searched.prefix)))
        return beams

    def _carry(self, marked: MarkedPart, result: PartResult, prefix_len: int) -> Beam:
        from s2s.translate.keep.placement import place_texts  # few sentences need it

        placements = [
            place_texts(hypothesis, attention, marked, self._finder, self._tokenizer, prefix_len)
            for hypothesis, attention in zip(result.hypotheses, result.attention, strict=True)
        ]
        if num_inserted := placements[0].num_inserted:
            self._num_inserted += num_inserted
            self._first_inserted = self._first_inserted or self._done
        return tuple(placement.hypothesis for placement in placements)

    def _copy(self, marked: MarkedPart) -> Beam:
        """Returns the translation of kept texts without words beside them: the texts themselves."""
        details = None
        if self.request.details:
            words = range(SourceUnits(marked, self._tokenizer).num_words)
            details = Details(log_probs=(), alignment=tuple((word, word) for word in words))
        copy = Hypothesis(text=marked.copy(), score=0.0, pieces=(), details=details, has_kept=True)
        return (copy,) * self.request.n_best

    def log_warnings(self) -> None:
        """Logs how many kept texts had no matching word, if there were any."""
        if self._num_inserted:
            logger.warning(
                "%d of %d kept texts had no matching word in the translation; they were inserted "
                "next to the words that attend to their neighbours (first: line %d)",
                self._num_inserted,
                self._num_kept,
                self._first_inserted,
            )
