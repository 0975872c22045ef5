"""Attention between pieces, read as an alignment of words."""

import numpy as np

from s2s.translate.translation import Details, Hypothesis, join_parts
from s2s.translate.words import align_words, count_words


def test_a_word_looks_where_its_pieces_look_together():
    src, tgt = ["▁das", "▁Haus", "tür"], ["▁the", "▁front", "▁do", "or"]
    attention = np.array(
        [
            [0.9, 0.0, 0.1, 0.0],
            [0.1, 0.45, 0.45, 0.0],  # two pieces of one word
            [0.4, 0.3, 0.3, 0.0],
            [0.38, 0.31, 0.31, 0.0],  # less than "das" alone, in each piece but not together
        ],
        np.float32,
    )
    assert align_words(attention, src, tgt) == ((0, 0), (1, 1), (1, 2))


def test_a_long_word_does_not_win_by_its_length():
    src = ["▁das", "▁Haus", "tür", "schloss", "er"]
    attention = np.array([[0.4, 0.15, 0.15, 0.15, 0.15, 0.0]], np.float32)
    assert align_words(attention, src, ["▁the"]) == ((0, 0),)


def test_what_looks_at_the_end_piece_has_no_word():
    attention = np.array([[0.2, 0.8], [0.7, 0.3], [0.0, 1.0]], np.float32)
    assert align_words(attention, ["▁ja"], ["▁well", "▁yes"]) == ((0, 1),)
    assert align_words(attention, ["▁ja"], []) == ()
    assert align_words(attention, [], ["▁yes"]) == ()


def test_words_are_counted_by_their_beginnings():
    assert count_words(["▁das", "▁Haus", "tür"]) == 2
    assert count_words(["tür"]) == 0
    assert count_words([]) == 0


def test_parts_are_aligned_one_after_the_other():
    parts = [
        (Hypothesis("a b", -1.0, ("▁a", "▁b"), Details((-0.5, -0.5), ((1, 0), (0, 1)))),),
        (Hypothesis("c", -2.0, ("▁c",), Details((-2.0,), ((2, 0),))),),
    ]
    (joined,) = join_parts(parts, [3, 4])
    details = Details((-0.5, -0.5, -2.0), ((1, 0), (0, 1), (5, 2)))
    assert joined == Hypothesis("a b c", -3.0, ("▁a", "▁b", "▁c"), details)
    assert joined.details.confidence == np.exp(-1.0)
