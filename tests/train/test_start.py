"""Fine-tuning validates the weights that it starts with, and never gives back worse ones."""

import json
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file
from tiny_runs import TRAINING, assert_same_weights, metrics, run

from s2s.cli import main
from s2s.model.run import load_run, read_tensors
from s2s.train.checkpoint import write_tensors

CONSTANT = replace(TRAINING, decay="constant", average_last=0, bleu_sentences=0)


@pytest.fixture
def tuned(corpus_folder):
    """Returns a function that fine-tunes a run in this folder."""
    learned = replace(CONSTANT, max_updates=60, learning_rate=1e-2, validate_every=60)
    run(corpus_folder, "first", training=learned)

    def tune(out="tuned", resume=False, **changes):
        training = replace(CONSTANT, init=str(corpus_folder / "first"), **changes)
        options = {"model": None, "tokenizer": None, "resume": resume}
        return run(corpus_folder, out, training=training, **options)

    return tune


def validations(folder):
    return [record for record in metrics(folder) if record["kind"] == "validation"]


def test_the_start_is_validated_first_with_the_weights_of_the_old_run(tuned, corpus_folder):
    tuned(learning_rate=1e-9)
    first, *others = validations(corpus_folder / "tuned")
    assert (first["update"], first["of"]) == (0, "start")
    assert [record["update"] for record in others] == [4, 8, 12]
    best = min(record["loss"] for record in validations(corpus_folder / "first"))
    assert first["loss"] == pytest.approx(best)
    assert not [r for r in validations(corpus_folder / "first") if r["of"] == "start"]


def test_what_makes_it_worse_is_not_given_back(tuned, corpus_folder, caplog):
    result = tuned(learning_rate=1.0, warmup_updates=1, ema_decay=None)
    assert result.start_is_best
    start, *others = validations(corpus_folder / "tuned")
    assert all(record["loss"] > start["loss"] for record in others)
    assert result.best_loss == start["loss"]
    assert load_run(corpus_folder / "tuned").card["scores"]["validation_loss"] == start["loss"]
    weights = [load_file(corpus_folder / out / "best.safetensors") for out in ("first", "tuned")]
    for name, value in weights[0].items():
        assert torch.equal(value, weights[1][name]), name
    (warning,) = [record.message for record in caplog.records if "the start" in record.message]
    assert str(corpus_folder / "first") in warning
    assert "lower learning_rate (--learning-rate) from 1" in warning


def test_what_is_better_replaces_the_start(tuned, corpus_folder):
    result = tuned(learning_rate=3e-3, max_updates=60, validate_every=20)
    assert not result.start_is_best
    assert result.best_loss < validations(corpus_folder / "tuned")[0]["loss"]


def test_patience_counts_from_the_start(tuned):
    result = tuned(learning_rate=1.0, warmup_updates=1, ema_decay=None, patience=2)
    assert result.updates == 8
    assert result.stopped_by == "no better validation in 2"


@pytest.mark.parametrize("stop", [3, 8])
def test_a_fine_tuning_that_was_stopped_validates_its_start_once(tuned, corpus_folder, stop):
    tuned("whole")
    tuned("parts", max_updates=stop)
    tuned("parts", resume=True)
    assert_same_weights(corpus_folder / "whole", corpus_folder / "parts")
    names = [record["of"] for record in validations(corpus_folder / "parts")]
    assert names.count("start") == 1


def test_the_command_says_whose_weights_are_the_best(tuned, corpus_folder, capsys):
    command = ["train", "--init", corpus_folder / "first", "--out", corpus_folder / "tuned"]
    for option, name in (("", "train"), ("val-", "val")):
        command += [f"--{option}src", corpus_folder / f"{name}.xx"]
        command += [f"--{option}tgt", corpus_folder / f"{name}.yy"]
    limits = ["--max-updates", 4, "--learning-rate", 9, "--set", "ema_decay=null"]
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in command + limits])
    assert ended.value.code == 0
    assert ", that of the start\n" in capsys.readouterr().out


def test_a_fine_tuning_takes_the_old_warm_up_as_the_longest(tuned, corpus_folder):
    command = ["train", "--init", corpus_folder / "first", "--out", corpus_folder / "tuned"]
    for option, name in (("", "train"), ("val-", "val")):
        command += [f"--{option}src", corpus_folder / f"{name}.xx"]
        command += [f"--{option}tgt", corpus_folder / f"{name}.yy"]
    with pytest.raises(SystemExit):
        main([str(word) for word in [*command, "--max-updates", 10]])
    config = json.loads((corpus_folder / "tuned" / "config.json").read_text())["training"]
    assert (config["warmup_updates"], config["longest_warmup"]) == (None, TRAINING.warmup_updates)
    assert (config["batch_tokens"], config["largest_batch"]) == (200, 200)
    _, state = read_tensors(corpus_folder / "tuned" / "last.safetensors")
    assert state["position"]["warmup"] == 2


NEW_FIELDS = {"largest_batch", "longest_warmup"}
NEW_COUNTERS = {
    "warmup",
    "guessing",
    "diverging",
    "lowest_nll",
    "best_by_heart",
    "start_is_best",
}


def test_a_run_of_a_release_without_all_this_is_resumed(corpus_folder):
    run(corpus_folder, "whole", training=CONSTANT)
    run(corpus_folder, "old", training=replace(CONSTANT, max_updates=8))
    folder = corpus_folder / "old"
    config = json.loads((folder / "config.json").read_text())
    config["training"] = {k: v for k, v in config["training"].items() if k not in NEW_FIELDS}
    config["training"] |= {"validations": 10}
    (folder / "config.json").write_text(json.dumps(config))
    tensors, state = read_tensors(folder / "last.safetensors")
    kept = {k: v for k, v in state["position"].items() if k not in NEW_COUNTERS}
    assert len(kept) == len(state["position"]) - len(NEW_COUNTERS)
    write_tensors(folder / "last.safetensors", tensors, {**state, "position": kept})
    run(corpus_folder, "old", training=CONSTANT, resume=True)
    assert_same_weights(corpus_folder / "whole", folder)


def test_a_fine_tuning_of_a_release_without_a_start_goes_on_without_one(tuned, corpus_folder):
    tuned(max_updates=3)
    folder = corpus_folder / "tuned"
    tensors, state = read_tensors(folder / "last.safetensors")
    newer = {*NEW_COUNTERS, "best_score"}
    position = {k: v for k, v in state["position"].items() if k not in newer}
    position |= {"validated_update": -1, "best_bleu": None, "best_loss": float("inf")}
    write_tensors(folder / "last.safetensors", tensors, {**state, "position": position})
    (folder / "metrics.jsonl").unlink()
    assert tuned(resume=True).updates == 12
    assert "start" not in [record["of"] for record in validations(folder)]


def test_the_start_is_compared_by_bleu(corpus_folder):
    with_bleu = replace(CONSTANT, bleu_sentences=5)
    run(corpus_folder, "first", training=with_bleu)
    tuned = replace(with_bleu, init=str(corpus_folder / "first"))
    run(corpus_folder, "tuned", training=tuned, model=None, tokenizer=None)
    assert all(record["bleu"] is not None for record in validations(corpus_folder / "tuned"))
    # Knowing the new text by heart is no reason to give back a network that has become worse.
    assert all("by_heart" in record for record in validations(corpus_folder / "first"))
    assert not any("by_heart" in record for record in validations(corpus_folder / "tuned"))
