"""Joint vocabularies of which the target has a share."""

import numpy as np
import pytest

from s2s.config import EOS_ID, UNK_ID, TokenizerConfig
from s2s.corpus.chunks import make_samplers
from s2s.errors import ConfigError, ModelError
from s2s.protobuf import write_field
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.extend import extend_tokenizer, with_keep
from s2s.tokenizer.keep import KEEP_PIECE
from s2s.tokenizer.learn import train_tokenizer
from s2s.tokenizer.pieces import read_pieces
from s2s.tokenizer.target_share import FIELD, share_with_target, target_model, target_share

DE = ["der Hund läuft am Strand", "die Katze schläft über Nacht", "zwei Hunde und eine Katze"] * 20
EN = ["the dog runs along the beach", "the cat sleeps at night", "two dogs and a cat"] * 20
RU = ["собака бежит по пляжу", "кошка спит на диване"] * 20


def learn(algorithm="bpe", src=DE, tgt=EN, vocab_size=120, tags=(), **settings):
    config = TokenizerConfig(vocab_size=vocab_size, algorithm=algorithm, **settings)
    return train_tokenizer(src, tgt, config, 1, tags)


def texts_of(tokenizer):
    return [piece.text for piece in read_pieces(tokenizer.src_model)]


@pytest.mark.parametrize("algorithm", ["bpe", "unigram", "char", "word"])
def test_training_text_is_cut_as_by_the_whole_vocabulary(algorithm):
    whole, shared = learn(algorithm, tgt_pieces="all"), learn(algorithm)
    assert sorted(texts_of(whole)) == sorted(texts_of(shared))
    assert 4 < shared.tgt_vocab_size <= shared.src_vocab_size == whole.tgt_vocab_size
    assert (algorithm == "char") == (shared.tgt_vocab_size == shared.src_vocab_size)
    for side, texts in (("src", DE), ("tgt", EN)):
        cut = [getattr(tokenizer, f"encode_{side}")(texts) for tokenizer in (whole, shared)]
        assert [whole.tgt_pieces(ids) for ids in cut[0]] == [shared.tgt_pieces(i) for i in cut[1]]
    assert shared.decode(shared.encode_tgt(EN)) == EN


@pytest.mark.parametrize("algorithm", ["bpe", "unigram"])
def test_other_text_of_the_scripts_is_cut_into_the_shares_pieces(algorithm):
    shared = learn(algorithm)
    ids = shared.encode_tgt(DE)  # with letters that no target has
    assert max(map(max, ids)) < shared.tgt_vocab_size
    assert not any(UNK_ID in row for row in ids)
    assert shared.decode(ids) == DE
    assert sum(map(len, ids)) > sum(map(len, shared.encode_src(DE)))


def test_characters_of_a_script_that_no_target_has_are_left_out():
    shared = learn(src=RU)
    assert not any(
        "а" <= char <= "я" for char in "".join(texts_of(shared)[: shared.tgt_vocab_size])
    )
    assert UNK_ID in shared.encode_tgt(RU[:1])[0]
    assert UNK_ID not in shared.encode_src(RU[:1])[0]


def test_bytes_write_what_the_share_lacks():
    shared = learn(src=RU, vocab_size=400, byte_fallback=True)
    (ids,) = shared.encode_tgt(RU[:1])
    assert UNK_ID not in ids
    assert max(ids) < shared.tgt_vocab_size < shared.src_vocab_size
    assert shared.decode([ids]) == RU[:1]


def test_a_piece_of_the_source_alone_is_none_of_the_target():
    shared = learn()
    (piece,) = [text for text in texts_of(shared) if text == "▁Katze"]
    with pytest.raises(ConfigError, match="the target vocabulary has no piece '▁Katze'"):
        shared.tgt_id(piece)
    assert shared.tgt_id("▁cat") < shared.tgt_vocab_size
    for ids in shared.encode_inside("Katze"):
        assert max(ids) < shared.tgt_vocab_size


@pytest.mark.parametrize("algorithm", ["bpe", "unigram"])
def test_sampling_takes_the_shares_pieces_alone(algorithm):
    shared, draw = learn(algorithm), np.random.default_rng(1)
    _, sampler = make_samplers(shared)
    ids = [sampler.encode(EN[:3], 0.3, draw, [None] * 3).ids for _ in range(50)]
    assert max(max(row) for row in ids) < shared.tgt_vocab_size


def test_tags_are_the_sources_and_the_piece_of_kept_texts_both_sides():
    shared = learn(tags=["<2en>"])
    assert texts_of(shared).index("<2en>") >= shared.tgt_vocab_size
    kept = with_keep(shared, [r"\d+"])
    assert kept.tgt_vocab_size == shared.tgt_vocab_size + 1
    assert texts_of(kept).index(KEEP_PIECE) == shared.tgt_vocab_size
    assert kept.tags == ("<2en>",)


def test_an_extended_target_gets_what_its_new_text_needs():
    old, config = learn(), TokenizerConfig(vocab_size=120)
    new = extend_tokenizer(old, EN, DE, config, 0, 1)  # the other way round
    assert texts_of(new)[: old.tgt_vocab_size] == texts_of(old)[: old.tgt_vocab_size]
    assert sorted(texts_of(new)) == sorted(texts_of(old))
    cut = [tokenizer.encode_src(DE) for tokenizer in (old, new)]
    assert [old.src_pieces(ids) for ids in cut[0]] == [new.src_pieces(ids) for ids in cut[1]]
    assert [new.tgt_pieces(ids[:-1]) for ids in new.encode_tgt(DE)] == [
        new.src_pieces(ids) for ids in cut[1]
    ]
    grown = extend_tokenizer(old, EN, RU, config, 40, 1)
    assert grown.decode(grown.encode_tgt(RU)) == RU
    assert old.tgt_vocab_size < grown.tgt_vocab_size < grown.src_vocab_size


def test_a_vocabulary_without_a_share_stays_without():
    old = learn(tgt_pieces="all")
    new = extend_tokenizer(old, DE, RU, TokenizerConfig(vocab_size=120), 40, 1)
    assert target_share(old.src_model) is target_share(new.src_model) is None
    assert read_pieces(old.tgt_cutter) == read_pieces(old.src_model)
    assert new.tgt_vocab_size == new.src_vocab_size


def test_pieces_are_shared_anew():
    model = learn(tgt_pieces="all").src_model
    once = share_with_target(model, range(20))
    assert target_share(once) == 20
    assert read_pieces(once) == read_pieces(model)
    assert read_pieces(target_model(once)) == read_pieces(model)[:20]
    twice = share_with_target(once, [30])
    assert target_share(twice) == 5
    assert read_pieces(twice)[4] == read_pieces(model)[30]


@pytest.mark.parametrize("share", [0, EOS_ID + 1, 100_000])
def test_a_share_that_cannot_be_is_damage(share):
    model = learn(tgt_pieces="all").src_model
    with pytest.raises(
        ModelError, match=rf"{share} of its \d+ pieces belong to the target; expected 5 to \d+"
    ):
        Tokenizer(write_field(FIELD, share) + model)


def test_a_share_that_is_cut_off_is_damage():
    with pytest.raises(ModelError):
        Tokenizer(write_field(FIELD, 300)[:-1])
