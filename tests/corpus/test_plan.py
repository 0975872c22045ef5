from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2s.corpus.plan import (
    SRC_SHARE,
    blocks_in_epoch,
    cut_batches,
    draw_buffers,
    draw_rows,
    plan_batches,
    plan_in_order,
    seed_of_batch,
)

lengths = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=60)


def cut_slowly(src_lengths, tgt_lengths, batch_tokens):
    """One row after the other."""
    ends, start = [], 0
    for end in range(1, len(tgt_lengths) + 1):
        size = end - start
        fits = (
            size * max(tgt_lengths[start:end]) <= batch_tokens
            and size * max(src_lengths[start:end]) <= SRC_SHARE * batch_tokens
        )
        if size > 1 and not fits:
            ends.append(end - 1)
            start = end - 1
    return [*ends, len(tgt_lengths)]


@given(lengths, st.integers(1, 200))
def test_batches_are_as_large_as_the_budget_allows(pairs, batch_tokens):
    pairs.sort(key=lambda pair: pair[1])
    src, tgt = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    assert cut_batches(src, tgt, batch_tokens).tolist() == cut_slowly(src, tgt, batch_tokens)


@given(lengths, st.integers(1, 200), st.integers(0, 5))
def test_every_row_is_in_one_batch_and_tokens_are_counted(pairs, batch_tokens, seed):
    src, tgt = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    for plan in (
        plan_batches(src, tgt, batch_tokens, seed, 0, 0),
        plan_in_order(src, tgt, batch_tokens),
    ):
        batches = [plan.batch(number) for number in range(len(plan.ends))]
        assert sorted(np.concatenate(batches).tolist()) == list(range(len(pairs)))
        assert plan.tokens.tolist() == [tgt[rows].sum() for rows in batches]
        for rows in batches:
            assert len(rows) == 1 or len(rows) * tgt[rows].max() <= batch_tokens


def test_batches_have_next_to_no_padding():
    random = np.random.default_rng(1)
    src, tgt = random.integers(1, 60, (2, 20_000))
    plan = plan_batches(src, tgt, 2000, 1, 0, 0)
    padded = sum(len(rows) * tgt[rows].max() for rows in map(plan.batch, range(len(plan.ends))))
    assert padded < 1.02 * tgt.sum()  # in random order, half of it would be padding


def test_the_order_depends_on_seed_epoch_and_buffer():
    tgt = np.arange(1, 2000) % 20 + 1
    where = {"seed": 3, "epoch": 4, "buffer": 5}
    first, again = (plan_batches(tgt, tgt, 100, **where).rows.tolist() for _ in range(2))
    assert first == again
    for change in ({"seed": 4}, {"epoch": 5}, {"buffer": 6}, {"seed": 4, "epoch": 3}):
        assert plan_batches(tgt, tgt, 100, **{**where, **change}).rows.tolist() != first


def shown(blocks, seed, epoch):
    """How often an epoch shows each pair."""
    counts = Counter()
    for block in blocks:
        rows = draw_rows(block, seed, epoch)
        rows = np.arange(block.stop - block.start) if rows is None else rows
        assert len(rows) == block.pairs == len(set(rows.tolist()))
        counts.update((block.corpus, block.start + row) for row in rows.tolist())
    return counts


@pytest.mark.parametrize("weight", [1.0, 2.0, 0.5, 1.7, 0.01, 3.25])
def test_a_weight_is_how_often_pairs_are_shown(weight):
    blocks = blocks_in_epoch([1000], [weight], 64)
    counts = shown(blocks, 1, 0)
    assert sum(counts.values()) == round(1000 * weight)
    assert {counts[0, row] for row in range(1000)} <= {int(weight), int(np.ceil(weight))}
    again, other = shown(blocks, 1, 0), shown(blocks, 1, 1)
    assert counts == again
    assert (counts == other) == weight.is_integer()


@pytest.mark.parametrize("weight", [0.5, 0.2, 1.7])
def test_parts_take_turns_until_every_pair_had_its_share(weight):
    blocks = blocks_in_epoch([640], [weight], 64)
    total = Counter()
    for epoch in range(100):
        total += shown(blocks, 1, epoch)
    counts = [total[0, row] for row in range(640)]
    assert abs(np.array(counts) - 100 * weight).max() <= 3


def test_corpora_of_any_size_keep_their_own_weight():
    blocks = blocks_in_epoch([10, 1000, 1], [10.0, 0.1, 1.0], 64)
    counts = Counter()
    for block in blocks:
        counts[block.corpus] += block.pairs
    assert counts == {0: 100, 1: 100, 2: 1}


@given(
    st.lists(st.integers(1, 300), min_size=1, max_size=4),
    st.integers(1, 40),
    st.integers(1, 8),
    st.integers(0, 3),
)
def test_buffers_are_of_about_equal_size_and_hold_every_block(sizes, block, blocks, epoch):
    all_blocks = blocks_in_epoch(sizes, [1.0] * len(sizes), block)
    buffers = draw_buffers(all_blocks, block * blocks, 1, epoch)
    assert sorted(block for buffer in buffers for block in buffer) == sorted(all_blocks)
    pairs = [sum(block.pairs for block in buffer) for buffer in buffers]
    assert max(pairs) <= block * blocks + block
    if len(all_blocks) > 20:
        assert buffers != draw_buffers(all_blocks, block * blocks, 1, epoch + 1)


def test_seeds_of_batches_differ_and_fit_into_an_int64():
    seeds = [
        seed_of_batch(seed, epoch, buffer, batch)
        for seed in (0, 1, 2**40)
        for epoch in range(3)
        for buffer in range(3)
        for batch in range(3)
    ]
    assert len(set(seeds)) == len(seeds)
    assert min(seeds) >= 0 and max(seeds) < 2**63
