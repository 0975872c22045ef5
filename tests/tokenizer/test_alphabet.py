"""The alphabet: which characters have a piece, in vocabularies large and small."""

import string

import pytest

from s2s.config import UNK_ID, TokenizerConfig
from s2s.tokenizer.alphabet import ASCII, FEWEST, choose_alphabet, count_characters, make_cutter
from s2s.tokenizer.extend import extend_tokenizer
from s2s.tokenizer.learn import train_tokenizer
from s2s.tokenizer.pieces import read_pieces

PRINTABLE = {*string.ascii_letters, *string.digits, *string.punctuation}
EN = ["the dog runs along the beach", "the cat sleeps", "two dogs and a cat"] * 200


def learn(src, tgt, vocab_size=400, **settings):
    return train_tokenizer(src, tgt, TokenizerConfig(vocab_size=vocab_size, **settings), 1)


def unknown(encode, characters):
    return {c for c in characters if UNK_ID in encode([c])[0]}


def test_ascii_is_all_that_can_be_printed():
    assert {*ASCII} == PRINTABLE
    assert len(ASCII) == 94


@pytest.mark.parametrize("algorithm", ["bpe", "unigram"])
@pytest.mark.parametrize("joint", [True, False])
def test_ascii_and_what_occurs_a_few_times_has_a_piece(algorithm, joint):
    src = [*EN * 20, *["Ж"] * FEWEST, *["Ю"]]
    tgt = [*EN * 20, *["你好 ▅"] * FEWEST, *["我"]]
    tokenizer = learn(src, tgt, algorithm=algorithm, joint=joint)
    assert not unknown(tokenizer.encode_src, PRINTABLE | {"Ж"})
    assert not unknown(tokenizer.encode_tgt, PRINTABLE | {*"你好▅"})
    assert unknown(tokenizer.encode_src, "Ю") == {"Ю"}
    assert unknown(tokenizer.encode_tgt, "我") == {"我"}
    assert max(tokenizer.src_vocab_size, tokenizer.tgt_vocab_size) <= 400


def test_in_a_small_text_each_character_has_a_piece():
    text = ["abcdefg Ж", "hijklmn Ю"]
    tokenizer = learn(text, text)
    assert not unknown(tokenizer.encode_tgt, "".join(text).replace(" ", ""))


@pytest.mark.parametrize("algorithm", ["char", "word"])
def test_vocabularies_of_characters_and_words_have_what_they_saw(algorithm):
    tokenizer = learn(["a b a b"] * 9, ["b a"] * 9, algorithm=algorithm)
    assert unknown(tokenizer.encode_src, PRINTABLE) == PRINTABLE - {"a", "b"}


@pytest.mark.parametrize(
    ("room", "expected"),
    [(200, 94), (100, 50), (60, 30), (24, 12), (18, 9), (10, 9), (9, 9)],
)
def test_a_small_vocabulary_has_the_texts_characters_first_then_digits(room, expected):
    counts = dict.fromkeys("xyzXYZ,.9", 10)
    alphabet = choose_alphabet(counts, room)
    assert {*alphabet.characters} == {*counts}
    assert len(alphabet.characters) + len(alphabet.unseen) == expected
    assert alphabet.ascii_left_out == 94 - expected
    assert alphabet.unseen[:9] == [*"012345678"][: expected - 9]


def test_ascii_without_a_piece_is_counted_in_one_line(caplog):
    learn(EN, EN, 60)
    (record,) = caplog.records
    assert record.getMessage().endswith("raise vocab_size (--vocab-size) to include them")
    assert "of the 94 letters, digits and signs of ASCII have no piece" in caplog.text
    caplog.clear()
    learn(EN, EN, 400)
    assert not caplog.records


@pytest.mark.parametrize(
    ("sizes", "room", "characters", "too_many"),
    [
        ({10: 50}, 100, 50, False),
        ({10: 50}, 50, 50, False),  # what is needed for 99.98 % may fill the vocabulary
        ({1_000_000: 30, 10: 100}, 100, 55, True),  # what is only frequent enough may not
        ({1_000_000: 60, 10: 100}, 100, 75, True),
        ({1_000_000: 30, 10: 20}, 100, 50, False),
        ({1_000_000: 30, 3: 100}, 100, 30, False),
        ({1000: 30, 1: 600}, 40, 30, True),
        ({10: 100}, 50, None, None),
    ],
)
def test_a_vocabulary_has_the_most_frequent_characters(sizes, room, characters, too_many):
    counts, code = {}, 0x4E00
    for count, number in sizes.items():
        counts |= {chr(code + n): count for n in range(number)}
        code += number
    alphabet = choose_alphabet(counts, room)
    if characters is None:
        assert alphabet is None
        return
    assert alphabet.characters == [*counts][:characters]
    assert alphabet.too_many is too_many
    left_out = sum([*counts.values()][characters:]) / sum(counts.values())
    assert alphabet.left_out == pytest.approx(left_out)


def test_characters_are_counted_and_text_is_cut_at_those_without_a_piece():
    counts = count_characters(["▁aΩb▁ΩΩ", "▁१२x3", "\U0001f600" * 3])
    assert counts == {"a": 1, "b": 1, "x": 1, "Ω": 3, "१": 1, "२": 1, "3": 1, "\U0001f600": 3}
    cut = make_cutter(counts, ["a", "b", "१", "२", "3", "x"])
    assert cut("▁aΩb▁ΩΩ") == ["▁a", "b▁"]
    assert cut("▁x१२x3") == ["▁x", "१", "२", "x3"]
    assert cut("a" * 50_000) == ["a" * 20_000, "a" * 20_000, "a" * 10_000]


@pytest.mark.parametrize("algorithm", ["bpe", "unigram"])
def test_every_digit_is_a_piece_of_its_own(algorithm):
    lines = [f"in 199{n} und १९९{chr(0x966 + n)} ٢٠٢{chr(0x660 + n)} １９" for n in range(10)] * 20
    tokenizer = learn(lines, lines, algorithm=algorithm)
    longer = [p.text for p in read_pieces(tokenizer.src_model) if len(p.text) > 1]
    assert not [text for text in longer if any(c.isdecimal() for c in text)]
    new = extend_tokenizer(
        tokenizer,
        [f"a{n}777 ៧៧" for n in range(9)] * 9,
        [],
        TokenizerConfig(algorithm=algorithm),
        40,
        1,
    )
    longer = [p.text for p in read_pieces(new.src_model) if len(p.text) > 1]
    assert not [text for text in longer if any(c.isdecimal() for c in text)]


def test_new_pieces_have_all_characters_that_occur_a_few_times():
    old = learn(EN, EN)
    config = TokenizerConfig()
    text = [*EN * 20, *["Ж"] * FEWEST, *["Ю"]]
    new = extend_tokenizer(old, text, [], config, 10, 1)
    assert unknown(new.encode_src, "ЖЮ") == {"Ю"}


def test_the_target_can_write_latin_names_and_digits_in_any_script():
    ru = ["собака бежит по пляжу", "кошка спит на диване"] * 20
    tokenizer = learn(EN, ru)
    assert tokenizer.tgt_vocab_size < tokenizer.src_vocab_size
    (ids,) = tokenizer.encode_tgt(["Xavier 1994 (@)"])
    assert UNK_ID not in ids
    assert tokenizer.decode([ids]) == ["Xavier 1994 (@)"]
