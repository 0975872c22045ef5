"""Word alignment: which source word each target word attends to.

A word stands between blanks of the cleaned text. Its attention is the sum of its pieces' attention
(Garg et al. 2019, "Jointly Learning to Align and Translate with Transformer Models", section 2
on extracting alignments from attention). To compare source words, the sum is divided by the square
root of the number of pieces, since a long word collects a little attention everywhere;
``recipes/bench_alignment.py`` measures what this is worth.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from s2s.tokenizer.pieces import SPACE

_BLANKS = f"{SPACE}\t"

LENGTH_POWER = 0.5
"""The attention to a source word is divided by the number of its pieces to this power."""

Pairs = tuple[tuple[int, int], ...]
"""Positions, from 0, of a source word and of the target word that attends to it."""


def count_words(pieces: Sequence[str]) -> int:
    """Returns how many words begin in ``pieces``; a word that began before is not counted."""
    return sum(map(_begins_word, pieces, ["", *pieces]))


def align_words(
    attention: NDArray[np.float32], src_pieces: Sequence[str], tgt_pieces: Sequence[str]
) -> Pairs:
    """Aligns each target word with the source word that it attends to most.

    Args:
        attention: (tgt_len, src_len) or more on either side: rows of target pieces.
        src_pieces: Source pieces, without a tag or the end piece.
        tgt_pieces: Target pieces, without the end piece.

    Returns:
        Pairs, by target word. A target word has no pair if it attends to the end piece or a tag
        more than to any word.
    """
    return pair_words(attention, _words_of(src_pieces), _words_of(tgt_pieces))


def pair_words(
    attention: NDArray[np.float32], src_words: Sequence[int], tgt_words: Sequence[int]
) -> Pairs:
    """Aligns words that are given as numbers: the word of each piece, from 0, ascending."""
    if not tgt_words or not src_words:
        return ()
    rows = np.zeros((tgt_words[-1] + 1, attention.shape[1]), np.float64)
    np.add.at(rows, tgt_words, attention[: len(tgt_words)])
    words = np.zeros((len(rows), src_words[-1] + 1), np.float64)
    np.add.at(words.T, src_words, rows[:, : len(src_words)].T)
    # In place of the end piece's own column: all attention outside of words.
    elsewhere = rows.sum(axis=1) - words.sum(axis=1)
    best = (words / np.bincount(src_words).clip(1) ** LENGTH_POWER).argmax(axis=1)
    return tuple(
        (int(src), tgt)
        for tgt, src in enumerate(best)
        if words[tgt, src] > 0 and words[tgt, src] >= elsewhere[tgt]
    )


def _words_of(pieces: Sequence[str]) -> list[int]:
    """Returns the number of each piece's word; the first piece begins one."""
    words: list[int] = []
    for piece, before in zip(pieces, ["", *pieces], strict=False):
        last = words[-1] if words else -1
        words.append(last + 1 if _begins_word(piece, before) or last < 0 else last)
    return words


def _begins_word(piece: str, before: str) -> bool:
    """Whether a word begins at a piece. Several blanks before a word are part of it."""
    is_blank = before.startswith(SPACE) and not before.strip(_BLANKS)
    return piece.startswith(SPACE) and not is_blank
