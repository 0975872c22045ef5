import sys

import pytest

from s2s.errors import DataError, MissingPackageError
from s2s.score import score


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


def test_a_perfect_translation_has_the_best_scores():
    pytest.importorskip("sacrebleu")
    text = ["one two three four five", "six seven eight nine ten"]
    assert [round(each.value, 6) for each in score(text, text)] == [100, 100, 0]


@pytest.mark.parametrize(("hypotheses", "references"), [([], []), (["a"], []), (["a"], ["b", "c"])])
def test_nothing_to_score_is_a_data_error(hypotheses, references):
    with pytest.raises(DataError, match="cannot be scored"):
        score(hypotheses, references)


def test_no_sacrebleu_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    with pytest.raises(MissingPackageError, match=r"s2s\[score\]"):
        score(["a"], ["a"])
