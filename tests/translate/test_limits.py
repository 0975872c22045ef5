"""A translation that met a limit of length is marked and counted."""

import json
import logging

import pytest

pytest.importorskip("onnxruntime")

from paths import DATA

from s2s import Translator
from s2s.errors import ConfigError, ModelError

LONG = "einundzwanzig zweiundzwanzig dreiundzwanzig"


def test_a_translation_that_met_its_limit_is_marked_and_counted(translator, caplog):
    texts = ["eins", LONG, "", LONG]
    whole = translator.translate(texts)
    assert not any(each.hypotheses[0].cut for each in whole)
    assert not caplog.records
    cut = translator.translate(texts, max_length=5)
    assert [each.hypotheses[0].cut for each in cut] == [False, True, False, True]
    assert len(cut[1].pieces) == 5
    assert caplog.messages == [
        "2 of 4 translations met the limit of length and have no end (first: line 2); the limit "
        "is 2 pieces for each source piece and 20 more, 5 at most (--length-factor, "
        "--length-margin, --max-length)"
    ]


def test_a_text_in_parts_is_marked_if_a_part_is(translator, caplog):
    caplog.set_level(logging.ERROR)
    options = {"max_length": 5, "max_src_length": 8}
    (translation,) = translator.translate([f"{LONG} {LONG} eins"], **options)
    assert translation.parts > 1
    assert translation.hypotheses[0].cut
    assert not translation.cut


def test_kept_texts_and_required_words_leave_the_mark(translator):
    options = {"max_length": 3}
    (kept,) = translator.translate([f"{LONG} {{x}}"], keep=r"\{x\}", **options)
    assert "{x}" in kept.text
    assert kept.hypotheses[0].cut
    (required,) = translator.translate([LONG], required=["one two three"], **options)
    assert required.hypotheses[0].cut


def test_a_prefix_that_ends_is_not_cut_and_one_that_is_longer_than_the_limit_is(translator):
    scored = translator.score(["eins"], ["one"])
    assert not scored[0].cut
    (longer,) = translator.translate(["eins"], prefix="one two three four", max_length=2)
    assert longer.hypotheses[0].cut


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"length_factor": -1}, r"length_factor \(--length-factor\) is -1"),
        ({"length_factor": "auto"}, r"length_factor \(--length-factor\) is 'auto'"),
        ({"length_factor": 1.5}, r"length_factor \(--length-factor\) is 1.5"),
        ({"length_margin": 0}, r"length_margin \(--length-margin\) is 0"),
    ],
)
def test_limits_out_of_range_are_told(translator, options, message):
    with pytest.raises(ConfigError, match=message):
        translator.translate([], **options)


def test_an_older_file_cannot_change_its_limit_by_the_source():
    older = Translator(DATA / "tiny-0.1.0.onnx")
    assert older.search.limit == (2, 20)
    with pytest.raises(ModelError, match=r"support length_factor \(--length-factor\): .* older"):
        older.translate(["eins"], length_factor=3)
    assert older.translate(["eins"], length_factor=2) == older.translate(["eins"])
    with pytest.raises(ModelError, match=r"support in_step \(--in-step\): .* older"):
        older.translate(["eins"], in_step=True)
    assert older.translate(["eins"], in_step=False) == older.translate(["eins"])


def test_the_command_marks_and_counts(s2s, tiny):
    finished = s2s("translate", tiny, "--json", "--max-length", 5, stdin=LONG.encode())
    assert json.loads(finished.out)["cut"] is True
    assert "s2s: warning: 1 of 1 translations met the limit of length" in finished.err
    finished = s2s("translate", tiny, "--json", stdin=LONG.encode())
    assert json.loads(finished.out)["cut"] is False
    assert finished.err == ""
