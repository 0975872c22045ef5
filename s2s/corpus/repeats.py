"""Pairs that occur more than once in a corpus, found by hashes in bounded memory."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from s2s.corpus.chunks import PairCounts

LIMIT = 1 << 24
"""Most different pairs that are remembered, 8 bytes each; others are compared with these alone."""


class Repeats:
    """Remembers the pairs of a corpus as hashes of 64 bits, and finds those that occur again.

    Two different pairs of 16 million share a hash by chance once in 100,000 corpora.
    """

    def __init__(self, *, drop: bool, limit: int = LIMIT) -> None:
        """Begins a corpus.

        Args:
            drop: Whether pairs that occur again are left out.
            limit: Most pairs to remember.
        """
        self.drop = drop
        self.found = 0
        """Pairs that occurred before."""
        self._limit = limit
        # Sorted, each more than twice as long as the next: a pair is moved log2(pairs) times.
        self._runs: list[NDArray[np.uint64]] = []

    @property
    def is_full(self) -> bool:
        """Whether no further pair is remembered."""
        return sum(map(len, self._runs)) >= self._limit

    def find(self, src: Sequence[str], tgt: Sequence[str]) -> NDArray[np.bool_]:
        """Returns which pairs occurred before, here or in earlier calls; remembers the others."""
        hashes = np.fromiter(map(_hash, src, tgt), np.uint64, len(src))
        order = np.argsort(hashes, kind="stable")
        ordered = hashes[order]
        again = np.zeros(len(hashes), np.bool_)
        again[order[1:]] = ordered[1:] == ordered[:-1]
        for run in self._runs:
            places = np.searchsorted(run, hashes)
            again |= run[np.minimum(places, len(run) - 1)] == hashes
        self._remember(np.sort(hashes[~again]))
        self.found += int(again.sum())
        return again

    def _remember(self, hashes: NDArray[np.uint64]) -> None:
        space = self._limit - sum(map(len, self._runs))
        if not len(hashes := hashes[:space]):
            return
        self._runs.append(hashes)
        while len(self._runs) > 1 and len(self._runs[-2]) <= 2 * len(self._runs[-1]):
            last, before = self._runs.pop(), self._runs.pop()
            self._runs.append(np.sort(np.concatenate([before, last]), kind="stable"))

    def count(self, counts: PairCounts) -> PairCounts:
        """Returns counts of the pairs that were left, with the repeated ones."""
        if not self.drop:
            return replace(counts, repeated=self.found)
        return replace(counts, read=counts.read + self.found, dropped=self.found)


def _hash(src: str, tgt: str) -> int:
    return int.from_bytes(blake2b(f"{src}\n{tgt}".encode(), digest_size=8).digest(), "little")
