"""Batches of several weighted corpora: endless, prepared ahead, exact on resume.

The batches depend on the corpora, the settings and the seed alone. The position at which a training
resumes, the number of training processes and the number of tokenising processes do not matter.
"""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from s2s.config import BOS_ID
from s2s.corpus.buffers import Buffer, BufferReader
from s2s.corpus.chunks import Resample
from s2s.corpus.config import AugmentConfig
from s2s.corpus.pairs import Corpus
from s2s.corpus.plan import (
    plan_in_order,
    seed_of_batch,
)
from s2s.corpus.pool import TokenizerPool
from s2s.corpus.prefetch import Prefetch
from s2s.corpus.sentences import Sentences
from s2s.corpus.shards import Shards
from s2s.errors import ConfigError, DataError
from s2s.machine import available_cores
from s2s.tokenizer import Tokenizer

BLOCK_PAIRS = 65_536
"""Pairs of a block: neighbours in the text, which come in the same buffer."""
BUFFER_BLOCKS = 16
"""Blocks of a buffer, from whose pairs batches are drawn: about a million pairs, 100 MB."""
STEPS_AHEAD = 8
"""Steps that are prepared in the background."""


class Place(NamedTuple):
    """Where in the stream a step begins."""

    epoch: int = 0
    buffer: int = 0
    batch: int = 0
    pairs: int = 0
    """Earlier pairs of this epoch."""


START = Place()


class Batch(NamedTuple):
    """One padded batch."""

    src: NDArray[np.int64]  # (batch, src_len)
    src_lengths: NDArray[np.int64]  # (batch,)
    tgt_in: NDArray[np.int64]  # (batch, tgt_len), the begin piece first
    tgt_out: NDArray[np.int64]  # (batch, tgt_len), the end piece last
    num_tokens: int  # real target tokens
    seed: int  # of all random numbers that training draws for this batch, 63 bits


class Step(NamedTuple):
    """The batches of one update."""

    batches: list[Batch]
    """Batches of this process; none if the step has fewer batches than there are processes."""
    tokens: int
    """Real target tokens of the step, over all processes."""
    pairs: int
    """Pairs of the step, over all processes."""
    next_position: Place
    """Where the next step begins."""


class BatchStream:
    """Steps of training over several corpora."""

    def __init__(
        self,
        corpora: Sequence[tuple[Shards, float]],
        *,
        batch_tokens: int,
        accumulate: int,
        seed: int,
        rank: int = 0,
        world: int = 1,
        sampling: float = 0.0,
        augment: AugmentConfig | None = None,
        max_pieces: int = 200,
        tokenizer: Tokenizer | None = None,
        workers: int | None = None,
        block_pairs: int = BLOCK_PAIRS,
        buffer_blocks: int = BUFFER_BLOCKS,
    ) -> None:
        """Makes a stream; nothing is read yet.

        Args:
            corpora: Corpora and their weights: how often an epoch shows each pair.
            batch_tokens: Most target tokens of a batch, padding counted.
            accumulate: Batches of a step, over all processes; the last step of a buffer may have
                fewer.
            seed: Seed of all random choices.
            rank: Number of this process, from 0. It gets the batches ``rank``, ``rank + world``,
                ... of each step.
            world: Number of processes that share the steps.
            sampling: Strength of the subword sampling, see ``TokenizerConfig``; new pieces each
                epoch. It needs corpora with text. Every process cuts all of the text, because the
                batches depend on all lengths. The first step waits for a whole buffer: about a
                minute for a million pairs on 2 cores.
            augment: Shares of the pairs that are changed, others in each epoch; None: none. It
                needs corpora with text, too. Only changed pairs are cut into pieces again.
            max_pieces: Most pieces of a side that augmentation makes, see ``DataConfig``.
            tokenizer: Tokenizer of the run, for sampling and augmentation.
            workers: Tokenising processes for sampling and augmentation; None: one a core, shared
                among ``world``.
            block_pairs: Pairs of a block.
            buffer_blocks: Blocks of a buffer.

        Raises:
            ConfigError: If a setting is out of range, or sampling or augmentation lacks tokenizer
                or text.
            DataError: If an epoch has no pair with these weights.
        """
        for name, value, low in (
            ("batch_tokens", batch_tokens, 1),
            ("accumulate", accumulate, 1),
            ("seed", seed, 0),
            ("world", world, 1),
            ("max_pieces", max_pieces, 1),
            ("block_pairs", block_pairs, 1),
            ("buffer_blocks", buffer_blocks, 1),
            ("workers", 1 if workers is None else workers, 1),
        ):
            if value < low:
                raise ConfigError(f"BatchStream: {name} is {value}; expected at least {low}")
        if not 0 <= rank < world:
            raise ConfigError(f"BatchStream: rank is {rank}; expected 0 to {world - 1}")
        resample = Resample(sampling, seed, augment or AugmentConfig(), max_pieces)
        again = bool(sampling or resample.augment)
        if again and (tokenizer is None or not all(shards.has_text for shards, _ in corpora)):
            raise ConfigError(
                f"BatchStream: {'sampling' if sampling else 'augment'} needs a tokenizer, and "
                "corpora with their text"
            )
        self._reader = BufferReader(
            corpora,
            batch_tokens=batch_tokens,
            resample=resample,
            block_pairs=block_pairs,
            buffer_pairs=buffer_blocks * block_pairs,
        )
        self.waited = 0.0
        """Seconds that the training has waited for steps."""
        self._accumulate = accumulate
        self._seed = seed
        self._rank, self._world = rank, world
        self._tokenizer = tokenizer if again else None
        self._workers = workers or max(1, available_cores() // world)

    @property
    def pairs_in_epoch(self) -> int:
        """Pairs of every epoch."""
        return self._reader.pairs_in_epoch

    def steps(self, position: Place = START) -> Generator[Step, None, None]:
        """Yields steps without end, beginning at ``position``; close it to end its threads.

        Raises:
            DataError: If this stream has no such position: another text or seed has others.
            FileError: If the files of a corpus were removed.
            TrainingError: If a tokenising process died.
        """
        with ExitStack() as stack:
            pool = None
            if self._tokenizer is not None:
                pool = TokenizerPool(self._tokenizer, self._workers)
            buffers = Prefetch(self._reader.buffers(position.epoch, position.buffer, pool), 1)
            steps = Prefetch(self._steps(position, buffers), STEPS_AHEAD)
            # Closed in reverse: the pool ends the wait of the buffers, they end that of the steps.
            stack.callback(steps.close)
            stack.callback(buffers.close)
            if pool is not None:
                stack.callback(pool.close)
            while True:
                start = time.perf_counter()
                step = next(steps)
                self.waited += time.perf_counter() - start
                yield step

    def _steps(self, position: Place, buffers: Iterator[Buffer]) -> Iterator[Step]:
        """Yields the steps of the buffers; the first step begins at ``position``."""
        batch, entered = position.batch, False
        for buffer in buffers:
            plan, count, start = buffer.plan, len(buffer.plan.ends), buffer.pairs_before
            if not entered:
                before = int(plan.ends[batch - 1]) if 0 < batch < count else 0
                reached = (buffer.epoch, buffer.number, batch, start + before)
                if reached != position or batch >= count:
                    raise DataError(
                        f"the text has no batch {position.batch} in buffer {position.buffer} of "
                        f"epoch {position.epoch}, after {position.pairs} pairs; restore the text, "
                        "the seed and the settings that the run was started with"
                    )
                entered = True
            while batch < count:
                numbers = range(batch, min(batch + self._accumulate, count))
                before = int(plan.ends[batch - 1]) if batch else 0
                done = int(plan.ends[numbers[-1]])
                batch = numbers.stop
                if batch < count:
                    following = Place(buffer.epoch, buffer.number, batch, start + done)
                elif buffer.last:
                    following = Place(buffer.epoch + 1)
                else:
                    following = Place(buffer.epoch, buffer.number + 1, 0, start + done)
                yield Step(
                    [
                        _make_batch(
                            buffer.src,
                            buffer.tgt,
                            plan.batch(number),
                            seed_of_batch(self._seed, buffer.epoch, buffer.number, number),
                        )
                        for number in numbers[self._rank :: self._world]
                    ],
                    int(plan.tokens[numbers.start : numbers.stop].sum()),
                    done - before,
                    following,
                )
            batch = 0


def iterate_once(corpus: Corpus, batch_tokens: int) -> Iterator[Batch]:
    """Yields every pair once, ordered by length; for validation."""
    plan = plan_in_order(corpus.src.lengths(), corpus.tgt.lengths(), batch_tokens)
    for number in range(len(plan.ends)):
        yield _make_batch(corpus.src, corpus.tgt, plan.batch(number), seed=0)


def _make_batch(src: Sentences, tgt: Sentences, rows: NDArray[np.int64], seed: int) -> Batch:
    """Returns the sentences ``rows`` as one padded batch."""
    tgt_out = tgt.padded(rows)
    tgt_in = np.empty_like(tgt_out)
    tgt_in[:, 0] = BOS_ID
    tgt_in[:, 1:] = tgt_out[:, :-1]  # shorter rows have their end piece in the padding
    return Batch(
        src=src.padded(rows),
        src_lengths=src.offsets[rows + 1] - src.offsets[rows],
        tgt_in=tgt_in,
        tgt_out=tgt_out,
        num_tokens=int((tgt.offsets[rows + 1] - tgt.offsets[rows]).sum()),
        seed=seed,
    )
