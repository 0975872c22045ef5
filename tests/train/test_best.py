"""Which weights of a training are kept."""

import math

import pytest

torch = pytest.importorskip("torch")

from dataclasses import replace

from made_up_pairs import make_sources, translate, write_pairs
from tiny_runs import TRAINING, metrics, run

from s2s.train.best import is_better
from s2s.train.position import Position

SHORT = 3  # words: runs of four, which BLEU counts, do not occur


@pytest.mark.parametrize(
    ("best_bleu", "best_loss", "bleu", "loss", "better"),
    [
        (None, math.inf, 0.0, 9.0, True),  # the first validation
        (20.0, 2.0, 20.1, 3.0, True),
        (20.0, 2.0, 19.9, 1.0, False),
        (20.0, 2.0, 20.0, 1.9, True),
        (20.0, 2.0, 20.0, 2.0, False),
        (0.0, 3.0, 0.0, 0.1, True),
        (0.62, 8.0, 0.0, 4.0, True),  # both are chance
        (0.62, 4.0, 0.9, 8.0, False),
        (0.62, 4.0, 1.4, 8.0, True),
        (None, 3.0, None, 2.9, True),
        (None, 3.0, None, 3.1, False),
        (5.0, 3.0, None, 2.0, True),  # a run of an earlier release, whose targets are short
    ],
)
def test_bleu_decides_and_loss_decides_a_tie(best_bleu, best_loss, bleu, loss, better):
    position = Position(best_bleu=best_bleu, best_loss=best_loss)
    assert is_better(position, loss=loss, bleu=bleu) is better


def write_short(folder):
    for name, count, seed in (("train", 300, 1), ("val", 30, 2)):
        sources = [
            " ".join(source.split()[: 1 + row % SHORT])
            for row, source in enumerate(make_sources(count, seed))
        ]
        write_pairs(folder, name, [(source, translate(source)) for source in sources])


def test_targets_without_four_words_are_validated_by_loss(tmp_path, capsys):
    write_short(tmp_path)
    training = replace(TRAINING, max_updates=60, learning_rate=1e-2, validate_every=20, patience=3)
    result = run(tmp_path, "run", training=training)
    told = "val.yy: no target has four words, so BLEU of any translation is 0"
    assert told in capsys.readouterr().err
    assert result.stopped_by == "max_updates"
    assert result.best_bleu is None
    losses = [r["loss"] for r in metrics(tmp_path / "run") if r["kind"] == "validation"]
    assert result.best_loss == min(losses) < losses[0] - 0.5


def test_one_target_with_four_words_is_enough_for_bleu(tmp_path, capsys):
    write_short(tmp_path)
    for side in ("xx", "yy"):
        with (tmp_path / f"val.{side}").open("a") as file:
            file.write("sun sun sun sun\n")
    result = run(tmp_path, "run", training=replace(TRAINING, bleu_sentences=500))
    assert "no target has four words" not in capsys.readouterr().err
    assert result.best_bleu is not None
