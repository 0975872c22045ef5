"""Which measure suits which targets."""

import random

import pytest

pytest.importorskip("sacrebleu")

from s2s.score.choice import choose_measure

SENTENCES = ["The dog runs along the beach.", "It rains a lot here in autumn."]


def repeat(*texts):
    return [*texts] * 10


@pytest.mark.parametrize(
    ("targets", "measure"),
    [
        (repeat(*SENTENCES), "bleu"),
        (repeat(*SENTENCES, "Yes.", "Why not?"), "bleu"),  # half of them are short
        (repeat("Tôi không biết anh ấy là ai.", "나는 어제 학교에 안 갔다."), "bleu"),
        (repeat("I_WALK I_TURN_LEFT I_WALK I_JUMP"), "bleu"),
        (repeat("我们今天去学校上课。", "他不喜欢下雨天。"), "bleu"),
        (repeat("ฉันไม่รู้ว่าเขาเป็นใคร"), "bleu"),
        (repeat("walked", "ran"), "exact"),
        (repeat("POS", "NEG"), "exact"),
        (repeat("2004-05-03"), "exact"),
        (repeat("Save as ...", "Open", "Do you want to leave?"), "exact"),
        (repeat("是", "不是"), "exact"),
        (repeat("0 1 1"), "exact"),
        (repeat("CC(=O)OC1=CC=CC=C1C(=O)O", "CN1C=NC2=C1C(=O)N(C(=O)N2C)C"), "chrf"),
        (repeat("S IY1 K W AH0 N S AH0 Z", "AE1 D M ER0 AH0 L"), "error"),
        (repeat("a b c d e f", "0 1 1 0 1"), "error"),
        (["", " ", *repeat("walked")], "exact"),
    ],
)
def test_the_measure_follows_from_the_targets(targets, measure):
    assert choose_measure(targets).measure == measure
    random.Random(1).shuffle(targets)  # noqa: S311
    assert choose_measure(targets).measure == measure


def test_the_reason_counts_the_targets():
    reason = choose_measure(["", *["one two"] * 9, SENTENCES[0]]).reason
    assert reason == "9 of 10 targets have under four words"
