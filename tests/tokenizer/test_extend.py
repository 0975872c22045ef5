"""Vocabularies that get pieces for other text, and keep what they had."""

import random
from collections import Counter

import numpy as np
import pytest

from s2s.config import UNK_ID, TokenizerConfig
from s2s.corpus.sampling import Sampler
from s2s.errors import ConfigError, DataError, ModelError
from s2s.tokenizer import Tokenizer, new_text
from s2s.tokenizer.extend import extend_tokenizer
from s2s.tokenizer.learn import train_tokenizer
from s2s.tokenizer.merges import continue_merges, may_be_piece
from s2s.tokenizer.pieces import CONTROL, Piece, append_pieces, load_plain, read_pieces

DE = ["der Hund läuft am Strand", "die Katze schläft", "zwei Hunde und eine Katze"] * 20
EN = ["the dog runs along the beach", "the cat sleeps", "two dogs and a cat"] * 20


def say(stems, endings, blank, end, seed):
    """Makes sentences of words that have parts in common."""
    draw = random.Random(seed)  # noqa: S311
    words = [stem + ending for stem in stems.split() for ending in endings.split()]
    return [blank.join(draw.choices(words, k=draw.randint(2, 5))) + end for _ in range(300)]


RU = say("собак кошк дом стран голов рук книг мам пап", "а и у ой ам ами ах", " ", ".", 1)
JA = say("走っ 寝 食べ 見 書い 読ん 話し 聞い", "ている てい た たい ます ました ない", "", "。", 2)
NL = say("hond kat strand boek huis school vriend", "en je jes s tje in heid ig", " ", "", 3)
NEW = {"another script": RU, "no blanks": JA, "the same script": NL}


@pytest.fixture(scope="module", params=["bpe", "unigram"])
def old(request):
    config = TokenizerConfig(vocab_size=80, algorithm=request.param, tgt_pieces="all")
    return train_tokenizer(DE, EN, config, seed=1), config


@pytest.fixture(scope="module", params=NEW)
def extended(old, request):
    tokenizer, config = old
    new = extend_tokenizer(tokenizer, NEW[request.param], EN, config, 60, seed=1)
    return tokenizer, new, NEW[request.param]


def unknown(tokenizer, texts):
    return sum(ids.count(UNK_ID) for ids in tokenizer.encode_src(texts))


def test_old_pieces_keep_their_ids_and_new_ones_follow(extended):
    tokenizer, new, _ = extended
    before, after = read_pieces(tokenizer.src_model), read_pieces(new.src_model)
    assert after[: len(before)] == before
    assert 0 < len(after) - len(before) <= 60
    assert new.src_vocab_size == new.tgt_vocab_size == len(after)
    assert len({piece.text for piece in after}) == len(after)


def test_the_new_text_is_written_without_unknown_pieces_and_comes_back(extended):
    tokenizer, new, texts = extended
    assert unknown(tokenizer, texts) > 0
    assert unknown(new, texts) == 0
    assert new.decode(new.encode_tgt(texts)) == texts


def test_new_pieces_are_used_and_shorten_the_new_text(extended):
    tokenizer, new, texts = extended
    counts = Counter(i for ids in new.encode_src(texts) for i in ids)
    fresh = range(tokenizer.src_vocab_size, new.src_vocab_size)
    longer = [i for i in fresh if len(new.tgt_pieces([i])[0]) > 1]
    assert longer
    # A merge may be a step on the way to a longer piece.
    assert sum(counts[i] > 0 for i in longer) >= len(longer) / 3
    assert counts.total() < 0.8 * sum(map(len, texts))


def test_old_text_is_cut_as_before_or_shorter(extended):
    tokenizer, new, _ = extended
    for texts in (DE, EN):
        for before, after in zip(tokenizer.encode_src(texts), new.encode_src(texts), strict=True):
            assert before == after or len(after) < len(before)
        assert new.decode(new.encode_tgt(texts)) == texts


def test_each_new_piece_can_be_reached(extended):
    tokenizer, new, _ = extended
    plain = load_plain(new.src_model)
    for number in range(tokenizer.src_vocab_size, new.src_vocab_size):
        (piece,) = new.tgt_pieces([number])
        assert plain.encode(piece) == [number]


def test_an_extended_vocabulary_can_be_sampled_from(extended):
    _, new, texts = extended
    sampler, random = Sampler(new.src_model), np.random.default_rng(1)
    sampled = {tuple(sampler.encode(texts[:1], 0.1, random, [None]).ids) for _ in range(50)}
    assert len(sampled) > 1
    assert {*new.decode([list(ids) for ids in sampled])} == set(texts[:1])


def test_the_same_text_makes_the_same_extension_and_few_pieces_are_characters(old):
    tokenizer, config = old
    one, other = (extend_tokenizer(tokenizer, RU, [], config, 40, seed=1) for _ in range(2))
    assert one.src_model == other.src_model
    few = extend_tokenizer(tokenizer, iter(RU), iter([]), config, 5, seed=1)
    counts = Counter("".join(RU).replace(" ", "").replace(".", ""))
    frequent = sorted(counts, key=lambda char: (-counts[char], char))[:5]
    assert [piece.text for piece in read_pieces(few.src_model)[-5:]] == frequent


def test_twice_extended_is_still_a_vocabulary(old):
    tokenizer, config = old
    once = extend_tokenizer(tokenizer, RU, [], config, 40, seed=1, symbols=["<2ru>"])
    twice = extend_tokenizer(once, JA, NL, config, 60, seed=1, symbols=["<2ja>", "<2ru>"])
    assert twice.tags == ("<2ja>", "<2ru>")
    assert unknown(twice, RU + JA) == 0
    assert read_pieces(twice.src_model)[: once.src_vocab_size] == read_pieces(once.src_model)
    (ids,) = twice.encode_src([f"<2ja> {RU[0]}"])
    assert ids[1:] == twice.encode_src(RU[:1])[0]


def test_tags_alone_can_be_added_and_only_to_the_source():
    config = TokenizerConfig(vocab_size=60, joint=False)
    tokenizer = train_tokenizer(DE, EN, config, seed=1, symbols=["<2en>"])
    new = extend_tokenizer(tokenizer, [], [], config, 0, seed=1, symbols=["<2nl>", "<2en>"])
    assert new.tags == ("<2en>", "<2nl>")
    assert read_pieces(new.src_model)[-1] == Piece("<2nl>", 0.0, CONTROL)
    assert new.src_vocab_size == tokenizer.src_vocab_size + 1
    assert new.tgt_model == tokenizer.tgt_model


def test_tags_in_the_new_text_become_no_pieces(old):
    tokenizer, config = old
    tagged = [f"<2ru> {text}" for text in RU]
    assert (
        extend_tokenizer(tokenizer, tagged, [], config, 40, 1, ["<2ru>"]).src_model
        == extend_tokenizer(tokenizer, RU, [], config, 40, 1, ["<2ru>"]).src_model
    )


def test_separate_vocabularies_learn_from_their_own_side():
    config = TokenizerConfig(vocab_size=60, joint=False)
    tokenizer = train_tokenizer(DE, EN, config, seed=1)
    new = extend_tokenizer(tokenizer, RU, JA, config, 40, seed=1)
    assert unknown(new, RU) == 0 < unknown(new, JA)
    assert new.decode(new.encode_tgt(JA)) == JA
    assert new.tgt_vocab_size <= tokenizer.tgt_vocab_size + 40


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"algorithm": "unigram"}, "algorithm is 'unigram' but was 'bpe'"),
        ({"joint": False}, "joint is False but was True"),
        (
            {"joint": False, "normalization": "nfkc"},
            "joint is False but was True; normalization is 'nfkc' but was 'folded'",
        ),
    ],
)
def test_what_a_vocabulary_keeps_cannot_be_set_anew(settings, message):
    tokenizer = train_tokenizer(DE, EN, TokenizerConfig(vocab_size=60), seed=1)
    with pytest.raises(ConfigError, match=message) as caught:
        extend_tokenizer(tokenizer, RU, RU, TokenizerConfig(**settings), 10, seed=1)
    assert "\n" not in str(caught.value)
    given = TokenizerConfig(src_model="given.model", **settings)
    assert extend_tokenizer(tokenizer, RU, RU, given, 10, 1).src_vocab_size == 70


def test_what_cannot_be_extended_is_refused():
    import io

    import sentencepiece

    config = TokenizerConfig(vocab_size=60)
    tokenizer = train_tokenizer(DE, EN, config, seed=1)
    with pytest.raises(ConfigError, match=r"new_pieces \(--new-pieces\) is -1"):
        extend_tokenizer(tokenizer, RU, RU, config, -1, seed=1)
    with pytest.raises(DataError, match="no text to learn"):
        extend_tokenizer(tokenizer, [" "], [], config, 1, seed=1)
    with pytest.raises(ConfigError, match="for example <2de>"):
        extend_tokenizer(tokenizer, RU, RU, config, 1, 1, ["ru"])
    taken = Tokenizer(append_pieces(tokenizer.src_model, [Piece("<2ru>", -99.0)]))
    with pytest.raises(ModelError, match="<2ru> as text"):
        extend_tokenizer(taken, RU, RU, config, 1, 1, ["<2ru>"])
    model = io.BytesIO()
    special = {"pad_id": 0, "unk_id": 1, "bos_id": 2, "eos_id": 3}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(EN), model_writer=model, model_type="word", vocab_size=12, **special
    )
    given = TokenizerConfig(src_model="words.model")
    with pytest.raises(ModelError, match="'word' and cannot be extended; expected bpe or unigram"):
        extend_tokenizer(Tokenizer(model.getvalue()), RU, RU, given, 1, seed=1)


def test_merges_go_on_with_the_most_frequent_pair():
    words = [(["▁", "l", "ow"], 5), (["▁", "l", "ow", "er"], 2), (["▁n", "ew", "er"], 3)]
    known = {"▁", "l", "ow", "er", "▁n", "ew"}
    # "low" and "▁l" occur 7 times, "low" sorts first; then "▁low", and "▁new" before "newer".
    assert continue_merges(words, known, 9)[:2] == ["low", "▁low"]
    assert continue_merges(words, known, 1) == ["low"]
    assert continue_merges(words, known | {"low", "▁l"}, 1) == ["ewer"]
    assert continue_merges([(["a", "", "b"], 9), (["c", "d"], 1)], set(), 9) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("▁straße", True),
        ("élan", True),
        ("犬がソファー", True),
        ("10.000", True),
        ("สวัสดี", True),
        ("人々", True),
        ("ﾊﾝ半", True),
        ("ㄅ我", False),
        ("สລ", False),
        ("a" * 17, False),
        ("der▁Hund", False),
        ("Hund,", False),
        ("B2", False),
        ("Тhе", False),
    ],
)
def test_a_piece_is_short_within_a_word_and_of_one_script(text, expected):
    assert may_be_piece(text) is expected


def test_a_vocabulary_of_characters_gets_tags_but_no_pieces():
    config = TokenizerConfig(algorithm="char", tgt_algorithm="word", joint=False)
    tokenizer = train_tokenizer(DE, EN, config, seed=1)
    tagged = extend_tokenizer(tokenizer, DE, EN, config, 0, 1, ["<2en>"])
    assert tagged.tags == ("<2en>",)
    with pytest.raises(ModelError, match="'char' and cannot be extended"):
        extend_tokenizer(tokenizer, RU, JA, config, 10, seed=1)
    with pytest.raises(ConfigError, match="algorithm is 'char' but was 'word'"):
        other = TokenizerConfig(algorithm="char", joint=False)
        extend_tokenizer(tokenizer, RU, JA, other, 0, seed=1)


def test_of_many_sentences_each_is_as_likely_to_be_looked_at(monkeypatch):
    monkeypatch.setattr(new_text, "SENTENCES", 4)
    texts = list(map(str, range(10)))
    counts = dict.fromkeys(texts, 0)
    for seed in range(2000):
        kept = new_text.sample_texts(iter(texts), seed)
        assert len(set(kept)) == 4
        for text in kept:
            counts[text] += 1
    assert all(abs(count / 2000 - 0.4) < 0.05 for count in counts.values())
    assert new_text.sample_texts(iter(texts[:3]), 0) == texts[:3]
