"""Vocabularies that keep blanks and tabs as they are."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s2s.config import UNK_ID, TokenizerConfig
from s2s.errors import ConfigError
from s2s.text import clean, clean_but_blanks
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.extend import extend_tokenizer
from s2s.tokenizer.learn import train_tokenizer

CODE = [
    "def double(x):",
    "    return 2 * x  # twice",
    "\tif x:\t# a tab",
    "\t\t  y = x",
    "a  b   c ",
    "        deep = 1",
    "trailing\t \t",
    "▁ a▁▁b",
] * 4
ALGORITHMS = ["bpe", "unigram", "char", "word"]


def learn(algorithm, **changes):
    config = TokenizerConfig(vocab_size=250, algorithm=algorithm, whitespace="keep", **changes)
    return train_tokenizer(CODE, CODE, config, 1)


@pytest.fixture(scope="module")
def tokenizers():
    return {algorithm: learn(algorithm) for algorithm in ALGORITHMS}


@pytest.mark.parametrize("changes", [{}, {"joint": False}, {"normalization": "nfkc"}])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_code_comes_back_as_it_was_written(algorithm, changes):
    learned = learn(algorithm, **changes)
    lines = [line for line in CODE if "▁" not in line or "normalization" not in changes]
    for tokenizer in (learned, Tokenizer(learned.src_model, learned.tgt_model)):
        assert tokenizer.keeps_blanks
        assert [tokenizer.clean(line) for line in lines] == lines
        for encode in (tokenizer.encode_src, tokenizer.encode_tgt):
            encoded = encode(lines)
            assert not any(UNK_ID in ids for ids in encoded)
            assert tokenizer.decode(encoded) == lines


@settings(deadline=None)
@given(st.sampled_from(ALGORITHMS), st.text(st.sampled_from(" \tab▁#"), max_size=12))
def test_any_blanks_come_back(tokenizers, algorithm, text):
    tokenizer = tokenizers[algorithm]
    cleaned = tokenizer.clean(text)
    assert cleaned == (text if text.strip() else "")
    (ids,) = tokenizer.encode_tgt([cleaned])
    assert UNK_ID in ids or tokenizer.decode([ids]) == [cleaned]
    assert algorithm == "word" or UNK_ID not in ids


def test_blanks_beside_unknown_words_are_pieces(tokenizers):
    """SentencePiece makes one piece of several unknown words, so words are cut one by one."""
    tokenizer = tokenizers["word"]
    for text in ("  Ω Ψ   x ", "Ω  Ψ", " Ω"):
        (ids,) = tokenizer.encode_src([text])
        assert len(ids) == len(text.split(" ")) + 1
        written = tokenizer.decode([[number for number in ids if number != UNK_ID]])[0]
        assert written.count(" ") >= text.count(" ") - text.count("Ω") - text.count("Ψ")


def test_indentation_takes_few_pieces(tokenizers):
    deep, flat = tokenizers["bpe"].encode_src(["        deep = 1", "deep = 1"])
    assert len(deep) <= len(flat) + 2


def test_extending_keeps_blanks():
    for algorithm in ("bpe", "unigram"):
        config = TokenizerConfig(algorithm=algorithm, whitespace="keep")
        lines = ["  ñandú\t= 1 "] * 5
        extended = extend_tokenizer(learn(algorithm), lines, lines, config, 20, 1)
        assert extended.keeps_blanks
        assert extended.decode(extended.encode_tgt(lines)) == lines


def test_single_blanks_are_the_default(tokenizers):
    plain = train_tokenizer(CODE, CODE, TokenizerConfig(vocab_size=250), 1)
    assert not plain.keeps_blanks
    assert plain.clean("  a \t b ") == "a b"


def test_a_model_from_elsewhere_with_blanks_gets_single_ones(tokenizers):
    """It has SentencePiece's own setting, but not the mark of s2s."""
    from s2s.tokenizer.blanks import mark_blanks

    model = tokenizers["bpe"].src_model
    unmarked = model.removesuffix(mark_blanks(b""))
    assert len(unmarked) < len(model)
    assert not Tokenizer(unmarked).keeps_blanks


@pytest.mark.parametrize("rules", ["folded", "nmt_nfkc"])
def test_rules_that_make_blanks_of_tabs_are_refused(rules):
    with pytest.raises(ConfigError, match=r"makes blanks of tabs, but whitespace \(--whitespace\)"):
        TokenizerConfig(normalization=rules, whitespace="keep")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("  a\t b \r\n", "  a\t b "),
        ("e\u0301\u00a0 \u3000x\u200b", "é\u00a0 \u3000x\u200b"),
        ("a\x0bb\x1cc\u2028d\0e\ufefff\ud800", "a b c d e f\ufffd"),
        (" \t\u200b ", ""),
        ("\n", ""),
        ("a\nb", "a b"),
    ],
)
def test_what_is_cleaned_where_blanks_are_kept(line, expected):
    assert clean_but_blanks(line) == expected
    assert clean(expected) == clean(line)
