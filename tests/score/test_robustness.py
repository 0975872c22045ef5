import pytest

pytest.importorskip("sacrebleu")

from s2s.score.metrics import FEW_SENTENCES, score
from s2s.score.robustness import Robustness, count_numbers, score_variant
from s2s.score.variants import LINE_BREAKS, make_variants

REFERENCES = [f"The man number {row} sees the red house." for row in range(60)]


def scored(name, change, plain=REFERENCES):
    (variant,) = [each for each in make_variants(REFERENCES, REFERENCES).made if each.name == name]
    return score_variant(variant, list(map(change, variant.sources)), plain, REFERENCES)


def test_a_perfect_translator_has_all_of_its_plain_score():
    for variant in make_variants(REFERENCES, REFERENCES).made:
        found = score_variant(variant, variant.references, REFERENCES, REFERENCES)
        assert found.bleu.value == pytest.approx(100)
        assert found.chrf_share == found.bleu_share == pytest.approx(1)
        assert not found.few


def test_scores_are_those_of_the_variant_beside_those_of_the_same_sentences():
    plain = [text.replace("red", "blue") for text in REFERENCES]
    found = scored("no end mark", lambda text: text.replace("house", "dog"), plain)
    bare = [text[:-1] for text in REFERENCES]
    assert found.bleu == score([text.replace("house", "dog") for text in bare], bare)[0]
    assert found.plain_chrf == score([text[:-1] for text in plain], bare)[1].value
    assert found.chrf_share == found.chrf.value / found.plain_chrf


def test_a_plain_score_of_0_is_no_error():
    found = scored("capitals", str.upper, [""] * len(REFERENCES))
    assert found.bleu_share == found.chrf_share == 0


def test_lines_whose_breaks_are_lost_are_counted():
    assert scored(LINE_BREAKS, str).breaks_right == 30
    lost = scored(LINE_BREAKS, lambda text: text.replace("\n", " "))
    assert lost.breaks_right == 0
    assert lost.remark == "line breaks right in 0 of 30"
    assert lost.bleu.value == pytest.approx(100)
    assert scored("capitals", str.upper).breaks_right is None


def test_few_sentences_are_said():
    few = REFERENCES[: FEW_SENTENCES - 1]
    variant = make_variants(few, few).made[0]
    found = score_variant(variant, variant.references, few, few)
    assert found.few
    assert found.remark == "too few sentences"


def test_numbers_that_the_reference_spells_out_are_not_counted():
    sources = ["He is 45.", "I have 3 cats.", "No number.", "7 and 8"]
    references = ["Tiene 45.", "Tengo tres gatos.", "Sin número.", "7 y 8"]
    assert count_numbers(sources, references, ["Tiene 45.", "x", "y", "7"]) == (2, 1)


def test_what_is_left_out_is_said_in_text_and_json():
    variants = make_variants(["今天。"] * 2, ["Today."] * 2)
    robustness = Robustness(
        variants=[score_variant(variants.made[0], ["Today."] * 2, ["x"] * 2, ["Today."] * 2)],
        left_out=variants.left_out,
        with_numbers=0,
        numbers_right=0,
    )
    text = "\n".join(robustness.lines())
    assert "capitals              left out: no source has a letter" in text
    assert "numbers               left out: no reference" in text
    assert robustness.to_dict()["left_out"] == variants.left_out
    assert robustness.to_dict()["numbers"] == {"sentences": 0, "right": 0}
