"""Texts of several sentences: cut, translated one by one, joined as they stood."""

import logging

import pytest

pytest.importorskip("onnxruntime")

from paths import DATA
from text_facts import with_facts

from s2s import Translator
from s2s.errors import ConfigError, ModelError
from s2s.translate.splitting import join

TINY = DATA / "tiny.onnx"


@pytest.fixture(scope="module")
def cutting():
    """The tiny model, which knows that its training lines were single sentences."""
    return Translator(with_facts(TINY), threads=1)


def texts_of(translations):
    return [translation.text for translation in translations]


@pytest.mark.parametrize(
    ("text", "gaps"),
    [
        ("eins. Zwei.", [" "]),
        ("eins.  Zwei.", ["  "]),
        ("eins.\nZwei.", ["\n"]),
        ("eins\nzwei", ["\n"]),
        ("eins.\n\n\nZwei.\r\nDrei.", ["\n\n\n", "\r\n"]),
        ("eins.\n \n Zwei.", ["\n \n "]),
        ("\n eins.\nZwei.\n", ["\n"]),
        ("eins.\tZwei.", [" "]),
        ("eins.\x0bZwei.", [" "]),
        ("eins.\u2028Zwei.", [" "]),
        ("eins.\u00a0Zwei.", ["\u00a0"]),
        ("\n", []),
        ("", []),
    ],
)
def test_blanks_and_line_breaks_between_sentences_stay(cutting, text, gaps):
    sentences = text.replace("\u2028", "\n").split()
    expected = ""
    for sentence, gap in zip(texts_of(cutting.translate(sentences)), [*gaps, ""], strict=False):
        expected += sentence + gap
    assert texts_of(cutting.translate([text], sentences=True)) == [expected]


def test_sentences_are_translated_as_they_are_alone(cutting):
    sentences = ["eins zwei.", "Drei vier fünf.", "Sechs."]
    alone = cutting.translate(sentences, n_best=2, details=True)
    (joined,) = cutting.translate([" ".join(sentences)], n_best=2, details=True)
    assert joined.parts == 3
    for rank, hypothesis in enumerate(joined.hypotheses):
        ranked = [translation.hypotheses[rank] for translation in alone]
        assert hypothesis.text == " ".join(part.text for part in ranked if part.text)
        assert hypothesis.score == pytest.approx(sum(part.score for part in ranked))
        assert len(hypothesis.details.log_probs) == sum(
            len(part.details.log_probs) for part in ranked
        )
    assert joined.details.alignment[-1] == (5, len(joined.text.split()) - 1)


LISTS = {"list_marks": 0.0}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("- eins zwei", ["- ", "eins zwei"]),
        ("a) eins.\n  b) zwei.", ["a) ", "eins.", "\n  ", "b) ", "zwei."]),
        ("* eins\n\n1) zwei drei.", ["* ", "eins", "\n\n", "1) ", "zwei drei."]),
        ("• [ ] eins. Zwei.", ["• [ ] ", "eins.", " ", "Zwei."]),
    ],
)
def test_marks_of_lists_are_copied_and_their_lines_translated_without_them(text, parts):
    translator = Translator(with_facts(TINY, **LISTS), threads=1)
    expected = "".join(
        texts_of(translator.translate([part]))[0] if part[1:2].isalpha() else part for part in parts
    )
    (translation,) = translator.translate([text], details=True)
    assert translation.text == expected
    assert translation.hypotheses[0].num_words == len(expected.split())
    assert translation.num_unknown == text.count(".")  # which the tiny model lacks; marks are none
    (dropped,) = translator.translate(["- eins"], unknown="drop")
    assert (dropped.text, dropped.num_unknown) == ("- one", 0)


def test_marks_stay_in_the_text_if_training_text_has_lists_or_the_translation_is_begun():
    known = Translator(with_facts(TINY, **LISTS | {"list_marks": 0.1}), threads=1)
    assert known.translate(["- eins"])[0].parts == 1
    translator = Translator(with_facts(TINY, **LISTS), threads=1)
    assert translator.translate(["- eins"])[0].parts == 2
    assert translator.translate(["- eins"], sentences=False)[0].parts == 1
    (begun,) = translator.translate(["- eins zwei"], prefix="two")
    assert begun.text.startswith("two")


def test_auto_cuts_if_training_lines_were_single_sentences(cutting, translator):
    text = "eins\nzwei"
    assert texts_of(cutting.translate([text])) == ["one\ntwo"]
    several = Translator(with_facts(TINY, several_sentences=0.5), threads=1)
    assert several.translate([text])[0].parts == 1
    assert translator.translate([text])[0].parts == 1  # a file without the record
    assert cutting.translate([text], sentences=False) == translator.translate([text])
    assert cutting.translate([text], sentences="auto") == cutting.translate([text])


def test_a_cut_text_is_said(cutting, caplog):
    with caplog.at_level(logging.INFO, "s2s"):
        cutting.translate(["eins", "zwei. Drei."])
    assert "1 of 2 texts were cut into sentences (--sentences no: in one piece)" in caplog.text


def test_long_sentences_are_split_from_the_length_of_training_sentences_on(translator):
    short = Translator(with_facts(TINY, src_length=18), threads=1)
    text = "eins zwei drei vier fünf sechs sieben acht neun zehn"
    assert short.translate([text])[0].parts > 1
    assert short.translate([text], sentences=False)[0].parts == 1
    assert short.translate([text], max_src_length=100)[0].parts == 1
    assert short.translate([text], too_long="error")[0] == translator.translate([text])[0]


def test_lines_of_single_words_do_not_make_longer_words_long_sentences(translator):
    words = Translator(with_facts(TINY, src_length=3), threads=1)
    text = "eins zwei drei vier"
    assert words.translate([text])[0] == translator.translate([text])[0]
    assert words.translate([text])[0].parts == 1


def test_a_prefix_begins_the_first_sentence_and_required_texts_are_held(cutting):
    text = "eins zwei\ndrei"
    assert cutting.translate([text], prefix="four")[0].text.startswith("four")
    assert cutting.translate([text], prefix="four")[0].text.endswith("\nthree")
    held = cutting.translate([text], required=["six"])[0].text
    assert "six" in held.split()
    assert held.count("\n") == 1


def test_kept_texts_stay_in_their_sentences(cutting):
    (translation,) = cutting.translate(["eins {a}.\n{b}\nZwei {c}."], keep=r"\{\w\}")
    lines = translation.text.split("\n")
    assert ["{a}" in lines[0], lines[1], "{c}" in lines[2]] == [True, "{b}", True]


@pytest.mark.parametrize("value", ["yes", 1, "no"])
def test_another_value_is_an_error(cutting, value):
    with pytest.raises(ConfigError, match=r"sentences \(--sentences\) is .* expected True, False"):
        cutting.translate(["eins"], sentences=value)


def test_a_damaged_record_is_an_error():
    with pytest.raises(ModelError, match="record of the training text is damaged"):
        Translator(with_facts(TINY, end_marks=2.0), threads=1)
    with pytest.raises(ModelError, match="record of the training text is damaged"):
        Translator(with_facts(TINY, spellings=[1]), threads=1)


@pytest.mark.parametrize(
    ("texts", "gaps", "joined"),
    [
        (["One.", "Two."], ["", ""], "One. Two."),
        (["一。", "二。"], [" "], "一。二。"),
        (["一。", "二。"], ["\n"], "一。\n二。"),
        (["One.", "二。"], [""], "One. 二。"),
        (["One.", "", "Two."], ["\n", "\n"], "One.\n\nTwo."),
        (["", "Two."], ["\n"], "\nTwo."),
        (["One.", ""], ["\n"], "One."),
    ],
)
def test_translations_are_joined_with_what_stood_between(texts, gaps, joined):
    assert join(texts, gaps) == joined


def test_the_command_has_the_option(s2s, tmp_path):
    model = tmp_path / "model.onnx"
    model.write_bytes(with_facts(TINY, any_capitals=1.0))
    cut = s2s("translate", model, stdin=b"eins? Zwei eins\n")
    note = "1 of 1 texts were cut into sentences (--sentences no: in one piece)"
    assert cut.code == 0
    assert f"s2s: note: {note}\n" in cut.err
    assert cut.out.startswith(b"one")
    whole = s2s("translate", model, "--sentences", "no", stdin=b"eins zwei\n")
    assert (whole.code, whole.out, whole.err) == (0, b"one two\n", "")
    assert s2s("translate", model, "--sentences", "maybe").code == 2


def test_what_only_a_later_version_records_changes_nothing(cutting):
    later = Translator(with_facts(TINY, rhymes=0.5), threads=1)
    texts = ["eins. Zwei.", "EINS ZWEI DREI", "drei"]
    assert later.translate(texts) == cutting.translate(texts)
