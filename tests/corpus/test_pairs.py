import pytest

from s2s.corpus.chunks import CHUNK_PAIRS
from s2s.corpus.pairs import read_chunks, read_corpus
from s2s.errors import ConfigError, DataError

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
                ("\u00ad", "nus"),  # a soft hyphen, which the source's rules take away
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


def test_lines_with_unknown_pieces_are_counted(write, tokenizer):
    lines = [("sun", "nus"), ("sun Ж", "nus"), ("Ж sun Ж", "Ж nus"), ("Ж", " ")]
    counts = read_corpus(write(lines), tokenizer, **LIMITS).counts
    assert (counts.accepted, counts.src_unknown, counts.tgt_unknown) == (3, 2, 1)
    assert str(counts).endswith("unequal length); unknown in 2 sources and 1 targets")
    assert type(counts).from_dict(counts.to_dict()) == counts
    assert "unknown" not in str(read_corpus(write(lines[:1]), tokenizer, **LIMITS).counts)


def test_no_pair_left_is_an_error_with_the_counts(write, tokenizer):
    with pytest.raises(DataError, match=r"no pair was accepted \(2 pairs read, 0 accepted"):
        read_corpus(write([("", "a"), ("", "b")]), tokenizer, **LIMITS)


def test_a_tag_comes_first_and_does_not_change_what_is_kept(write, pairs, tokenizer):
    some = [*pairs[:50], ("sun " * 60, "nus " * 60), ("\u00ad", "nus"), ("sun", "sun")]
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
