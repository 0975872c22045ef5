"""The loss of guessing, and the warning of a training that is no better.

Guessing reads no source: it gives each target piece the share that it has in the training text. A
network that learns is better after some hundred updates. One whose learning rate is too high leaves
that loss for good, often without a gradient that is not finite.
"""

import math
from collections.abc import Sequence

import numpy as np

from s2s.corpus.shards import Shards
from s2s.train.config import TrainConfig
from s2s.train.log import Window
from s2s.train.position import Position

SAMPLE_PAIRS = 50_000
"""Pairs of each corpus whose pieces are counted."""
MARGIN = 0.1
"""Nats a target token by which a loss must be above that of guessing to be noticed."""
FALLING = 0.01
"""A loss that falls by so many nats a target token is learning, slowly."""
LONG = 100
"""Updates after the warm-up with such a loss, before a training warns."""


def guessing_loss(
    corpora: Sequence[tuple[Shards, float]], vocab_size: int, label_smoothing: float
) -> float:
    """Returns the loss of guessing each target piece by its share of the text.

    Args:
        corpora: Training text and weights.
        vocab_size: Pieces of the target.
        label_smoothing: Share of probability that the loss spreads over the vocabulary; a guess
            that minimises such a loss spreads it, too.

    Returns:
        Nats a target token, without label smoothing, as the ``nll`` of the log.

    Raises:
        FileError: If the files of a corpus were removed.
    """
    counts = np.zeros(vocab_size)
    for shards, weight in corpora:
        _, tgt = shards.read(0, min(SAMPLE_PAIRS, len(shards)))
        share = len(shards) / max(1, len(tgt))
        counts += weight * share * np.bincount(tgt.ids, minlength=vocab_size)
    shares = counts / counts.sum()
    guess = (1 - label_smoothing) * shares + label_smoothing / vocab_size
    some = shares > 0
    return float(-(shares[some] * np.log(guess[some])).sum())


class GuessingWatch:
    """Watches whether a training is better than guessing."""

    def __init__(self, loss: float, vocab_size: int, config: TrainConfig) -> None:
        """Makes a watch.

        Args:
            loss: What ``guessing_loss`` returned.
            vocab_size: Pieces of the target.
            config: Settings that the warning names.
        """
        self.loss = loss
        self._uniform = math.log(vocab_size)
        self._config = config

    def look(self, window: Window, position: Position, warmup: int) -> str | None:
        """Takes in the updates of a window.

        Args:
            window: Some updates.
            position: After them; its counters are brought up to date.
            warmup: Updates of the warm-up.

        Returns:
            A warning, once the loss was above that of guessing for ``LONG`` updates after the
            warm-up and did not fall.
        """
        nll = window.nll / window.tokens
        lowest, position.lowest_nll = position.lowest_nll, min(nll, position.lowest_nll)
        if nll <= self.loss + MARGIN:
            position.guessing = position.diverging = 0
            return None
        position.guessing += window.updates
        # From far above, a loss falls by chance: a network that knows nothing is at ``_uniform``.
        falls = nll < min(lowest - FALLING, self._uniform + MARGIN)
        before = position.diverging
        position.diverging = 0 if falls or position.update <= warmup else before + window.updates
        if before < LONG <= position.diverging:
            return (
                f"the loss has been above that of guessing ({self.loss:.2f} nats a target piece) "
                f"for {position.guessing:,} updates, and is now {nll:.2f}; {self._advice(warmup)}"
            )
        return None

    def verdict(self, position: Position, warmup: int) -> str | None:
        """Returns what is wrong with a training that has ended; None if nothing is.

        Args:
            position: At the end.
            warmup: Updates of the warm-up.
        """
        if not position.guessing:
            return None
        what = (
            f"the training ended no better than guessing: its last {position.guessing:,} updates "
            f"had a loss of more than {self.loss:.2f} nats a target piece"
        )
        if position.diverging >= LONG or position.lowest_nll <= self.loss:
            return f"{what}; {self._advice(warmup)}"
        return f"{what}; train longer (--max-updates, --max-epochs, --max-minutes)"

    def is_useless(self, position: Position) -> bool:
        """Whether the last updates of a training and its best weights are no better than that."""
        return position.guessing > 0 and not position.best_loss < self.loss

    def _advice(self, warmup: int) -> str:
        longer = max(200, 2 * warmup)
        return (
            f"lower learning_rate (--learning-rate) from {self._config.learning_rate:g}, or take a "
            f"longer warm-up than {warmup:,} updates (--set warmup_updates={longer})"
        )
