"""What several recipes need: runs, downloads, groups of pairs."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

pytest.importorskip("torch")

from recipe_modules import load_recipe

from s2s.config import ModelConfig, TokenizerConfig
from s2s.errors import ConfigError, FileError
from s2s.train import TrainConfig

CONFIGS = {
    "model": ModelConfig(embedding_size=8, hidden_size=8),
    "tokenizer": TokenizerConfig(vocab_size=60),
    "training": TrainConfig(max_updates=4),
}


@pytest.fixture
def runs(monkeypatch):
    """The module, whose trainings take no time; ``trained`` lists how each was started."""
    module = load_recipe("common/runs")
    module.trained = []

    def train(data, run, *, training, model, tokenizer, resume):
        run.mkdir(parents=True, exist_ok=True)
        module.trained.append(resume)
        return SimpleNamespace(updates=4, epochs=0.5, minutes=0.25, steps="not kept")

    monkeypatch.setattr(module, "train", train)
    return module


def test_a_run_is_trained_goes_on_or_is_used(runs, tmp_path):
    run, told = tmp_path / "run-1", []
    figures = {"updates": 4, "epochs": 0.5, "minutes": 0.25}
    assert runs.obtain_run(run, None, **CONFIGS, tell=told.append) == figures
    assert runs.obtain_run(run, None, **CONFIGS, tell=told.append) == figures
    (run / "result.json").unlink()
    (run / "config.json").touch()
    assert runs.obtain_run(run, None, **CONFIGS, tell=told.append) == figures
    assert told == [f"{run}: training", f"{run} is complete and is used", f"{run}: goes on"]
    assert runs.trained == [False, True]


def test_the_device_of_a_complete_run_may_differ_and_nothing_else(runs, tmp_path):
    run = tmp_path / "run-1"
    runs.obtain_run(run, None, **CONFIGS)
    on_gpu = replace(CONFIGS["training"], device="cuda")
    assert runs.obtain_run(run, None, **{**CONFIGS, "training": on_gpu})["updates"] == 4
    changed = {
        "model": replace(CONFIGS["model"], cell="gru"),
        "tokenizer": replace(CONFIGS["tokenizer"], vocab_size=61),
        "training": CONFIGS["training"],
    }
    with pytest.raises(
        ConfigError, match="run-1 is complete, but its settings of model, tokenizer"
    ):
        runs.obtain_run(run, None, **changed)


def test_a_result_of_an_earlier_release_is_understood(runs, tmp_path):
    """It has fewer figures, and lacks settings that were added later."""
    run = tmp_path / "run-1"
    run.mkdir()
    told = {name: config.to_dict() for name, config in CONFIGS.items()}
    assert told["model"].pop("cell") == "lstm"
    result = {"told": told, "updates": 4, "minutes": 0.25}
    (run / "result.json").write_text(json.dumps(result), encoding="utf-8")
    assert runs.obtain_run(run, None, **CONFIGS) == {"updates": 4, "minutes": 0.25}
    assert not runs.trained


@pytest.mark.parametrize("content", [b"no gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\xff\xff\xff\xff"])
def test_packed_text_that_is_damaged_is_told_in_one_line(tmp_path, content):
    (tmp_path / "fre_dev.tsv.gz").write_bytes(content)
    with pytest.raises(FileError, match=r"cannot read .*fre_dev\.tsv\.gz: .*with --data, or leave"):
        load_recipe("g2p").obtain_text(tmp_path, "fre", "dev")


def test_pairs_are_one_group_through_others_between_them():
    rows = [("a b", "x"), ("c", "y"), ("A, b!", "z"), ("d", "w"), ("c", "X."), ("e", "v")]
    assert load_recipe("common/groups").group_pairs(rows) == [[0, 1, 2, 4], [3], [5]]
