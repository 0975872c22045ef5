"""The pairs of an epoch, a buffer at a time: read from disk, or cut into pieces anew."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

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
from s2s.corpus.sentences import Sentences, join
from s2s.corpus.shards import Shards
from s2s.errors import DataError


class Buffer(NamedTuple):
    """Pairs in memory, and how they are batched."""

    epoch: int
    number: int
    """Among the buffers of its epoch."""
    pairs_before: int
    """Pairs of the buffers before it in its epoch."""
    last: bool
    """Whether it is the epoch's last one."""
    src: Sentences
    tgt: Sentences
    plan: Plan


class BufferReader:
    """Draws the buffers of any epoch."""

    def __init__(
        self,
        corpora: Sequence[tuple[Shards, float]],
        batch_tokens: int,
        seed: int,
        sampling: float,
        block_pairs: int,
        buffer_pairs: int,
    ) -> None:
        """Plans; nothing is read yet. See ``BatchStream``.

        Raises:
            DataError: If the weights leave no pair.
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
        self._seed = seed
        self._sampling = sampling
        self._buffer_pairs = buffer_pairs

    def buffers(self, epoch: int, first: int, encoder: TokenizerPool | None) -> Iterator[Buffer]:
        """Yields buffers without end, from number ``first`` of ``epoch`` on.

        Args:
            epoch: The first epoch.
            first: Its first buffer; where it has fewer, they begin with the next epoch.
            encoder: Cuts the text into pieces anew; None takes those of the files.
        """
        while True:
            buffers = draw_buffers(self._blocks, self._buffer_pairs, self._seed, epoch)
            before = 0
            for number, blocks in enumerate(buffers):
                if number >= first:
                    yield self._load(
                        epoch, number, before, number + 1 == len(buffers), blocks, encoder
                    )
                before += sum(block.pairs for block in blocks)
            epoch, first = epoch + 1, 0

    def _load(
        self,
        epoch: int,
        number: int,
        before: int,
        last: bool,
        blocks: list[Block],
        encoder: TokenizerPool | None,
    ) -> Buffer:
        if encoder is None:
            sides = [self._rows(block, epoch, text=False) for block in blocks]
            src, tgt = join([src for src, _ in sides]), join([tgt for _, tgt in sides])
        else:
            parts = list(encoder.map(self._jobs(epoch, number, blocks)))
            src, tgt = join([part.src for part in parts]), join([part.tgt for part in parts])
        lengths = src.lengths(), tgt.lengths()
        plan = plan_batches(*lengths, self._batch_tokens, self._seed, epoch, number)
        return Buffer(epoch, number, before, last, src, tgt, plan)

    def _jobs(self, epoch: int, number: int, blocks: list[Block]) -> Iterator[Job]:
        """Yields the text of a buffer."""
        chunk = 0
        for block in blocks:
            src, tgt = self._rows(block, epoch, text=True)
            for start in range(0, len(src), CHUNK_PAIRS):
                stop = min(start + CHUNK_PAIRS, len(src))
                seed = seed_of_pieces(self._seed, epoch, number, chunk)
                yield (
                    Chunk(_lines(src, start, stop), _lines(tgt, start, stop)),
                    Resample(self._sampling, seed),
                )
                chunk += 1

    def _rows(self, block: Block, epoch: int, *, text: bool) -> tuple[Sentences, Sentences]:
        """Returns the pairs of a block that an epoch shows."""
        shards = self._corpora[block.corpus]
        src, tgt = (shards.read_text if text else shards.read)(block.start, block.stop)
        rows = draw_rows(block, self._seed, epoch)
        return (src, tgt) if rows is None else (src.take(rows), tgt.take(rows))


def _lines(side: Sentences, start: int, stop: int) -> bytes:
    """Returns the lines from ``start`` to before ``stop``, without the last line end."""
    return side.ids[side.offsets[start] : side.offsets[stop] - 1].tobytes()
