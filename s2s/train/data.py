"""Parallel text as piece ids: read, filtered, counted, batched by length.

Text is streamed in chunks, and only ids stay in memory: 4 bytes a piece.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from s2s.config import BOS_ID, PAD_ID
from s2s.errors import DataError
from s2s.text import read_pairs
from s2s.tokenizer import Tokenizer, seed_sampling

CHUNK = 10_000
"""Pairs tokenised at a time."""
SRC_SHARE = 3
"""A batch holds at most this many times ``batch_tokens`` source tokens, padding counted."""


@dataclass(kw_only=True, slots=True)
class PairCounts:
    """What became of the pairs that were read."""

    read: int = 0
    blank: int = 0
    too_long: int = 0
    ratio: int = 0
    kept: int = 0
    copied: int = 0
    """Kept pairs whose target equals their source."""

    def __str__(self) -> str:
        reasons = f"{self.blank:,} blank, {self.too_long:,} too long, {self.ratio:,} ratio"
        copied = f"; {self.copied:,} are copies of their source" if self.copied else ""
        return f"{self.read:,} pairs read, {self.kept:,} kept (left out: {reasons}){copied}"


class Sentences(NamedTuple):
    """Ids of many sentences in one array, cut by offsets."""

    ids: NDArray[np.int32]  # (pieces,)
    offsets: NDArray[np.int64]  # (sentences + 1,)

    def lengths(self) -> NDArray[np.int64]:
        """Returns (sentences,), the end piece counted."""
        return np.diff(self.offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def padded(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Returns ``rows`` as (len(rows), longest) ids, padded."""
        lengths = self.offsets[rows + 1] - self.offsets[rows]
        batch = np.full((len(rows), int(lengths.max())), PAD_ID, dtype=np.int64)
        for row, (start, length) in enumerate(zip(self.offsets[rows], lengths, strict=True)):
            batch[row, :length] = self.ids[start : start + length]
        return batch


@dataclass(frozen=True, slots=True)
class Corpus:
    """Pairs ready for training: sentence i of ``src`` is translated by sentence i of ``tgt``."""

    src: Sentences
    tgt: Sentences
    counts: PairCounts

    def __len__(self) -> int:
        return len(self.src)


class Batch(NamedTuple):
    """One padded batch."""

    src: Tensor  # (batch, src_len) int64
    src_lengths: Tensor  # (batch,) int64
    tgt_in: Tensor  # (batch, tgt_len) int64, the begin piece first
    tgt_out: Tensor  # (batch, tgt_len) int64, the end piece last
    num_tokens: int  # real target tokens

    def to(self, device: torch.device) -> "Batch":
        """Returns the batch on ``device``."""
        return Batch(
            self.src.to(device, non_blocking=True),
            self.src_lengths.to(device, non_blocking=True),
            self.tgt_in.to(device, non_blocking=True),
            self.tgt_out.to(device, non_blocking=True),
            self.num_tokens,
        )


def read_corpus(
    src_path: Path,
    tgt_path: Path,
    tokenizer: Tokenizer,
    *,
    max_pieces: int,
    max_ratio: float,
    sampling: float = 0.0,
    sampling_seed: int = 0,
) -> Corpus:
    """Reads and tokenises a pair of files.

    Which pairs are kept does not depend on ``sampling``: lengths are those of the usual
    segmentation, so that every epoch of a run with subword sampling has the same sentences.

    Args:
        src_path: Source sentences, plain or gzip.
        tgt_path: Their translations, line by line.
        tokenizer: Of the run.
        max_pieces: Limit on each side, the end piece not counted.
        max_ratio: Limit on longer side against shorter, see ``DataConfig``.
        sampling: See ``TokenizerConfig``.
        sampling_seed: Makes the sampled segmentations repeatable.

    Raises:
        DataError: If the files do not match, or no pair is left.
    """
    counts = PairCounts()
    parts: tuple[list[NDArray[np.int32]], list[NDArray[np.int32]]] = ([], [])
    lengths: tuple[list[int], list[int]] = ([], [])
    if sampling:
        seed_sampling(sampling_seed % 2**32)
    pairs = read_pairs(src_path, tgt_path)
    while chunk := list(islice(pairs, CHUNK)):
        counts.read += len(chunk)
        full = [pair for pair in chunk if pair[0] and pair[1]]
        counts.blank += len(chunk) - len(full)
        src_texts, tgt_texts = [src for src, _ in full], [tgt for _, tgt in full]
        encoded = (tokenizer.encode_src(src_texts), tokenizer.encode_tgt(tgt_texts))
        kept = []
        for row, (src, tgt) in enumerate(zip(*encoded, strict=True)):
            low, high = sorted((len(src) - 1, len(tgt) - 1))  # without the end piece
            if low == 0:  # a text of which the normalization leaves nothing
                counts.blank += 1
            elif high > max_pieces:
                counts.too_long += 1
            elif high > max_ratio * low + 5:
                counts.ratio += 1
            else:
                kept.append(row)
                counts.copied += src_texts[row] == tgt_texts[row]
        sides = (
            [encoded[0][row] for row in kept],
            [encoded[1][row] for row in kept],
        )
        if sampling:
            sides = (
                tokenizer.encode_src([src_texts[row] for row in kept], sampling),
                tokenizer.encode_tgt([tgt_texts[row] for row in kept], sampling),
            )
        for side, sentences in enumerate(sides):
            lengths[side].extend(map(len, sentences))
            parts[side].append(np.fromiter((i for ids in sentences for i in ids), dtype=np.int32))
    counts.kept = len(lengths[0])
    if not counts.kept:
        raise DataError(f"{src_path} and {tgt_path}: no sentence left to use; {counts}")
    kept_src, kept_tgt = (
        Sentences(np.concatenate(part), np.concatenate([[0], np.cumsum(length)]))
        for part, length in zip(parts, lengths, strict=True)
    )
    return Corpus(kept_src, kept_tgt, counts)


def plan_batches(corpus: Corpus, batch_tokens: int, seed: int) -> list[NDArray[np.int64]]:
    """Returns the sentences of each batch, in the order of the epoch.

    Sentences of equal target length (then source length) stand together, so that batches have next
    to no padding; which of them meet, and the order of the batches, is drawn from ``seed``.
    """
    random = np.random.default_rng(seed)
    src_lengths, tgt_lengths = corpus.src.lengths(), corpus.tgt.lengths()
    order = random.permutation(len(corpus))
    order = order[np.lexsort((src_lengths[order], tgt_lengths[order]))]
    batches, start, longest = [], 0, 0
    for end, row in enumerate(order):
        longest_with = max(longest, int(src_lengths[row]))
        size = end - start + 1
        if size > 1 and (
            size * int(tgt_lengths[row]) > batch_tokens
            or size * longest_with > SRC_SHARE * batch_tokens
        ):
            batches.append(order[start:end])
            start, longest_with = end, int(src_lengths[row])
        longest = longest_with
    batches.append(order[start:])
    return [batches[index] for index in random.permutation(len(batches))]


def make_batch(corpus: Corpus, rows: NDArray[np.int64]) -> Batch:
    """Pads the sentences of ``rows`` to one batch."""
    src = corpus.src.padded(rows)
    tgt_out = corpus.tgt.padded(rows)
    tgt_in = np.empty_like(tgt_out)
    tgt_in[:, 0] = BOS_ID
    tgt_in[:, 1:] = tgt_out[:, :-1]  # the end piece of shorter rows stands in their padding
    lengths = corpus.src.offsets[rows + 1] - corpus.src.offsets[rows]
    return Batch(
        torch.from_numpy(src),
        torch.from_numpy(lengths),
        torch.from_numpy(tgt_in),
        torch.from_numpy(tgt_out),
        num_tokens=int((tgt_out != PAD_ID).sum()),
    )


def iterate_once(corpus: Corpus, batch_tokens: int) -> Iterator[Batch]:
    """Yields every sentence once, by length; for validation."""
    for rows in plan_batches(corpus, batch_tokens, seed=0):
        yield make_batch(corpus, rows)
