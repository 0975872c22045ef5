"""Translations have the addresses, placeholders and code of their sources, or this is said."""

import logging

import pytest

pytest.importorskip("onnxruntime")

from hypothesis import given, settings
from hypothesis import strategies as st
from paths import DATA
from text_facts import with_facts

from s2s import Translator
from s2s.errors import ConfigError
from s2s.writing.numbers import same_numbers
from s2s.writing.placeables import same_placeables

TINY = DATA / "tiny.onnx"
LEFT = {"placeables": "off", "unknown": "drop"}
"""The model writes words for letters that it does not know."""


@pytest.fixture(scope="module")
def model():
    """The tiny model, whose training text kept placeables."""
    return Translator(with_facts(TINY, same_placeables=1.0), threads=1)


def test_the_model_writes_other_texts_by_itself(model):
    """Otherwise the other tests would show nothing."""
    for text in ("eins {zwei} drei", "zwei.zip elf", "eins eins_zwei elf"):
        assert not same_placeables(text, model.translate([text], **LEFT)[0].text)


@pytest.mark.parametrize("unknown", ["copy", "drop"])
def test_what_a_translation_lacks_is_kept(model, unknown, caplog):
    caplog.set_level(logging.INFO, "s2s")
    texts = ["eins", "eins {zwei} drei", "elf zwei.zip", "zwei <b>elf</b> acht"]
    translations = model.translate(texts, unknown=unknown, n_best=2)
    for text, translation in zip(texts, translations, strict=True):
        for hypothesis in translation.hypotheses:
            assert same_placeables(text, hypothesis.text)
    assert translations[3].text == "two <b>eleven</b> eight"
    assert not translations[0].hypotheses[0].has_kept
    assert (
        "3 of 4 texts had other addresses, placeholders or code than their source; a lower "
        "hypothesis or a second search gave the right ones (--placeables off: as they were; first: "
    ) in caplog.text


def test_a_text_of_nothing_else_is_copied(model):
    (translation,) = model.translate(["zwei.zip"], unknown="drop")
    assert translation.text == "zwei.zip"


def test_a_translation_that_lacks_nothing_stays(model):
    texts = ["eins zwei", "drei", "acht neun"]
    assert model.translate(texts) == model.translate(texts, placeables="off")


def test_capitals_that_come_back_do_not_change_placeables():
    facts = {"any_capitals": 0.9, "lower_start": 0.5, "same_placeables": 1.0}
    model = Translator(with_facts(TINY, **facts), threads=1)
    (translation,) = model.translate(["ZWEI eins_zwei ACHT ELF NEUN"])
    assert "eins_zwei" in translation.text
    others = translation.text.replace("eins_zwei", "")
    assert others == others.upper()


WORDS = st.sampled_from(
    ["eins", "zwei", "6", "{zwei}", "{0}", "elf.zip", "www.elf.org/6", "<b>", "acht_6", "Ω", "%s"]
)
SENTENCES = st.lists(WORDS, max_size=6).map(" ".join)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(SENTENCES, min_size=1, max_size=4),
    st.sampled_from([5, 200]),
    st.sampled_from(["off", "keep"]),
)
def test_every_hypothesis_has_what_its_source_has(model, texts, limit, numbers):
    options = {"max_src_length": limit, "n_best": 2, "details": True, "numbers": numbers}
    translations = model.translate(texts, **options)
    for text, translation in zip(texts, translations, strict=True):
        assert same_placeables(text, translation.text)
        if numbers == "keep" and any(map(str.isdigit, text)):
            assert same_numbers(text, translation.text)
    assert [model.translate([text], **options)[0] for text in texts] == translations


def test_a_prefix_stays_and_placeables_come_after_it(model, caplog):
    (translation,) = model.translate(["{0} eins"], prefix="nine", unknown="drop")
    assert translation.text.startswith("nine ")
    assert translation.text.count("{0}") == 1
    assert "have other addresses" not in caplog.text


def test_check_counts_and_changes_nothing(model, caplog):
    texts = ["eins {zwei}", "zwei", "elf.zip"]
    found = list(model.translate_stream(texts, 1, placeables="check", unknown="drop"))
    assert found == model.translate(texts, **LEFT)
    assert (
        "2 of 3 texts have other addresses, placeholders or code than their source (--placeables "
        "keep: searched again with these; first: line 1)"
    ) in caplog.text


def test_required_texts_exclude_kept_ones_and_are_checked(model, caplog):
    with pytest.raises(ConfigError, match=r"required \(--require\) and placeables"):
        model.translate(["{x}"], required=["one"], placeables="keep")
    model.translate(["eins {zwei}"], required=["one"])
    assert "1 of 1 texts have other addresses" in caplog.text
    assert "without --require they are kept; " in caplog.text


@pytest.mark.parametrize("source", [with_facts(TINY, same_placeables=0.2), with_facts(TINY), TINY])
def test_models_whose_text_changed_them_and_old_models_keep_their_translations(source):
    model, texts = Translator(source, threads=1), ["eins {zwei} drei", "elf.zip"]
    assert model.translate(texts) == model.translate(texts, placeables="off")
    kept = model.translate(texts, placeables="keep")
    assert all(same_placeables(text, each.text) for text, each in zip(texts, kept, strict=True))


def test_a_misspelt_policy_is_an_error(model):
    with pytest.raises(ConfigError, match=r"placeables \(--placeables\) .*did you mean 'keep'"):
        model.translate([], placeables="kep")


def test_the_command_has_the_option(s2s, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(with_facts(TINY, same_placeables=1.0))
    kept = s2s("translate", path, stdin=b"eins {zwei}\n")
    off = s2s("translate", path, "--placeables", "off", "--unknown", "drop", stdin=b"eins {zwei}\n")
    assert b"{zwei}" in kept.out
    assert b"{zwei}" not in off.out
    assert s2s("translate", path, "--placeables", "on").code == 2
