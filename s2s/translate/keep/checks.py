"""What a translation must have as its source has it: numbers, placeables, names; and the counts."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from s2s.tokenizer.keep import Kind
from s2s.translate.options import Policy
from s2s.translate.request import Request
from s2s.translate.sources import Sentence
from s2s.writing import placeables
from s2s.writing.names import NameFinder
from s2s.writing.numbers import difference, find_numbers, has_digits

logger = logging.getLogger(__name__)


class Check:
    """One kind of text that a translation must have as its source has it."""

    def __init__(
        self,
        kind: Kind,
        policy: Policy,
        name: str,
        is_right: Callable[[Sentence, str, str], bool],
    ) -> None:
        """Makes a check.

        Args:
            kind: The kind.
            policy: The option of the call; not ``off``.
            name: What messages call the texts.
            is_right: Whether a sentence, its translation and the prefix of this agree.
        """
        self.kind = kind
        self.policy = policy
        self.is_right = is_right
        self._name = name
        self._num_mended = self._first_mended = self._num_left = self._first_left = 0

    def count(self, wrong: Sequence[int], left: Sequence[int], done: int) -> None:
        """Counts texts.

        Args:
            wrong: Numbers, from 0, of the texts that were wrong, in order.
            left: Those that still are.
            done: Texts that came before.
        """
        rows_left = dict.fromkeys(left)
        mended = [row for row in dict.fromkeys(wrong) if row not in rows_left]
        if mended:
            self._num_mended += len(mended)
            self._first_mended = self._first_mended or done + mended[0] + 1
        if rows_left:
            self._num_left += len(rows_left)
            self._first_left = self._first_left or done + min(rows_left) + 1

    def log(self, done: int, advice: str) -> None:
        """Logs how many of ``done`` texts were wrong, and how many still are, if any."""
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


def make_checks(request: Request) -> list[Check]:
    """Returns the checks that the options of a call ask for."""
    checks = [
        Check("number", request.numbers, "numbers", _has_numbers),
        Check("placeable", request.placeables, "addresses, placeholders or code", _has_placeables),
    ]
    if request.name_finder is not None:
        has_names = partial(_has_names, request.name_finder)
        checks.append(Check("name", request.names, "names", has_names))
    return [check for check in checks if check.policy != "off"]


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
    differing = placeables.difference(sentence.body, text)
    return all(
        more <= prefix.count(each) and (more > 0 or sentence.cut)
        for each, more in differing.items()
    )


def _has_names(finder: NameFinder, sentence: Sentence, text: str, _: str) -> bool:
    """Whether a translation has the names of its sentence."""
    return sentence.cut or not finder.missing(sentence.body, text)
