from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2s.corpus import CorpusConfig
from s2s.corpus import repeats as repeats_module
from s2s.corpus.chunks import CHUNK_PAIRS, PairCounts
from s2s.corpus.pairs import read_chunks
from s2s.corpus.repeats import Repeats
from s2s.corpus.shards import open_shards

LIMITS = {"max_pieces": 60, "max_ratio": 4.0, "keep_text": False, "workers": 1}


def lines(chunks):
    return [
        pair
        for chunk in chunks
        for pair in zip(*(side.decode().split("\n") for side in chunk[:2]), strict=True)
    ]


@given(st.lists(st.lists(st.integers(0, 30), max_size=20), max_size=12))
def test_a_pair_is_found_if_it_was_there_before(batches):
    repeats, seen = Repeats(drop=False), set()
    for batch in batches:
        src, tgt = [f"{n // 4}" for n in batch], [f"{n}" for n in batch]
        expected = []
        for pair in zip(src, tgt, strict=True):
            expected.append(pair in seen)
            seen.add(pair)
        assert repeats.find(src, tgt).tolist() == expected
    assert repeats.found == sum(map(len, batches)) - len(seen)
    lengths = [len(run) for run in repeats._runs]
    assert sum(lengths) == len(seen)
    assert all(longer > 2 * shorter for longer, shorter in pairwise(lengths))
    assert all(np.all(run[1:] > run[:-1]) for run in repeats._runs)


def test_sides_are_not_confused():
    assert not Repeats(drop=False).find(["a b", "a", "b"], ["c", "b c", "a"]).any()


def test_memory_is_bounded():
    repeats = Repeats(drop=False, limit=3)
    repeats.find(["a", "b"], ["x", "x"])
    assert not repeats.is_full
    repeats.find(["c", "d", "e"], ["x"] * 3)
    assert (repeats.is_full, sum(map(len, repeats._runs))) == (True, 3)
    assert repeats.find(["a", "f"], ["x", "x"]).tolist() == [True, False]


def test_repeated_pairs_are_counted_or_left_out_blank_ones_apart(write):
    config = write([("a", "b"), ("", "b"), ("a", "c"), ("a", "b"), ("", "b"), ("a", "b")])
    counting, dropping = Repeats(drop=False), Repeats(drop=True)
    assert lines(read_chunks(config, counting)) == lines(read_chunks(config))
    assert lines(read_chunks(config, dropping)) == [("a", "b"), ("", "b"), ("a", "c"), ("", "b")]
    counts = PairCounts(read=6, blank=2, accepted=4)
    assert str(counting.count(counts)).endswith(
        "; 2 repeat an earlier pair (--deduplicate rejects them)"
    )
    counts = dropping.count(PairCounts(read=4, blank=2, accepted=2))
    assert str(counts) == (
        "6 pairs read, 2 accepted (rejected: 2 blank, 0 too long, 0 unequal length, 2 repeated)"
    )


def test_a_chunk_of_repeated_pairs_alone_is_no_chunk(write):
    config = write([("a", "b")] * (2 * CHUNK_PAIRS))
    assert lines(read_chunks(config, Repeats(drop=True))) == [("a", "b")]


@pytest.mark.parametrize("drop", [False, True])
def test_shards_have_the_counts_and_another_key(write, pairs, tokenizer, tmp_path, drop):
    config = write([*pairs[:30], *pairs[:10]])
    said = []
    shards = open_shards(
        config, tokenizer, tmp_path / "cache", report=said.append, deduplicate=drop, **LIMITS
    )
    found = (shards.counts.read, len(shards), shards.counts.repeated, shards.counts.dropped)
    assert found == ((40, 30, 0, 10) if drop else (40, 40, 10, 0))
    again = open_shards(
        config, tokenizer, tmp_path / "cache", report=said.append, deduplicate=drop, **LIMITS
    )
    assert again.counts == shards.counts
    other = open_shards(
        config, tokenizer, tmp_path / "cache", report=said.append, deduplicate=not drop, **LIMITS
    )
    assert other.key != shards.key


def test_a_text_with_too_many_pairs_is_said(write, pairs, tokenizer, tmp_path, monkeypatch):
    monkeypatch.setattr(repeats_module.Repeats, "is_full", True)
    said = []
    open_shards(write(pairs[:9]), tokenizer, tmp_path / "cache", report=said.append, **LIMITS)
    assert any("repeated pairs were looked for among 16,777,216 different ones" in x for x in said)


def test_a_file_of_pairs_gives_the_sentences_of_two_files(write, pairs, tokenizer, tmp_path):
    table = tmp_path / "table.tsv"
    table.write_text("".join(f"{n}\t{b}\t{a}\n" for n, (a, b) in enumerate(pairs[:50])))
    config = CorpusConfig(pairs=str(table), columns="3,2")
    assert lines(read_chunks(config)) == lines(read_chunks(write(pairs[:50])))
    one, other = (
        open_shards(config, tokenizer, tmp_path / "cache", report=lambda line: None, **LIMITS)
        for config in (config, CorpusConfig(pairs=str(table), columns="2,3"))
    )
    assert (len(one), len(other), one.key != other.key) == (50, 50, True)
