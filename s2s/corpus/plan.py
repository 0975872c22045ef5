"""The order of the pairs in an epoch: blocks of text, buffers of blocks, batches.

An epoch is cut into blocks of consecutive pairs, so that large text too is read in long stretches.
Blocks come in random order, in buffers that fit into memory. Inside a buffer, batches are drawn
from all pairs. Everything is a function of the sizes, the settings and the seed.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SRC_SHARE = 3
"""A batch has at most ``SRC_SHARE * batch_tokens`` source tokens, padding counted."""

Rows = NDArray[np.int64]

_ORDER, _ROWS, _BATCHES, _PIECES, _SEED = range(5)
"""Uses of random numbers. The use is the last word of a seed, so that no two draws are alike."""


class Block(NamedTuple):
    """Consecutive pairs of one corpus; an epoch shows some or all of them."""

    corpus: int
    start: int
    stop: int
    pairs: int
    """Number of pairs that an epoch shows; not all, if the weight is not a whole number."""


class Plan(NamedTuple):
    """The batches of a buffer, in the order of the epoch."""

    rows: Rows  # (pairs,), batch after batch
    ends: Rows  # (batches,), where each batch ends in ``rows``
    tokens: Rows  # (batches,), real target tokens

    def batch(self, number: int) -> Rows:
        """Returns the rows of batch ``number``."""
        start = int(self.ends[number - 1]) if number else 0
        return self.rows[start : int(self.ends[number])]


def seed_of_batch(seed: int, epoch: int, buffer: int, batch: int) -> int:
    """Returns 63 random bits, the seed of a batch's random numbers, for example of dropout."""
    return int(_words(seed, epoch, buffer, batch, _SEED).generate_state(1, np.uint64)[0] >> 1)


def seed_of_pieces(seed: int, epoch: int, buffer: int, chunk: int) -> int:
    """Returns 32 random bits, the seed of the subword sampling of a chunk."""
    return int(_words(seed, epoch, buffer, chunk, _PIECES).generate_state(1)[0])


def _words(*words: int) -> np.random.SeedSequence:
    return np.random.SeedSequence(words)


def blocks_in_epoch(
    sizes: Sequence[int], weights: Sequence[float], block_pairs: int
) -> list[Block]:
    """Returns the blocks that every epoch shows, in the order of the text.

    For a weight of 2.3, each block is there twice in full and once with 30 % of its pairs. The
    shares are rounded so that all blocks together have 30 % of all pairs.
    """
    blocks = []
    for corpus, (size, weight) in enumerate(zip(sizes, weights, strict=True)):
        whole = math.floor(weight)
        share = weight - whole
        for start in range(0, size, block_pairs):
            stop = min(start + block_pairs, size)
            blocks += [Block(corpus, start, stop, stop - start)] * whole
            pairs = math.floor(stop * share + 0.5) - math.floor(start * share + 0.5)
            if pairs:
                blocks.append(Block(corpus, start, stop, pairs))
    return blocks


def draw_buffers(
    blocks: Sequence[Block], buffer_pairs: int, seed: int, epoch: int
) -> list[list[Block]]:
    """Returns the blocks of an epoch in random order, in buffers of about equal size.

    A buffer has at most ``buffer_pairs`` pairs, or up to a block more.
    """
    order = np.random.default_rng(_words(seed, epoch, _ORDER)).permutation(len(blocks))
    total = sum(block.pairs for block in blocks)
    count = -(-total // buffer_pairs)
    buffers: list[list[Block]] = [[] for _ in range(count)]
    before = 0
    for number in order:
        buffers[before * count // total].append(blocks[number])
        before += blocks[number].pairs
    return [buffer for buffer in buffers if buffer]


def draw_rows(block: Block, seed: int, epoch: int) -> Rows | None:
    """Returns the rows of a block that an epoch shows, counted from its start; None for all.

    The block is shuffled once, and epochs take turns: with a weight of 0.5, two epochs show each
    pair once.
    """
    size = block.stop - block.start
    if block.pairs == size:
        return None
    random = np.random.default_rng(_words(seed, block.corpus, block.start, _ROWS))
    turn = (epoch * block.pairs + np.arange(block.pairs)) % size
    return np.sort(random.permutation(size)[turn])


def plan_batches(
    src_lengths: Rows, tgt_lengths: Rows, batch_tokens: int, seed: int, epoch: int, buffer: int
) -> Plan:
    """Returns the batches of a buffer.

    Sentences of equal target length (then source length) share batches, so that there is nearly no
    padding. The order among them and the order of the batches are random.
    """
    random = np.random.default_rng(_words(seed, epoch, buffer, _BATCHES))
    order = random.permutation(len(src_lengths))
    key = tgt_lengths * (int(src_lengths.max()) + 1) + src_lengths
    order = order[np.argsort(key[order], kind="stable")]
    ends = cut_batches(src_lengths[order], tgt_lengths[order], batch_tokens)
    return _pick(order, ends, tgt_lengths, random.permutation(len(ends)))


def plan_in_order(src_lengths: Rows, tgt_lengths: Rows, batch_tokens: int) -> Plan:
    """Returns batches in the order of their length; nothing is random."""
    order = np.lexsort((src_lengths, tgt_lengths))
    ends = cut_batches(src_lengths[order], tgt_lengths[order], batch_tokens)
    return _pick(order, ends, tgt_lengths, np.arange(len(ends)))


def _pick(order: Rows, ends: Rows, tgt_lengths: Rows, batches: Rows) -> Plan:
    """Returns the batches of ``order``, which end at ``ends``, in the order ``batches``."""
    starts = np.concatenate([[0], ends[:-1]])
    tokens = np.add.reduceat(tgt_lengths[order], starts)
    sizes = (ends - starts)[batches]
    new_ends = np.cumsum(sizes)
    rows = order[np.repeat(starts[batches] - new_ends + sizes, sizes) + np.arange(len(order))]
    return Plan(rows, new_ends, tokens[batches])


def cut_batches(src_lengths: Rows, tgt_lengths: Rows, batch_tokens: int) -> Rows:
    """Cuts sentences into batches of ``batch_tokens`` target tokens at most, padding counted.

    A longer sentence is a batch of its own.

    Args:
        src_lengths: (sentences,).
        tgt_lengths: (sentences,), ascending.
        batch_tokens: Limit of the target; the limit of the source is ``SRC_SHARE`` times as high.

    Returns:
        (batches,), the end of each batch.
    """
    ends, start, count = [], 0, len(tgt_lengths)
    while start < count:
        most = max(1, batch_tokens // int(tgt_lengths[start]))  # later ones are not shorter
        stop = min(start + most, count)
        sizes = np.arange(1, stop - start + 1)
        over = (sizes * tgt_lengths[start:stop] > batch_tokens) | (
            sizes * np.maximum.accumulate(src_lengths[start:stop]) > SRC_SHARE * batch_tokens
        )
        over[0] = False
        start += int(over.argmax()) if over.any() else stop - start
        ends.append(start)
    return np.array(ends, np.int64)
