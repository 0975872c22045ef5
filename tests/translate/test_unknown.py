"""What the source vocabulary cannot read is carried over, or left to the model, and counted."""

import logging

import pytest

pytest.importorskip("onnxruntime")

from hypothesis import given, settings
from hypothesis import strategies as st
from paths import DATA
from text_facts import with_facts

from s2s import Translator
from s2s.errors import ConfigError, ModelError
from s2s.text import clean, without_controls

TINY = DATA / "tiny.onnx"


@pytest.fixture(scope="module")
def recorded():
    """The tiny model with a record of its training text."""
    return Translator(with_facts(TINY), threads=1)


def texts_of(translations):
    return [translation.text for translation in translations]


@pytest.mark.parametrize(
    "text",
    ["Привет, мир", "Γειά σου Κόσμε!", "สวัสดีชาวโลก", "👍", "👍🏽 👍", "东京 5", "(Łódź)", "Ω 7"],
)
def test_a_text_of_nothing_else_comes_back_as_it_went_in(translator, text):
    (translation,) = translator.translate([f"  {text} "], n_best=2)
    assert [hypothesis.text for hypothesis in translation.hypotheses] == [text] * 2
    assert (translation.num_unknown, translation.src_length) == (1, 0)


def test_sentences_of_nothing_else_stay_where_they_stand(recorded):
    (translation,) = recorded.translate(["Привет, мир!\n\neins zwei.\n👍"], sentences=True)
    assert translation.text == "Привет, мир!\n\none two.\n👍"
    assert translation.num_unknown == 3


@pytest.mark.parametrize("text", ["???", "...", "—", "♪"])
def test_signs_alone_come_back_if_the_model_has_a_record_of_its_text(recorded, text):
    assert texts_of(recorded.translate([text])) == [text]
    assert recorded.translate([text], unknown="drop")[0].text != text


def test_control_characters_are_not_carried_over(recorded):
    texts = ["\x1b[31m!\x1b[0m", "Ω\x1b]0;\x07 Ω", "eins Ω\x1bΩ", "\x1b\x07", "\x07 ! \x1b !"]
    for translation in texts_of(recorded.translate(texts)):
        assert translation.isprintable()
        assert "  " not in translation


def test_names_and_emoji_are_in_the_translation(translator):
    texts = ["eins Łukasz zwei", "eins 👍🏽", "👍 eins", "eins 👍.", "eins 東京 zwei"]
    translations = texts_of(translator.translate(texts))
    assert translations[0].count("Łukasz") == 1
    assert translations[1:4] == ["one 👍🏽", "👍 one", "one 👍."]
    assert translations[4].count("東京") == 1


WORDS = st.sampled_from(
    [
        "eins",
        "zwei",
        "Ω",
        "Łukasz",
        "👍🏽",
        "(",
        "東京",
        "5",
        "{n}",
        "\u202e",
        "\u2067א\u2069",
        "\x1b",
    ]
)
SENTENCES = st.lists(st.tuples(WORDS, st.sampled_from([" ", "", " "])), max_size=8).map(
    lambda pairs: "".join(f"{word}{blank}" for word, blank in pairs)
)


@settings(deadline=None)
@given(st.lists(SENTENCES, min_size=1, max_size=4), st.sampled_from([5, 200]))
def test_every_run_is_in_each_hypothesis(translator, sentences, limit):
    runs = translator.tokenizer.src_unknown
    options = {"n_best": 3, "max_src_length": limit, "keep": r"\{n\}", "details": True}
    translations = translator.translate(sentences, **options)
    cleaned = [clean(without_controls(text)) for text in sentences]
    for text, translation in zip(cleaned, translations, strict=True):
        for hypothesis in translation.hypotheses:
            for start, end, _ in runs.find(text):
                assert text[start:end] in hypothesis.text
            assert hypothesis.text.count("{n}") >= text.count("{n}")
    alone = [translator.translate([text], **options)[0] for text in sentences]
    assert alone == translations


def test_a_known_text_is_translated_as_before(translator):
    texts = ["eins zwei", "zwölf", ""]
    assert translator.translate(texts) == translator.translate(texts, unknown="drop")


def test_what_nobody_sees_is_not_read(translator):
    typed, plain = translator.translate(["ein\u00ads zw\u200eei", "eins zwei"])
    assert typed == plain


def test_capitals_that_are_read_in_small_letters_are_known():
    recorded = Translator(with_facts(TINY, any_capitals=1.0), threads=1)
    texts = ["EINS ZWEI", "EINS ŁÓDŹ ZWEI"]
    capitals, with_name = texts_of(recorded.translate(texts))
    assert capitals == "ONE TWO"
    assert "ŁÓDŹ" in with_name
    assert "EINS" not in with_name


def test_details_align_a_name_with_itself(translator):
    (translation,) = translator.translate(["eins Łukasz zwei 👍"], details=True)
    words = translation.text.split()
    assert (1, words.index("Łukasz")) in translation.details.alignment
    assert (3, words.index("👍")) in translation.details.alignment


def test_a_prefix_stays_before_them(translator):
    for text in ("eins Ω", "Ω", "👍 eins"):
        (translation,) = translator.translate([text], prefix="ten")
        assert translation.text.startswith("ten")
        assert translation.text.count(text.strip("eins ")) == 1


def test_a_tag_of_the_model_is_not_carried_over(tagged):
    many = Translator(tagged, threads=1)
    for texts, to in ((["<2en> Ω"], None), (["Ω"], "en")):
        assert texts_of(many.translate(texts, to=to)) == ["Ω"]


def test_copied_runs_are_counted_and_said(translator, caplog):
    caplog.set_level(logging.INFO, "s2s")
    texts = ["eins", "Ω zwei Ω drei", "👍", "eins 👍"]
    list(translator.translate_stream(texts, 2))
    assert [record.getMessage() for record in caplog.records][:1] == [
        "4 runs of unknown characters in 3 texts were copied (--unknown drop: left to the model; "
        "first: line 2)"
    ]
    assert "of 2 kept texts" in caplog.text or len(caplog.records) == 1  # emoji do not count
    caplog.clear()
    list(translator.translate_stream(texts, 2, skip=2))
    assert "2 runs of unknown characters in 2 texts were copied" in caplog.text
    assert "first: line 3" in caplog.text


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"unknown": "drop"}, "--unknown copy: copied"),
        ({"required": ["ten"]}, "without --require they are copied"),
    ],
)
def test_dropped_runs_are_a_warning(translator, caplog, options, advice):
    translations = translator.translate(["eins Ω"], **options)
    assert "Ω" not in translations[0].text
    assert translations[0].num_unknown == 1
    (record,) = [record for record in caplog.records if "unknown" in record.getMessage()]
    assert record.levelno == logging.WARNING
    assert record.getMessage() == (
        f"1 runs of unknown characters in 1 texts were left to the model, which cannot read them "
        f"({advice}; first: line 1)"
    )


def test_an_old_file_has_no_attention_and_leaves_them_to_the_model(caplog):
    old = Translator(TINY.with_name("tiny-0.1.0.onnx"), threads=1)
    assert "Ω" not in old.translate(["eins Ω"])[0].text
    assert "export the model again, and they are copied" in caplog.text
    with pytest.raises(ModelError, match="does not support details"):
        old.translate(["eins Ω"], unknown="copy")


def test_values_are_checked(translator):
    with pytest.raises(ConfigError, match=r"unknown \(--unknown\) is 'cpy'; .*did you mean 'copy'"):
        translator.translate([], unknown="cpy")
    with pytest.raises(ConfigError, match=r"required \(--require\) and unknown \(--unknown\)"):
        translator.translate([], unknown="copy", required=["ten"])


def test_the_command_has_the_option(s2s, tiny):
    copied = s2s("translate", tiny, stdin="eins 👍\n".encode())
    assert copied.out.decode() == "one 👍\n"
    assert "s2s: note: 1 runs of unknown characters in 1 texts were copied" in copied.err
    dropped = s2s("translate", tiny, "--unknown", "drop", stdin="eins 👍\n".encode())
    assert "👍" not in dropped.out.decode()
    assert "s2s: warning: 1 runs" in dropped.err
    assert s2s("translate", tiny, "--unknown", "keep").code == 2
