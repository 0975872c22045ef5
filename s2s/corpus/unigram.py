"""Sampling from the lattices of a unigram language model, for many words at once.

Kudo (2018), "Subword Regularization: Improving Neural Network Translation Models with Multiple
Subword Candidates", section 3.2, without a limit on the number of candidates: forward filtering,
backward sampling.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from s2s.config import UNK_ID
from s2s.tokenizer.pieces import NORMAL, Piece

_PENALTY = 10.0
"""Nats by which an unknown character is worse than the worst piece, as in SentencePiece."""


class UnigramSampling:
    """The pieces of a vocabulary and their log-probabilities."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        """Builds a tree of the pieces' characters."""
        ids = {piece.text: number for number, piece in enumerate(pieces) if piece.kind == NORMAL}
        self.characters = {
            text: number for number, text in enumerate(sorted({c for text in ids for c in text}))
        }
        self._longest = max(map(len, ids))
        self.cells = self._longest + 4
        self._count = len(self.characters) + 1  # with the unknown one
        nodes: dict[int, int] = {}
        ends = {0: -1}
        for text, number in ids.items():
            node = 0
            for character in text:
                step = node * self._count + self.characters[character]
                node = nodes.setdefault(step, len(nodes) + 1)
                ends.setdefault(node, -1)
            ends[node] = number
        self._steps = np.array(sorted(nodes), np.int64)
        self._nodes = np.array([nodes[step] for step in sorted(nodes)], np.int64)
        self._ends = np.array([ends[node] for node in range(len(ends))], np.int64)
        self._scores = np.array([piece.score for piece in pieces], np.float64)
        self._scores[UNK_ID] = min(self._scores[number] for number in ids.values()) - _PENALTY

    def cut(
        self,
        words: NDArray[np.int64],
        which: NDArray[np.int64],
        sampling: float,
        random: np.random.Generator,
    ) -> NDArray[np.int64]:
        """Cuts words, see ``Segmenter``."""
        ids = self._lattice(words)
        upto = self._cumulative(ids, sampling)
        length = words.shape[1]
        cut = np.full((len(which), length), -1, np.int64)
        active, end = np.arange(len(which)), (words[which] >= 0).sum(axis=1)
        while len(active):
            chances = upto[which[active], end]  # (active, longest)
            size = (chances <= random.random(len(active))[:, None] * chances[:, -1:]).sum(
                axis=1
            ) + 1
            end = end - size
            cut[active, end] = ids[which[active], end, size - 1]
            active, end = active[end > 0], end[end > 0]
        return cut

    def _lattice(self, words: NDArray[np.int64]) -> NDArray[np.int64]:
        """Returns (words, length, longest): the piece that starts at a character and has a length.

        It is -1 if there is none. A character that is not a piece itself is the unknown piece.
        """
        count, length = words.shape
        ids = np.full((count, length, self._longest), -1, np.int64)
        for start in range(length):
            node = np.where(words[:, start] >= 0, 0, -1)
            for size in range(min(self._longest, length - start)):
                step = node * self._count + words[:, start + size]
                rows = np.searchsorted(self._steps, step).clip(max=len(self._steps) - 1)
                is_known = (node >= 0) & (words[:, start + size] >= 0) & (self._steps[rows] == step)
                if not is_known.any():
                    break
                node = np.where(is_known, self._nodes[rows], -1)
                ids[:, start, size] = np.where(is_known, self._ends[node], -1)
            alone = (ids[:, start, 0] < 0) & (words[:, start] >= 0)
            ids[alone, start, 0] = UNK_ID
        return ids

    def _cumulative(self, ids: NDArray[np.int64], sampling: float) -> NDArray[np.float64]:
        """Returns (words, length + 1, longest): cumulative weights of the piece that ends there.

        Element k is the sum over pieces of at most k + 1 characters; the last one is the total.
        Equation 5 of the paper with ``sampling`` as its alpha.
        """
        count, length, longest = ids.shape
        scores = np.where(ids < 0, -np.inf, sampling * self._scores[ids])
        total = np.full((count, length + 1), -np.inf)
        total[:, 0] = 0.0
        upto = np.zeros((count, length + 1, longest))
        for end in range(1, length + 1):
            sizes = np.arange(1, min(longest, end) + 1)
            paths = total[:, end - sizes] + scores[:, end - sizes, sizes - 1]
            best = paths.max(axis=1)
            passable = np.isfinite(best)  # false after the end of the word
            likely = np.exp(paths[passable] - best[passable, None])
            upto[passable, end, : len(sizes)] = likely.cumsum(axis=1)
            upto[:, end, len(sizes) :] = upto[:, end, len(sizes) - 1 : len(sizes)]
            total[passable, end] = best[passable] + np.log(upto[passable, end, -1])
        return upto
