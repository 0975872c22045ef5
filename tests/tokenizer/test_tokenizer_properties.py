"""What holds for any text, with vocabularies of every algorithm."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s2s.config import BOS_ID, EOS_ID, PAD_ID, UNK_ID, TokenizerConfig
from s2s.text import clean
from s2s.tokenizer.learn import train_tokenizer

WORDS = ["der", "Hund", "läuft", "am", "Strand", "die", "Katze", "schläft", "zwei", "Hunde", "42"]
SENTENCES = [" ".join(WORDS[i:] + WORDS[:i]) for i in range(len(WORDS))] * 5
LETTERS = sorted(set("".join(WORDS)))
# Signs of SentencePiece and s2s, marks, blanks.
ODD = "▁⁇<s/>0xA1\ufdd0\ufffd\u0301\u00ad\u200b\u200d\ufeff\x00\x85"
ANYTHING = st.text(st.one_of(st.characters(codec=None), st.sampled_from(ODD)), max_size=30)
KNOWN = st.lists(st.text(LETTERS, min_size=1, max_size=9), max_size=6).map(" ".join)
ALGORITHMS = ["bpe", "unigram", "char", "word"]
BYTES = [("bpe", True), ("bpe", False), ("unigram", True), ("unigram", False)]
"""Algorithms that know bytes, with a joint vocabulary and without."""
SPACE = "▁"


def learn(algorithm, size=60, **changes):
    settings = {"normalization": "identity", **changes}
    config = TokenizerConfig(vocab_size=size, algorithm=algorithm, **settings)
    return train_tokenizer(SENTENCES, SENTENCES, config, seed=1)


@pytest.fixture(scope="module")
def tokenizers():
    return {algorithm: learn(algorithm) for algorithm in ALGORITHMS}


@pytest.fixture(scope="module")
def with_bytes():
    return {
        (algorithm, joint): learn(algorithm, 330, byte_fallback=True, joint=joint)
        for algorithm, joint in BYTES
    }


@settings(deadline=None)
@given(st.sampled_from(ALGORITHMS), st.lists(ANYTHING.map(clean), max_size=4))
def test_any_text_becomes_pieces_and_the_end_alone_is_special(tokenizers, algorithm, texts):
    tokenizer = tokenizers[algorithm]
    encoded = tokenizer.encode_src(texts)
    assert encoded == tokenizer.encode_tgt(texts) == [tokenizer.encode_src([t])[0] for t in texts]
    for text, ids in zip(texts, encoded, strict=True):
        assert ids[-1] == EOS_ID
        assert not {PAD_ID, BOS_ID, EOS_ID} & set(ids[:-1])
        assert all(0 <= number < tokenizer.src_vocab_size for number in ids)
        known = UNK_ID not in ids
        assert not known or tokenizer.decode([ids]) == [plain(text)]
        pieces = tokenizer.tgt_pieces(ids[:-1])
        assert tokenizer.join_tgt(pieces) == tokenizer.decode([ids])[0] or not known
        assert tokenizer.tgt_ids(pieces) == tuple(ids[:-1])


def plain(text):
    """U+FDD0 is no character."""
    return text.replace("\ufdd0", "\ufffd")


@settings(deadline=None)
@given(st.sampled_from(["bpe", "unigram", "char"]), KNOWN)
def test_words_of_known_letters_come_back(tokenizers, algorithm, text):
    tokenizer = tokenizers[algorithm]
    (ids,) = tokenizer.encode_tgt([text])
    assert UNK_ID not in ids
    assert tokenizer.decode([ids]) == [text]
    if algorithm == "char":
        assert len(ids) == len(text) + (2 if text else 1)  # the blank before it, and the end


@settings(deadline=None)
@given(st.lists(st.sampled_from(WORDS)))
def test_known_words_are_one_piece_each(tokenizers, words):
    (ids,) = tokenizers["word"].encode_tgt([" ".join(words)])
    assert len(ids) == len(words) + 1
    assert tokenizers["word"].decode([ids]) == [" ".join(words)]


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(BYTES), ANYTHING.map(clean))
def test_with_bytes_any_text_comes_back(with_bytes, kind, text):
    tokenizer = with_bytes[kind]
    for encode in (tokenizer.encode_src, tokenizer.encode_tgt):
        (ids,) = encode([text])
        assert UNK_ID not in ids
    assert tokenizer.decode([ids]) == [plain(text)]


@settings(deadline=None)
@given(st.sampled_from(["nfkc", "nmt_nfkc"]), ANYTHING.map(clean))
def test_normalised_text_comes_back_normalised(normalising, rule, text):
    tokenizer = normalising[rule]
    once = tokenizer.decode(tokenizer.encode_tgt([text]))
    assert tokenizer.decode(tokenizer.encode_tgt(once)) == once
    if rule == "nfkc" and SPACE not in text:
        assert clean(once[0]) == clean(unicodedata.normalize("NFKC", text))


@pytest.fixture(scope="module")
def normalising():
    return {
        rule: learn("bpe", 330, byte_fallback=True, normalization=rule)
        for rule in ("nfkc", "nmt_nfkc")
    }
