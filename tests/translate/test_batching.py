"""Which sentences are searched together, and what is handed out a sentence at a time."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s2s.config import PAD_ID
from s2s.errors import ConfigError
from s2s.runtime.backend import BatchSize, pad
from s2s.translate import batching
from s2s.translate.batching import SMALLEST_BATCH, SourcePart, make_batches, take
from s2s.translate.per_sentence import PerSentence

SENTENCES = st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=40).map(tuple), max_size=60)


@settings(deadline=None)
@given(
    SENTENCES,
    st.integers(1, 8),
    st.builds(BatchSize, st.integers(1, 300), st.integers(1, 60)),
    st.integers(1, 16),
)
def test_every_sentence_is_in_one_batch_and_batches_are_as_large_as_they_may(
    sentences, beam, size, workers
):
    parts = sorted(map(SourcePart, sentences), key=batching.longest_first)
    batches = list(make_batches(parts, beam, size, workers))
    assert [part for batch in batches for part in batch] == parts
    pieces = sum(map(len, sentences))
    rounds = max(1, math.ceil(pieces / (workers * size.pieces)))
    share = max(pieces / (workers * rounds), SMALLEST_BATCH)
    taken = 0
    for number, batch in enumerate(batches, 1):
        taken += sum(len(part.src) for part in batch)
        padded = len(batch[0].src)
        assert len(batch) == 1 or len(batch) * padded <= size.pieces
        assert len(batch) == 1 or len(batch) * beam <= size.rows
        assert len(batch) == 1 or taken - len(batch[-1].src) / 2 <= number * share
        if number < len(batches):  # one more would have been too many
            over = (len(batch) + 1) * padded > size.pieces or (len(batch) + 1) * beam > size.rows
            assert over or taken + len(batches[number][0].src) / 2 > number * share


@pytest.mark.parametrize("workers", [1, 2, 3, 4])
def test_all_workers_have_as_many_batches_of_as_many_pieces(workers):
    lengths = np.random.default_rng(1).integers(10, 40, 60)
    parts = sorted((SourcePart((5,) * length) for length in lengths), key=batching.longest_first)
    batches = list(make_batches(parts, 5, BatchSize(4096, 1024), workers))
    assert len(batches) == workers
    pieces = [sum(len(part.src) for part in batch) for batch in batches]
    assert max(pieces) - min(pieces) <= 40


@settings(deadline=None)
@given(SENTENCES.filter(bool))
def test_padding_stands_after_the_sentence_and_nowhere_else(sentences):
    padded, lengths = pad(sentences)
    assert padded.shape == (len(sentences), max(map(len, sentences)))
    assert [tuple(row[:length]) for row, length in zip(padded, lengths, strict=True)] == sentences
    assert np.count_nonzero(padded != PAD_ID) == lengths.sum()


@settings(deadline=None)
@given(st.lists(st.text(max_size=9), max_size=30), st.integers(1, 8), st.integers(1, 40))
def test_chunks_hold_every_sentence_and_end_where_they_are_long(texts, lines, characters):
    rest = iter(texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batching, "CHUNK_CHARACTERS", characters)
        chunks = list(iter(lambda: take(rest, lines), []))
    assert [text for chunk in chunks for text in chunk] == texts
    for chunk in chunks:
        assert len(chunk) <= lines
        assert sum(map(len, chunk[:-1])) < characters


@settings(deadline=None)
@given(st.lists(st.integers(), max_size=20), st.lists(st.integers(0, 6), max_size=8), st.data())
def test_values_are_handed_out_in_order_and_must_come_out_even(values, counts, data):
    given_values = PerSentence.of(values, "prefixes")
    handed, done = [], data.draw(st.integers(0, len(values)))
    given_values.skip(done)
    for count in counts:
        if done + count > len(values):
            with pytest.raises(
                ConfigError, match=f"there are only {len(values)} prefixes, but more"
            ):
                given_values.take(count, done)
            return
        handed += given_values.take(count, done)
        done += count
    assert handed == values[done - len(handed) : done]
    if done < len(values):
        with pytest.raises(ConfigError, match=f"more than {done} prefixes, but only {done} sent"):
            given_values.check_end(done)
    else:
        given_values.check_end(done)


@settings(deadline=None)
@given(st.integers(), st.lists(st.integers(0, 9)))
def test_one_value_for_all_never_ends(value, counts):
    same = PerSentence.same(value, "prefixes")
    same.skip(3)
    for count in counts:
        assert same.take(count, 0) == [value] * count
    same.check_end(7)
