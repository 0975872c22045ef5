"""What is kept of the sentences of one call, put into their translations and counted."""

import logging
from collections.abc import Mapping

from s2s.tokenizer import Tokenizer
from s2s.translate.batching import SourcePart
from s2s.translate.keep.units import SourceUnits
from s2s.translate.request import Request
from s2s.translate.searcher import PartResult
from s2s.translate.sources import MarkedPart, Source
from s2s.translate.translation import Details, Hypothesis

logger = logging.getLogger(__name__)


class Carrier:
    """Puts kept texts into translations."""

    def __init__(self, tokenizer: Tokenizer, request: Request, done: int = 0) -> None:
        """``done`` sentences came before, in another call."""
        self._tokenizer = tokenizer
        self._request = request
        self._done = done
        self._kept = 0
        self._inserted = 0
        self._first = 0

    def carry(
        self, source: Source, found: Mapping[SourcePart, PartResult]
    ) -> list[tuple[Hypothesis, ...]]:
        """Returns the hypotheses of each part of a sentence, with what is kept of it."""
        self._done += 1
        if not source.kept:
            return [found[query].hypotheses for query in source.queries]
        hypotheses = []
        for query, part in zip(source.parts, source.kept, strict=True):
            self._kept += len(part.kept)
            if query is None:
                hypotheses.append(self._copied(part))
            elif not part.kept:
                hypotheses.append(found[query].hypotheses)
            else:
                hypotheses.append(self._carried(query, part, found[query]))
        return hypotheses

    def _carried(
        self, query: SourcePart, part: MarkedPart, found: PartResult
    ) -> tuple[Hypothesis, ...]:
        from s2s.translate.keep.placement import carry  # few sentences need it

        keep = self._request.keep
        assert keep is not None
        carried = [
            carry(hypothesis, attention, part, keep, self._tokenizer, len(query.prefix))
            for hypothesis, attention in zip(found.hypotheses, found.attention, strict=True)
        ]
        if carried[0].inserted:
            self._inserted += carried[0].inserted
            self._first = self._first or self._done
        return tuple(each.hypothesis for each in carried)

    def _copied(self, part: MarkedPart) -> tuple[Hypothesis, ...]:
        """Returns kept texts that no word stands beside: they are their own translation."""
        details = None
        if self._request.details:
            words = range(SourceUnits(part, self._tokenizer).num_words)
            details = Details((), tuple((word, word) for word in words))
        only = Hypothesis(part.copy(), 0.0, (), details, has_kept=True)
        return (only,) * self._request.n_best

    def tell(self) -> None:
        """Logs how many kept texts had no word to replace, if there were any."""
        if self._inserted:
            logger.warning(
                "%d of %d kept texts were put between words, where the attention looked at their "
                "neighbours (first: line %d)",
                self._inserted,
                self._kept,
                self._first,
            )
