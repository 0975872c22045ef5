"""What a translator may be asked for besides a translation."""

import json
import logging
import math

import pytest

pytest.importorskip("onnxruntime")

from paths import DATA

from s2s import Translator
from s2s.errors import ConfigError, DataError, ModelError
from s2s.formats.checksum import sealed
from s2s.formats.model_file import read_model_file
from s2s.protobuf import write_field


def test_details_say_how_probable_and_where_from(translator):
    texts = ["drei eins zwölf", "", "sieben"]
    translations = translator.translate(texts, n_best=2, details=True)
    plain = translator.translate(texts, n_best=2)
    for hypothesis, other in zip(translations, plain, strict=True):
        for one, same in zip(hypothesis.hypotheses, other.hypotheses, strict=True):
            assert (one.text, one.score, one.pieces) == (same.text, same.score, same.pieces)
    assert translations[0].text == "three one twelve"
    assert translations[0].details.alignment == ((0, 0), (1, 1), (2, 2))
    penalty = ((5 + len(translations[0].pieces) + 1) / 6) ** translator.search.length_penalty
    assert sum(translations[0].details.log_probs) / penalty == pytest.approx(
        translations[0].score, abs=1e-5
    )
    assert len(translations[0].details.log_probs) == len(translations[0].pieces) + 1
    assert 0.5 < translations[0].details.confidence < 1
    assert (translations[1].details.log_probs, translations[1].details.confidence) == ((), 1.0)


def test_parts_are_aligned_with_the_words_of_the_whole(translator):
    (translation,) = translator.translate(["zwei eins drei vier"], max_src_length=6, details=True)
    assert translation.parts > 1
    assert {tgt for _, tgt in translation.details.alignment} == set(
        range(len(translation.text.split()))
    )
    assert max(src for src, _ in translation.details.alignment) == 3


def test_a_prefix_begins_the_translation(translator):
    texts = ["eins zwei drei", "vier", "acht"]
    found = [translation.text for translation in translator.translate(texts, prefix="ten")]
    assert all(text.startswith("ten") for text in found)
    by_prefix = translator.translate(texts, prefix=["one two", "", "eight nine"])
    assert [translation.text for translation in by_prefix[:2]] == ["one two three", "four"]
    assert by_prefix[2].text.startswith("eight nine")
    with pytest.raises(ConfigError, match="the prefix 'one Ω' cannot be written: the target"):
        translator.translate(texts, prefix="one Ω")
    with pytest.raises(ConfigError, match="there are only 2 prefixes, but more sentences"):
        translator.translate(texts, prefix=["", ""])
    with pytest.raises(ConfigError, match="more than 3 prefixes, but only 3 sentences"):
        translator.translate(texts, prefix=["", "", "", "ten"])


def test_given_translations_are_scored(translator):
    texts = ["eins zwei drei", "eins zwei drei", "vier", ""]
    hypothesis = translator.translate(texts[:1], details=True)[0].hypotheses[0]
    right, wrong, unknown, blank = translator.score(texts, ["one two three", "ten", "four Ω", ""])
    assert (right.text, right.pieces) == (hypothesis.text, hypothesis.pieces)
    assert right.score == pytest.approx(hypothesis.score, abs=1e-5)
    assert right.details.log_probs == pytest.approx(hypothesis.details.log_probs, abs=1e-5)
    assert wrong.score < right.score
    assert unknown.score == -math.inf
    assert unknown.details.confidence == 0
    assert not any(math.isnan(log_prob) for log_prob in unknown.details.log_probs)
    assert math.isfinite(blank.score)
    with pytest.raises(DataError, match="1 sentences but 2 translations"):
        translator.score(["eins"], ["one", "two"])
    with pytest.raises(DataError, match=r"sentence 1 has .* pieces; expected at most 200"):
        translator.score(["eins " * 300], ["one"])
    with pytest.raises(DataError, match="sentence 2001 has"):
        translator.score(["eins " * 300], ["one"], done=2000)


def test_what_is_drawn_belongs_to_the_sentence_and_the_seed(translator):
    texts = ["eins zwei", "drei", "eins zwei drei vier fünf"]
    options = {"temperature": 3.0, "beam_size": 4, "n_best": 4}
    together = translator.translate(texts, seed=7, **options)
    assert together == translator.translate(texts, seed=7, **options)
    assert together != translator.translate(texts, seed=8, **options)
    for text, translation in zip(texts, together, strict=True):
        assert translator.translate([text], seed=7, **options)[0].text == translation.text
    assert len({hypothesis.text for hypothesis in together[2].hypotheses}) > 1


def test_pieces_can_be_banned_and_repetition_forbidden(translator):
    free = translator.translate(["fünf eins fünf"])[0]
    assert free.text == "five one five"
    translation = translator.translate(["fünf eins fünf"], banned=["▁five"])[0]
    assert "▁five" not in translation.pieces
    translation = translator.translate(["fünf eins fünf"], no_repeat=1)[0]
    assert len(set(translation.pieces)) == len(translation.pieces)
    with pytest.raises(ConfigError, match="no piece 'five'; write pieces as"):
        translator.translate(["eins"], banned=["five"])
    with pytest.raises(ConfigError, match="banned is one string"):
        translator.translate(["eins"], banned="▁five")
    with pytest.raises(TypeError, match="no option 'beamsize'; did you mean 'beam_size'"):
        translator.translate(["eins"], beamsize=3)


def test_a_file_of_an_older_release_translates_but_has_no_options():
    old = Translator(DATA / "tiny-0.1.0.onnx")
    assert old.translate(["drei eins zwölf"])[0].text == "three one twelve"
    with pytest.raises(
        ModelError, match=r"support prefix \(--prefix\): it was exported by an older s2s"
    ):
        old.translate(["eins"], prefix="one")


def test_an_option_that_a_file_does_not_list_is_an_error(tiny):
    data = tiny.read_bytes()
    card = json.loads(read_model_file(tiny).header.metadata["s2s.config"])
    card["options"].remove("no_repeat")
    entry = write_field(1, b"s2s.config") + write_field(2, json.dumps(card).encode())
    translator = Translator(sealed(data + write_field(14, entry)), threads=1)
    assert translator.translate(["drei"], prefix="three")[0].text == "three"
    with pytest.raises(
        ModelError, match=r"support no_repeat \(--no-repeat\): it was exported by an older s2s"
    ):
        translator.translate(["eins"], no_repeat=2)


def test_a_long_sentence_is_translated_in_parts_and_said(translator, caplog):
    sentences = ["eins zwei.", "Drei vier fünf.", "Sechs."]
    texts = ["eins", " ".join(sentences), "", "zwei " * 2000]
    options = {"n_best": 2, "unknown": "drop"}  # the full stop is unknown
    alone = translator.translate(sentences, **options)
    limit = max(translation.src_length for translation in alone)
    with caplog.at_level(logging.WARNING, "s2s"):
        translations = translator.translate(texts, max_src_length=limit, **options)
    said = (
        f"2 of 4 sentences had over {limit} pieces and were translated in parts, 1 of them within"
    )
    assert f"{said} a sentence (first: line 2)" in caplog.text
    assert [translation.cut for translation in translations] == [False] * 4
    assert [translation.parts for translation in translations[:3]] == [1, 3, 0]
    assert translations[0] == translator.translate(["eins"], n_best=2)[0]
    for rank, hypothesis in enumerate(translations[1].hypotheses):
        ranked = [translation.hypotheses[rank] for translation in alone]
        assert hypothesis.text == " ".join(part.text for part in ranked if part.text)
        assert hypothesis.score == pytest.approx(sum(part.score for part in ranked))
        assert hypothesis.pieces == tuple(piece for part in ranked for piece in part.pieces)
    pieces = (
        translations[3].src_length - translations[3].parts
    )  # without the end piece of each part
    assert (
        pieces
        == translator.translate(texts[3:], too_long="truncate", max_src_length=5000)[0].src_length
        - 1
    )


def test_a_long_sentence_is_cut_or_refused_if_that_is_chosen(translator, caplog):
    texts = ["eins", "zwei " * 2000, "", "drei " * 2000]
    with caplog.at_level(logging.WARNING, "s2s"):
        translations = translator.translate(texts, max_src_length=9, too_long="truncate")
    assert [translation.cut for translation in translations] == [False, True, False, True]
    assert [translation.src_length for translation in translations] == [
        len(translations[0].pieces) + 1,
        9,
        0,
        9,
    ]
    assert "2 of 4 sentences had over 9 pieces and were cut there (first: line 2)" in caplog.text
    stream = translator.translate_stream(texts, 1, max_src_length=9, too_long="error")
    assert next(stream) == translations[0]
    with pytest.raises(DataError, match=r"sentence 2 has .* pieces; expected at most 9: split it"):
        next(stream)
