import os
import re
import subprocess
import sys

import pytest

from s2s.errors import ConfigError, DataError, MissingPackageError
from s2s.score.metrics import MAX_RESAMPLED, compare, score, sentence_scores, why_not_resampled

REFERENCES = [f"the {animal} runs along the beach, and it likes it." for animal in "abcdefghij"]
GOOD = [text if row % 3 else text.replace("runs", "walks") for row, text in enumerate(REFERENCES)]
BAD = [text.replace("beach", "road") if row % 4 else "" for row, text in enumerate(GOOD)]


def test_scores_are_sacrebleu_s_with_signatures():
    sacrebleu = pytest.importorskip("sacrebleu")
    hypotheses = ["the dog runs along the beach .", "a cat"]
    references = ["The dog is running along the beach.", "a cat"]
    bleu, chrf, ter = score(hypotheses, references)
    assert (bleu.name, chrf.name, ter.name) == ("BLEU", "chrF2", "TER")
    assert bleu.value == sacrebleu.corpus_bleu(hypotheses, [references]).score
    assert chrf.value == sacrebleu.corpus_chrf(hypotheses, [references]).score
    assert ter.value == sacrebleu.corpus_ter(hypotheses, [references]).score
    assert bleu.signature.startswith("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:")
    assert score(hypotheses, references, bleu_only=True) == [bleu]
    assert score(hypotheses, references, ter=False) == [bleu, chrf]
    assert {score.interval for score in (bleu, chrf, ter)} == {None}


def test_a_perfect_translation_has_the_best_scores():
    pytest.importorskip("sacrebleu")
    text = ["one two three four five", "six seven eight nine ten"]
    assert [round(result.value, 6) for result in score(text, text)] == [100, 100, 0]


def test_case_is_told_in_the_signature():
    pytest.importorskip("sacrebleu")
    mixed, lower = (score(["A B C D E"], ["a b c d e"], lowercase=flag) for flag in (False, True))
    assert mixed[0].value < 1
    assert [round(score.value, 6) for score in lower] == [100, 100, 0]
    assert ["case:lc" in score.signature for score in lower] == [True] * 3
    assert ["case:mixed" in score.signature for score in mixed] == [True, True, False]


def test_chinese_has_words_once_it_is_cut_into_them():
    pytest.importorskip("sacrebleu")
    hypothesis, reference = ["我们今天去学校上课。"], ["我们今天去学校学习。"]
    values = {cut: score(hypothesis, reference, tokenize=cut)[0] for cut in ("13a", "zh", "char")}
    assert values["13a"].value == 0
    assert values["zh"].value == values["char"].value > 50
    assert "tok:zh" in values["zh"].signature
    with pytest.raises(ConfigError, match=r"'nome'; expected .* did you mean 'none'\?"):
        score(hypothesis, reference, tokenize="nome")


def test_brevity_is_told():
    pytest.importorskip("sacrebleu")
    bleu, chrf, _ = score(["a b c d"], ["a b c d e f g h"])
    assert bleu.length_ratio == 0.5
    assert bleu.brevity_penalty == pytest.approx(0.36788, abs=1e-5)  # exp(1 - 8 / 4)
    assert bleu.value == pytest.approx(36.788, abs=1e-3)  # all n-grams are right
    assert chrf.length_ratio is chrf.brevity_penalty is None


def test_intervals_and_p_values_are_those_of_sacrebleu_s_command_line(tmp_path):
    pytest.importorskip("sacrebleu")
    paths = {name: tmp_path / name for name in ("ref", "bad", "good")}
    for path, lines in zip(paths.values(), (REFERENCES, BAD, GOOD), strict=True):
        path.write_text("".join(f"{line}\n" for line in lines))
    systems = ["-i", paths["bad"], paths["good"], "--paired-bs", "-m", "bleu", "chrf", "ter"]
    told = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "sacrebleu", paths["ref"], *systems, "-f", "text", "-w", "6"],
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        check=True,
    ).stdout.decode()
    values = re.findall(r"([\d.]+) \(([\d.]+) ± ([\d.]+)\)", told)
    assert len(values) == 6  # of the baseline, then of the system
    p_values = re.findall(r"\(p = ([\d.]+)\)", told)
    differences = compare(GOOD, BAD, REFERENCES)
    scores = score(GOOD, REFERENCES, confidence=True)
    for row, (difference, alone) in enumerate(zip(differences, scores, strict=True)):
        value, mean, half_width = map(float, values[3 + row])
        assert difference.baseline == pytest.approx(float(values[row][0]), abs=1e-6)
        assert difference.value == alone.value == pytest.approx(value, abs=1e-6)
        assert difference.p_value == pytest.approx(float(p_values[row]), abs=1e-4)
        assert alone.interval.mean == pytest.approx(mean, abs=1e-4)
        assert alone.interval.half_width == pytest.approx(half_width, abs=1e-4)
        assert f"{difference.name:10} {difference.signature}" in told
        assert "bs:1000|seed:12345" in difference.signature
        assert difference.signature == alone.signature
    assert [difference.verdict for difference in differences] == ["better"] * 3
    assert [difference.verdict for difference in compare(BAD, GOOD, REFERENCES)] == ["worse"] * 3
    assert differences[2].delta < 0  # fewer edits


def test_resampling_can_be_repeated():
    pytest.importorskip("sacrebleu")
    assert compare(GOOD, BAD, REFERENCES) == compare(GOOD, BAD, REFERENCES)
    first, again = (score(GOOD, REFERENCES, confidence=True) for _ in range(2))
    assert first == again
    assert first[0].interval.half_width > 0


def test_equal_systems_do_not_differ():
    pytest.importorskip("sacrebleu")
    for difference in compare(GOOD, GOOD, REFERENCES):
        assert (difference.delta, difference.p_value, difference.verdict) == (
            0,
            1,
            "no difference shown",
        )


def test_one_sentence_has_no_interval_and_too_many_are_refused():
    pytest.importorskip("sacrebleu")
    with pytest.raises(DataError, match="needs at least 2 sentences, but there is 1"):
        score(["a"], ["a"], confidence=True)
    with pytest.raises(DataError, match="needs at least 2 sentences"):
        compare(["a"], ["b"], ["a"])
    assert why_not_resampled(2) is why_not_resampled(MAX_RESAMPLED) is None
    assert f"at most {MAX_RESAMPLED} sentences" in why_not_resampled(MAX_RESAMPLED + 1)


def test_resamples_that_score_nothing_are_no_error():
    pytest.importorskip("sacrebleu")
    _, chrf, _ = score(["zzz", "a b"], ["one", "a b"], confidence=True)
    assert 0 < chrf.interval.mean < 100
    assert chrf.interval.half_width == pytest.approx(50)  # one sentence or the other, or both


def test_blank_translations_count_as_wrong():
    pytest.importorskip("sacrebleu")
    bleu, chrf, ter = score(["", ""], ["a b c d", "e f"], confidence=True)
    assert (bleu.value, chrf.value, ter.value) == (0, 0, 100)
    assert bleu.length_ratio == bleu.brevity_penalty == 0
    assert sentence_scores(["", "e f"], ["a b c d", "e f"]) == [0, 100]


@pytest.mark.parametrize(("hypotheses", "references"), [([], []), (["a"], []), (["a"], ["b", "c"])])
def test_nothing_to_score_is_a_data_error(hypotheses, references):
    with pytest.raises(DataError, match="expected the same number"):
        score(hypotheses, references)
    with pytest.raises(DataError, match="expected the same number"):
        sentence_scores(hypotheses, references)


def test_a_baseline_of_another_length_is_a_data_error():
    with pytest.raises(DataError, match="1 translations but 2 references"):
        compare(["a", "b"], ["a"], ["a", "b"])


def test_no_sacrebleu_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    with pytest.raises(MissingPackageError, match=r"s2s-onnx\[score\]"):
        score(["a"], ["a"])
