import pytest

torch = pytest.importorskip("torch")

from s2s.train.diagnosis.decay import LayerDecay


def make_decay(relative, factor=0.9):
    return LayerDecay(
        where="decoder layer 1",
        state="hidden",
        route="with attention",
        at_end=0.5,
        relative=tuple(relative),
        sentences=(3,) * len(relative),
        factor=factor,
    )


@pytest.mark.parametrize(
    ("relative", "verdict"),
    [
        ([], "no gradient arrives"),
        ([1.0], "keeps: 1 times after 0 steps"),
        ([1, 0.5, 0.25], "keeps: 25 % after 2 steps"),
        ([1, 0.5, 0.08, 0.02], "fades: falls to 10 % after 2 steps; 2 % after 3 steps"),
        ([1, 0.005, 0.3, 0.01, 0.001], "vanishes: falls to 1 % after 3 steps"),
        ([1, 0.0], "vanishes: falls to 1 % after 1 step"),
        ([1, 5, 25, 125], "explodes: 125 times after 3 steps"),
        ([1, 5, 25], "grows: 25 times after 2 steps"),
    ],
)
def test_the_verdict_says_what_became_of_the_gradient(relative, verdict):
    assert make_decay(relative).verdict == verdict
