"""What the size of a training decides: its limit, its batches, its warm-up, and its log.

Settings that are None are chosen here. A training of ordinary size has the longest warm-up and the
largest batches; one of little text or few updates has less of both, so that it learns at all: a
network that sees 20 pairs 20 times in one batch does not leave its warm-up.
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from s2s.corpus import CorpusConfig
from s2s.corpus.plan import SRC_SHARE
from s2s.corpus.shards import Shards
from s2s.corpus.survey import Survey
from s2s.tokenizer import Tokenizer
from s2s.train.config import LIMITS, TrainConfig
from s2s.train.position import Position

DEFAULT_EPOCHS = 20
"""Epochs of a training without a limit."""
DEFAULT_UPDATES = 1000
"""Updates of a training without a limit, if ``DEFAULT_EPOCHS`` have fewer."""
LEAST_UPDATES = 400
"""If ``max_epochs`` have fewer updates, batches become smaller, until they have as many."""
WARMUP_SHARE = 0.2
"""Share of the updates that a warm-up may take."""
VALIDATIONS = 10
"""Validations of a training that is long enough for them."""
BETWEEN_VALIDATIONS = 10
"""Least updates between two validations, if their number is open."""
LOG_EVERY = 20
"""Updates between records of a training that is long enough."""
RECORDS = 10
"""Records of a shorter training."""
FEW_PAIRS = 3000
"""With fewer pairs, a training warns that it learns them by heart."""
SAMPLE_PAIRS = 2000
"""Pairs that are tokenised to know how long the others are."""
TIMED_UPDATES = 5
"""Updates that show how many fit into a time limit; the first one, which is slow, comes before."""

logger = logging.getLogger(__name__)


class EpochSize(NamedTuple):
    """What an epoch shows, weights counted."""

    pairs: float
    src_tokens: float
    tgt_tokens: float

    @property
    def batched_tokens(self) -> float:
        """Tokens that count against the limit of a batch: the target's, or many of the source."""
        return max(self.tgt_tokens, self.src_tokens / SRC_SHARE)

    def updates(self, training: TrainConfig) -> int:
        """Returns about how many updates an epoch has; ``training.batch_tokens`` is not None."""
        batches = self.batched_tokens / ((training.batch_tokens or 1) * (training.accumulate or 1))
        return max(1, math.ceil(batches))


class Pace(NamedTuple):
    """How the updates of a training follow each other."""

    warmup_updates: int
    validations: int
    log_every: int


def measure_epoch(corpora: Sequence[tuple[Shards, float]]) -> EpochSize:
    """Returns the size of an epoch of some corpora with their weights.

    Raises:
        FileError: If the files of a corpus were removed.
    """
    pairs = src = tgt = 0.0
    for shards, weight in corpora:
        src_tokens, tgt_tokens = shards.tokens()
        pairs += weight * len(shards)
        src += weight * src_tokens
        tgt += weight * tgt_tokens
    return EpochSize(pairs, src, tgt)


def estimate_epoch(
    corpora: Sequence[CorpusConfig], survey: Survey, tokenizer: Tokenizer
) -> EpochSize:
    """Returns about the size of an epoch, from a sample of its text.

    Args:
        corpora: The training text.
        survey: Its sizes, and at least one pair of it.
        tokenizer: The vocabularies of the run.
    """
    step = -(-len(survey.src) // SAMPLE_PAIRS)
    src = tokenizer.encode_src(survey.src[::step])
    tgt = tokenizer.encode_tgt(survey.tgt[::step])
    pairs = sum(config.weight * count for config, count in zip(corpora, survey.pairs, strict=True))
    scale = pairs / len(src)
    return EpochSize(pairs, scale * sum(map(len, src)), scale * sum(map(len, tgt)))


def fit_to_text(training: TrainConfig, epoch: EpochSize) -> TrainConfig:
    """Returns the settings with a limit, and with a number of target tokens in a batch.

    Batches of the largest size learn most in an update, so they are smaller only if epochs are the
    limit and would have too few updates. A size or a warm-up that was asked for is the largest one
    for a run that starts from this one, too.
    """
    epochs = training.max_epochs
    if training.warmup_updates is not None:
        training = replace(training, longest_warmup=training.warmup_updates)
    if training.batch_tokens is not None:
        training = replace(training, largest_batch=training.batch_tokens)
    else:
        tokens = training.largest_batch
        if epochs is not None:
            shown = epochs * epoch.batched_tokens
            tokens = min(tokens, int(shown / (LEAST_UPDATES * (training.accumulate or 1))))
        training = replace(training, batch_tokens=max(1, tokens))
    if all(getattr(training, name) is None for name in LIMITS):
        if DEFAULT_EPOCHS * epoch.updates(training) < DEFAULT_UPDATES:
            return replace(training, max_updates=DEFAULT_UPDATES)
        return replace(training, max_epochs=DEFAULT_EPOCHS)
    return training


def count_updates(training: TrainConfig, epoch: EpochSize) -> int | None:
    """Returns about how many updates come before the nearest limit; None if only the clock knows.

    Args:
        training: Settings that ``fit_to_text`` returned.
        epoch: Size of an epoch.
    """
    limits = []
    if training.max_updates is not None:
        limits.append(training.max_updates)
    if training.max_epochs is not None:
        limits.append(training.max_epochs * epoch.updates(training))
    return min(limits, default=None)


def choose_pace(training: TrainConfig, updates: int | None) -> Pace:
    """Returns the pace of a training of ``updates`` updates; None is enough for anything."""
    total = math.inf if updates is None else updates
    warmup, validations, log_every = (
        training.warmup_updates,
        training.validations,
        training.log_every,
    )
    if warmup is None:
        warmup = int(min(training.longest_warmup, max(1, WARMUP_SHARE * total)))
    if validations is None:
        validations = int(min(VALIDATIONS, max(1, total / BETWEEN_VALIDATIONS)))
    if log_every is None:
        log_every = int(min(LOG_EVERY, max(1, total / RECORDS)))
    return Pace(warmup, validations, log_every)


class UpdateClock:
    """Finds out from a few updates how many fit into a time limit."""

    def __init__(self, max_minutes: float) -> None:
        self._seconds = 60 * max_minutes
        self._first: tuple[int, float] | None = None

    def estimate(self, position: Position) -> int | None:
        """Returns how many updates the whole training will have; None until that is known.

        Args:
            position: After an update; each call is one update later.
        """
        seconds = position.seconds - position.validation_seconds
        if self._first is None:
            self._first = position.update, seconds
            return None
        update, before = self._first
        if position.update < update + TIMED_UPDATES:
            return None
        an_update = max(1e-9, (seconds - before) / (position.update - update))
        return position.update + int(max(0.0, self._seconds - position.seconds) / an_update)


def describe_choices(asked: TrainConfig, training: TrainConfig, pace: Pace) -> str | None:
    """Returns what was chosen for little text or few updates; None if nothing had to be.

    Args:
        asked: Settings before ``fit_to_text``.
        training: Settings after it.
        pace: Pace of the training.
    """
    choices = []
    if training.max_updates is not None and asked.max_updates is None:
        choices.append(
            f"{training.max_updates:,} updates instead of {DEFAULT_EPOCHS} epochs (--max-epochs)"
        )
    most = asked.largest_batch
    if asked.batch_tokens is None and 0 < (tokens := training.batch_tokens or 0) < most:
        choices.append(f"batches of {tokens:,} target tokens instead of {most:,} (--batch-tokens)")
    chosen = [
        ("warm-up updates", "warmup_updates", pace.warmup_updates, asked.longest_warmup),
        ("updates between records", "log_every", pace.log_every, LOG_EVERY),
    ]
    if asked.validate_every is None:
        chosen.append(("validations", "validations", pace.validations, VALIDATIONS))
    for what, field, number, usual in chosen:
        if getattr(asked, field) is None and number < usual:
            choices.append(f"{number:,} {what} instead of {usual:,} (--set {field}={usual})")
    return ", ".join(choices) or None


def warn_of_size(training: TrainConfig, epoch: EpochSize, updates: int | None) -> None:
    """Logs a warning if there is too little text, or if the training ends in its warm-up.

    Args:
        training: Settings that ``fit_to_text`` returned.
        epoch: Size of an epoch.
        updates: Updates up to the limit; None if they are not known.
    """
    if epoch.pairs < FEW_PAIRS and training.init is None:
        logger.warning(
            "%s pairs are few: a network learns them by heart and little else; add text, or start "
            "from a run of similar text (--init)",
            f"{epoch.pairs:,.0f}",
        )
    warmup = training.warmup_updates
    if warmup is not None and updates is not None and warmup >= updates:
        logger.warning(
            "warmup_updates (--set warmup_updates) is %d, but the training has about %d updates, "
            "so the learning rate never reaches its height; lower warmup_updates, or leave it out",
            warmup,
            updates,
        )
