"""Many sentences in one array, cut by offsets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s2s.config import PAD_ID


@dataclass(frozen=True, slots=True)
class Sentences:
    """Sentences as ids, or as the bytes of their text."""

    ids: NDArray[Any]  # (pieces,) uint16 or int32; text: (bytes,) uint8
    offsets: NDArray[np.int64]  # (sentences + 1,), from 0

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def lengths(self) -> NDArray[np.int64]:
        """Returns (sentences,), lengths with the end piece."""
        return np.diff(self.offsets)

    def take(self, rows: NDArray[np.int64]) -> "Sentences":
        """Returns the sentences ``rows``, in that order."""
        lengths = self.offsets[rows + 1] - self.offsets[rows]
        return Sentences(self.ids[positions(self.offsets[rows], lengths)], to_offsets(lengths))

    def replaced(self, rows: NDArray[np.int64], others: "Sentences") -> "Sentences":
        """Returns the sentences with ``others`` in place of ``rows``, one for each."""
        order = np.arange(len(self))
        order[rows] = len(self) + np.arange(len(rows))
        return join([self, others]).take(order)

    def padded(self, rows: NDArray[np.int64], padding: int = PAD_ID) -> NDArray[np.int64]:
        """Returns ``rows``, at least one, as (len(rows), longest) int64, padded."""
        lengths = self.offsets[rows + 1] - self.offsets[rows]
        batch = np.full((len(rows), int(lengths.max())), padding, dtype=np.int64)
        mask = np.arange(batch.shape[1]) < lengths[:, None]
        batch[mask] = self.ids[positions(self.offsets[rows], lengths)]
        return batch


def positions(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns ``start, start + 1, ...`` for each start, ``length`` of them."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(starts - ends + lengths, lengths) + np.arange(total)


def to_offsets(lengths: Sequence[int] | NDArray[Any]) -> NDArray[np.int64]:
    """Returns (len(lengths) + 1,): the start of each sentence and the end of the last one."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def join(parts: Sequence[Sentences]) -> Sentences:
    """Returns the sentences of all ``parts``, at least one part."""
    lengths = np.concatenate([part.lengths() for part in parts])
    return Sentences(np.concatenate([part.ids for part in parts]), to_offsets(lengths))


def ids_dtype(vocab_size: int) -> np.dtype[Any]:
    """Returns the smallest type that holds the ids of a vocabulary."""
    return np.dtype("<u2" if vocab_size <= 1 << 16 else "<i4")
