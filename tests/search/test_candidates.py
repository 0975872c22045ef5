"""Which pieces may follow a hypothesis: all but those that an option takes away."""

import math

import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings
from hypothesis import strategies as st

from s2s.config import BOS_ID, EOS_ID, SearchConfig
from s2s.search.candidates import Constraints, candidates_with_options, top_pieces

VOCAB = 7
PIECES = range(EOS_ID, VOCAB)
WRITTEN = st.integers(0, 7).flatmap(
    lambda count: st.lists(
        st.lists(st.integers(EOS_ID + 1, VOCAB - 1), min_size=count, max_size=count),
        min_size=1,
        max_size=3,
    )
)
"""Hypotheses of one sentence, all equally long."""


def left_over(history, no_repeat, min_length, banned):
    """The pieces that may follow, straight from what the options say."""
    count = no_repeat or len(history) + 1
    ngrams = {tuple(history[i : i + count]) for i in range(len(history) - count + 1)}
    return [
        piece
        for piece in PIECES
        if piece not in banned
        and not (piece == EOS_ID and len(history) < min_length)
        and (*history[len(history) + 1 - count :], piece) not in ngrams
    ]


@settings(deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from([-math.inf, 0.0, 1.0, 2.5]), min_size=40, max_size=40),
        min_size=1,
        max_size=3,
    ),
    st.integers(1, 40),
)
def test_of_equal_logits_the_smallest_pieces_come_first(rows, count):
    values, pieces = top_pieces(torch.tensor(rows), count)
    for row, best, chosen in zip(rows, values.tolist(), pieces.tolist(), strict=True):
        assert chosen == sorted(range(40), key=lambda piece: (-row[piece], piece))[:count]
        assert best == [row[piece] for piece in chosen]


@settings(deadline=None, max_examples=300)
@given(
    WRITTEN,
    st.integers(0, 4),
    st.integers(0, 9),
    st.sets(st.sampled_from(PIECES)),
    st.sampled_from([0.0, 0.5]),
    st.integers(0, 10**6),
)
def test_all_pieces_may_follow_but_those_that_are_taken_away(
    written, no_repeat, min_length, banned, diversity, seed
):
    tokens = torch.tensor([[[BOS_ID, *pieces] for pieces in written]])
    logits = torch.randn(len(written), VOCAB, generator=torch.Generator().manual_seed(seed))
    logits[:, :EOS_ID] = -math.inf
    bias = torch.zeros(VOCAB)
    bias[list(banned)] = -math.inf
    config = SearchConfig(no_repeat=no_repeat, min_length=min_length, diversity=diversity)
    candidates = candidates_with_options(logits, tokens, VOCAB, config, Constraints(None, bias))
    for row, pieces in enumerate(written):
        left = left_over([BOS_ID, *pieces], no_repeat, min_length, banned)
        values = logits[row, left].double() if left else torch.zeros(1)
        left = left or [EOS_ID]
        expected = dict(zip(left, (values - values.logsumexp(0)).tolist(), strict=True))
        order = sorted(expected, key=expected.__getitem__, reverse=True)
        assert candidates.pieces[row, : len(left)].tolist() == order
        worth = [expected[piece] - diversity * rank for rank, piece in enumerate(order)]
        assert candidates.log_probs[row, : len(left)].tolist() == pytest.approx(worth, abs=1e-5)
        assert (candidates.log_probs[row, len(left) :] == -math.inf).all()
