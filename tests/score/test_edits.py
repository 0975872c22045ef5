"""Exact matches and error rates."""

import sys

import numpy as np
import pytest

pytest.importorskip("sacrebleu")
pytest.importorskip("rapidfuzz")

from s2s.errors import ConfigError, DataError, MissingPackageError
from s2s.score import edits
from s2s.score.metrics import compare, score

EDITS = ("exact", "token_error", "character_error")
SAID = ["S IY K", "K AE T", "D AO G"]
WRITTEN = ["S IY K", "K AE", "D AA G Z"]


def values(hypotheses, references, measures=EDITS, **options):
    return [each.value for each in score(hypotheses, references, measures=measures, **options)]


@pytest.mark.parametrize(
    ("hypothesis", "references", "exact", "token_error", "character_error"),
    [
        ("a b c d", "a b c d", 100, 0, 0),
        ("a x c d", "a b c d", 0, 25, 100 / 7),
        ("", "a b c d", 0, 100, 100),
        ("a b c d e f g h i", "a b", 0, 350, 1400 / 3),
        (" a  b\tc d ", "a b c d", 100, 0, 0),  # blanks
        ("A b c d", "a b c d", 0, 25, 100 / 7),
        ("a b c d", ["a x c d", "a b c d"], 100, 0, 0),  # any reference
        ("a b x", ["a b c d e f", "a b y"], 0, 100 / 3, 20),  # the nearest
        ("a", ["a b c", "x y"], 0, 100, 200 / 3 + 100 / 3),  # two equally near: the shorter one
    ],
)
def test_edits_are_counted(hypothesis, references, exact, token_error, character_error):
    expected = [exact, token_error, character_error]
    assert values([hypothesis], [references]) == pytest.approx(expected)


def test_a_corpus_counts_its_edits_together():
    # One phoneme is missing, one is replaced, and one is too many.
    assert values(WRITTEN, SAID) == pytest.approx([100 / 3, 100 * 3 / 9, 100 * 5 / 18])


def test_lowercased_text_is_compared_if_asked_for():
    assert values(["Ab C"], ["aB c"], lowercase=True) == [100, 0, 0]
    (exact,) = score(["A"], ["a"], measures=["exact"], lowercase=True)
    assert "case:lc|unit:line" in exact.signature


@pytest.mark.parametrize(
    ("hypothesis", "exact", "token_error", "character_error"),
    [
        ("    return x", 100, 0, 0),
        ("  return x", 0, 0, 100 * 2 / 12),
        ("\treturn x", 0, 0, 100 * 4 / 12),
        ("    return  x", 0, 0, 100 / 12),
        ("    return x ", 0, 0, 100 / 12),
    ],
)
def test_each_blank_is_compared_if_asked_for(hypothesis, exact, token_error, character_error):
    found = score([hypothesis], ["    return x"], measures=EDITS, keep_blanks=True)
    assert [each.value for each in found] == pytest.approx([exact, token_error, character_error])
    assert ["blanks:kept" in each.signature for each in found] == [True, False, True]
    assert values([hypothesis], ["    return x"]) == [100, 0, 0]


def test_systems_that_differ_in_blanks_alone_are_told_apart_if_asked_for():
    right, wrong = ["a  b", "c"] * 15, ["a b", "c"] * 15
    assert [each.delta for each in compare(right, wrong, right, measures=EDITS)] == [0, 0, 0]
    kept = compare(right, wrong, right, measures=EDITS, keep_blanks=True)
    assert [each.verdict for each in kept] == ["better", "no difference shown", "better"]


def test_a_blank_reference_is_no_division_by_zero():
    assert values([""], [""]) == [100, 0, 0]
    assert values(["a b"], [""]) == [0, 200, 300]


def test_scores_come_in_the_order_asked_for():
    measures = ("token_error", "bleu", "exact", "chrf", "ter", "character_error")
    names = [each.name for each in score(SAID, SAID, measures=measures)]
    assert names == ["token_error", "BLEU", "exact", "chrF2", "TER", "character_error"]


def test_an_unknown_measure_is_one_line():
    with pytest.raises(ConfigError, match=r"has 'exct'; expected names .* did you mean 'exact'\?"):
        score(SAID, SAID, measures=["exct"])
    with pytest.raises(ConfigError, match="is empty"):
        score(SAID, SAID, measures=[])


def test_intervals_and_p_values_are_those_that_sacrebleu_computes_of_such_rates():
    """sacrebleu's own resampling, given the counts in place of its own."""
    from sacrebleu.metrics.base import Metric, Score, Signature
    from sacrebleu.significance import PairedTest

    class Edits(Metric):
        _SIGNATURE_TYPE = Signature

        def _preprocess_segment(self, sent):
            return sent

        def _extract_reference_info(self, refs):
            return {"refs": refs}

        def _compute_segment_statistics(self, hypothesis, ref_kwargs):
            (counts,) = edits.count("token_error", [hypothesis], [ref_kwargs["refs"]])
            return counts.tolist()

        def _compute_score_from_stats(self, stats):
            return Score("token_error", 100 * stats[0] / stats[1])

        def _aggregate_and_compute(self, stats):
            return self._compute_score_from_stats(np.sum(stats, axis=0))

    draw = np.random.default_rng(1)
    truth = [" ".join(draw.choice(list("abcd"), 6)) for _ in range(60)]
    good, bad = (
        [" ".join(draw.choice([*text.split(), *"xy"], 6)) for text in truth] for _ in range(2)
    )
    systems = [("bad", bad), ("good", good)]
    test = PairedTest(systems, {"Edits": Edits()}, [truth], test_type="bs", n_samples=1000)
    old, new = test()[1]["token_error"]
    (difference,) = compare(good, bad, truth, measures=["token_error"])
    (alone,) = score(good, truth, measures=["token_error"], confidence=True)
    assert (difference.value, difference.baseline) == pytest.approx((new.score, old.score))
    assert difference.p_value == pytest.approx(new.p_value)
    assert 0 < difference.p_value < 1
    assert alone.interval.mean == pytest.approx(new.mean)
    assert alone.interval.half_width == pytest.approx(new.ci)
    assert alone.signature == difference.signature
    assert "nrefs:1|bs:1000|seed:12345|case:mixed|unit:token|version:s2s-" in alone.signature


def test_fewer_errors_are_better_and_equal_systems_do_not_differ():
    worse = ["x y z"] * 30
    right = compare(SAID * 10, worse, SAID * 10, measures=EDITS)
    assert [each.verdict for each in right] == ["better"] * 3
    assert [each.verdict for each in compare(worse, SAID * 10, SAID * 10, measures=EDITS)] == [
        "worse"
    ] * 3
    for each in compare(worse, worse, SAID * 10, measures=EDITS):
        assert (each.delta, each.p_value) == (0, 1)


def test_several_references_are_sacrebleu_s_even_if_some_are_missing():
    import sacrebleu

    hypotheses = ["the dog runs along the beach", "a cat sleeps here"]
    references = [
        ["the hound runs on the beach", "a dog runs along the beach"],
        "a cat sleeps there",
    ]
    streams = [[references[0][0], references[1]], [references[0][1], None]]
    bleu, chrf, ter = score(hypotheses, references)
    assert bleu.value == sacrebleu.corpus_bleu(hypotheses, streams).score
    assert chrf.value == sacrebleu.corpus_chrf(hypotheses, streams).score
    assert ter.value == sacrebleu.corpus_ter(hypotheses, streams).score
    assert {each.signature.split("|")[0] for each in (bleu, chrf, ter)} == {"nrefs:var"}
    (exact,) = score(hypotheses, references, measures=["exact"])
    assert exact.signature.startswith("nrefs:var|")
    pairs = [[text, text] for text in hypotheses]
    assert {each.signature.split("|")[0] for each in score(hypotheses, pairs)} == {"nrefs:2"}


def test_a_sentence_without_reference_is_a_data_error():
    with pytest.raises(DataError, match="sentence 2 has no reference"):
        score(["a", "b"], ["a", []])


@pytest.mark.parametrize(
    ("hypotheses", "references", "remark"),
    [
        (["a b"], ["a b"], "no line has four words"),
        (["a b"], ["a b c d"], "no translation has four words"),
        (["a b c d"], ["e f"], "no word of the translations is right"),
        (["a b c d"], ["a b c d"], ""),
        (["我"], ["我们"], "no line has four words"),
    ],
)
def test_a_bleu_of_0_is_explained(hypotheses, references, remark):
    bleu = score(hypotheses, references, bleu_only=True)[0]
    assert (bleu.value == 0) is bool(remark)
    assert remark in bleu.remark
    assert bool(remark) is bool(bleu.remark)
    assert bleu.signature.startswith("nrefs:1|")


def test_no_rapidfuzz_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "rapidfuzz.distance.Levenshtein", None)
    with pytest.raises(MissingPackageError, match=r"needs rapidfuzz.*s2s-onnx\[score\]"):
        score(["a"], ["a"], measures=["token_error"])
