"""Translations that lack numbers or placeables of their sources: found, counted, searched again.

A network that has seen few numbers, or few addresses, writes others. Three steps bring the right
ones, for the sentences alone that need them: a lower hypothesis of the same beam that has them; or
a second search in which they are kept texts; or else the translation stays, and is counted. If
numbers are kept, no piece with a digit may be written, so that they are all the numbers there are.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

import numpy as np

from s2s.tokenizer import Tokenizer
from s2s.tokenizer.keep import Kind
from s2s.translate.batching import SourcePart, longest_first
from s2s.translate.options import Policy
from s2s.translate.reader import Reader
from s2s.translate.request import Request
from s2s.translate.searcher import PartResult, Searcher
from s2s.translate.sources import Sentence, Source
from s2s.translate.splitting import join
from s2s.translate.translation import Beam
from s2s.writing.numbers import difference, find_numbers, has_digits
from s2s.writing.placeables import find_placeables

logger = logging.getLogger(__name__)


class Carried(NamedTuple):
    """A sentence and what was found for it."""

    sentence: Sentence
    beams: tuple[Beam, ...]
    """The hypotheses of each part, with its kept texts."""
    num_inserted: int = 0
    """Kept texts of the best hypotheses that had no matching word to replace."""


Results = Mapping[SourcePart, PartResult]
Place = tuple[int, int]
"""Numbers, from 0, of a text and of a sentence in it."""


def _has_numbers(sentence: Sentence, text: str, prefix: str) -> bool:
    """Whether a translation has the numbers of its sentence; without numbers, it is free."""
    if not has_digits(sentence.body):
        return True
    missing, added = difference(sentence.body, text)
    if added and prefix:
        given = Counter(number.text for number in find_numbers(prefix))
        added = tuple((Counter(added) - given).elements())
    # What was cut off with the end of the sentence is not missing.
    return not added and (not missing or sentence.cut)


def _has_placeables(sentence: Sentence, text: str, prefix: str) -> bool:
    """Whether a translation has the placeables of its sentence, each as often."""
    for each in set(find_placeables(sentence.body)):
        wanted, found = sentence.body.count(each), text.count(each)
        if found > wanted + prefix.count(each) or (found < wanted and not sentence.cut):
            return False
    return True


class _Check:
    """One kind of text that a translation must have as its source has it, and its counts."""

    def __init__(
        self,
        kind: Kind,
        policy: Policy,
        name: str,
        is_right: Callable[[Sentence, str, str], bool],
    ) -> None:
        self.kind = kind
        self.policy = policy
        self.is_right = is_right
        self._name = name
        self._num_mended = self._first_mended = self._num_left = self._first_left = 0

    def count(self, wrong: Sequence[int], left: Sequence[int], done: int) -> None:
        """Counts the texts that were wrong, and the texts that still are; both in order."""
        rows_left = dict.fromkeys(left)
        mended = [row for row in dict.fromkeys(wrong) if row not in rows_left]
        if mended:
            self._num_mended += len(mended)
            self._first_mended = self._first_mended or done + mended[0] + 1
        if rows_left:
            self._num_left += len(rows_left)
            self._first_left = self._first_left or done + min(rows_left) + 1

    def log(self, done: int, advice: str) -> None:
        """Logs how many of ``done`` texts were wrong, if any were."""
        option = f"{self.kind}s"
        if self._num_mended:
            logger.info(
                "%d of %d texts had other %s than their source; a lower hypothesis or a second "
                "search gave the right ones (--%s off: as they were; first: line %d)",
                self._num_mended,
                done,
                self._name,
                option,
                self._first_mended,
            )
        if self._num_left:
            logger.warning(
                "%d of %d texts have other %s than their source (%sfirst: line %d)",
                self._num_left,
                done,
                self._name,
                "" if self.policy == "keep" else advice.format(option=option),
                self._first_left,
            )


class Mender:
    """The numbers and placeables of one call."""

    def __init__(self, tokenizer: Tokenizer, searcher: Searcher, request: Request) -> None:
        """Takes the model and the call's options."""
        self._tokenizer = tokenizer
        self._searcher = searcher
        self._request = request
        numbers = _Check("number", request.numbers, "numbers", _has_numbers)
        named = "addresses, placeholders or code"
        placeables = _Check("placeable", request.placeables, named, _has_placeables)
        self._checks = [check for check in (numbers, placeables) if check.policy != "off"]
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
        self._mend_again(mended, again, carry)
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
        sentence = carried.sentence
        text = join([beam[rank].text for beam in carried.beams])
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
            for digits in (False, True):
                chosen = {
                    place: kinds for place, kinds in again.items() if ("number" in kinds) == digits
                }
                sentences = [mended[row][place].sentence for row, place in chosen]
                found = self._search(sentences, list(chosen.values()), carry, digits=not digits)
                for ((row, place), kinds), carried in zip(chosen.items(), found, strict=True):
                    wrong = self._wrong(carried, 0) & self._kept
                    if wrong < self._wrong(mended[row][place], 0) & self._kept:
                        mended[row][place] = carried
                    if wrong - kinds:
                        more[row, place] = kinds | wrong
            again = more

    def _search(
        self,
        sentences: Sequence[Sentence],
        kinds: Sequence[frozenset[Kind]],
        carry: Callable[[Sentence, Results], Carried],
        *,
        digits: bool,
    ) -> list[Carried]:
        """Searches sentences with kept texts of some kinds; ``digits`` may be written or not."""
        if not sentences:
            return []
        # A kept number may take a piece more; the sentence was not too long before.
        policy = "split" if self._request.too_long == "error" else self._request.too_long
        reader = Reader(self._tokenizer, replace(self._request, too_long=policy))
        kept = [reader.read_again(*each) for each in zip(sentences, kinds, strict=True)]
        bias = self._request.bias
        if not digits:
            barred = np.zeros(self._tokenizer.tgt_vocab_size, np.float32)
            barred[list(self._tokenizer.tgt_digits)] = -np.inf
            bias = barred if bias is None else bias + barred
        parts = sorted({part for each in kept for part in each.searched_parts}, key=longest_first)
        found = self._searcher.run(parts, replace(self._request, bias=bias)) if parts else ()
        results = dict(zip(parts, found, strict=True))
        return [carry(each, results) for each in kept]

    def log(self, done: int) -> None:
        """Logs how many of ``done`` texts had, or have, other texts than their source."""
        for check in self._checks:
            check.log(done, self._request.advice)
