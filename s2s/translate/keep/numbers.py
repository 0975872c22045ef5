"""Translations whose numbers are not those of their sources: found, counted, searched again.

A network that has seen few numbers writes others. Three steps bring the right ones, for the
sentences alone that need them: a lower hypothesis of the same beam that has the right numbers; or a
second search in which the numbers are kept texts and no piece with a digit may be written, so that
the kept ones are all the numbers there are; or else the translation stays, and is counted.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

import numpy as np

from s2s.tokenizer import Tokenizer
from s2s.translate.batching import SourcePart, longest_first
from s2s.translate.reader import Reader
from s2s.translate.request import Request
from s2s.translate.searcher import PartResult, Searcher
from s2s.translate.sources import Sentence, Source
from s2s.translate.splitting import join
from s2s.translate.translation import Beam
from s2s.writing.numbers import difference, find_numbers, has_digits

logger = logging.getLogger(__name__)


class Carried(NamedTuple):
    """A sentence and what was found for it."""

    sentence: Sentence
    beams: tuple[Beam, ...]
    """The hypotheses of each part, with its kept texts."""
    num_inserted: int = 0
    """Kept texts of the best hypotheses that had no matching word to replace."""


Results = Mapping[SourcePart, PartResult]


class NumberKeeper:
    """The numbers of one call."""

    def __init__(self, tokenizer: Tokenizer, searcher: Searcher, request: Request) -> None:
        """Takes the model and the call's options."""
        self._tokenizer = tokenizer
        self._searcher = searcher
        self._request = request
        self._checks = request.numbers != "off"
        self._num_mended = self._first_mended = self._num_left = self._first_left = 0

    def mend(
        self,
        texts: Sequence[Sequence[Carried]],
        carry: Callable[[Sentence, Results], Carried],
        done: int,
    ) -> list[list[Carried]]:
        """Returns the sentences of some texts with the right numbers in their translations.

        Args:
            texts: The sentences of each text.
            carry: Puts kept texts into the results of a search.
            done: Texts that came before.
        """
        mended = [list(text) for text in texts]
        if not self._checks:
            return mended
        wrong = [
            (row, place)
            for row, text in enumerate(texts)
            for place, carried in enumerate(text)
            if not self._is_right(carried, 0)
        ]
        again: list[tuple[int, int]] = []
        for row, place in wrong if self._request.numbers == "keep" else ():
            carried = mended[row][place]
            if beam := self._right_ones(carried):
                mended[row][place] = carried._replace(beams=(beam,))
            else:
                again.append((row, place))
        sentences = [mended[row][place].sentence for row, place in again]
        for (row, place), carried in zip(again, self._search(sentences, carry), strict=True):
            if self._is_right(carried, 0):
                mended[row][place] = carried
        left = [(row, place) for row, place in wrong if not self._is_right(mended[row][place], 0)]
        rows_left = dict.fromkeys(row for row, _ in left)
        self._count([row for row, _ in wrong if row not in rows_left], list(rows_left), done)
        return mended

    def check(self, source: Source, beams: Sequence[Beam], done: int) -> None:
        """Counts a text if its numbers are wrong; ``done`` texts came before."""
        of_parts = iter(beams)
        text = [
            Carried(sentence, tuple(islice(of_parts, len(sentence.parts))))
            for sentence in source.sentences
        ]
        self.mend([text], lambda sentence, _: Carried(sentence, ()), done)

    def _count(self, mended: Sequence[int], left: Sequence[int], done: int) -> None:
        if mended:
            self._num_mended += len(set(mended))
            self._first_mended = self._first_mended or done + mended[0] + 1
        if left:
            self._num_left += len(left)
            self._first_left = self._first_left or done + left[0] + 1

    def _is_right(self, carried: Carried, rank: int) -> bool:
        """Whether a hypothesis has the numbers of its sentence; one without numbers is free."""
        sentence = carried.sentence
        if not (carried.beams and has_digits(sentence.body)):
            return True
        text = join([beam[rank].text for beam in carried.beams])
        missing, added = difference(sentence.body, text)
        if added and (prefix := self._tokenizer.decode([sentence.prefix])[0]):
            given = Counter(number.text for number in find_numbers(prefix))
            added = tuple((Counter(added) - given).elements())
        # What was cut off with the end of the sentence is not missing.
        return not added and (not missing or sentence.cut)

    def _right_ones(self, carried: Carried) -> Beam:
        """Returns the hypotheses with the right numbers, if there are ``n_best`` of them."""
        if len(carried.beams) > 1:
            return ()
        (beam,) = carried.beams
        right = [
            hypothesis
            for rank, hypothesis in enumerate(beam)
            if hypothesis.score > -np.inf and self._is_right(carried, rank)
        ]
        return tuple(right) if len(right) >= self._request.n_best else ()

    def _search(
        self, sentences: Sequence[Sentence], carry: Callable[[Sentence, Results], Carried]
    ) -> list[Carried]:
        """Searches sentences with their numbers kept."""
        if not sentences:
            return []
        # A kept number may take a piece more; the sentence was not too long before.
        policy = "split" if self._request.too_long == "error" else self._request.too_long
        reader = Reader(self._tokenizer, replace(self._request, too_long=policy))
        kept = [reader.read_again(sentence) for sentence in sentences]
        bias = np.zeros(self._tokenizer.tgt_vocab_size, np.float32)
        bias[list(self._tokenizer.tgt_digits)] = -np.inf
        if self._request.bias is not None:
            bias += self._request.bias
        parts = sorted({part for each in kept for part in each.searched_parts}, key=longest_first)
        found = self._searcher.run(parts, replace(self._request, bias=bias)) if parts else ()
        results = dict(zip(parts, found, strict=True))
        return [carry(each, results) for each in kept]

    def log(self, done: int) -> None:
        """Logs how many of ``done`` texts had other numbers, if there were any."""
        if self._num_mended:
            logger.info(
                "%d of %d texts had other numbers than their source; a lower hypothesis or a "
                "second search gave the right ones (--numbers off: as they were; first: line %d)",
                self._num_mended,
                done,
                self._first_mended,
            )
        if self._num_left:
            logger.warning(
                "%d of %d texts have other numbers than their source (%sfirst: line %d)",
                self._num_left,
                done,
                self._request.numbers_advice,
                self._first_left,
            )
