"""BPE-dropout for many words at once.

Provilkov, Emelianenko and Voita (2020), "BPE-Dropout: Simple and Effective Subword Regularization",
section 3: while a word is put together, each merge is left out with a probability. As in
SentencePiece, a merge that was left out comes up again only when a neighbour has changed.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from s2s.config import UNK_ID
from s2s.tokenizer.pieces import NORMAL, Piece

_NONE = np.iinfo(np.int32).max  # no merge


class BpeDropout:
    """The merges of a vocabulary: two neighbours become a piece, that of the best score first."""

    cells = 4

    def __init__(self, pieces: Sequence[Piece]) -> None:
        """Finds out which pairs make which pieces."""
        ids = {piece.text: number for number, piece in enumerate(pieces) if piece.kind == NORMAL}
        self.characters = {
            text: number for number, text in enumerate(sorted({c for text in ids for c in text}))
        }
        # Symbols: characters, known or not, then pieces of several of them.
        unknown = len(self.characters)
        longer = [text for text in ids if len(text) > 1]
        symbols = self.characters | {text: unknown + 1 + n for n, text in enumerate(longer)}
        self._ids = np.full(unknown + 1 + len(longer), UNK_ID, np.int64)  # of each symbol
        for text, symbol in symbols.items():
            self._ids[symbol] = ids.get(text, UNK_ID)
        self._count = len(self._ids)
        merges = []
        for text in longer:
            score = pieces[ids[text]].score
            for cut in range(1, len(text)):
                left, right = symbols.get(text[:cut]), symbols.get(text[cut:])
                if left is not None and right is not None:
                    merges.append((-score, left * self._count + right, symbols[text]))
        merges.sort()
        pairs = np.array([pair for _, pair, _ in merges], np.int64)
        self._made = np.array([made for _, _, made in merges], np.int64)
        self._rank = np.argsort(pairs)
        self._pairs = pairs[self._rank]

    def cut(
        self,
        words: NDArray[np.int64],
        which: NDArray[np.int64],
        sampling: float,
        random: np.random.Generator,
    ) -> NDArray[np.int64]:
        """Cuts words, see ``Segmenter``."""
        count, length = len(which), words.shape[1]
        width = length + 1  # the last column is what stands behind a word, and before one
        padded = np.full((len(words), width), -1, np.int64)
        padded[:, :length] = words
        merges = np.full((len(words), width), _NONE, np.int32)
        merges[:, :-1] = self._find(padded[:, :-1], padded[:, 1:])
        # From here on flat, by word * width + column: what stands there, which merge it makes with
        # what comes after it, and where the neighbours are.
        symbols, merge = padded[which].ravel(), merges[which].ravel()
        after = np.arange(1, count * width + 1)
        before = np.arange(-1, count * width - 1)
        ranks = merge.reshape(count, width)
        active = np.arange(count)
        while True:
            column = ranks[active].argmin(axis=1)
            place = active * width + column
            best = merge[place]
            there = best != _NONE
            if not there.any():
                break
            active, place, best = active[there], place[there], best[there]
            left_out = random.random(len(active)) < sampling
            merge[place[left_out]] = _NONE
            place, best = place[~left_out], best[~left_out]
            gone = after[place]
            follower, former = after[gone], before[place]
            symbols[place], symbols[gone] = self._made[best], -1
            merge[gone] = _NONE
            after[place], before[follower] = follower, place
            merge[place] = self._find(symbols[place], symbols[follower])
            # Before a word's first character is the last column of another one, which stays empty.
            inside = place % width > 0
            former, place = former[inside], place[inside]
            merge[former] = self._find(symbols[former], symbols[place])
        cut = symbols.reshape(count, width)[:, :length]
        return np.where(cut < 0, -1, self._ids[cut])

    def _find(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int32]:
        """Returns which merge two neighbours make."""
        pairs = left * self._count + right
        found = np.searchsorted(self._pairs, pairs).clip(max=len(self._pairs) - 1)
        there = (self._pairs[found] == pairs) & (left >= 0) & (right >= 0)
        return np.where(there, self._rank[found], _NONE).astype(np.int32)
