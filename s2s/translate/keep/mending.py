"""Translations that lack numbers, placeables or names of their sources: found, searched again.

A network that has seen few numbers, addresses or names writes others. These steps bring the right
ones, for the sentences alone that need them: a lower hypothesis of the same beam that has them; a
search with names that the network knows in place of names and addresses, which are put back; a
search in which they are kept texts; or else the translation stays, and is counted. If numbers are
kept, no piece with a digit may be written, so that they are all the numbers there are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from s2s.tokenizer import Tokenizer
from s2s.tokenizer.keep import Kind, is_tag
from s2s.translate.batching import SourcePart, longest_first
from s2s.translate.keep.checks import make_checks
from s2s.translate.reader import Reader
from s2s.translate.request import Request
from s2s.translate.searcher import PartResult, Searcher
from s2s.translate.sources import Sentence, Source
from s2s.translate.splitting import join
from s2s.translate.translation import Beam
from s2s.writing.names import put_back, with_stand_ins
from s2s.writing.placeables import placeable_spans


class Carried(NamedTuple):
    """A sentence and what was found for it."""

    sentence: Sentence
    beams: tuple[Beam, ...]
    """The hypotheses of each part, with its kept texts."""
    num_inserted: int = 0
    """Kept texts of the best hypotheses that had no matching word to replace."""

    def text(self, rank: int) -> str:
        """Returns the text of a hypothesis."""
        return join([beam[rank].text for beam in self.beams])

    def with_others(self, others: dict[str, str], body: str) -> "Carried":
        """Returns the hypotheses of a sentence, ``body``, with others in place of stand-ins."""
        beams = tuple(
            tuple(
                replace(hypothesis, text=put_back(hypothesis.text, others), has_kept=True)
                for hypothesis in beam
            )
            for beam in self.beams
        )
        return self._replace(sentence=self.sentence._replace(body=body), beams=beams)


Results = Mapping[SourcePart, PartResult]
_STOOD_IN: frozenset[Kind] = frozenset({"name", "placeable"})
"""Kinds of texts that a name can stand in for."""
Place = tuple[int, int]
"""Numbers, from 0, of a text and of a sentence in it."""


class Mender:
    """The numbers, placeables and names of one call."""

    def __init__(self, tokenizer: Tokenizer, searcher: Searcher, request: Request) -> None:
        """Takes the model and the call's options."""
        self._tokenizer = tokenizer
        self._searcher = searcher
        self._request = request
        self._checks = make_checks(request)
        self._kept = frozenset(request.mended)

    def mend(
        self,
        texts: Sequence[Sequence[Carried]],
        carry: Callable[[Sentence, Results], Carried],
        done: int,
    ) -> list[list[Carried]]:
        """Returns the sentences of some texts with what their translations lacked.

        Args:
            texts: The sentences of each text.
            carry: Puts kept texts into the results of a search.
            done: Texts that came before.
        """
        mended = [list(text) for text in texts]
        if not self._checks:
            return mended
        wrong = {
            (row, place): kinds
            for row, text in enumerate(texts)
            for place, carried in enumerate(text)
            if (kinds := self._wrong(carried, 0))
        }
        again: dict[Place, frozenset[Kind]] = {}
        for (row, place), kinds in wrong.items():
            if not kinds & self._kept:
                continue
            carried = mended[row][place]
            if beam := self._right_ones(carried):
                mended[row][place] = carried._replace(beams=(beam,))
            else:
                again[row, place] = kinds & self._kept
        left_again = self._with_stand_ins(mended, again, carry)
        self._mend_again(mended, left_again, carry)
        left = {(row, place): self._wrong(mended[row][place], 0) for row, place in wrong}
        for check in self._checks:
            check.count(
                [row for (row, _), kinds in wrong.items() if check.kind in kinds],
                [row for (row, _), kinds in left.items() if check.kind in kinds],
                done,
            )
        return mended

    def check(self, source: Source, beams: Sequence[Beam], done: int) -> None:
        """Counts a text if it lacks something; ``done`` texts came before."""
        of_parts = iter(beams)
        text = [
            Carried(sentence, tuple(islice(of_parts, len(sentence.parts))))
            for sentence in source.sentences
        ]
        self.mend([text], lambda sentence, _: Carried(sentence, ()), done)

    def _wrong(self, carried: Carried, rank: int) -> frozenset[Kind]:
        """Returns the kinds that a hypothesis has not as its sentence has them."""
        if not carried.beams:
            return frozenset()
        sentence, text = carried.sentence, carried.text(rank)
        prefix = self._tokenizer.decode([sentence.prefix])[0] if sentence.prefix else ""
        return frozenset(
            check.kind for check in self._checks if not check.is_right(sentence, text, prefix)
        )

    def _right_ones(self, carried: Carried) -> Beam:
        """Returns the hypotheses that lack nothing, if there are ``n_best`` of them."""
        if len(carried.beams) > 1:
            return ()
        (beam,) = carried.beams
        right = [
            hypothesis
            for rank, hypothesis in enumerate(beam)
            if hypothesis.score > -np.inf and not self._wrong(carried, rank) & self._kept
        ]
        return tuple(right) if len(right) >= self._request.n_best else ()

    def _with_stand_ins(
        self,
        mended: Sequence[list[Carried]],
        again: Mapping[Place, frozenset[Kind]],
        carry: Callable[[Sentence, Results], Carried],
    ) -> dict[Place, frozenset[Kind]]:
        """Searches sentences with names that the network knows in place of what they lacked.

        Returns:
            The sentences that still lack something, with all kinds that they lacked.
        """
        left = dict(again)
        asked: dict[Place, tuple[Sentence, frozenset[Kind]]] = {}
        others: dict[Place, dict[str, str]] = {}
        for (row, place), kinds in again.items():
            sentence = mended[row][place].sentence
            spans = self._lacking(mended[row][place], kinds)
            changed = with_stand_ins(sentence.body, spans, self._request.stand_ins)
            if spans and changed is not None:
                asked[row, place] = sentence._replace(body=changed[0]), kinds - _STOOD_IN
                others[row, place] = changed[1]
        for (row, place), found in self._search(asked, carry).items():
            body = mended[row][place].sentence.body
            carried = found.with_others(others[row, place], body)
            if not any(self._wrong(carried, rank) & self._kept for rank in self._ranks(carried)):
                mended[row][place] = carried
                del left[row, place]
        return left

    def _lacking(self, carried: Carried, kinds: frozenset[Kind]) -> list[tuple[int, int]]:
        """Returns where the names and placeables are that a translation lacks.

        A tag is no word, and one with a blank is several: then there are none.
        """
        body, text = carried.sentence.body, carried.text(0)
        spans = placeable_spans(body) if "placeable" in kinds else []
        if any(is_tag(body[start:end]) or " " in body[start:end] for start, end in spans):
            return []
        if "name" in kinds and self._request.name_finder is not None:
            missing = self._request.name_finder.missing(body, text)
            names = self._request.name_finder.find(body)
            spans += [(name.start, name.end) for name in names if name.text in missing]
        return sorted(spans)

    def _ranks(self, carried: Carried) -> range:
        """Returns the ranks of the hypotheses that are returned."""
        return range(min([self._request.n_best, *map(len, carried.beams)]))

    def _mend_again(
        self,
        mended: Sequence[list[Carried]],
        again: Mapping[Place, frozenset[Kind]],
        carry: Callable[[Sentence, Results], Carried],
    ) -> None:
        """Searches sentences again with what they lacked as kept texts.

        What was right before may be wrong then: the next search keeps that, too.
        """
        while again:
            more: dict[Place, frozenset[Kind]] = {}
            sentences = {
                (row, place): (mended[row][place].sentence, kinds)
                for (row, place), kinds in again.items()
            }
            for (row, place), carried in self._search(sentences, carry).items():
                wrong = self._wrong(carried, 0) & self._kept
                if wrong < self._wrong(mended[row][place], 0) & self._kept:
                    mended[row][place] = carried
                if wrong - again[row, place]:
                    more[row, place] = again[row, place] | wrong
            again = more

    def _search(
        self,
        sentences: Mapping[Place, tuple[Sentence, frozenset[Kind]]],
        carry: Callable[[Sentence, Results], Carried],
    ) -> dict[Place, Carried]:
        """Searches sentences with kept texts of some kinds."""
        found: dict[Place, Carried] = {}
        # A kept number may take a piece more; the sentence was not too long before.
        policy = "split" if self._request.too_long == "error" else self._request.too_long
        reader = Reader(self._tokenizer, replace(self._request, too_long=policy))
        for keeps_numbers in (False, True):
            chosen = {
                place: reader.read_again(sentence, kinds)
                for place, (sentence, kinds) in sentences.items()
                if ("number" in kinds) == keeps_numbers
            }
            bias = self._without_digits() if keeps_numbers else self._request.bias
            parts = sorted(
                {part for sentence in chosen.values() for part in sentence.searched_parts},
                key=longest_first,
            )
            results = self._searcher.run(parts, replace(self._request, bias=bias)) if parts else ()
            by_part = dict(zip(parts, results, strict=True))
            found |= {place: carry(sentence, by_part) for place, sentence in chosen.items()}
        return found

    def _without_digits(self) -> NDArray[np.float32]:
        """Returns a bias that bars pieces with digits, too."""
        bias = np.zeros(self._tokenizer.tgt_vocab_size, np.float32)
        bias[list(self._tokenizer.tgt_digits)] = -np.inf
        return bias if self._request.bias is None else bias + self._request.bias

    def log(self, done: int) -> None:
        """Logs how many of ``done`` texts had, or have, other texts than their source."""
        for check in self._checks:
            check.log(done, self._request.advice)
