"""Translations made to hold required texts, by searches that begin with them.

Hokamp and Liu (2017), "Lexically Constrained Decoding for Sequence Generation Using Grid Beam
Search", and Post and Vilar (2018), "Fast Lexically Constrained Decoding with Dynamic Beam
Allocation for Neural Machine Translation", keep hypotheses that hold 0, 1, 2, ... pieces of what is
required beside each other in one search. Here the search stays as it is, and is asked more often:
for each place in the hypotheses that it finds by itself, once more, with all before the place and
then the text as a forced prefix. The best score decides. So the text is always held, and what
follows it is fluent; but what precedes it was written without knowing of it, several texts are put
in one after the other, from left to right, rather than searched together; and a sentence takes as
many searches as it has places. Those are greedy, and only the best places are searched with the
whole beam.
"""

import logging
import math
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

from s2s.config import EOS_ID
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.pieces import Ids
from s2s.translate.batching import SourcePart, longest_first
from s2s.translate.phrases import Phrase
from s2s.translate.request import Request
from s2s.translate.required.gaps import find, find_gaps
from s2s.translate.searcher import Searcher
from s2s.translate.sources import Source
from s2s.translate.translation import Hypothesis

TOGETHER = 16
"""Sentences that are searched again at once: their places fill batches, and memory is bounded."""

PLACES = 10
"""Places that are searched with the whole beam. On Multi30k (60 sentences, beam 5, 68 places each),
all of them took three times as long for a mean score of -3.001; 10 give -3.006, 5 give -3.017."""

Beam = tuple[Hypothesis, ...]
"""Hypotheses of a sentence or of a part of one, best first."""
Beams = dict[SourcePart, Beam]


class Asked(NamedTuple):
    """What is to be searched."""

    queries: Sequence[SourcePart]
    beam_size: int


logger = logging.getLogger(__name__)


@dataclass
class _Part:
    """A sentence or a part of one, on the way."""

    query: SourcePart
    beam: Beam
    held: tuple[Phrase, ...] = ()
    """What all of the beam holds."""

    def says(self, phrase: Phrase) -> bool:
        return _holds(self.beam[0], phrase)


class Inserter:
    """Makes the translations of one call hold what they must, and counts where it was missing."""

    def __init__(
        self, tokenizer: Tokenizer, searcher: Searcher, request: Request, read: int = 0
    ) -> None:
        """Sets out.

        Args:
            tokenizer: The model's.
            searcher: Searches.
            request: The call's.
            read: Sentences that came before, in another call.
        """
        self._tokenizer = tokenizer
        self._searcher = searcher
        self._request = request
        self._beam_size = request.search.beam_size  # of hypotheses that places are looked for in
        self._n_best = request.n_best
        self._read = read
        self._missing = 0
        self._first_missing = 0

    def insert(self, sources: Sequence[Source], found: Beams) -> list[list[Beam]]:
        """Returns for each sentence the hypotheses of its parts, ``n_best`` of each.

        The parts of a sentence share what it must hold: each text is held by one of them, the one
        that says it by itself, or else where it changes the score for the best.

        Args:
            sources: Sentences of a portion.
            found: What ``search`` found of their parts.
        """
        begun: dict[tuple[tuple[SourcePart, ...], tuple[Phrase, ...]], list[_Part]] = {}
        for source in sources:
            self._read += 1
            if not (source.parts and source.required):
                continue
            parts = [_Part(query, _possible(found[query])) for query in source.queries]
            if not all(any(p.says(phrase) for p in parts) for phrase in source.required):
                self._missing += 1
                self._first_missing = self._first_missing or self._read
            begun.setdefault((tuple(source.queries), source.required), parts)
        waiting = (self._hold(parts, phrases) for (_, phrases), parts in begun.items())
        while group := list(islice(waiting, TOGETHER)):
            self._go_on(group)
        return [
            [self._best(part.beam) for part in begun[key]]
            if (key := (tuple(source.queries), source.required)) in begun
            else [found[query][: self._n_best] for query in source.queries]
            for source in sources
        ]

    def search(self, queries: Sequence[SourcePart]) -> Iterable[Beam]:
        """Searches what ``insert`` begins with."""
        return self._run(queries, self._beam_size)

    def _run(self, queries: Sequence[SourcePart], beam_size: int) -> Iterable[Beam]:
        """Searches with a beam size; gives each query's whole beam, in order."""
        search = replace(self._request.search, beam_size=beam_size)
        whole = replace(self._request, search=search, n_best=beam_size)
        return (each.hypotheses for each in self._searcher.run(queries, whole))

    def tell(self) -> None:
        """Logs how many translations did not hold by themselves what they must, if any."""
        if self._missing:
            logger.warning(
                "%d of %d translations did not hold what is required, and were searched again to "
                "hold it (first: line %d)",
                self._missing,
                self._read,
                self._first_missing,
            )

    def _go_on(self, sentences: Sequence[Generator[Asked, Beams]]) -> None:
        """Searches for several sentences together until all have what they ask for."""
        waiting = [(sentence, next(sentence, None)) for sentence in sentences]
        while asking := [(sentence, asked) for sentence, asked in waiting if asked is not None]:
            found = {}
            for size in sorted({asked.beam_size for _, asked in asking}):
                same = {each for _, asked in asking if asked.beam_size == size for each in asked[0]}
                distinct = sorted(same, key=longest_first)
                beams = map(_possible, self._run(distinct, size))
                found[size] = dict(zip(distinct, beams, strict=True))
            waiting = [(each, _send(each, found[asked.beam_size])) for each, asked in asking]

    def _hold(self, parts: Sequence[_Part], phrases: Sequence[Phrase]) -> Generator[Asked, Beams]:
        """Makes the beams of a sentence's parts hold texts, one after the other."""
        ordered = yield from self._in_order(parts, phrases)
        for phrase in ordered:
            changes: list[tuple[float, _Part, Beam]] = []
            for part in [part for part in parts if part.says(phrase)][:1] or parts:
                beam = yield from self._insert(part, phrase)
                changes.append((_change(part.beam[0].score, beam[0].score), part, beam))
            _, part, part.beam = max(changes, key=lambda change: change[0])
            part.held = (*part.held, phrase)

    def _in_order(
        self, parts: Sequence[_Part], phrases: Sequence[Phrase]
    ) -> Generator[Asked, Beams, list[Phrase]]:
        """Returns what is said by itself first, not to be lost; the rest from left to right.

        Since only what follows a text is searched anew, a text is best put in after the others.
        """
        said = [phrase for phrase in phrases if any(part.says(phrase) for part in parts)]
        missing = [phrase for phrase in phrases if phrase not in said]
        if len(missing) < 2:
            return said + missing
        places = {}
        for phrase in missing:
            # Where it goes if it goes in alone: its change of the score, its part, its place there.
            tried = [(-math.inf, len(parts), 0)]
            for number, part in enumerate(parts):
                asked = [
                    SourcePart(part.query.src, before) for before, _ in self._ways(part, phrase)
                ]
                found = yield Asked(asked, 1)
                for each in (found[query][0] for query in asked):
                    if spans := find(each.text, phrase.text):
                        change = _change(part.beam[0].score, each.score)
                        tried.append((change, number, spans[0][0]))
            places[phrase] = max(tried, key=lambda each: each[0])[1:]
        return said + sorted(missing, key=places.__getitem__)

    def _ways(self, part: _Part, phrase: Phrase) -> list[tuple[Ids, Ids]]:
        """Returns pieces up to a text put in, that included, and those that came after."""
        ways = {
            place.before + way: place.after
            for each in part.beam
            for place in find_gaps(
                self._tokenizer.tgt_ids(each.pieces),
                len(part.query.prefix),
                self._tokenizer,
                part.held,
            )
            for way in phrase.ways
        }
        return list(ways.items())

    def _insert(self, part: _Part, phrase: Phrase) -> Generator[Asked, Beams, Beam]:
        """Returns hypotheses of a part that hold one text more."""
        kept = [each for each in part.beam if _holds(each, phrase)]
        if len(kept) >= self._n_best and kept[0] is part.beam[0]:
            return tuple(kept)
        src, held = part.query.src, (*part.held, phrase)
        ways = self._ways(part, phrase)
        asked = [SourcePart(src, before) for before, _ in ways]
        found = yield Asked(asked, 1)
        kept += [found[query][0] for query in asked if _holds(found[query][0], *held)]
        if self._beam_size > 1:
            ranked = sorted(asked, key=lambda query: -found[query][0].score)
            asked = [query for query in ranked if _holds(found[query][0], *held)][:PLACES]
            found = yield Asked(asked, self._beam_size)
            kept += [each for query in asked for each in found[query] if _holds(each, *held)]
        if len({each.text for each in kept}) < self._n_best:
            # The search made longer words of the text's last one. Left are whole translations with
            # the text put in: at the end of one, it is held whatever the model says.
            asked = [SourcePart(src, (*before, *after, EOS_ID)) for before, after in ways]
            found = yield Asked(asked, 1)
            kept += [found[query][0] for query in asked if _holds(found[query][0], *held)]
        distinct: dict[str, Hypothesis] = {}
        for each in sorted(kept, key=lambda each: (-each.score, each.text)):
            distinct.setdefault(each.text, each)
        return tuple(islice(distinct.values(), self._beam_size))

    def _best(self, beam: Beam) -> Beam:
        """Cuts a beam to what was asked for; where there are fewer, the last one is repeated."""
        repeated = Hypothesis(beam[-1].text, -math.inf, beam[-1].pieces, beam[-1].details)
        return (*beam, *(repeated,) * (self._n_best - len(beam)))[: self._n_best]


def _send(sentence: Generator[Asked, Beams], found: Beams) -> Asked | None:
    try:
        return sentence.send(found)
    except StopIteration:
        return None


def _possible(beam: Beam) -> Beam:
    """Leaves out hypotheses that a prefix leaves no room for; the first is always possible."""
    return (beam[0], *(each for each in beam[1:] if each.score > -math.inf))


def _holds(hypothesis: Hypothesis, *phrases: Phrase) -> bool:
    return all(find(hypothesis.text, phrase.text) for phrase in phrases)


def _change(before: float, after: float) -> float:
    """Returns the change of a score; none where both are minus infinity."""
    return 0.0 if before == after else after - before
