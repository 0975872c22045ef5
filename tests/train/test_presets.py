import json
import logging

import pytest

pytest.importorskip("torch")

from s2s.corpus.config import CorpusConfig
from s2s.corpus.pairs import count_pairs
from s2s.errors import FileError
from s2s.train.config import TrainConfig
from s2s.train.presets import (
    CPU_BATCH,
    FEW_EPOCHS,
    LONG_MINUTES,
    MANY_PAIRS,
    MILLIONS,
    PRESETS,
    THOUSANDS,
    choose_preset,
    fit_preset,
    planned_epochs,
    warn_of_preset,
)
from s2s.train.settings import Settings


@pytest.fixture
def corpus(tmp_path):
    for side in ("xx", "yy"):
        (tmp_path / f"text.{side}").write_text("a\n" * 7)
    return CorpusConfig(src=str(tmp_path / "text.xx"), tgt=str(tmp_path / "text.yy"), weight=2.5)


def test_each_number_of_pairs_has_a_preset():
    for device in ("cpu", "cuda"):
        chosen = [choose_preset(pairs, device) for pairs in (1, THOUSANDS, MANY_PAIRS, MILLIONS)]
        assert set(chosen) <= PRESETS.keys()
        assert chosen[:2] == ["tiny", "small"]
        assert chosen[2:] == {"cpu": ["medium", "medium"], "cuda": ["base", "large"]}[device]


def test_a_cpu_never_gets_the_largest_network():
    assert choose_preset(1e9, "cpu") != "large"
    assert choose_preset(1e9, "cuda") == "large"


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, "small"),
        ({"max_epochs": 5}, "tiny"),
        ({"max_epochs": 6}, "small"),
        ({"max_minutes": 5}, "tiny"),
        ({"max_minutes": 30}, "small"),
        ({"max_minutes": 30, "max_updates": 1000}, "tiny"),
        ({"max_minutes": 5, "device": "cuda"}, "small"),  # nobody knows how fast it is
    ],
)
def test_a_training_that_shows_its_text_a_few_times_has_little_dropout(limits, expected):
    epochs = planned_epochs(29_000, TrainConfig(**limits))
    assert (epochs < FEW_EPOCHS) == (expected == "tiny")
    assert choose_preset(29_000, "cpu", epochs) == expected
    assert choose_preset(1000, "cpu", epochs) == "tiny"
    assert choose_preset(1e6, "cpu", epochs) == "medium"


def test_the_choice_tells_how_often_the_text_will_be_shown(tmp_path):
    for side in ("xx", "yy"):
        (tmp_path / f"text.{side}").write_text("a\n" * THOUSANDS)
    corpus = CorpusConfig(src=str(tmp_path / "text.xx"), tgt=str(tmp_path / "text.yy"))
    line = "preset tiny for 5,000 pairs, shown about 1.2 times, and device cpu (--preset)"
    assert fit_preset([corpus], TrainConfig(max_updates=100)) == ("tiny", line)
    assert fit_preset([corpus], TrainConfig())[0] == "small"


def test_a_long_training_on_a_cpu_gets_a_larger_network():
    assert choose_preset(MANY_PAIRS, "cpu", minutes=LONG_MINUTES) == "base"
    assert choose_preset(MANY_PAIRS, "cpu", minutes=LONG_MINUTES - 1) == "medium"
    assert choose_preset(MANY_PAIRS - 1, "cpu", minutes=LONG_MINUTES) == "small"


def test_a_larger_network_is_told_with_what_it_costs(tmp_path):
    for side in ("xx", "yy"):
        (tmp_path / f"text.{side}").write_text("a\n" * MANY_PAIRS)
    text = {side: str(tmp_path / f"text.{side}") for side in ("xx", "yy")}
    corpus = CorpusConfig(src=text["xx"], tgt=text["yy"])
    name, line = fit_preset([corpus], TrainConfig(max_minutes=150))
    assert name == "base"
    assert "100,000 pairs or more, 150 minutes and device cpu (--preset medium: " in line
    assert fit_preset([corpus], TrainConfig())[0] == "medium"  # nobody waits for epochs of base
    few = TrainConfig(max_minutes=150, max_updates=1000)
    assert fit_preset([corpus], few)[0] == "medium"


def test_pairs_count_as_often_as_their_weight_says(corpus):
    assert count_pairs([corpus, corpus], 1000) == 35


def test_counting_stops_early(corpus):
    assert count_pairs([corpus, corpus], 5) == 5


def test_the_choice_is_told(corpus):
    line = "preset tiny for 18 pairs and device cpu (--preset)"
    assert fit_preset([corpus], TrainConfig()) == ("tiny", line)


def test_text_that_is_missing_is_an_error_as_everywhere(tmp_path):
    corpus = CorpusConfig(src=str(tmp_path / "a.xx"), tgt=str(tmp_path / "a.yy"))
    with pytest.raises(FileError, match="does not exist"):
        fit_preset([corpus], TrainConfig())


def test_the_largest_preset_asks_for_a_gpu(caplog):
    with caplog.at_level(logging.WARNING):
        warn_of_preset("large", "cuda")
        warn_of_preset("base", "cpu")
        assert not caplog.records
        warn_of_preset("large", "cpu")
    assert "--device cuda" in caplog.text


@pytest.mark.parametrize(("device", "batch"), [("cpu", CPU_BATCH), ("cuda", 4000)])
def test_a_preset_has_small_batches_on_a_cpu(device, batch):
    settings = Settings.of_preset("base", {"device": device}).with_fields({"device": device})
    assert settings.training.largest_batch == batch
    asked = {"device": device, "batch_tokens": 4000}
    assert Settings.of_preset("base", asked).with_fields(asked).training.batch_tokens == 4000


def test_a_training_without_a_preset_takes_the_one_that_fits(s2s, corpus_folder):
    parts = {"src": "train.xx", "tgt": "train.yy", "val-src": "val.xx", "val-tgt": "val.yy"}
    text = [f"--{part}={corpus_folder / name}" for part, name in parts.items()]
    size = ("--embedding-size=16", "--hidden-size=16", "--vocab-size=60", "--max-updates=1")
    run = corpus_folder / "run"
    done = s2s("train", *text, "--out", run, *size)
    assert done.code == 0
    assert "preset tiny for" in done.err
    config = json.loads((run / "config.json").read_text())
    assert config["model"]["dropout"] == PRESETS["tiny"].model.dropout
    resumed = s2s("train", "--out", run, "--resume", "--max-updates", 2)
    assert resumed.code == 0
    assert "preset" not in resumed.err
