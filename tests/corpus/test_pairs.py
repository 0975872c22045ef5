import os
from collections import Counter

import pytest

from s2s.corpus import CorpusConfig
from s2s.corpus.chunks import CHUNK_PAIRS
from s2s.corpus.pairs import read_chunks, read_corpus, survey
from s2s.errors import ConfigError, DataError, FileError

LIMITS = {"max_pieces": 60, "max_ratio": 4.0}


def sentences(side):
    return [side.ids[a:b].tolist() for a, b in zip(side.offsets, side.offsets[1:], strict=False)]


def test_a_corpus_is_the_tokenizers_ids_in_the_order_of_the_text(write, pairs, tokenizer):
    corpus = read_corpus(write(pairs), tokenizer, **LIMITS)
    assert len(corpus) == len(pairs) == corpus.counts.accepted
    assert sentences(corpus.src) == tokenizer.encode_src([src for src, _ in pairs])
    assert sentences(corpus.tgt) == tokenizer.encode_tgt([tgt for _, tgt in pairs])


def test_pairs_left_out_are_counted_by_reason(write, tokenizer):
    long, odd = "sun " * 90, "nus " * 40
    corpus = read_corpus(
        write(
            [
                ("sun", "nus"),
                ("", "nus"),
                ("sun", " \u200b "),
                ("moon", "noom"),
                (long, long),
                ("sun", odd),
                ("sun", "sun"),
                ("\u200c", "nus"),  # a zero-width non-joiner, which nmt_nfkc takes away
            ]
        ),
        tokenizer,
        **LIMITS,
    )
    counts = corpus.counts
    assert (counts.read, counts.accepted, counts.copied) == (8, 3, 1)
    assert (counts.blank, counts.too_long, counts.ratio) == (3, 1, 1)
    assert str(counts) == (
        "8 pairs read, 3 accepted (rejected: 3 blank, 1 too long, 1 unequal length); "
        "1 targets equal their source"
    )


def test_no_pair_left_is_an_error_with_the_counts(write, tokenizer):
    with pytest.raises(DataError, match=r"no pair was accepted \(2 pairs read, 0 accepted"):
        read_corpus(write([("", "a"), ("", "b")]), tokenizer, **LIMITS)


def test_a_tag_comes_first_and_does_not_change_what_is_kept(write, pairs, tokenizer):
    some = [*pairs[:50], ("sun " * 60, "nus " * 60), ("\u200c", "nus"), ("sun", "sun")]
    plain = read_corpus(write(some), tokenizer, **LIMITS)
    tagged = read_corpus(write(some, tag="<2de>"), tokenizer, **LIMITS)
    tag = tokenizer.encode_src(["<2de>"])[0][0]
    assert sentences(tagged.src) == [[tag, *ids] for ids in sentences(plain.src)]
    assert sentences(tagged.tgt) == sentences(plain.tgt)
    assert tagged.counts == plain.counts
    assert plain.counts.copied == 1


def test_a_tag_in_the_text_alone_is_blank(write, tokenizer):
    corpus = read_corpus(write([("<2de>", "nus"), ("<2de> sun", "nus")]), tokenizer, **LIMITS)
    assert (corpus.counts.blank, corpus.counts.accepted) == (1, 1)


def test_a_tag_that_the_vocabulary_lacks_is_an_error(write, pairs, tokenizer):
    with pytest.raises(
        ConfigError, match=r"tag .* is '<2it>'; expected a tag .* which has <2de>, <2fr>"
    ):
        read_corpus(write(pairs, tag="<2it>"), tokenizer, **LIMITS)


def test_chunks_are_bounded_in_pairs_and_in_text(write):
    config = write([("a", "b")] * (CHUNK_PAIRS + 1) + [("a" * 600_000, "b" * 600_000)] * 3)
    sizes = [chunk.src.count(b"\n") + 1 for chunk in read_chunks(config)]
    assert sizes == [CHUNK_PAIRS, 2, 1, 1]


def test_a_small_text_is_surveyed_whole_and_in_order(write, pairs):
    first = write([*pairs[:20], ("", "blank"), ("\ufeff\u200b", "x")], "first", tag="<2de>")
    sample = survey([first, write(pairs[20:50], "second", weight=3.0)], 50, seed=1)
    assert sample.pairs == (20, 30)
    assert list(zip(sample.src, sample.tgt, strict=True)) == pairs[:50]


def test_a_sample_is_in_the_order_of_the_text_and_repeatable(write, pairs):
    config = write(pairs)
    found, again, other = (survey([config], 100, seed=seed) for seed in (1, 1, 2))
    numbers = [int(src.split()[-1]) for src in found.src]
    assert len(numbers) == 100
    assert numbers == sorted(set(numbers))
    assert list(zip(found.src, found.tgt, strict=True)) == [pairs[number] for number in numbers]
    assert (found.src, found.src != other.src) == (again.src, True)


def test_every_pair_has_the_same_chance_to_be_in_the_sample(write, pairs):
    corpora = [write(pairs[:5], "first"), write(pairs[5:20], "second")]
    drawn = Counter(src for seed in range(1000) for src in survey(corpora, 5, seed).src)
    assert len(drawn) == 20
    # 1,000 draws at 1/4: standard deviation 13.7
    assert all(abs(count - 250) < 4 * 13.7 for count in drawn.values())


def test_a_survey_without_a_sample_only_checks(write, pairs):
    sample = survey([write(pairs)], 0, seed=1)
    assert (sample.pairs, sample.src, sample.tgt) == ((3000,), [], [])


def test_text_of_blanks_is_an_error_that_says_what_for(write):
    config = write([("", "a"), ("\u200b", "b")])
    with pytest.raises(DataError, match="have no pair to train on; expected at least one line"):
        survey([config], 10, seed=1)
    with pytest.raises(DataError, match="have no pair to validate on"):
        survey([config], 10, seed=1, purpose="validate")


def test_what_is_wrong_with_text_is_told(write, pairs, tmp_path):
    config = write(pairs[:10])
    (tmp_path / "short").write_text("a\n")
    (tmp_path / "latin").write_bytes(b"\xe9\n" * 10)
    os.mkfifo(tmp_path / "pipe")
    for name, error, message in (
        ("short", DataError, "has 10 lines but .* has 1"),
        ("latin", DataError, "line 1: byte 1 .0xe9. is not UTF-8"),
        ("none", FileError, "none does not exist"),
        ("", FileError, "is not a regular file"),
        ("pipe", FileError, "pipe is not a regular file; training reads its text more than once"),
        ("\0", FileError, r"x00 does not exist"),
    ):
        bad = CorpusConfig(src=config.src, tgt=f"{tmp_path}/{name}")
        with pytest.raises(error, match=message):
            survey([config, bad], 10, seed=1)
    with pytest.raises(DataError, match="source and target are the same file"):
        survey([CorpusConfig(src=config.src, tgt=config.src)], 10, seed=1)
