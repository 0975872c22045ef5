from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2s.writing.sentences import cut_sentences

CASES = Path(__file__).parent / "data/sentences.txt"


def read_cases():
    for line in CASES.read_text(encoding="utf-8").splitlines():
        code, _, text = line.partition(" ")
        if code != "#":
            yield None if code == "-" else code, text.split("|")


def test_texts_of_many_languages_are_cut_where_a_reader_cuts_them():
    cases = list(read_cases())
    assert len(cases) > 400
    wrong = []
    for language, sentences in cases:
        cut = cut_sentences("".join(sentences), language)
        if cut != sentences:
            wrong.append((language, "|".join(cut)))
    assert wrong == []


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("en", ["One\n", "two. ", "Three!\n"]),
        (None, ["One\r\n\r\n", "two"]),
        ("de", ["Am 3.\n", "Oktober"]),
        ("en", ["the end\n", "of it"]),
        ("en", ["one\u2028", "two\x0b", "three"]),
        ("en", [" \n\n Hello.\n", "You."]),
        ("zh", ["你好，\n", "王明"]),
        ("en", ["Hi. \n \n", "You? \t", "I."]),
    ],
)
def test_a_line_break_ends_a_sentence(language, sentences):
    assert cut_sentences("".join(sentences), language) == sentences


@pytest.mark.parametrize(
    "code", ["de", "DE", "de-AT", "de_CH", "deu", "ger", "deu_Latn", "de-1996"]
)
def test_a_code_may_be_of_any_form(code):
    assert cut_sentences("Es war am 3. Stock. Ja.", code) == ["Es war am 3. Stock. ", "Ja."]


@pytest.mark.parametrize("code", ["xx", "", "tlh", "zxx-Latn", "src"])
def test_an_unknown_language_is_cut_as_text_without_one(code):
    text = "Mr. Smith met Dr. Brown. They left."
    assert cut_sentences(text, code) == cut_sentences(text) == [text[:25], text[25:]]


ALPHABET = "aA1 .\n!?…\"'“”«»()[]-。”ąΑα;։།।؟ß\u200b\r:)😀Mr"


@given(st.text(st.sampled_from(ALPHABET)), st.sampled_from([None, "en", "de", "zh", "th"]))
def test_the_sentences_join_to_the_text(text, language):
    cut = cut_sentences(text, language)
    assert "".join(cut) == text
    assert cut == [text] or all(sentence.strip() for sentence in cut[:-1])


@given(st.lists(st.text(st.sampled_from(ALPHABET.replace("\n", "").replace("\r", ""))), min_size=1))
def test_no_sentence_goes_over_a_line_break(lines):
    text = "\n".join(lines)
    ends = set(accumulate(map(len, cut_sentences(text))))
    for place, character in enumerate(text):
        rest = text[place:].lstrip("\n \u200b")
        if character == "\n" and rest and text[:place].strip(" \n\u200b"):
            assert len(text) - len(rest) in ends


@pytest.mark.parametrize("part", ["1. ", "a. b ", "A. B. ", ". ", '"。と', "x.[1] ", "- . ", "a\n"])
def test_a_long_text_takes_no_long_time(part):
    text = part * (100_000 // len(part))  # minutes, if the time grew with the square of the length
    assert "".join(cut_sentences(text, "de")) == text
