"""The pairs of an epoch, one buffer at a time: read from disk, or changed, or cut again."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from s2s.corpus.chunks import CHUNK_PAIRS, Chunk, Resample
from s2s.corpus.plan import (
    Block,
    Plan,
    blocks_in_epoch,
    draw_buffers,
    draw_rows,
    plan_batches,
    seed_of_pieces,
)
from s2s.corpus.pool import Job, TokenizerPool
from s2s.corpus.sentences import Sentences, join, to_offsets
from s2s.corpus.shards import Shards
from s2s.errors import DataError


class Buffer(NamedTuple):
    """Pairs in memory, and how they are batched."""

    epoch: int
    number: int
    """Place among the buffers of the epoch, from 0."""
    pairs_before: int
    """Pairs of the earlier buffers of the epoch."""
    last: bool
    """Whether this is the last buffer of the epoch."""
    src: Sentences
    tgt: Sentences
    plan: Plan


class BufferReader:
    """Reads the buffers of any epoch."""

    def __init__(
        self,
        corpora: Sequence[tuple[Shards, float]],
        batch_tokens: int,
        resample: Resample,
        block_pairs: int,
        buffer_pairs: int,
    ) -> None:
        """Plans the epoch and reads nothing yet. ``BatchStream`` explains the arguments.

        The seed of ``resample`` is that of everything random; each chunk gets its own.

        Raises:
            DataError: If an epoch has no pair with these weights.
        """
        self._corpora = [shards for shards, _ in corpora]
        self._blocks = blocks_in_epoch(
            [len(shards) for shards in self._corpora],
            [weight for _, weight in corpora],
            block_pairs,
        )
        self.pairs_in_epoch = sum(block.pairs for block in self._blocks)
        if not self.pairs_in_epoch:
            raise DataError("an epoch would have no pair; raise the weight of a corpus")
        self._batch_tokens = batch_tokens
        self._seed = resample.seed
        self._resample = resample
        self._buffer_pairs = buffer_pairs

    def buffers(self, epoch: int, first: int, pool: TokenizerPool | None) -> Iterator[Buffer]:
        """Yields buffers without end, beginning with number ``first`` of ``epoch``.

        Args:
            epoch: The first epoch.
            first: The first buffer. If the epoch has fewer, the next epoch is the first one.
            pool: Changes the text, or cuts it into pieces again; None takes the pieces on disk.
        """
        while True:
            buffers = draw_buffers(self._blocks, self._buffer_pairs, self._seed, epoch)
            for number in range(first, len(buffers)):
                yield self._load(epoch, number, buffers, pool)
            epoch, first = epoch + 1, 0

    def _load(
        self, epoch: int, number: int, buffers: list[list[Block]], pool: TokenizerPool | None
    ) -> Buffer:
        src, tgt = self._sentences(epoch, number, buffers[number], pool)
        return Buffer(
            epoch=epoch,
            number=number,
            pairs_before=sum(block.pairs for blocks in buffers[:number] for block in blocks),
            last=number + 1 == len(buffers),
            src=src,
            tgt=tgt,
            plan=plan_batches(
                src.lengths(),
                tgt.lengths(),
                batch_tokens=self._batch_tokens,
                seed=self._seed,
                epoch=epoch,
                buffer=number,
            ),
        )

    def _sentences(
        self, epoch: int, number: int, blocks: list[Block], pool: TokenizerPool | None
    ) -> tuple[Sentences, Sentences]:
        """Returns source and target of a buffer's pairs."""
        if pool is None:
            return self._stored(epoch, blocks)
        chunks = list(pool.map(self._jobs(epoch, number, blocks)))
        new = join([chunk.src for chunk in chunks]), join([chunk.tgt for chunk in chunks])
        if self._resample.sampling:
            return new
        starts = to_offsets([chunk.counts.read for chunk in chunks[:-1]])
        rows = np.concatenate(
            [chunk.rows + start for chunk, start in zip(chunks, starts, strict=True)]
        )
        src, tgt = self._stored(epoch, blocks)
        return src.replaced(rows, new[0]), tgt.replaced(rows, new[1])

    def _stored(self, epoch: int, blocks: list[Block]) -> tuple[Sentences, Sentences]:
        """Returns source and target of a buffer's pairs, as they are on disk."""
        sides = [self._rows(block, epoch, text=False) for block in blocks]
        return join([src for src, _ in sides]), join([tgt for _, tgt in sides])

    def _jobs(self, epoch: int, number: int, blocks: list[Block]) -> Iterator[Job]:
        """Yields the text of a buffer in chunks, each with its seed."""
        chunk = 0
        for block in blocks:
            src, tgt = self._rows(block, epoch, text=True)
            for start in range(0, len(src), CHUNK_PAIRS):
                stop = min(start + CHUNK_PAIRS, len(src))
                seed = seed_of_pieces(self._seed, epoch, number, chunk)
                yield (
                    Chunk(_lines(src, start, stop), _lines(tgt, start, stop)),
                    self._resample._replace(seed=seed),
                )
                chunk += 1

    def _rows(self, block: Block, epoch: int, *, text: bool) -> tuple[Sentences, Sentences]:
        """Returns the pairs that an epoch shows of a block."""
        shards = self._corpora[block.corpus]
        src, tgt = (shards.read_text if text else shards.read)(block.start, block.stop)
        rows = draw_rows(block, self._seed, epoch)
        return (src, tgt) if rows is None else (src.take(rows), tgt.take(rows))


def _lines(side: Sentences, start: int, stop: int) -> bytes:
    """Returns the lines from ``start`` to before ``stop``, without the last line end."""
    return side.ids[side.offsets[start] : side.offsets[stop] - 1].tobytes()
