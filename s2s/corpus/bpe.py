"""BPE-dropout for many words at once.

Provilkov, Emelianenko and Voita (2020), "BPE-Dropout: Simple and Effective Subword Regularization",
section 3: while a word is put together, each merge is left out with a probability. As in
SentencePiece, a merge that was left out is tried again only after a neighbour has changed.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from s2s.config import UNK_ID
from s2s.tokenizer.pieces import NORMAL, Piece

_NONE = np.iinfo(np.int32).max  # no merge


class BpeDropout:
    """The merges of a vocabulary: two neighbours become a piece, the best score first."""

    cells = 4

    def __init__(self, pieces: Sequence[Piece]) -> None:
        """Lists the pairs of symbols that merge, and the symbols that they become."""
        ids = {piece.text: number for number, piece in enumerate(pieces) if piece.kind == NORMAL}
        self.characters = {
            text: number for number, text in enumerate(sorted({c for text in ids for c in text}))
        }
        # Symbols: the known characters, the unknown one, then pieces of several characters.
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
        self._merged = np.array([symbol for _, _, symbol in merges], np.int64)
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
        width = length + 1  # the last column is empty: the end of a word, and the start of the next
        padded = np.full((len(words), width), -1, np.int64)
        padded[:, :length] = words
        merges = np.full((len(words), width), _NONE, np.int32)
        merges[:, :-1] = self._find(padded[:, :-1], padded[:, 1:])
        # These arrays are flat, index word * width + column: the symbol, its merge with the symbol
        # after it, and the indices of its neighbours.
        symbols, merge = padded[which].ravel(), merges[which].ravel()
        after = np.arange(1, count * width + 1)
        before = np.arange(-1, count * width - 1)
        ranks = merge.reshape(count, width)
        active = np.arange(count)
        while True:
            column = ranks[active].argmin(axis=1)
            left = active * width + column
            best = merge[left]
            has_merge = best != _NONE
            if not has_merge.any():
                break
            active, left, best = active[has_merge], left[has_merge], best[has_merge]
            left_out = random.random(len(active)) < sampling
            merge[left[left_out]] = _NONE
            left, best = left[~left_out], best[~left_out]
            right = after[left]
            following, previous = after[right], before[left]
            symbols[left], symbols[right] = self._merged[best], -1
            merge[right] = _NONE
            after[left], before[following] = following, left
            merge[left] = self._find(symbols[left], symbols[following])
            # The symbol before a word's first one is the last column of another word: no merge.
            inside = left % width > 0
            previous, left = previous[inside], left[inside]
            merge[previous] = self._find(symbols[previous], symbols[left])
        cut = symbols.reshape(count, width)[:, :length]
        return np.where(cut < 0, -1, self._ids[cut])

    def _find(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int32]:
        """Returns the numbers of the merges of two neighbours, or ``_NONE``."""
        pairs = left * self._count + right
        rows = np.searchsorted(self._pairs, pairs).clip(max=len(self._pairs) - 1)
        is_known = (self._pairs[rows] == pairs) & (left >= 0) & (right >= 0)
        return np.where(is_known, self._rank[rows], _NONE).astype(np.int32)
