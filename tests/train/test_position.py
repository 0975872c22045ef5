import math

import pytest

pytest.importorskip("torch")

from s2s.corpus.stream import Place
from s2s.train.config import TrainConfig
from s2s.train.position import Position


def test_progress_is_that_of_the_nearest_limit():
    config = TrainConfig(max_updates=100, max_epochs=2, max_minutes=1.0)
    assert Position(update=30).progress(config, 10) == 0.3
    assert Position(update=30, place=Place(epoch=1, pairs=5)).progress(config, 10) == 0.75
    assert math.isclose(Position(update=30, seconds=54.0).progress(config, 10), 0.9)


def test_the_position_of_a_run_that_knew_bleu_alone_is_read():
    state = Position(update=7, best_score=12.5).to_state()
    old = {"best_bleu" if name == "best_score" else name: state[name] for name in state}
    assert Position.of_state(old) == Position.of_state(state) == Position(update=7, best_score=12.5)


def test_each_limit_ends_a_training():
    config = TrainConfig(max_updates=100, max_epochs=2, max_minutes=1.0)
    assert Position(update=99, place=Place(epoch=1), seconds=59.0).reached_limit(config) is None
    assert Position(update=100).reached_limit(config) == "max_updates"
    assert Position(place=Place(epoch=2)).reached_limit(config) == "max_epochs"
    assert Position(seconds=60.0).reached_limit(config) == "max_minutes"


@pytest.mark.parametrize(
    ("limits", "affordable"),
    [
        ({"max_minutes": 1.0}, False),
        ({"max_minutes": 1.0, "validate_every": 5}, True),
        ({"max_updates": 9}, True),  # exact on resume: the clock has no say
    ],
)
def test_only_a_time_limit_postpones_validations(limits, affordable):
    position = Position(seconds=30.0, validation_seconds=10.0)
    assert position.affords_validation(TrainConfig(**limits)) is affordable
    assert Position(seconds=60.0, validation_seconds=10.0).affords_validation(TrainConfig(**limits))
