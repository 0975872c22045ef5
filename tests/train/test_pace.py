"""Trainings of little text or few updates fit themselves to their size."""

import json
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from made_up_pairs import make_sources, translate, write_pairs
from tiny_runs import MODEL, TOKENIZER, assert_same_weights, data_of, metrics

from s2s.errors import ConfigError
from s2s.model.run import read_tensors
from s2s.train import TrainConfig, pace, train
from s2s.train.average import MovingAverage
from s2s.train.pace import (
    EpochSize,
    Pace,
    UpdateClock,
    choose_pace,
    count_updates,
    describe_choices,
    fit_to_text,
    warn_of_size,
)
from s2s.train.position import Position

TINY = EpochSize(pairs=20, src_tokens=200, tgt_tokens=200)
LARGE = EpochSize(pairs=29_000, src_tokens=400_000, tgt_tokens=420_000)


@pytest.mark.parametrize(
    ("asked", "epoch", "fitted"),
    [
        ({}, LARGE, {"max_epochs": 20, "batch_tokens": 1000}),
        ({}, TINY, {"max_updates": 1000, "batch_tokens": 1000}),
        ({"max_epochs": 20}, TINY, {"max_epochs": 20, "batch_tokens": 10}),
        ({"max_epochs": 20}, LARGE, {"max_epochs": 20, "batch_tokens": 1000}),
        ({"max_epochs": 1}, LARGE, {"max_epochs": 1, "batch_tokens": 1000}),
        ({"max_epochs": 1}, TINY, {"max_epochs": 1, "batch_tokens": 1}),
        ({"max_epochs": 20, "accumulate": 2}, TINY, {"batch_tokens": 5}),
        ({"max_epochs": 20, "batch_tokens": 500}, TINY, {"batch_tokens": 500}),
        ({"max_updates": 50}, TINY, {"max_updates": 50, "batch_tokens": 1000}),
        ({"max_minutes": 1.0}, TINY, {"max_minutes": 1.0, "batch_tokens": 1000}),
    ],
)
def test_limit_and_batches_fit_the_text(asked, epoch, fitted):
    training = fit_to_text(TrainConfig(largest_batch=1000, **asked), epoch)
    for name, value in fitted.items():
        assert getattr(training, name) == value, name
    for name in ("max_updates", "max_epochs", "max_minutes"):
        assert getattr(training, name) == fitted.get(name, asked.get(name)), name


@pytest.mark.parametrize(
    ("limits", "updates"),
    [
        ({"max_updates": 100}, 100),
        ({"max_epochs": 2}, 840),
        ({"max_epochs": 2, "max_updates": 900}, 840),
        ({"max_epochs": 2, "accumulate": 4}, 210),
        ({"max_minutes": 3.0}, None),
        ({"max_minutes": 3.0, "max_updates": 7}, 7),
    ],
)
def test_the_updates_up_to_the_nearest_limit_are_known(limits, updates):
    assert count_updates(TrainConfig(batch_tokens=1000, **limits), LARGE) == updates


@pytest.mark.parametrize(
    ("asked", "updates", "expected"),
    [
        ({}, None, Pace(200, 10, 20)),
        ({}, 10_000, Pace(200, 10, 20)),
        ({}, 1000, Pace(200, 10, 20)),
        ({}, 200, Pace(40, 10, 20)),
        ({}, 20, Pace(4, 2, 2)),
        ({}, 1, Pace(1, 1, 1)),
        ({"longest_warmup": 300}, 1000, Pace(200, 10, 20)),
        ({"longest_warmup": 0}, 1000, Pace(0, 10, 20)),
        ({"warmup_updates": 300, "validations": 7, "log_every": 5}, 20, Pace(300, 7, 5)),
    ],
)
def test_warm_up_validations_and_log_fit_the_updates(asked, updates, expected):
    assert choose_pace(TrainConfig(**asked), updates) == expected


def test_the_first_updates_show_how_many_fit_into_a_time_limit():
    clock = UpdateClock(max_minutes=1.0)
    seen = [
        clock.estimate(Position(update=update, seconds=8 + update, validation_seconds=5.0))
        for update in range(1, 7)
    ]
    assert seen[:5] == [None] * 5
    assert seen[5] == 6 + 46  # 46 seconds are left


def test_what_was_asked_for_is_the_most_for_a_fine_tuning_too():
    training = fit_to_text(TrainConfig(batch_tokens=77, warmup_updates=5), TINY)
    assert (training.largest_batch, training.longest_warmup) == (77, 5)
    training = fit_to_text(TrainConfig(max_epochs=20), TINY)
    assert (training.largest_batch, training.longest_warmup) == (3000, 200)


def test_what_was_chosen_is_said_with_the_options_that_change_it():
    asked = TrainConfig(longest_warmup=300, largest_batch=1000, max_epochs=20)
    training = fit_to_text(asked, TINY)
    assert describe_choices(asked, training, choose_pace(training, 20)) == (
        "batches of 10 target tokens instead of 1,000 (--batch-tokens), 4 warm-up updates instead "
        "of 300 (--set warmup_updates=300), 2 updates between records instead of 20 (--set "
        "log_every=20), 2 validations instead of 10 (--set validations=10)"
    )
    asked = TrainConfig()
    line = describe_choices(asked, fit_to_text(asked, TINY), choose_pace(asked, None))
    assert line == "1,000 updates instead of 20 epochs (--max-epochs)"
    asked = TrainConfig(max_epochs=20)
    assert describe_choices(asked, fit_to_text(asked, LARGE), choose_pace(asked, 2800)) is None


def test_a_warm_up_of_the_whole_training_gets_a_warning(caplog):
    warn_of_size(TrainConfig(warmup_updates=300), LARGE, 300)
    warn_of_size(TrainConfig(warmup_updates=300), LARGE, 301)
    (record,) = caplog.records
    assert "warmup_updates (--set warmup_updates) is 300, but the training has" in record.message


def test_few_pairs_get_a_warning_unless_other_text_came_before(caplog):
    warn_of_size(TrainConfig(), TINY, None)
    assert caplog.records[0].message.startswith("20 pairs are few")
    caplog.clear()
    warn_of_size(TrainConfig(init="run"), TINY, None)
    warn_of_size(TrainConfig(), LARGE, None)
    assert not caplog.records


@pytest.mark.parametrize("decay", [0.99, 0.9999, 0.99999])
def test_a_moving_average_forgets_the_first_weights_within_the_shortest_training(decay):
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(model.weight, 1.0)
    average = MovingAverage(model, decay)
    torch.nn.init.constant_(model.weight, 0.0)
    for update in range(1, 21):
        average.update(model, update)
    assert average.weights["weight"].item() < 1e-4


@pytest.fixture
def few_pairs(tmp_path):
    """A folder with 20 pairs to train on, and 30 others."""
    sources = list(dict.fromkeys(make_sources(60, seed=1)))
    for name, part in (("train", sources[:20]), ("val", sources[20:40])):
        write_pairs(tmp_path, name, [(source, translate(source)) for source in part])
    return tmp_path


@pytest.mark.parametrize("limits", [{}, {"max_epochs": 20}], ids=["no limit", "20 epochs"])
def test_twenty_pairs_are_learned_by_heart(few_pairs, limits, capsys, monkeypatch):
    monkeypatch.setattr(pace, "DEFAULT_UPDATES", 400)
    asked = TrainConfig(learning_rate=2e-2, largest_batch=1000, validations=2, **limits)
    model = replace(MODEL, hidden_size=48, embedding_size=32, dropout=0.0)
    train(data_of(few_pairs), few_pairs / "run", training=asked, model=model, tokenizer=TOKENIZER)
    validations = [r for r in metrics(few_pairs / "run") if r["kind"] == "validation"]
    assert validations[-1]["by_heart"] >= 0.9
    said = capsys.readouterr().err
    assert "fitted to 20 pairs" in said
    assert "of the training text by heart" in said


SHORT = TrainConfig(bleu_sentences=0, decay="constant", precision="fp32", log_every=1)


def start(folder, out, training, resume=False):
    return train(
        data_of(folder),
        folder / out,
        training=training,
        model=MODEL,
        tokenizer=TOKENIZER,
        resume=resume,
    )


def settled(run):
    """What a run has decided about its batches and its warm-up."""
    config = json.loads((run / "config.json").read_text())
    _, state = read_tensors(run / "last.safetensors")
    return {
        "batch_tokens": config["training"]["batch_tokens"],
        "warmup_updates": state["position"]["warmup"],
    }


def test_a_short_training_leaves_its_warm_up(corpus_folder):
    training = replace(SHORT, max_updates=30)
    start(corpus_folder, "run", training)
    rates = [r["learning_rate"] for r in metrics(corpus_folder / "run") if r["kind"] == "train"]
    assert rates == pytest.approx([training.learning_rate * min(1, n / 6) for n in range(1, 31)])


@pytest.mark.parametrize("limits", [("max_updates", 10, 30), ("max_epochs", 2, 3)])
def test_a_later_limit_changes_neither_batches_nor_warm_up(corpus_folder, limits, monkeypatch):
    monkeypatch.setattr(pace, "LEAST_UPDATES", 50)
    limit, first, later = limits
    start(corpus_folder, "parts", replace(SHORT, **{limit: first}))
    decided = settled(corpus_folder / "parts")
    assert decided["warmup_updates"] < 200
    assert limit == "max_updates" or decided["batch_tokens"] < 500
    start(corpus_folder, "parts", replace(SHORT, **{limit: later}), resume=True)
    assert settled(corpus_folder / "parts") == decided
    start(corpus_folder, "whole", replace(SHORT, **{limit: later}, **decided))
    assert_same_weights(corpus_folder / "parts", corpus_folder / "whole")


def test_a_run_may_not_be_resumed_with_other_batches(corpus_folder, monkeypatch):
    monkeypatch.setattr(pace, "LEAST_UPDATES", 20)
    start(corpus_folder, "run", replace(SHORT, max_epochs=1))
    with pytest.raises(ConfigError, match=r"batch_tokens was \d+ and is now 3000"):
        start(corpus_folder, "run", replace(SHORT, max_epochs=2, batch_tokens=3000), resume=True)


def test_a_run_without_a_limit_is_resumed_without_one(corpus_folder, monkeypatch):
    monkeypatch.setattr(pace, "DEFAULT_UPDATES", 40)
    monkeypatch.setattr(pace, "DEFAULT_EPOCHS", 1)
    slow = replace(SHORT, learning_rate=1e-9, validate_every=2, log_every=None)
    assert start(corpus_folder, "run", replace(slow, patience=1)).updates < 10
    assert start(corpus_folder, "run", slow, resume=True).updates == 40


def test_under_a_time_limit_the_warm_up_is_chosen_once_and_kept(corpus_folder, capsys):
    training = replace(SHORT, max_minutes=0.05, longest_warmup=100_000, batch_tokens=200)
    start(corpus_folder, "run", training)
    assert "updates fit into max_minutes (--max-minutes): " in capsys.readouterr().err
    decided = settled(corpus_folder / "run")
    assert 1 <= decided["warmup_updates"] < 100_000
    start(corpus_folder, "run", replace(training, max_minutes=0.06), resume=True)
    assert "updates fit into max_minutes" not in capsys.readouterr().err
    assert settled(corpus_folder / "run") == decided
