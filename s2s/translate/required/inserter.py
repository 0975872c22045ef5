"""Translations made to hold required texts, by searches that begin with them.

Hokamp and Liu (2017), "Lexically Constrained Decoding for Sequence Generation Using Grid Beam
Search", and Post and Vilar (2018), "Fast Lexically Constrained Decoding with Dynamic Beam
Allocation for Neural Machine Translation", keep hypotheses that hold 0, 1, 2, ... required pieces
beside each other in one search. Here the search stays as it is, and runs more often: once more for
each gap in the hypotheses that it finds by itself, with the pieces before the gap and then the text
as a forced prefix. The best score decides. So the text is always held, and what follows it is
fluent. But what precedes it was written without knowing of it; several texts are inserted one after
the other, from left to right, instead of being searched together; and a sentence takes as many
searches as it has gaps. These searches are greedy, and only the best gaps are searched with the
whole beam.

Several sentences share batches. Each sentence needs several rounds of searches, and what it
searches next depends on what the last round gave; alone, it would fill no batch. So the work on a
sentence is a generator, a dialogue: it yields a ``Question``, the source parts that it wants
searched, pauses, and is sent the ``Answer``, their hypotheses. A scheduler, ``_answer_all``,
collects the questions of up to ``TOGETHER`` dialogues, has them searched in common batches, one run
for each beam size, and sends each dialogue its answer, until no dialogue has a question left::

    _hold_all, sentence 1 --Question--.                    .--Answer--> sentence 1
    _hold_all, sentence 2 --Question--+--> Searcher.run ---+--Answer--> sentence 2
    _hold_all, sentence 3 --Question--'                    '--Answer--> sentence 3
          ^                                                                 |
          '--------------------------- next round --------------------------'
"""

import logging
import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

from s2s.config import EOS_ID
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.pieces import Ids
from s2s.translate.batching import SourcePart, longest_first
from s2s.translate.keep.mending import Mender
from s2s.translate.phrases import Phrase
from s2s.translate.request import Request
from s2s.translate.required.gaps import find, find_gaps
from s2s.translate.searcher import PartResult, Searcher
from s2s.translate.sources import Source
from s2s.translate.translation import Beam, Hypothesis

TOGETHER = 16
"""Sentences in a round: enough for their gaps to fill batches, few enough to bound the memory."""

FULL_BEAM_GAPS = 10
"""Gaps that are searched with the whole beam. On Multi30k (60 sentences, beam 5, 68 gaps each), all
of them took three times as long for a mean score of -3.001; 10 give -3.006, 5 give -3.017."""


class Question(NamedTuple):
    """What a dialogue wants searched."""

    parts: Sequence[SourcePart]
    beam_size: int


Answer = Mapping[SourcePart, Beam]
"""The hypotheses of each part of a question, among others."""

logger = logging.getLogger(__name__)


@dataclass
class _PartState:
    """A source part with its best hypotheses so far."""

    part: SourcePart
    beam: Beam
    held: tuple[Phrase, ...] = ()
    """Phrases that all hypotheses of the beam hold."""

    def says(self, phrase: Phrase) -> bool:
        """Whether the best hypothesis holds a phrase."""
        return _holds(self.beam[0], phrase)


class Inserter:
    """Finishes translations: makes them hold what is required, and counts where it was missing."""

    def __init__(
        self, tokenizer: Tokenizer, searcher: Searcher, request: Request, done: int = 0
    ) -> None:
        """Prepares a call.

        Args:
            tokenizer: The model's.
            searcher: Searches.
            request: The call's.
            done: Sentences that came before, in another call.
        """
        self._beam_size = request.search.beam_size
        self.request = replace(request, n_best=self._beam_size)
        """The options of the searches whose results are finished: they give whole beams."""
        self._tokenizer = tokenizer
        self._searcher = searcher
        self._n_best = request.n_best
        self._mender = Mender(tokenizer, searcher, request)
        self._done = done
        self._num_missing = 0
        self._first_missing = 0

    def finish(
        self, sources: Sequence[Source], results: Mapping[SourcePart, PartResult]
    ) -> list[tuple[Source, list[Beam]]]:
        """Returns the texts with the hypotheses of each of their parts, ``n_best`` of each.

        The parts of a sentence share its phrases. Each phrase is held by one part: the one that
        says it by itself, or else the one whose score changes for the best.

        Args:
            sources: Sentences of a chunk.
            results: What the search gave for their parts.
        """
        sentences: dict[tuple[tuple[SourcePart, ...], tuple[Phrase, ...]], list[_PartState]] = {}
        for source in sources:
            self._done += 1
            if not (source.searched_parts and source.required):
                continue
            states = [
                _PartState(part, _possible(results[part].hypotheses))
                for part in source.searched_parts
            ]
            if not all(any(s.says(phrase) for s in states) for phrase in source.required):
                self._num_missing += 1
                self._first_missing = self._first_missing or self._done
            # Equal sentences share their dialogue.
            sentences.setdefault((tuple(source.searched_parts), source.required), states)
        dialogues = (self._hold_all(states, phrases) for (_, phrases), states in sentences.items())
        while group := list(islice(dialogues, TOGETHER)):
            self._answer_all(group)
        finished = []
        for number, source in enumerate(sources, self._done - len(sources)):
            found = sentences.get((tuple(source.searched_parts), source.required))
            if found is None:
                beams = [results[part].hypotheses[: self._n_best] for part in source.searched_parts]
            else:
                beams = [self._best(state.beam) for state in found]
            self._mender.check(source, beams, number)
            finished.append((source, beams))
        return finished

    def log_warnings(self) -> None:
        """Logs how many translations lacked what is required, or have other numbers, if any."""
        self._mender.log(self._done)
        if self._num_missing:
            logger.warning(
                "%d of %d translations lacked a required text and were searched again with it "
                "(first: line %d)",
                self._num_missing,
                self._done,
                self._first_missing,
            )

    def _answer_all(self, dialogues: Sequence[Generator[Question, Answer]]) -> None:
        """The scheduler: answers the questions of several dialogues together until all end."""
        questions = [(dialogue, next(dialogue, None)) for dialogue in dialogues]
        while waiting := [(dialogue, asked) for dialogue, asked in questions if asked is not None]:
            parts: dict[int, set[SourcePart]] = {}
            for _, question in waiting:
                parts.setdefault(question.beam_size, set()).update(question.parts)
            answers = {size: self._search(parts[size], size) for size in sorted(parts)}
            questions = [
                (dialogue, _send(dialogue, answers[question.beam_size]))
                for dialogue, question in waiting
            ]

    def _search(self, parts: set[SourcePart], beam_size: int) -> Answer:
        """Searches parts with a beam size; returns each part's whole beam."""
        ordered = sorted(parts, key=longest_first)
        search = replace(self.request.search, beam_size=beam_size)
        request = replace(self.request, search=search, n_best=beam_size)
        results = self._searcher.run(ordered, request)
        return {
            part: _possible(result.hypotheses)
            for part, result in zip(ordered, results, strict=True)
        }

    def _hold_all(
        self, states: Sequence[_PartState], phrases: Sequence[Phrase]
    ) -> Generator[Question, Answer]:
        """The dialogue of a sentence: makes its parts hold phrases, one after the other."""
        ordered = yield from self._order(states, phrases)
        for phrase in ordered:
            choices: list[tuple[float, _PartState, Beam]] = []
            for state in [state for state in states if state.says(phrase)][:1] or states:
                beam = yield from self._hold(state, phrase)
                choices.append((_change(state.beam[0].score, beam[0].score), state, beam))
            _, state, state.beam = max(choices, key=lambda choice: choice[0])
            state.held = (*state.held, phrase)

    def _order(
        self, states: Sequence[_PartState], phrases: Sequence[Phrase]
    ) -> Generator[Question, Answer, list[Phrase]]:
        """Returns phrases that are said already first, not to be lost; others from left to right.

        Only what follows a phrase is searched anew, so a phrase is best inserted after the phrases
        on its left.
        """
        said = [phrase for phrase in phrases if any(state.says(phrase) for state in states)]
        missing = [phrase for phrase in phrases if phrase not in said]
        if len(missing) < 2:
            return said + missing
        places = {}
        for phrase in missing:
            # Where it goes if it goes in alone: the score's change, its part, its place in there.
            trials = [(-math.inf, len(states), 0)]
            for number, state in enumerate(states):
                src = state.part.src
                parts = [SourcePart(src, prefix) for prefix, _ in self._prefixes(state, phrase)]
                answer = yield Question(parts, 1)
                for hypothesis in (answer[part][0] for part in parts):
                    if spans := find(hypothesis.text, phrase.text):
                        change = _change(state.beam[0].score, hypothesis.score)
                        trials.append((change, number, spans[0][0]))
            places[phrase] = max(trials, key=lambda trial: trial[0])[1:]
        return said + sorted(missing, key=places.__getitem__)

    def _prefixes(self, state: _PartState, phrase: Phrase) -> list[tuple[Ids, Ids]]:
        """Returns prefixes that end with a phrase, each with the pieces that came after its gap."""
        prefixes = {
            gap.before + way: gap.after
            for hypothesis in state.beam
            for gap in find_gaps(
                self._tokenizer.tgt_ids(hypothesis.pieces),
                len(state.part.prefix),
                self._tokenizer,
                state.held,
            )
            for way in phrase.ways
        }
        return list(prefixes.items())

    def _hold(self, state: _PartState, phrase: Phrase) -> Generator[Question, Answer, Beam]:
        """Returns hypotheses of a part that hold one phrase more."""
        beam = [hypothesis for hypothesis in state.beam if _holds(hypothesis, phrase)]
        if len(beam) >= self._n_best and beam[0] is state.beam[0]:
            return tuple(beam)
        src, held = state.part.src, (*state.held, phrase)
        prefixes = self._prefixes(state, phrase)
        parts = [SourcePart(src, prefix) for prefix, _ in prefixes]
        answer = yield Question(parts, 1)
        parts = [part for part in parts if _holds(answer[part][0], *held)]
        beam += [answer[part][0] for part in parts]
        if self._beam_size > 1:
            parts.sort(key=lambda part: -answer[part][0].score)
            parts = parts[:FULL_BEAM_GAPS]
            answer = yield Question(parts, self._beam_size)
            hypotheses = (hypothesis for part in parts for hypothesis in answer[part])
            beam += [hypothesis for hypothesis in hypotheses if _holds(hypothesis, *held)]
        if len({hypothesis.text for hypothesis in beam}) < self._n_best:
            # The search made a longer word of the phrase's last one. What is left are whole
            # translations with the phrase in the gap: as a prefix that ends with the end piece, it
            # is held whatever the model says.
            parts = [SourcePart(src, (*prefix, *after, EOS_ID)) for prefix, after in prefixes]
            answer = yield Question(parts, 1)
            beam += [answer[part][0] for part in parts if _holds(answer[part][0], *held)]
        distinct: dict[str, Hypothesis] = {}
        for hypothesis in sorted(beam, key=lambda hypothesis: (-hypothesis.score, hypothesis.text)):
            distinct.setdefault(hypothesis.text, hypothesis)
        return tuple(islice(distinct.values(), self._beam_size))

    def _best(self, beam: Beam) -> Beam:
        """Cuts a beam to ``n_best`` hypotheses; if it has fewer, the last one is repeated."""
        repeated = replace(beam[-1], score=-math.inf)
        return (*beam, *(repeated,) * (self._n_best - len(beam)))[: self._n_best]


def _send(dialogue: Generator[Question, Answer], answer: Answer) -> Question | None:
    """Sends an answer; returns the next question, None if the dialogue has ended."""
    try:
        return dialogue.send(answer)
    except StopIteration:
        return None


def _possible(beam: Beam) -> Beam:
    """Drops hypotheses that a prefix leaves no room for; the first is always possible."""
    return (beam[0], *(hypothesis for hypothesis in beam[1:] if hypothesis.score > -math.inf))


def _holds(hypothesis: Hypothesis, *phrases: Phrase) -> bool:
    return all(find(hypothesis.text, phrase.text) for phrase in phrases)


def _change(before: float, after: float) -> float:
    """Returns the change of a score; 0 if both are minus infinity."""
    return 0.0 if before == after else after - before
