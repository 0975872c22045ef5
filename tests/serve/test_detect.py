"""The language of a text is found among those that are served."""

import logging
import sys

import pytest

pytest.importorskip("starlette")

from s2s.serve import detect
from s2s.serve.detect import Detector
from s2s.serve.errors import BadRequest

SENTENCES = {
    "en": "Two dogs are running over the street and bark.",
    "de": "Zwei Hunde laufen über die Straße und bellen.",
    "es": "Dos perros corren por la calle y ladran.",
}


@pytest.fixture(scope="module")
def detector():
    pytest.importorskip("py3langid")
    return Detector(["de", "en", "es"])


@pytest.mark.parametrize(("language", "sentence"), SENTENCES.items())
def test_the_language_of_a_sentence_is_found(detector, language, sentence):
    found = detector.detect(sentence)
    assert found[0].language == language
    assert found[0].confidence > 0.9


@pytest.mark.parametrize("text", ["", " ", "123", "\ud800", "\0", "<" * 99, "<p></p>", "你好"])
def test_confidences_of_all_languages_add_up_to_1(detector, text):
    found = detector.detect(text)
    assert {each.language for each in found} == {"de", "en", "es"}
    assert sum(each.confidence for each in found) == pytest.approx(1)
    assert [each.confidence for each in found] == sorted((c for _, c in found), reverse=True)


def test_html_tags_are_no_text(detector):
    spanish = '<p class="the-text-with-the-name"><b>Dos</b> perros corren por la calle</p>'
    assert detector.detect(spanish)[0].language == "es"


def test_a_number_of_thousands_of_digits_is_no_error(detector):
    assert detector.detect(f"Das ist ein Haus am See &#{'9' * 9000};")[0].language == "de"


def test_a_long_text_takes_no_longer_than_its_beginning(detector, monkeypatch):
    class Rank:
        def rank(self, text):
            assert len(text) <= detect.SAMPLE
            return [("de", 1.0)]

    monkeypatch.setattr(detect, "_identifier", Rank)
    assert detector.detect("<a" * 1_000_000)[0].language == "de"


def test_codes_are_those_that_the_server_lists(caplog):
    pytest.importorskip("py3langid")
    codes = ["deu", "pt-BR", "nb", "zh-Hans", "eng_Latn"]
    detector = Detector(codes)
    assert {each.language for each in detector.detect("Ein Hund.")} == set(codes)
    assert detector.detect(SENTENCES["de"])[0].language == "deu"
    assert not caplog.records


def test_languages_that_cannot_be_found_are_named(caplog):
    pytest.importorskip("py3langid")
    detector = Detector(["en", "pt", "pt-BR", "qaa"])
    assert {each.language for each in detector.detect("A dog.")} == {"en", "pt"}
    assert "no text will be found to be in pt-BR, qaa" in caplog.text


def test_a_server_of_unknown_languages_refuses_to_guess():
    pytest.importorskip("py3langid")
    with pytest.raises(BadRequest, match="name the source language: py3langid knows none of qaa"):
        Detector(["qaa", "qab"]).detect("A dog.")


def test_the_only_language_needs_no_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)
    assert Detector(["qaa"]).detect("anything") == [("qaa", 1.0)]


def test_without_the_package_a_text_must_name_its_language(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "py3langid", None)
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)
    detect._identifier.cache_clear()
    with caplog.at_level(logging.WARNING):
        detector = Detector(["de", "en"])
    assert r"install 's2s-onnx[detect]'" in caplog.text
    with pytest.raises(BadRequest, match=r"name the source language.*s2s-onnx\[detect\]"):
        detector.detect("A dog.")
