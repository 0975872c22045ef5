"""Texts that characters suit, and texts that pieces of words suit."""

import random
from dataclasses import replace

import pytest

from s2s.config import TokenizerConfig
from s2s.tokenizer.choice import LOOKED_AT, settle_algorithm
from s2s.tokenizer.learn import train_tokenizer
from s2s.tokenizer.pieces import algorithm_of

WORDS = [
    first + middle * more + last
    for first in "bdgk"
    for more in (1, 2, 4)
    for middle in "lm"
    for last in "aeiouy"
]
GREEK = str.maketrans("abdegiklmouy", "αβδεγικλμουυ")
SHUFFLED = random.Random(1).sample(WORDS, len(WORDS))  # noqa: S311
AUTO = TokenizerConfig()


def chosen(src, tgt, **settings):
    return settle_algorithm(replace(AUTO, **settings), src, tgt).algorithm


@pytest.mark.parametrize(
    ("src", "tgt", "expected"),
    [
        (WORDS, [word[::-1] for word in WORDS], "char"),
        (WORDS, [word.translate(GREEK) for word in WORDS], "char"),
        ([f"{word} V;PST;3;SG" for word in WORDS], [f"{word}ed" for word in WORDS], "char"),
        (WORDS, [" ".join(word) for word in WORDS], "char"),  # phonemes
        ([" ".join(word) for word in WORDS], WORDS, "char"),
        (WORDS, SHUFFLED, "bpe"),  # a list without a rule
        (WORDS, ["good", "bad"] * 72, "bpe"),  # labels
        ([f"the {word} is here" for word in WORDS], WORDS, "bpe"),
        (WORDS, [f"this is the {word}" for word in WORDS], "bpe"),
        ([f"a {word} is here" for word in WORDS], [f"un {word} ici" for word in WORDS], "bpe"),
        (WORDS, [f"你好{word}世界" for word in WORDS], "bpe"),
        ([" ".join(word) for word in WORDS], [" ".join(word) for word in WORDS], "bpe"),
        (["word"], ["word"], "bpe"),
        (WORDS, [], "bpe"),
        ([], [], "bpe"),
    ],
)
def test_words_that_seldom_come_again_are_spelled_out(src, tgt, expected):
    assert chosen(src, tgt) == expected


@pytest.mark.parametrize("length", [5, 9])
def test_words_of_one_length_count_by_their_characters(length):
    draw = random.Random(length)  # noqa: S311
    words = ["".join(draw.choices("abcdefghij", k=length)) for _ in range(200)]
    assert chosen(words, [f"{word[:-1]}x" for word in words]) == "char"
    assert chosen(words, words[::-1]) == "bpe"


@pytest.mark.parametrize(
    "settings",
    [{"sampling": 0.1}, {"byte_fallback": True}, {"tgt_algorithm": "word", "joint": False}],
)
def test_settings_that_need_pieces_of_words_have_them(settings):
    assert chosen(WORDS, WORDS) == "char"
    assert chosen(WORDS, WORDS, **settings) == "bpe"


def test_what_is_chosen_by_hand_stays():
    assert chosen(WORDS, WORDS, algorithm="unigram") == "unigram"


def test_all_of_a_long_text_is_looked_at():
    words = [f"{first}{last}" for first in WORDS for last in WORDS][: LOOKED_AT + 10]
    sentences = [f"this is the {word} that we saw" for word in WORDS] * 500
    assert chosen(words, words) == "char"
    assert chosen([*words, *sentences], [*words, *sentences]) == "bpe"


def test_a_vocabulary_is_learned_as_chosen():
    assert algorithm_of(train_tokenizer(WORDS, WORDS, AUTO, 1).src_model) == "char"
    text = [f"this is the {word}" for word in WORDS]
    assert algorithm_of(train_tokenizer(text, text, AUTO, 1).src_model) == "bpe"
