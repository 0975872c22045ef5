"""Translations have the names of their sources, or this is said."""

import logging

import pytest

pytest.importorskip("onnxruntime")

from hypothesis import given, settings
from hypothesis import strategies as st
from paths import DATA
from text_facts import with_facts, with_other_pieces

from s2s import Translator
from s2s.errors import ConfigError, ModelError
from s2s.writing.names import NameFinder, WordSet

TINY = DATA / "tiny.onnx"
WORDS = "null eins zwei drei vier fünf sechs acht neun elf zwölf".split()  # noqa: SIM905
NAMES = {
    "known_words": WordSet.of(WORDS).encode(),
    "stand_ins": ("T", "A"),
    "same_names": 0.5,
    "any_capitals": 0.5,
}


def names_model(**facts):
    """Returns the bytes of a model that translates ``T`` and ``A`` to themselves."""
    return with_other_pieces(
        with_facts(TINY, **{**NAMES, **facts}),
        tokenizer={"▁sieben": "▁T", "▁zehn": "▁A"},
        tgt_tokenizer={"▁seven": "▁T", "▁ten": "▁A"},
    )


@pytest.fixture(scope="module")
def model():
    """The tiny model with two names."""
    return Translator(names_model(), threads=1)


def missing(text, translation):
    return NameFinder(NAMES["known_words"]).missing(text, translation)


def test_the_model_copies_two_names_and_loses_others(model):
    """Otherwise the other tests would show nothing."""
    options = {"names": "off", "unknown": "drop"}
    assert model.translate(["T eins"], **options)[0].text == "T one"
    assert model.translate(["zwei A"], **options)[0].text == "two A"
    for text in ("eins Bob zwei", "Eva eins"):
        assert missing(text, model.translate([text], **options)[0].text)


@pytest.mark.parametrize(
    ("text", "with_stand_ins"),
    [
        ("eins Bob zwei", "eins T zwei"),
        ("eins Bob Eva", "eins T A"),
        ("eins T zwei Bob", "eins T zwei A"),
        ("Bob eins", "T eins"),
    ],
)
def test_a_known_name_stands_in_for_another(model, caplog, text, with_stand_ins):
    caplog.set_level(logging.INFO, "s2s")
    (found,) = model.translate([text], unknown="drop")
    (expected,) = model.translate([with_stand_ins], names="off")
    words = dict(zip(with_stand_ins.split(), text.split(), strict=True))
    assert found.text == " ".join(words.get(word, word) for word in expected.text.split())
    assert found.hypotheses[0].has_kept
    assert (
        "1 of 1 texts had other names than their source; a lower hypothesis or a second search "
        "gave the right ones (--names off: as they were; first: line 1)"
    ) in caplog.text


def test_a_known_name_stands_in_for_an_address():
    model = Translator(names_model(same_placeables=1.0), threads=1)
    options = {"unknown": "drop", "details": True}
    for address in ("www.a.org/b", "{x}", "%s"):
        (found,) = model.translate([f"eins {address} zwei"], **options)
        (expected,) = model.translate(["eins T zwei"], names="off", details=True)
        assert found.text == expected.text.replace("T", address)
        assert found.hypotheses[0].details == expected.hypotheses[0].details
    (several,) = model.translate(["eins {{ a }} zwei"], **options)  # of several words: kept
    assert "{{ a }}" in several.text


def test_more_names_than_stand_ins_are_kept_texts(model):
    text = "eins Bob zwei Eva drei Udo"
    (found,) = model.translate([text], unknown="drop")
    assert missing(text, found.text) == []


TEXTS = st.lists(
    st.sampled_from(["eins", "zwei", "Bob", "Eva", "Udo", "T", "6", "{x}", "elf", "."]),
    max_size=6,
).map(" ".join)


@settings(deadline=None, max_examples=40)
@given(st.lists(TEXTS, min_size=1, max_size=4), st.sampled_from([5, 200]))
def test_every_translation_has_the_names_of_its_source(model, texts, limit):
    options = {"max_src_length": limit, "n_best": 2, "details": True, "numbers": "keep"}
    translations = model.translate(texts, placeables="keep", **options)
    for text, translation in zip(texts, translations, strict=True):
        assert missing(text, translation.text) == []
    alone = [model.translate([text], placeables="keep", **options)[0] for text in texts]
    assert alone == translations


def test_a_translation_without_names_stays(model):
    texts = ["eins zwei", "drei T", "neun"]
    assert model.translate(texts) == model.translate(texts, names="off")


def test_check_counts_and_changes_nothing(model, caplog):
    texts = ["eins Bob", "zwei", "Eva eins"]
    found = list(model.translate_stream(texts, 1, names="check", unknown="drop"))
    assert found == model.translate(texts, names="off", unknown="drop")
    assert (
        "2 of 3 texts have other names than their source (--names keep: searched again with "
        "these; first: line 1)"
    ) in caplog.text


@pytest.mark.parametrize("source", [TINY, with_facts(TINY)])
def test_models_without_a_record_keep_their_translations(source):
    model, texts = Translator(source, threads=1), ["eins Bob drei", "Eva"]
    assert model.translate(texts) == model.translate(texts, names="off")
    with pytest.raises(ConfigError, match="no record of names in its training text"):
        model.translate(texts, names="keep")


def test_a_damaged_record_is_said():
    with pytest.raises(ModelError, match="known words of its training text are damaged"):
        Translator(names_model(known_words="?"), threads=1)


def test_the_command_has_the_option(s2s, tmp_path):
    (tmp_path / "model.onnx").write_bytes(names_model())
    command = ("translate", tmp_path / "model.onnx", "--unknown", "drop")
    assert s2s(*command, stdin=b"eins Bob\n").out == b"one Bob\n"
    assert b"Bob" not in s2s(*command, "--names", "off", stdin=b"eins Bob\n").out
    assert s2s(*command, "--names", "on", stdin=b"eins\n").code == 2
