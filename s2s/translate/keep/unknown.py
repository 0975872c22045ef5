"""Counts what a source vocabulary cannot read: characters, or words of a vocabulary of words."""

import logging

from s2s.tokenizer import Tokenizer

logger = logging.getLogger(__name__)


class UnknownCount:
    """The runs of unknown characters or words of one call, or of several."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        policy: str = "drop",
        advice: str = "train on text that has them",
    ) -> None:
        """Makes a count.

        Args:
            tokenizer: Says what a piece of the source is.
            policy: The option ``unknown``.
            advice: How the runs could be copied, if they are not.
        """
        self._unit = "words" if tokenizer.src_unknown.of_words else "characters"
        self._policy = policy
        self._advice = advice
        self._num_runs = self._num_texts = self._first = 0

    def count(self, line: int, num_runs: int) -> None:
        """Counts the runs of a text; ``line`` is its number, from 1."""
        if num_runs:
            self._num_runs += num_runs
            self._num_texts += 1
            self._first = self._first or line

    def log(self) -> None:
        """Logs what was done with the runs, if there were any."""
        if not self._num_runs:
            return
        what = f"{self._num_runs} runs of unknown {self._unit} in {self._num_texts} texts were"
        if self._policy == "copy":
            logger.info(
                "%s copied (--unknown drop: left to the model; first: line %d)", what, self._first
            )
        else:
            logger.warning(
                "%s left to the model, which cannot read them (%s; first: line %d)",
                what,
                self._advice,
                self._first,
            )
