"""Stopped and resumed trainings equal those in one go."""

import itertools
import json
import os
import resource
import signal
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from tiny_runs import TOKENIZER, TRAINING, assert_same_weights, metrics, run

from s2s.cli import main
from s2s.config import SearchConfig
from s2s.errors import ConfigError, DataError, FileError, ModelError
from s2s.train import checkpoint
from s2s.train.update import Updater

CONSTANT = replace(TRAINING, decay="constant", average_last=0)


@pytest.mark.parametrize("sampling", [0.0, 0.2])
@pytest.mark.parametrize("stop", [1, 8, 11])
def test_a_resumed_training_equals_one_in_one_go(corpus_folder, sampling, stop):
    tokenizer = replace(TOKENIZER, sampling=sampling)
    run(corpus_folder, "whole", training=CONSTANT, tokenizer=tokenizer)
    first = replace(CONSTANT, max_updates=stop)
    run(corpus_folder, "parts", training=first, tokenizer=tokenizer)
    run(corpus_folder, "parts", training=CONSTANT, tokenizer=tokenizer, resume=True)
    assert_same_weights(corpus_folder / "whole", corpus_folder / "parts")


def test_resuming_keeps_the_records_of_a_run_in_one_go(corpus_folder):
    training = replace(CONSTANT, log_every=3)
    run(corpus_folder, "whole", training=training)
    run(corpus_folder, "parts", training=replace(training, max_updates=8))
    # What was logged after the checkpoint and before a kill belongs to updates that are done again.
    with (corpus_folder / "parts" / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "train", "update": 9, "loss": 0}\n{"kind": "tra')
    run(corpus_folder, "parts", training=training, resume=True)
    whole, parts = metrics(corpus_folder / "whole"), metrics(corpus_folder / "parts")
    # A limit ends with a report, so that of updates 7 and 8 stands in the parts alone.
    assert [record for record in parts if record in whole] == [
        record for record in whole if record["update"] != 9 or record["kind"] != "train"
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_with_a_checkpoint_that_loses_nothing(corpus_folder, number, monkeypatch):
    run(corpus_folder, "whole", training=CONSTANT)

    class StoppedError(Exception):
        pass

    def stop(_number, _frame):
        raise StoppedError

    before = signal.signal(number, stop)
    plain, updates = Updater.update, itertools.count(1)

    def update_and_signal(*arguments, **options):
        figures = plain(*arguments, **options)
        if next(updates) == 7:
            os.kill(os.getpid(), number)
        return figures

    monkeypatch.setattr(Updater, "update", update_and_signal)
    try:
        with pytest.raises(StoppedError):
            run(corpus_folder, "parts", training=CONSTANT)
    finally:
        signal.signal(number, before)
    monkeypatch.undo()
    assert run(corpus_folder, "parts", training=CONSTANT, resume=True).updates == 12
    assert_same_weights(corpus_folder / "whole", corpus_folder / "parts")
    assert metrics(corpus_folder / "whole") == metrics(corpus_folder / "parts")


def test_a_signal_in_a_validation_leaves_it_to_the_resumed_run(corpus_folder, monkeypatch):
    run(corpus_folder, "whole", training=CONSTANT)
    from s2s.train.validate import Validator

    plain = Validator._loss

    def signal_and_validate(*arguments):
        signal.raise_signal(signal.SIGTERM)
        return plain(*arguments)

    monkeypatch.setattr(Validator, "_loss", signal_and_validate)
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        run(corpus_folder, "parts", training=CONSTANT)
    finally:
        signal.signal(signal.SIGTERM, before)
    monkeypatch.undo()
    assert not [r for r in metrics(corpus_folder / "parts") if r["kind"] == "validation"]
    run(corpus_folder, "parts", training=CONSTANT, resume=True)
    assert_same_weights(corpus_folder / "whole", corpus_folder / "parts")
    assert metrics(corpus_folder / "whole") == metrics(corpus_folder / "parts")


def test_a_run_killed_before_its_first_checkpoint_starts_over(corpus_folder, monkeypatch):
    run(corpus_folder, "whole", training=CONSTANT)
    run(corpus_folder, "parts", training=CONSTANT)
    for name in ("last.safetensors", "best.safetensors"):
        (corpus_folder / "parts" / name).unlink()
    run(corpus_folder, "parts", training=CONSTANT, resume=True)
    assert_same_weights(corpus_folder / "whole", corpus_folder / "parts")
    assert metrics(corpus_folder / "whole") == metrics(corpus_folder / "parts")


def test_a_full_disk_is_one_line_and_the_older_checkpoint_stays(corpus_folder, capsys):
    run(corpus_folder, "run", training=CONSTANT)
    last = corpus_folder / "run" / "last.safetensors"
    before = last.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    # No file may grow over this size: writing fails as it does on a full disk.
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))
    try:
        arguments = ["train", "--out", str(corpus_folder / "run"), "--resume"]
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--max-updates", "16"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert ended.value.code == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert len(errors) == 1
    assert "File too large" in errors[0]
    assert last.read_bytes() == before
    assert not list((corpus_folder / "run").glob(".s2s-*"))
    run(corpus_folder, "run", training=replace(CONSTANT, max_updates=16), resume=True)


def test_a_write_that_fails_half_way_leaves_the_older_checkpoint(corpus_folder, monkeypatch):
    run(corpus_folder, "run", training=CONSTANT)
    last = corpus_folder / "run" / "last.safetensors"
    before = last.read_bytes()

    def fail(tensors, metadata):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "save", fail)
    with pytest.raises(OSError, match="No space left"):
        run(corpus_folder, "run", training=replace(CONSTANT, max_updates=16), resume=True)
    assert last.read_bytes() == before


@pytest.mark.parametrize("place", [0.3, 0.6, 0.9])
def test_a_flipped_bit_in_a_checkpoint_is_found(corpus_folder, place):
    run(corpus_folder, "run", training=CONSTANT)
    for name in ("last.safetensors", "best.safetensors"):
        path = corpus_folder / "run" / name
        data = bytearray(path.read_bytes())
        data[int(len(data) * place)] ^= 4
        path.write_bytes(data)
    with pytest.raises(ModelError, match=r"last.safetensors is damaged: its checksum"):
        run(corpus_folder, "run", training=replace(CONSTANT, max_updates=99), resume=True)
    from s2s.model.run import load_run

    with pytest.raises(ModelError, match=r"best.safetensors is damaged: its checksum"):
        load_run(corpus_folder / "run")


def test_a_checkpoint_cut_short_is_named(corpus_folder):
    run(corpus_folder, "run", training=CONSTANT)
    last = corpus_folder / "run" / "last.safetensors"
    last.write_bytes(last.read_bytes()[:-100])
    with pytest.raises(ModelError, match=r"last.safetensors is damaged"):
        run(corpus_folder, "run", training=replace(CONSTANT, max_updates=99), resume=True)


def test_resuming_with_other_settings_lists_what_changed(corpus_folder):
    run(corpus_folder, "run")
    other = replace(TRAINING, learning_rate=0.5, max_updates=99, seed=7)
    with pytest.raises(
        ConfigError,
        match=r"training.learning_rate was 0.001 and is now 0.5; training.seed was 1 and is now 7",
    ):
        run(corpus_folder, "run", training=other, resume=True)


def test_a_setting_that_an_older_release_did_not_know_may_be_left_as_it_is(corpus_folder):
    run(corpus_folder, "run")
    path = corpus_folder / "run" / "config.json"
    config = json.loads(path.read_text())
    del config["tokenizer"]["tgt_pieces"], config["training"]["r_drop"]
    path.write_text(json.dumps(config))
    again = replace(TRAINING, max_updates=13)
    with pytest.raises(ConfigError, match=r"training.r_drop was None and is now 5.0; repeat"):
        run(corpus_folder, "run", training=replace(again, r_drop=5.0), resume=True)
    assert run(corpus_folder, "run", training=again, resume=True).updates == 13


def test_what_the_run_found_out_need_not_be_repeated(corpus_folder):
    run(corpus_folder, "run")
    again = replace(TRAINING, precision="auto", max_updates=13)
    assert run(corpus_folder, "run", training=again, resume=True).updates == 13


def test_text_that_changed_ends_a_resumed_run(corpus_folder):
    run(corpus_folder, "run")
    path = corpus_folder / "train.yy"
    path.write_text(path.read_text().replace("nus", "sun", 1))
    with pytest.raises(DataError, match=r"has changed since .* was trained"):
        run(corpus_folder, "run", training=replace(TRAINING, max_updates=13), resume=True)


def test_a_folder_with_another_run_is_left_alone(corpus_folder):
    run(corpus_folder, "run")
    before = (corpus_folder / "run" / "config.json").read_bytes()
    with pytest.raises(FileError, match="not an empty folder; use --resume to continue"):
        run(corpus_folder, "run")
    assert (corpus_folder / "run" / "config.json").read_bytes() == before


def test_a_later_limit_brings_new_validations(corpus_folder):
    training = replace(TRAINING, validate_every=None, validations=4, max_updates=4)
    run(corpus_folder, "run", training=training)
    run(corpus_folder, "run", training=replace(training, max_updates=12), resume=True)
    validated = [r["update"] for r in metrics(corpus_folder / "run") if r["kind"] == "validation"]
    assert validated == [1, 2, 3, 4, 4, 6, 9, 12, 12]  # the mean of the last two comes at each end


def test_the_state_is_plain_json(corpus_folder):
    run(corpus_folder, "run")
    from s2s.model.run import read_tensors

    _, state = read_tensors(corpus_folder / "run" / "last.safetensors")
    assert state["position"]["update"] == 12
    assert json.loads(json.dumps(state)) == state


def test_a_resumed_run_takes_the_search_settings_of_its_folder(corpus_folder):
    run(corpus_folder, "run")
    path = corpus_folder / "run" / "config.json"
    config = json.loads(path.read_text())
    config["search"]["beam_size"] = 3
    path.write_text(json.dumps(config))
    again = replace(TRAINING, max_updates=13)
    assert run(corpus_folder, "run", training=again, resume=True).updates == 13
    with pytest.raises(ConfigError, match=r"search.beam_size was 3 and is now 4; repeat"):
        run(corpus_folder, "run", training=again, search=SearchConfig(beam_size=4), resume=True)
    assert json.loads(path.read_text())["search"]["beam_size"] == 3
