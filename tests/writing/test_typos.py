import unicodedata

import numpy as np
import pytest

from s2s.writing.typos import add_typo


def errors(text, count=60):
    return [add_typo(text, np.random.default_rng(seed)) for seed in range(count)]


def letters(text):
    return sum(not unicodedata.combining(character) for character in text)


@pytest.mark.parametrize(
    "text",
    [
        "Please close the door quickly.",
        "Привет, мир",
        "안녕하세요 여러분",
        "नमस्ते दुनिया",
        "ฉันรักเธอมาก",
        "שלום עולם",
        "the cat",
        "hhhh",
    ],
)
def test_a_typo_changes_one_word_by_one_letter_at_most(text):
    for changed in errors(text):
        words, typed = text.split(), changed.split()
        assert changed != text
        assert len(words) == len(typed)
        ((word, wrong),) = [pair for pair in zip(words, typed, strict=True) if pair[0] != pair[1]]
        assert wrong[0] == word[0]
        assert abs(letters(wrong) - letters(word)) <= 2  # a letter may have a vowel sign


def test_every_kind_of_error_comes():
    found = set(errors("abcd", 300))
    assert {"acbd", "abdc"} <= found  # swapped
    assert {"acd", "abd", "abc"} <= found  # left out
    assert {"abbcd", "abccd", "abcdd"} <= found  # twice
    assert {"aacd", "abad"} <= found  # replaced


def test_a_replaced_letter_keeps_its_case_and_script():
    for changed in errors("Ёлка ЁЛКА", 200):
        small, capitals = changed.split()
        assert small[1:].islower()
        assert capitals.isupper()
        assert set(changed.lower()) <= set("ёлка ")


@pytest.mark.parametrize(
    "text",
    ["", "a bc", "你好，世界", "こんにちは世界", "x@yy.zz", "www.example.com", "v10beta", "\0 \0"],
)
def test_short_words_addresses_numbers_and_chinese_stay(text):
    assert set(errors(text)) == {text}
    assert all(changed.endswith(" " + text) for changed in errors("Look: " + text))


def test_stand_ins_of_kept_texts_stay():
    for changed in errors("word\0word \0 other"):
        assert changed.count("\0") == 2
        assert changed.split()[1] == "\0"


def test_the_same_seed_gives_the_same_error():
    assert errors("Please close the door.") == errors("Please close the door.")
