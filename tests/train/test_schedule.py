import math

import pytest

pytest.importorskip("torch")

from s2s.train.config import TrainConfig
from s2s.train.schedule import learning_rate


def config(**changes):
    return TrainConfig(learning_rate=1.0, final_rate=0.1, **changes)


@pytest.mark.parametrize(
    ("decay", "update", "progress", "expected"),
    [
        ("linear", 0, 0.0, 0.1),
        ("linear", 9, 0.09, 1.0),
        ("linear", 10, 0.5, 0.55),
        ("linear", 10, 2.0, 0.1),
        ("cosine", 10, 0.5, 0.55),
        ("cosine", 10, 1.0, 0.1),
        ("constant", 50, 0.9, 1.0),
        ("inverse_sqrt", 39, 0.4, 0.5),
    ],
)
def test_learning_rate_follows_the_table(decay, update, progress, expected):
    rate = learning_rate(config(decay=decay), update, progress, warmup=10)
    assert math.isclose(rate, expected)


def test_without_a_warm_up_the_first_rate_is_the_highest():
    assert learning_rate(config(), 0, 0.0, warmup=0) == 1.0
