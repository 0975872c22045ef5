import pytest

from s2s.config import BOS_ID, EOS_ID, PAD_ID, UNK_ID, TokenizerConfig
from s2s.errors import ConfigError, DataError, ModelError
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.keep import STAND_IN
from s2s.tokenizer.learn import train_tokenizer
from s2s.tokenizer.marks import MARK_IDS

DE = ["der Hund läuft am Strand", "die Katze schläft", "zwei Hunde und eine Katze"] * 20
EN = ["the dog runs along the beach", "the cat sleeps", "two dogs and a cat"] * 20


@pytest.fixture(scope="module", params=["bpe", "unigram", "char", "word"])
def tokenizer(request):
    config = TokenizerConfig(vocab_size=80, algorithm=request.param)
    return train_tokenizer(DE, EN, config, seed=1)


def test_text_survives_the_way_to_pieces_and_back(tokenizer):
    assert tokenizer.decode(tokenizer.encode_src(DE)) == DE
    assert tokenizer.decode(tokenizer.encode_tgt(EN)) == EN


def test_every_source_and_target_has_the_end_piece_last_and_nowhere_else(tokenizer):
    for ids in tokenizer.encode_src(DE) + tokenizer.encode_tgt(EN):
        assert ids[-1] == EOS_ID
        assert ids.count(EOS_ID) == 1
        assert BOS_ID not in ids


@pytest.mark.parametrize("text", ["</s>", "<s> a", "a <unk> b </s> c", "<pad>", "▁the", "<2de>"])
def test_typed_text_is_never_a_control_piece(tokenizer, text):
    (ids,) = tokenizer.encode_src([text])
    assert not {PAD_ID, BOS_ID, EOS_ID} & set(ids[:-1])
    assert ids[-1] == EOS_ID
    assert len(ids) > 1


def test_unknown_characters_are_unknown_pieces(tokenizer):
    assert UNK_ID in tokenizer.encode_src(["世界"])[0]


@pytest.mark.parametrize("algorithm", ["bpe", "unigram"])
@pytest.mark.parametrize("joint", [True, False])
def test_with_bytes_any_text_survives(algorithm, joint):
    config = TokenizerConfig(
        vocab_size=340, algorithm=algorithm, joint=joint, byte_fallback=True, normalization="nfkc"
    )
    tokenizer = train_tokenizer(DE, EN, config, seed=1)
    texts = ["世界", "the 🐈 sleeps", "Ωμέγα \u0928\u092e\u0938\u094d\u0924\u0947", "</s> <0x41>"]
    for encode in (tokenizer.encode_src, tokenizer.encode_tgt):
        encoded = encode(texts)
        assert not any({UNK_ID, BOS_ID, PAD_ID} & set(ids) for ids in encoded)
    assert tokenizer.decode(encoded) == texts
    cut = tokenizer.decode([ids[:-2] for ids in encoded[:1]])  # within a character
    assert cut[0].startswith("世") and "\ufffd" in cut[0]


@pytest.mark.parametrize("text", ["", " "])
def test_a_blank_is_the_end_piece_alone(tokenizer, text):
    assert tokenizer.encode_src([text]) == [[EOS_ID]]


def test_nothing_in_nothing_out(tokenizer):
    assert tokenizer.encode_src([]) == []
    assert tokenizer.decode([]) == []
    assert tokenizer.decode([[]]) == [""]


def test_special_pieces_are_not_text(tokenizer):
    (ids,) = tokenizer.encode_tgt(EN[:1])
    assert tokenizer.decode([[BOS_ID, *ids, PAD_ID, PAD_ID]]) == EN[:1]


def test_separate_vocabularies_have_their_own_sizes():
    config = TokenizerConfig(vocab_size=50, joint=False)
    tokenizer = train_tokenizer(DE, EN, config, seed=1)
    assert tokenizer.tgt_model is not None
    loaded = Tokenizer(tokenizer.src_model, tokenizer.tgt_model)
    assert loaded.encode_tgt(EN) == tokenizer.encode_tgt(EN)
    assert loaded.decode(loaded.encode_tgt(EN)) == EN


def test_the_same_text_makes_the_same_vocabulary():
    config = TokenizerConfig(vocab_size=60)
    one, other = (train_tokenizer(DE, EN, config, seed=1) for _ in range(2))
    assert one.src_model == other.src_model


def test_a_small_text_gives_a_smaller_vocabulary_and_no_text_an_error():
    tokenizer = train_tokenizer(DE, EN, TokenizerConfig(vocab_size=8000), seed=1)
    assert tokenizer.src_vocab_size < 8000
    with pytest.raises(DataError, match="no vocabulary"):
        train_tokenizer([], [], TokenizerConfig(vocab_size=100), seed=1)


@pytest.mark.parametrize(
    ("more", "left_out"),
    [({}, "are unknown"), ({"byte_fallback": True, "vocab_size": 700}, "are written as bytes")],
)
def test_more_characters_than_pieces_cost_the_rarest_ones_and_that_is_said(caplog, more, left_out):
    # As in Chinese: most of the text is of few characters, most characters are rare.
    often, rare = [chr(0x4E00 + n) for n in range(80)], [chr(0x5E00 + n) for n in range(900)]
    texts = ["".join(often[n % 80 :] + often[: n % 80]) + rare[n] for n in range(900)]
    config = TokenizerConfig(**{"vocab_size": 300, **more})
    tokenizer = train_tokenizer(texts, ["a b c"] * 90, config, seed=1)
    assert "different characters, too many for" in caplog.text
    assert left_out in caplog.text
    (ids,) = tokenizer.encode_src(["".join(often)])
    assert UNK_ID not in ids
    (ids,) = tokenizer.encode_src([rare[899]])
    assert (UNK_ID in ids) != config.byte_fallback


def test_a_vocabulary_too_small_for_any_such_text_is_refused_in_one_line():
    texts = ["".join(chr(0x4E00 + n) for n in range(start, start + 50)) for start in range(900)]
    with pytest.raises(DataError, match=r"is 100, but .* expected at least \d+$") as refused:
        train_tokenizer(texts, texts, TokenizerConfig(vocab_size=100), seed=1)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("model", [b"", b"x", b"\x00" * 100])
def test_bytes_of_another_kind_are_refused(model):
    with pytest.raises(ModelError, match="not a SentencePiece model"):
        Tokenizer(model)


def test_a_model_with_other_special_pieces_is_refused():
    import io

    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(EN), model_writer=model, vocab_size=20, minloglevel=2
    )
    with pytest.raises(ModelError, match="expected"):
        Tokenizer(model.getvalue())


SPELLINGS = ["hello", "world's", "zoo", "quiz"] * 3
PHONEMES = ["HH AH L OW", "W ER L D Z", "Z UW", "K W IH Z"] * 3


def test_letters_and_phonemes_are_one_piece_each():
    config = TokenizerConfig(algorithm="char", tgt_algorithm="word", joint=False)
    tokenizer = train_tokenizer(SPELLINGS, PHONEMES, config, seed=1)
    special_and_blank = 5
    assert tokenizer.src_vocab_size == special_and_blank + len(set("".join(SPELLINGS)))
    assert tokenizer.tgt_vocab_size == 4 + len(set(" ".join(PHONEMES).split()))
    for text, ids in zip(SPELLINGS, tokenizer.encode_src(SPELLINGS), strict=True):
        assert len(ids) == len(text) + 2  # the blank that begins a sentence, and the end piece
    for text, ids in zip(PHONEMES, tokenizer.encode_tgt(PHONEMES), strict=True):
        assert tokenizer.tgt_pieces(ids) == [*(f"▁{word}" for word in text.split()), "</s>"]
    assert tokenizer.decode(tokenizer.encode_tgt(PHONEMES)) == PHONEMES


@pytest.mark.parametrize("algorithm", ["char", "word"])
def test_no_symbol_is_too_rare_while_there_is_room_for_it(algorithm):
    texts = ["a b a b"] * 20_000 + ["z"]
    roomy = train_tokenizer(texts, [], TokenizerConfig(algorithm=algorithm), seed=1)
    assert UNK_ID not in roomy.encode_src(["z a b"])[0]


@pytest.mark.parametrize("algorithm", ["char", "word"])
def test_without_room_the_most_frequent_symbols_are_kept(algorithm):
    texts = [" ".join("abcdefgh"[:number]) for number in range(1, 9)]
    config = TokenizerConfig(algorithm=algorithm, vocab_size=8)
    tokenizer = train_tokenizer(texts, [], config, seed=1)
    assert tokenizer.src_vocab_size == 8
    assert UNK_ID not in tokenizer.encode_src(["a b c"])[0]
    assert UNK_ID in tokenizer.encode_src(["h"])[0]


def test_words_may_be_long_and_of_any_script():
    texts = ["antidisestablishmentarianism" * 4, "ʃ ɹ ŋ", "你好 世界"] * 2
    tokenizer = train_tokenizer(texts, [], TokenizerConfig(algorithm="word"), seed=1)
    assert [len(ids) for ids in tokenizer.encode_src(texts[:3])] == [2, 4, 3]
    assert tokenizer.decode(tokenizer.encode_tgt(texts)) == texts


def test_symbols_that_nfkc_makes_one_stay_two_without_it():
    texts = ["tʰ th", "ᵑ ŋ"]
    plain, identity = (
        train_tokenizer(
            texts, [], TokenizerConfig(algorithm="word", normalization=rule), seed=1
        ).src_vocab_size
        for rule in ("nmt_nfkc", "identity")
    )
    assert (plain, identity) == (6, 8)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"byte_fallback": True, "sampling": 0.1}, "cannot be combined: turn off"),
        ({"algorithm": "char", "sampling": 0.1}, "only one way; set sampling to 0"),
        ({"algorithm": "word", "sampling": 0.1}, "only one way; set sampling to 0"),
        ({"tgt_algorithm": "word", "joint": False, "sampling": 0.1}, "only one way"),
        ({"algorithm": "char", "tgt_algorithm": "word"}, "two algorithms need two"),
        ({"algorithm": "chars"}, "did you mean 'char'"),
    ],
)
def test_algorithms_that_do_not_go_together_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message) as caught:
        TokenizerConfig(**settings)
    assert "\n" not in str(caught.value)


def test_a_zero_width_space_without_a_piece_is_a_blank():
    texts = ["eins zwei", "zwei eins"] * 10
    config = TokenizerConfig(vocab_size=40, normalization="identity")
    tokenizer = train_tokenizer(texts, [], config, seed=1)
    assert tokenizer.src_zero_width_is_blank
    assert tokenizer.encode_src(["eins\u200bzwei"]) == tokenizer.encode_src(["eins zwei"])
    marked = tokenizer.encode_marked(["eins\u200bzwei\0"])
    assert marked == tokenizer.encode_marked(["eins zwei\0"])
    khmer = train_tokenizer([*texts, *["ខ្ញុំ\u200bឃើញ"] * 10], [], config, seed=1)
    assert not khmer.src_zero_width_is_blank
    assert khmer.decode(khmer.encode_tgt(["ខ្ញុំ\u200bឃើញ"])) == ["ខ្ញុំ\u200bឃើញ"]


def test_every_word_is_a_piece_of_a_vocabulary_of_words_unknown_ones_too():
    config = TokenizerConfig(algorithm="word", joint=False)
    tokenizer = train_tokenizer(["a b <2de>", "b"], ["x y", "y"], config, 1)
    texts = ["a q r b", "q", "q r s", " q  r a ", "", "a b"]
    for encode in (tokenizer.encode_src, tokenizer.encode_tgt, tokenizer.encode_marked):
        assert [len(ids) - 1 for ids in encode(texts)] == [len(text.split()) for text in texts]
    assert tokenizer.encode_src(["a q r b"]) == [
        [*tokenizer.encode_src(["a"])[0][:1], UNK_ID, UNK_ID, *tokenizer.encode_src(["b"])[0]]
    ]
    many = tokenizer.encode_src(["q r b"] * 6000)
    assert all(ids == tokenizer.encode_src(["q r b"])[0] for ids in many)
    marked = tokenizer.encode_marked([f"q r {STAND_IN} s t"])[0]
    assert marked == [UNK_ID, UNK_ID, MARK_IDS[STAND_IN], UNK_ID, UNK_ID, EOS_ID]
