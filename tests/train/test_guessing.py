"""A training that is no better than guessing says so."""

import math
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tiny_runs import TRAINING, run

from s2s.cli import main
from s2s.corpus.sentences import Sentences
from s2s.train import TrainConfig
from s2s.train.guessing import GuessingWatch, guessing_loss
from s2s.train.log import Window
from s2s.train.position import Position

GUESS, VOCABULARY = 4.0, 1000  # a network that knows nothing has a loss of 6.9


class Text:
    """Stands for a corpus on disk: targets of one piece and the end piece."""

    def __init__(self, pieces):
        self.pieces = pieces

    def __len__(self):
        return len(self.pieces)

    def read(self, start, stop):
        ids = np.array([[piece, 3] for piece in self.pieces[start:stop]]).reshape(-1)
        sentences = Sentences(ids, np.arange(0, len(ids) + 1, 2))
        return sentences, sentences


def test_guessing_costs_the_entropy_of_the_pieces():
    # 5 and 6 are a quarter of all pieces, the end piece is a half.
    entropy = 0.5 * math.log(2) + 2 * 0.25 * math.log(4)
    assert math.isclose(guessing_loss([(Text([5, 6] * 8), 1.0)], 10, 0.0), entropy)
    weighted = [(Text([5] * 2), 4.0), (Text([6] * 16), 0.5)]
    assert math.isclose(guessing_loss(weighted, 10, 0.0), entropy)
    assert entropy < guessing_loss([(Text([5, 6] * 8), 1.0)], 10, 0.1) < entropy + 0.12


def look(losses, warmup=40, updates=20, position=None):
    """Shows a watch the mean losses of windows; returns the warnings and the position."""
    watch = GuessingWatch(GUESS, VOCABULARY, TrainConfig(learning_rate=0.5))
    position = position or Position()
    warnings = []
    for loss in losses:
        position.update += updates
        window = Window(updates=updates, tokens=10, nll=10 * loss)
        if warning := watch.look(window, position, warmup):
            warnings.append((position.update, warning))
    return warnings, position, watch


@pytest.mark.parametrize(
    "losses",
    [
        [6.9, 6.0, 5.0, 4.2, 4.05, 4.0, 3.9, *[3.0] * 20],
        [6.9, 6.8, 6.7, 6.6, 6.5, 6.4, 6.3, 6.2, 6.1, 6.0, 5.9],  # slow, but it falls
        [*[6.9] * 6, 3.9],  # the warm-up has 2 of these
        [*[4.05] * 30],  # it is not clearly above
        [6.9, 3.0, *[6.9] * 4, 3.0, *[6.9] * 4, 3.0],  # spikes
    ],
)
def test_a_training_that_learns_gets_no_warning(losses):
    warnings, _, _ = look(losses)
    assert not warnings


@pytest.mark.parametrize(
    ("losses", "update"),
    [
        ([6.9] * 20, 140),
        ([300, 290, 280, 270, 260, 250, 240, 230, 220], 140),  # far above it, falling means nothing
        ([6.9, 5.0, 3.0, 2.0, *[6.0] * 20], 180),
        ([6.9, 6.0, 5.0, *[5.1, 5.0] * 20], 160),
    ],
)
def test_a_training_that_diverges_gets_one_warning(losses, update):
    warnings, position, watch = look(losses)
    ((found, warning),) = warnings
    assert found == update
    assert "above that of guessing (4.00 nats a target piece)" in warning
    assert "lower learning_rate (--learning-rate) from 0.5" in warning
    assert "(--set warmup_updates=200)" in warning
    assert "lower learning_rate" in watch.verdict(position, 40)


def test_the_warning_does_not_depend_on_where_a_training_was_stopped():
    losses = [6.9] * 9
    whole, _, _ = look(losses)
    first, position, _ = look(losses[:4])
    again, _, _ = look(losses[4:], position=Position.of_state(position.to_state()))
    assert first + again == whole
    assert len(whole) == 1


def test_a_training_that_was_too_short_is_told_to_train_longer():
    _, position, watch = look([6.9, 6.5, 6.0], warmup=10)
    assert "train longer (--max-updates" in watch.verdict(position, 10)
    position.best_loss = 6.1
    assert watch.is_useless(position)


def test_good_weights_of_a_training_that_diverged_later_are_of_use():
    _, position, watch = look([6.9, 3.0, 2.0, *[9.0] * 20])
    position.best_loss = 2.1
    assert watch.verdict(position, 40) is not None
    assert not watch.is_useless(position)


def test_a_rate_that_is_too_high_ends_with_advice(corpus_folder, caplog):
    wild = replace(TRAINING, learning_rate=5.0, warmup_updates=0, max_updates=160, average_last=0)
    wild = replace(wild, validate_every=80, log_every=20)
    result = run(corpus_folder, "run", training=wild)
    assert result.is_useless
    said = [record.message for record in caplog.records if "guessing" in record.message]
    assert len(said) == 2
    assert "the loss has been above that of guessing" in said[0]
    assert "the training ended no better than guessing" in said[1]


def test_weights_that_are_no_better_than_guessing_are_not_to_be_exported(corpus_folder, capsys):
    command = ["train", "--out", corpus_folder / "run", "--preset", "tiny", "--max-updates", 1]
    for option, name in (("", "train"), ("val-", "val")):
        command += [f"--{option}src", corpus_folder / f"{name}.xx"]
        command += [f"--{option}tgt", corpus_folder / f"{name}.yy"]
    small = ["--embedding-size", 16, "--hidden-size", 24, "--vocab-size", 80]
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in command + small])
    assert ended.value.code == 0
    shown = capsys.readouterr()
    assert "1 updates in" in shown.out
    assert "next: s2s export" not in shown.out
    assert "the training ended no better than guessing" in shown.err
