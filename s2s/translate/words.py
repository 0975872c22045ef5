"""Which source word each target word looks at: attention between pieces, read as words.

A word is what stands between blanks of the cleaned text. Its attention is that of its pieces, added
up (Garg et al. 2019, "Jointly Learning to Align and Translate with Transformer Models", section 2
on extracting alignments from attention).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from s2s.tokenizer.pieces import SPACE

Pairs = tuple[tuple[int, int], ...]
"""Positions, from 0, of a source word and of the target word that looks at it."""


def count_words(pieces: Sequence[str]) -> int:
    """Returns how many words begin in ``pieces``; one that only goes on is none."""
    return sum(piece.startswith(SPACE) for piece in pieces)


def align_words(
    attention: NDArray[np.float32], src_pieces: Sequence[str], tgt_pieces: Sequence[str]
) -> Pairs:
    """Aligns each target word with the source word that it looks at most.

    Args:
        attention: (tgt_len, src_len) or more on either side: rows of target pieces.
        src_pieces: Without a tag or the end piece.
        tgt_pieces: Without the end piece.

    Returns:
        Pairs, by target word. A target word that looks at what is no word, the end piece or a tag,
        more than at any word has no pair.
    """
    return pair_words(attention, _words_of(src_pieces), _words_of(tgt_pieces))


def pair_words(
    attention: NDArray[np.float32], src_words: Sequence[int], tgt_words: Sequence[int]
) -> Pairs:
    """Does the same for words that are given as numbers, one a piece, from 0, ascending."""
    if not tgt_words or not src_words:
        return ()
    rows = np.zeros((tgt_words[-1] + 1, attention.shape[1]), np.float64)
    np.add.at(rows, tgt_words, attention[: len(tgt_words)])
    words = np.zeros((len(rows), src_words[-1] + 1), np.float64)
    np.add.at(words.T, src_words, rows[:, : len(src_words)].T)
    # In place of the end piece's own column: all that is not given to words.
    elsewhere = rows.sum(axis=1) - words.sum(axis=1)
    best = words.argmax(axis=1)
    return tuple(
        (int(src), tgt)
        for tgt, src in enumerate(best)
        if words[tgt, src] > 0 and words[tgt, src] >= elsewhere[tgt]
    )


def _words_of(pieces: Sequence[str]) -> list[int]:
    """Returns the number of the word that each piece belongs to; the first piece begins one."""
    words: list[int] = []
    for piece in pieces:
        last = words[-1] if words else -1
        words.append(last + 1 if piece.startswith(SPACE) or last < 0 else last)
    return words
