"""Signs that SentencePiece uses itself, typed by somebody: they are text like any other."""

import pytest
import sentencepiece

from s2s.config import UNK_ID, TokenizerConfig
from s2s.protobuf import read_fields, write_field
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.extend import extend_tokenizer, with_keep
from s2s.tokenizer.learn import train_tokenizer
from s2s.tokenizer.pieces import SPACE
from s2s.tokenizer.rules import TYPED_SPACE, plain_rules, with_rules

SIGNS = ["▁", "a▁b", "▁▁", "▅", "<s>", "</s>", "<unk>", "<pad>", "<keep>", "<2de>", "<0x41>", "@@"]
WORDS = [*SIGNS, "a", "b", "<", ">", "s", "pad"]
LINES = [" ".join(WORDS[start:] + WORDS[:start]) for start in range(len(WORDS))]


@pytest.mark.parametrize("joint", [True, False])
@pytest.mark.parametrize("normalization", ["identity", "folded"])
@pytest.mark.parametrize("algorithm", ["word", "char", "bpe", "unigram"])
def test_typed_signs_come_back_as_they_were_typed(algorithm, normalization, joint):
    config = TokenizerConfig(
        vocab_size=120, algorithm=algorithm, normalization=normalization, joint=joint
    )
    learned = train_tokenizer(LINES, LINES, config, 1)
    loaded = Tokenizer(learned.src_model, learned.tgt_model)
    for tokenizer in (learned, loaded, with_keep(loaded, [r"\d+"])):
        for lines in (LINES, SIGNS):
            for encode in (tokenizer.encode_src, tokenizer.encode_tgt):
                encoded = encode(lines)
                assert not any(UNK_ID in ids for ids in encoded)
                assert tokenizer.decode(encoded) == lines
    if algorithm == "word":
        assert [len(ids) for ids in learned.encode_src(LINES)] == [len(WORDS) + 1] * len(LINES)


@pytest.mark.parametrize("algorithm", ["word", "char", "bpe"])
def test_other_programs_read_and_write_a_typed_space_sign_too(algorithm):
    tokenizer = train_tokenizer(LINES, LINES, TokenizerConfig(algorithm=algorithm), 1)
    other = sentencepiece.SentencePieceProcessor(model_proto=tokenizer.src_model)
    ids = other.encode("a▁b ▁")
    assert ids == tokenizer.encode_src(["a▁b ▁"])[0][:-1]
    assert other.decode(ids) == "a▁b ▁"
    assert TYPED_SPACE in "".join(other.id_to_piece(ids))


def test_the_sign_in_pieces_is_no_text_itself():
    tokenizer = train_tokenizer([*LINES, "\ufffd"], LINES, TokenizerConfig(algorithm="char"), 1)
    assert tokenizer.decode(tokenizer.encode_src([f"a {TYPED_SPACE}"])) == ["a \ufffd"]


def test_words_with_signs_beside_tags_are_words():
    config = TokenizerConfig(algorithm="word")
    tokenizer = train_tokenizer(["a <2de> b", "<2fr> <2de>"], ["x <2de>"], config, 1, ["<2de>"])
    ids = tokenizer.encode_src(["<2de> <2de> <2fr>"])[0]
    assert len(ids) == 4
    assert UNK_ID not in ids
    assert ids[0] != ids[1]


@pytest.mark.parametrize("rule", ["nfkc", "nmt_nfkc"])
def test_rules_of_sentencepiece_itself_take_the_sign_for_a_blank(rule):
    config = TokenizerConfig(algorithm="word", normalization=rule)
    tokenizer = train_tokenizer(["a b"], ["a b"], config, 1)
    assert tokenizer.encode_src(["a▁b"]) == tokenizer.encode_src(["a b"])


@pytest.mark.parametrize("joint", [True, False])
def test_an_old_vocabulary_keeps_its_rule(joint):
    """As s2s 0.1.0 and SentencePiece itself make them: the sign is a blank on both sides."""
    config = TokenizerConfig(vocab_size=80, joint=joint, normalization="identity")
    new = train_tokenizer(["a b c"] * 9, ["a b c"] * 9, config, 1)
    old = Tokenizer(*(model and _without_signs(model) for model in (new.src_model, new.tgt_model)))
    extended = extend_tokenizer(old, ["a▁b d"] * 9, ["a▁d"] * 9, config, 5, 1)
    for tokenizer in (old, extended):
        for encode in (tokenizer.encode_src, tokenizer.encode_tgt):
            assert encode(["a▁b"]) == encode(["a b"])
    assert extended.decode(extended.encode_tgt(["a▁d"])) == ["a d"]


def test_an_old_joint_vocabulary_with_rules_for_the_source_keeps_them():
    new = train_tokenizer(["a b c"] * 9, ["a b c"] * 9, TokenizerConfig(vocab_size=80), 1)
    old = Tokenizer(_without_signs(new.src_model))
    assert old.encode_tgt(["a▁b"]) == old.encode_tgt(["a b"])
    assert UNK_ID in new.encode_tgt(["a▁b"])[0]


def test_extending_brings_in_the_sign():
    for algorithm in ("bpe", "unigram"):
        config = TokenizerConfig(vocab_size=80, algorithm=algorithm)
        tokenizer = train_tokenizer(["a b c"] * 9, ["a b c"] * 9, config, 1)
        lines = ["a▁b ▁ c"] * 9
        extended = extend_tokenizer(tokenizer, lines, lines, config, 9, 1)
        for encode in (extended.encode_src, extended.encode_tgt):
            encoded = encode(lines[:1])
            assert UNK_ID not in encoded[0]
            assert extended.decode(encoded) == lines[:1]


def test_words_that_no_sentencepiece_would_learn_are_counted_like_others():
    lines = ["<s> <s> <s>", "a a", "▅"]
    tokenizer = train_tokenizer(lines, lines, TokenizerConfig(algorithm="word"), 1)
    assert tokenizer.tgt_pieces(range(4, 7)) == [f"{SPACE}<s>", f"{SPACE}a", f"{SPACE}▅"]


def _without_signs(model: bytes) -> bytes:
    """Returns a model as it was before it could tell the sign from a blank."""
    return b"".join(
        write_field(number, value if isinstance(value, int) else bytes(value))
        for number, value in read_fields(memoryview(with_rules(model, plain_rules())))
        if number != 5  # the rules for writing
    )
