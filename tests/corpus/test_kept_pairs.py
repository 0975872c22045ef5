"""Kept texts in training: one piece on both sides of a pair."""

import json

import numpy as np
import pytest

from s2s.config import EOS_ID, TokenizerConfig
from s2s.corpus.chunks import Chunk, ChunkTokenizer, Filter, Resample
from s2s.corpus.pairs import read_corpus
from s2s.corpus.sampling import Sampler
from s2s.corpus.shards import open_shards
from s2s.corpus.worker import pack_tokenizer, unpack_tokenizer
from s2s.errors import ConfigError, ModelError
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.extend import extend_tokenizer, with_keep
from s2s.tokenizer.keep import KEEP_PIECE, STAND_IN, KeepPatterns
from s2s.tokenizer.learn import train_tokenizer
from s2s.tokenizer.pieces import Piece, append_pieces

PATTERNS = [r"\{\w+\}", r"</?\w+>"]
LIMITS = {"max_pieces": 60, "max_ratio": 4.0}


@pytest.fixture(scope="module", params=["bpe", "unigram", "separate"])
def kept(request, pairs):
    joint = request.param != "separate"
    config = TokenizerConfig(
        vocab_size=150, joint=joint, algorithm="bpe" if not joint else request.param
    )
    return with_keep(train_tokenizer(*zip(*pairs, strict=True), config, 1, ["<2de>"]), PATTERNS)


@pytest.mark.parametrize(
    ("src", "tgt", "expected"),
    [
        ("a {n} b", "b {n} a", (f"a {STAND_IN} b", f"b {STAND_IN} a", 1)),
        ("{n} {n} {n}", "{n}, {n}", (f"{STAND_IN} {STAND_IN} {{n}}", f"{STAND_IN}, {STAND_IN}", 2)),
        ("a {n}", "b {m}", ("a {n}", "b {m}", 0)),
        ("a {n}", "b", ("a {n}", "b", 0)),
        ("<b>a</b>", "<b>x</b>", (f"{STAND_IN}a{STAND_IN}", f"{STAND_IN}x{STAND_IN}", 2)),
        (f"{KEEP_PIECE} a", f"a {KEEP_PIECE}", (f"{STAND_IN} a", f"a {STAND_IN}", 1)),
    ],
)  # fmt: skip
def test_what_both_sides_have_is_kept_as_often_as_both_have_it(src, tgt, expected):
    assert KeepPatterns(PATTERNS).mark_pair(src, tgt) == expected


def pieces(tokenizer, sides):
    src = [tokenizer.src_piece(int(piece)) for piece in sides[0].ids]
    return src, tokenizer.tgt_pieces([int(piece) for piece in sides[1].ids])


def test_a_pair_has_the_piece_on_both_sides_and_typed_text_has_none(write, kept):
    corpus = read_corpus(write([("sun {n} moon", "nus {n} noom")]), kept, **LIMITS)
    plain = Tokenizer(kept.src_model, kept.tgt_model)
    sun, moon = plain.encode_src(["sun", "moon"])
    expected = [*plain.src_pieces(sun), "▁", KEEP_PIECE, *plain.src_pieces(moon)]
    src, tgt = pieces(kept, (corpus.src, corpus.tgt))
    assert src[:-1] == expected
    assert tgt.count(KEEP_PIECE) == 1
    assert tgt[tgt.index(KEEP_PIECE) - 1] == "▁"
    assert (corpus.counts.with_kept_texts, corpus.counts.kept_texts) == (1, 1)
    assert "1 kept texts in 1 pairs" in str(corpus.counts)
    for typed in (KEEP_PIECE, f"sun {KEEP_PIECE} moon"):
        corpus = read_corpus(write([(typed, "nus sun nus noom sun")]), kept, **LIMITS)
        assert KEEP_PIECE not in pieces(kept, (corpus.src, corpus.tgt))[0]
        assert corpus.counts.kept_texts == 0


def test_stand_ins_survive_when_text_is_cut_anew(kept, pairs):
    lines = [(f"<b>{a}</b> {{n}}", f"{{n}} <b>{b}</b>") for a, b in pairs[:50]] + pairs[:10]
    chunk = Chunk(*("\n".join(side).encode() for side in zip(*lines, strict=True)))
    encode = ChunkTokenizer(kept)
    first = encode(chunk, Filter("<2de>", 100, 9.0, keep_text=True))
    texts = [
        bytes(text.ids).decode().removesuffix("\n") for text in (first.src_text, first.tgt_text)
    ]
    assert texts[0].count(STAND_IN) == 150
    again = encode(Chunk(*(text.encode() for text in texts)), Resample(0.3, 7))
    keep_ids = kept.read_marks([-1]) + kept.read_tgt_marks([-1])
    for one, other, number in zip(
        (first.src, first.tgt), (again.src, again.tgt), keep_ids, strict=True
    ):
        assert np.count_nonzero(other.ids == number) == 150
        for row in range(len(one)):
            cut = [
                side.ids[side.offsets[row] : side.offsets[row + 1]].tolist()
                for side in (one, other)
            ]
            assert cut[0].count(number) == cut[1].count(number)
            decoded = [kept.decode([ids], written=True)[0] for ids in cut]
            assert one is first.src or decoded[0] == decoded[1]


def test_no_merge_left_out_is_what_was_cut_before(pairs):
    tokenizer = with_keep(
        train_tokenizer(*zip(*pairs, strict=True), TokenizerConfig(vocab_size=150), 1), PATTERNS
    )
    texts = [f"sun {STAND_IN} moon{STAND_IN}rain", f"{STAND_IN}Ω{STAND_IN} Ω", STAND_IN, "sun"]
    found = Sampler(tokenizer.src_model).encode(
        texts, 0.0, np.random.default_rng(1), [None] * len(texts)
    )
    expected = [tokenizer.read_marks(ids) for ids in tokenizer.encode_marked(texts)]
    assert found.ids.tolist() == [piece for ids in expected for piece in ids]


def test_a_written_target_is_its_text(kept):
    for text in (f"nus {STAND_IN} noom", f"({STAND_IN}) nus", f"{STAND_IN}", "nus noom"):
        ids = kept.read_tgt_marks(kept.encode_tgt_marked([text])[0])
        assert ids[-1] == EOS_ID
        if "(" not in text:  # which no vocabulary here has
            assert kept.decode([ids], written=True) == [text.replace(STAND_IN, KEEP_PIECE)]
        assert KEEP_PIECE not in kept.decode([ids])[0]


def test_a_vocabulary_gets_the_piece_once_and_processes_are_told(kept):
    assert with_keep(kept, PATTERNS).src_model == kept.src_model
    assert with_keep(kept, ()).keep is None
    other = unpack_tokenizer(list(pack_tokenizer(kept)))
    assert other.keep.patterns == kept.keep.patterns
    config = TokenizerConfig(src_model="given")
    extended = extend_tokenizer(kept, ["xyxyx"], ["yxyxy"], config, 3, 1)
    assert KEEP_PIECE in (extended.src_piece(i) for i in range(extended.src_vocab_size))


def test_a_vocabulary_without_the_piece_keeps_nothing(tokenizer):
    with pytest.raises(
        ModelError, match=r"keep .* has patterns, but a tokenizer has no control piece <keep>"
    ):
        Tokenizer(tokenizer.src_model, keep=PATTERNS)
    typed = append_pieces(tokenizer.src_model, [Piece(KEEP_PIECE, -1.0)])
    with pytest.raises(ModelError, match="has <keep> as text, not as a control piece; learn a new"):
        with_keep(Tokenizer(typed), PATTERNS)
    with pytest.raises(ConfigError, match="not a regular expression"):
        with_keep(tokenizer, ["("])


def test_another_pattern_is_another_corpus_on_disk(write, kept, tmp_path):
    config = write([("sun {n}", "nus {n}"), ("moon", "noom")])
    options = {**LIMITS, "keep_text": False, "report": lambda _: None}
    keys = [
        open_shards(config, tokenizer, tmp_path / "cache", **options).key
        for tokenizer in (kept, with_keep(kept, ["n"]), with_keep(kept, ()), kept)
    ]
    assert len(set(keys)) == 3
    assert keys[0] == keys[3]
    counts = json.loads((tmp_path / "cache" / keys[0] / "meta.json").read_text())["counts"]
    assert (counts["marked"], counts["texts"]) == (1, 1)
