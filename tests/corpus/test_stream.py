import threading
import time
from collections import Counter
from contextlib import closing
from itertools import islice, pairwise

import numpy as np
import pytest

from s2s.config import BOS_ID, EOS_ID, PAD_ID
from s2s.corpus import buffers, pool
from s2s.corpus.pairs import read_corpus
from s2s.corpus.plan import SRC_SHARE
from s2s.corpus.shards import open_shards
from s2s.corpus.stream import START, BatchStream, Place, iterate_once
from s2s.errors import ConfigError, DataError, FileError

LIMITS = {"max_pieces": 60, "max_ratio": 4.0}
TOKENS = 300


@pytest.fixture
def open_it(tmp_path, tokenizer, write):
    def open_it(pairs, name="train", **settings):
        return open_shards(
            write(pairs, name, **settings),
            tokenizer,
            tmp_path / "cache",
            **LIMITS,
            keep_text=True,
            report=lambda line: None,
        )

    return open_it


@pytest.fixture
def corpora(open_it, pairs):
    """Two corpora with weights, of several blocks."""
    first, second = open_it(pairs[:700], "first"), open_it(pairs[700:1000], "second", tag="<2de>")
    return [(first, 1.0), (second, 1.5)]


@pytest.fixture
def make(tokenizer):
    """Makes a stream of small blocks."""

    def make(corpora, **settings):
        usual = {"batch_tokens": TOKENS, "accumulate": 3, "seed": 1, "tokenizer": tokenizer}
        usual |= {"block_pairs": 64, "buffer_blocks": 4, "workers": 1}
        return BatchStream(corpora, **(usual | settings))

    return make


def take(stream, place=START, *, count=None, epochs=None):
    """The next steps: ``count`` of them, or all to the end of an epoch."""
    with closing(stream.steps(place)) as steps:
        if count is not None:
            return list(islice(steps, count))
        found = []
        while not found or found[-1].next_position.epoch < place.epoch + epochs:
            found.append(next(steps))
        return found


def same(a, b):
    return a[1:] == b[1:] and all(
        np.array_equal(x.src, y.src)
        and np.array_equal(x.tgt_in, y.tgt_in)
        and np.array_equal(x.tgt_out, y.tgt_out)
        and np.array_equal(x.src_lengths, y.src_lengths)
        and x[4:] == y[4:]
        for x, y in zip(a.batches, b.batches, strict=True)
    )


def sources(steps, tokenizer):
    """How often each source sentence is in the steps."""
    batches = [batch for step in steps for batch in step.batches]
    return Counter(text for batch in batches for text in tokenizer.decode(batch.src))


def test_every_pair_is_shown_once_an_epoch(open_it, pairs, make, tokenizer):
    stream = make([(open_it(pairs[:1000]), 1.0)])
    assert stream.pairs_in_epoch == 1000
    steps = take(stream, epochs=2)
    ends = [step.next_position for step in steps]
    first = steps[: sum(end.epoch == 0 or end == Place(1) for end in ends)]
    second = steps[len(first) :]
    once = Counter(src for src, _ in pairs[:1000])
    assert sources(first, tokenizer) == sources(second, tokenizer) == once
    assert sum(step.pairs for step in first) == 1000
    assert not any(same(a, b) for a, b in zip(first, second, strict=False))


def test_source_and_target_stay_together(corpora, make, tokenizer):
    for step in take(make(corpora), count=20):
        for batch in step.batches:
            for src, tgt in zip(
                tokenizer.decode(batch.src), tokenizer.decode(batch.tgt_out), strict=True
            ):
                assert tgt == " ".join(word[::-1] for word in src.split())


def test_batches_are_within_the_budget_with_next_to_no_padding(open_it, pairs, make):
    stream = make([(open_it(pairs), 1.0)], block_pairs=1000, batch_tokens=1000)
    padded = total = 0
    for step in take(stream, epochs=1):
        assert step.tokens == sum(batch.num_tokens for batch in step.batches)
        for batch in step.batches:
            assert batch.tgt_out.size <= 1000
            assert batch.src.size <= SRC_SHARE * 1000
            assert batch.num_tokens == (batch.tgt_out != PAD_ID).sum()
            padded += batch.tgt_out.size
            total += batch.num_tokens
    assert padded < 1.06 * total


def test_a_batch_is_shifted_by_one_and_padded(corpora, make):
    (step,) = take(make(corpora), count=1)
    for batch in step.batches:
        for row in range(len(batch.src)):
            length = int((batch.tgt_out[row] != PAD_ID).sum())
            assert batch.tgt_in[row, 0] == BOS_ID
            assert batch.tgt_in[row, 1:length].tolist() == batch.tgt_out[row, : length - 1].tolist()
            assert batch.tgt_out[row, length - 1] == EOS_ID
            assert batch.src[row, batch.src_lengths[row] - 1] == EOS_ID
            assert (batch.src[row, batch.src_lengths[row] :] == PAD_ID).all()
        assert all(array.dtype == np.int64 for array in batch[:4])


def test_a_place_says_how_far_the_epoch_is(corpora, make):
    stream = make(corpora)
    assert stream.pairs_in_epoch == 700 + 450
    steps = take(stream, epochs=1)
    done = np.cumsum([step.pairs for step in steps])
    assert [step.next_position.pairs for step in steps] == [*done[:-1], 0]
    assert steps[-1].next_position == Place(1)
    assert len({step.next_position.buffer for step in steps[:-1]}) > 1
    for before, after in pairwise(step.next_position for step in steps[:-1]):
        assert before < after


@pytest.mark.parametrize("sampling", [0.0, 0.2])
def test_the_sequence_does_not_depend_on_where_it_is_entered(corpora, make, sampling):
    whole = take(make(corpora, sampling=sampling), count=60)
    assert whole[-1].next_position.epoch >= 2
    for number in (0, 7, 18, 50):
        rest = take(make(corpora, sampling=sampling), whole[number].next_position, count=3)
        assert all(same(a, b) for a, b in zip(whole[number + 1 : number + 4], rest, strict=True))


@pytest.mark.parametrize("sampling", [0.0, 0.2])
def test_processes_share_the_batches_of_each_step(corpora, make, sampling):
    whole = take(make(corpora, sampling=sampling), count=12)
    for world in (2, 3) if sampling else (2, 3, 5):
        shares = [
            take(make(corpora, sampling=sampling, rank=rank, world=world), count=12)
            for rank in range(world)
        ]
        for step, *parts in zip(whole, *shares, strict=True):
            assert {part[1:] for part in parts} == {step[1:]}
            mixed = [parts[n % world].batches[n // world] for n in range(len(step.batches))]
            assert same(step, step._replace(batches=mixed))
            assert sum(len(part.batches) for part in parts) == len(step.batches)


def test_the_seed_fixes_everything(corpora, make):
    first, again, other = (take(make(corpora, seed=seed), count=20) for seed in (3, 3, 4))
    assert all(same(a, b) for a, b in zip(first, again, strict=True))
    assert not any(same(a, b) for a, b in zip(first, other, strict=True))
    seeds = [batch.seed for step in first for batch in step.batches]
    assert len(set(seeds)) == len(seeds)


def test_weights_are_how_often_pairs_are_shown(open_it, pairs, make, tokenizer):
    parts = [pairs[:300], pairs[300:500], pairs[500:600]]
    shards = [open_it(part, str(number)) for number, part in enumerate(parts)]
    stream = make(list(zip(shards, (1.0, 0.5, 2.7), strict=True)))
    assert stream.pairs_in_epoch == 300 + 100 + 270
    starts = [Place(epoch) for epoch in range(2)]
    epochs = [sources(take(stream, start, epochs=1), tokenizer) for start in starts]
    for counts in epochs:
        shown = [[counts[src] for src, _ in part] for part in parts]
        assert set(shown[0]) == {1}
        assert Counter(shown[1]) == {0: 100, 1: 100}
        assert Counter(shown[2]) == {2: 30, 3: 70}
    both = epochs[0] + epochs[1]
    assert {both[src] for src, _ in parts[1]} <= {0, 1, 2}
    assert sum(both[src] == 1 for src, _ in parts[1]) > 180  # the halves take turns


def test_weights_that_leave_no_pair_are_an_error(open_it, pairs, make):
    with pytest.raises(DataError, match="an epoch would have no pair"):
        make([(open_it(pairs[:10]), 0.01)])


def test_sampling_keeps_the_sentences_and_cuts_them_anew(corpora, make, tokenizer):
    plain, sampled = make(corpora), make(corpora, sampling=0.3)
    epochs = [take(sampled, Place(epoch), epochs=1) for epoch in range(2)]
    expected = sources(take(plain, epochs=1), tokenizer)
    assert sources(epochs[0], tokenizer) == expected
    tokens = [sum(step.tokens for step in steps) for steps in epochs]
    assert tokens[0] != tokens[1]
    assert min(tokens) > 1.1 * sum(step.tokens for step in take(plain, epochs=1))


def test_the_number_of_encoding_processes_changes_nothing(corpora, make, monkeypatch):
    monkeypatch.setattr(pool, "SMALL", 1)
    monkeypatch.setattr(buffers, "CHUNK_PAIRS", 50)
    one, three = (take(make(corpora, sampling=0.3, workers=n), count=20) for n in (1, 3))
    monkeypatch.setattr(pool, "SMALL", 1000)
    none = take(make(corpora, sampling=0.3), count=20)
    assert all(same(a, b) and same(a, c) for a, b, c in zip(one, three, none, strict=True))


@pytest.mark.parametrize(
    "position", [{"pairs": 1}, {"buffer": 99}, {"batch": 999, "pairs": 64}, {"batch": 3}], ids=str
)
def test_a_position_of_another_text_is_an_error(corpora, make, position):
    steps = make(corpora).steps(Place(**position))
    with pytest.raises(DataError, match=r"no batch .* of epoch 0, .*restore the text, the seed"):
        next(steps)


def test_settings_that_make_no_stream_are_errors(corpora, make):
    for settings, message in (
        ({"batch_tokens": 0}, "batch_tokens is 0; expected at least 1"),
        ({"accumulate": 0}, "accumulate is 0"),
        ({"seed": -1}, "seed is -1; expected at least 0"),
        ({"rank": 2, "world": 2}, "rank is 2; expected 0 to 1"),
        ({"sampling": 0.1, "tokenizer": None}, "sampling needs a tokenizer"),
        ({"workers": 0}, "workers is 0; expected at least 1"),
    ):
        with pytest.raises(ConfigError, match=message):
            make(corpora, **settings)


def test_errors_while_preparing_reach_who_takes_the_steps(corpora, make):
    stream = make(corpora)
    with closing(stream.steps()) as steps:
        next(steps)
        (corpora[0][0].folder / "src.offsets").unlink()
        with pytest.raises(FileError, match=r"src\.offsets: No such file"):
            list(islice(steps, 200))


def test_closing_ends_the_threads(corpora, make):
    before = threading.active_count()
    for sampling in (0.0, 0.2):
        steps = make(corpora, sampling=sampling).steps()
        next(steps)
        assert threading.active_count() > before
        steps.close()
        assert threading.active_count() == before


def test_steps_are_prepared_ahead_and_waiting_is_counted(corpora, make, monkeypatch):
    from s2s.corpus import stream as module

    made = []
    original = module._make_batch
    monkeypatch.setattr(module, "_make_batch", lambda *a, **b: made.append(1) or original(*a, **b))
    stream = make(corpora)
    with closing(stream.steps()) as steps:
        next(steps)
        assert stream.waited > 0
        deadline = time.monotonic() + 10
        while len(made) < 3 * module.STEPS_AHEAD and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.05)
        assert 3 * module.STEPS_AHEAD <= len(made) <= 3 * (module.STEPS_AHEAD + 1)


def test_validation_shows_every_pair_once(write, pairs, tokenizer):
    corpus = read_corpus(write(pairs[:300]), tokenizer, **LIMITS)
    batches = list(iterate_once(corpus, TOKENS))
    texts = Counter(text for batch in batches for text in tokenizer.decode(batch.src))
    assert texts == Counter(src for src, _ in pairs[:300])
    assert all(batch.tgt_out.size <= TOKENS for batch in batches)
    lengths = [batch.tgt_out.shape[1] for batch in batches]
    assert lengths == sorted(lengths)
