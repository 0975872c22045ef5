import numpy as np
import pytest

pytest.importorskip("sacrebleu")

from s2s.formats.run_folder import METRICS_FILE
from s2s.score.by_length import score_by_length
from s2s.score.evaluation import Evaluation
from s2s.score.metrics import compare, score, sentence_scores
from s2s.score.report.curve import read_curve
from s2s.score.report.examples import Picture, rank, spread
from s2s.score.report.page import WORST, Page

from pages import read_page  # isort: skip

HOSTILE = [
    "<script>alert(1)</script>",
    "</style></title><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" \' & &amp; &lt; ]]> <!-- -->',
    "<svg><foreignObject><iframe src=//example.com>",
    "مرحبا بالعالم \u202e<b>",
]


def make_page(texts, **changes):
    translations = [f"{text} x" for text in texts]
    evaluation = Evaluation(
        translated={"model": changes.pop("name", "run"), "to": "de", "beam_size": 5},
        sentences=len(texts),
        scores=score(translations, texts, confidence=len(texts) > 1),
        baseline="other<br>.txt",
        differences=compare(translations, texts, texts) if len(texts) > 1 else (),
        buckets=score_by_length(texts, translations, texts),
    )
    scores = sentence_scores(translations, texts)
    ranked = rank(texts, texts, translations, scores)
    page = {"evaluation": evaluation, "curve": None, "pictures": [], "notes": {}, "worst": ranked}
    return Page(**{**page, **changes}).html()


def test_text_of_users_never_becomes_markup():
    weights = np.full((5, 5), 0.2, dtype=np.float32)
    ranked = rank(HOSTILE, HOSTILE, HOSTILE, [0.0] * len(HOSTILE))
    picture = Picture(ranked[0], tuple(HOSTILE), tuple(HOSTILE), weights)
    html = make_page(
        HOSTILE,
        name=HOSTILE[1],
        worst=ranked,
        pictures=[picture],
        notes={"curve": HOSTILE[0], "intervals": HOSTILE[1]},
    )
    page = read_page(html)
    for text in HOSTILE:  # each stands there as it was written: thrice here, and beside the squares
        assert sum(1 for found in page.texts if found == text) >= 5
    assert page.count("b") == page.count("br") == 0
    assert page.count("svg") == 2
    plain = read_page(make_page(["harmless words"] * 5, worst=ranked, pictures=[picture]))
    assert {tag for tag, _ in page.tags} == {tag for tag, _ in plain.tags}


def test_what_no_page_can_hold_is_replaced():
    page = read_page(make_page(["a\0b\x1b[31m\x0b\udc80 c", "d"]))
    assert "a\ufffdb\ufffd[31m\ufffd\ufffd c" in page.texts
    html = make_page(["a\0\udc80"] * 2)
    assert html.encode("utf-8").decode() == html


def test_right_to_left_text_keeps_its_direction_to_itself():
    page = read_page(make_page(["مرحبا بالعالم", "Guten Tag"]))
    texts = [attrs for tag, attrs in page.tags if tag == "dd"]
    assert len(texts) == 6
    assert all(attrs["dir"] == "auto" for attrs in texts)


def test_the_same_input_gives_the_same_page():
    assert make_page(["one two", "three"]) == make_page(["one two", "three"])


def test_scores_stand_there_with_signatures_and_intervals():
    page = read_page(make_page(["one two three four five", "six seven"]))
    bleu = score(["one two three four five x", "six seven x"], ["one two three four five"] * 2)[0]
    assert "2 sentences, to de, beam size 5" in page.text
    assert bleu.signature.split("smooth")[1] in page.text
    assert page.text.count("bs:1000|seed:12345") == 6
    assert "other<br>.txt" in page.texts
    assert "Scores of fewer than 50 sentences are not reliable." in page.texts


def test_one_sentence_makes_a_page():
    page = read_page(make_page(["one two"], notes={"intervals": "No intervals: too few."}))
    assert "not estimated" in page.texts
    assert "No intervals: too few." in page.texts


def test_the_worst_come_first_and_blank_lines_not_at_all():
    sources = ["a", "b", "", "d", "e"]
    references = ["a", "b", "c", " ", "e"]
    ranked = rank(sources, references, ["x", "", "", "", "y"], [50.0, 0.0, 0.0, 0.0, 0.0])
    assert [example.row for example in ranked] == [1, 4, 0]
    page = read_page(make_page(["a", "b"], worst=ranked * WORST))
    assert page.count("dl") == WORST
    assert "Line 2, chrF2 0.0" in page.texts
    assert "(blank)" in page.texts


@pytest.mark.parametrize(
    ("count", "expected"), [(2, [0, 9]), (4, [0, 3, 6, 9]), (10, list(range(10)))]
)
def test_examples_are_spread_from_the_first_to_the_last(count, expected):
    assert spread(range(10), count) == expected
    assert spread(range(3), 9) == [0, 1, 2]


def test_curves_are_read_as_the_training_wrote_them(tmp_path):
    assert read_curve(tmp_path / METRICS_FILE) is None
    (tmp_path / METRICS_FILE).write_text(
        '{"kind": "train", "update": 20, "loss": 9.5, "nll": 8.0}\n'
        '{"kind": "layers", "update": 20, "output": {"weight": 1.0}}\n'
        '{"kind": "validation", "update": 30, "loss": 7.0, "bleu": 1.5}\n'
        '{"kind": "validation", "update": 40, "loss": 6.0, "bleu": null}\n'
        '{"kind": "train", "update": 40, "nll": NaN}\n'
        '[1]\n{"kind": "train"}\n{"kind": "tra'
    )
    curve = read_curve(tmp_path / METRICS_FILE)
    assert curve.training == [(20, 8.0)]
    assert curve.validation == [(30, 7.0), (40, 6.0)]
    assert (curve.measure, curve.scores) == ("bleu", [(30, 1.5)])
    assert curve.left_out == 4
    page = read_page(make_page(["a b"] * 2, curve=curve))
    assert page.count("svg") == 3
    assert "4 damaged or non-finite records are left out." in page.texts
    assert "BLEU of the validation pairs, in percent: it chose the weights." in page.texts


@pytest.mark.parametrize(
    ("figures", "measure", "points", "caption"),
    [
        ('"measure": "exact", "exact": 50.0', "exact", [(30, 50.0)], "exact match of the valid"),
        ('"measure": "error", "error": 150.0', "error", [(30, 150.0)], "error rate of the valid"),
        ('"measure": "loss"', "loss", [], "The lowest validation loss chose the weights."),
        ('"measure": ["x"], "bleu": null', "loss", [], "The lowest validation loss chose"),
    ],
)
def test_the_curve_is_that_of_the_measure_that_chose_the_weights(
    tmp_path, figures, measure, points, caption
):
    line = f'{{"kind": "validation", "update": 30, "loss": 7.0, {figures}}}\n'
    (tmp_path / METRICS_FILE).write_text(line)
    curve = read_curve(tmp_path / METRICS_FILE)
    assert (curve.measure, curve.scores, curve.left_out) == (measure, points, 0)
    page = read_page(make_page(["a b"] * 2, curve=curve))
    assert any(caption in text for text in page.texts)


def test_a_run_that_has_just_begun_has_no_curve_yet(tmp_path):
    (tmp_path / METRICS_FILE).write_text("")
    page = read_page(make_page(["a b"] * 2, curve=read_curve(tmp_path / METRICS_FILE)))
    assert "The run has recorded no losses yet." in page.texts


def test_the_file_has_the_name_that_training_gives_it():
    pytest.importorskip("torch")
    from s2s.train import log

    assert log.METRICS_FILE == METRICS_FILE
