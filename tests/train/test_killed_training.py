"""The command, stopped by signals and killed at any moment."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip("torch")

from tiny_runs import assert_same_weights, metrics


def command(folder, out, *options):
    return [
        *(sys.executable, "-m", "s2s", "train", "--out", str(folder / out)),
        *("--src", str(folder / "train.xx"), "--tgt", str(folder / "train.yy")),
        *("--val-src", str(folder / "val.xx"), "--val-tgt", str(folder / "val.yy")),
        *("--preset", "tiny", "--embedding-size", "16", "--hidden-size", "24"),
        *("--vocab-size", "80", "--batch-tokens", "200", "--validate-every", "40"),
        *("--precision", "fp32", "--save-minutes", "0.0001", *options),
    ]


def start(arguments):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(  # noqa: S603
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_says_how_to_go_on(corpus_folder, number):
    process = start(command(corpus_folder, "run", "--max-updates", "100000"))
    last = corpus_folder / "run" / "last.safetensors"
    while not last.exists() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number, errors
    assert f"continue with: s2s train --out {corpus_folder / 'run'} --resume" in errors
    assert "Traceback" not in errors


def kill_and_resume(folder, kills, updates, seed):
    """Kills a training at random moments, then lets it end; returns how often it was resumed."""
    draw = random.Random(seed)  # noqa: S311
    out, resumes = folder / "killed", 0
    records = out / "metrics.jsonl"
    resume = [sys.executable, "-m", "s2s", "train", "--out", str(out), "--resume"]
    for _ in range(kills):
        is_there = (out / "config.json").exists()
        resumes += is_there
        size = records.stat().st_size if records.exists() else 0
        process = start(resume if is_there else command(folder, "killed", "--max-updates", updates))
        if draw.random() < 0.2:
            time.sleep(draw.random() * 3)  # while it starts, too
        else:
            # Once it trains, it saves after every update: at any moment of that.
            while process.poll() is None and not (
                records.exists() and records.stat().st_size != size
            ):
                time.sleep(0.01)
            time.sleep(draw.random() * 0.3)
        process.kill()
        _, errors = process.communicate()
        assert "error" not in errors.lower(), errors
    final = start(resume)
    _, errors = final.communicate(timeout=300)
    assert final.returncode == 0, errors
    return resumes + 1


def check_kills(folder, kills, updates):
    whole = start(command(folder, "whole", "--max-updates", updates))
    _, errors = whole.communicate(timeout=300)
    assert whole.returncode == 0, errors
    resumes = kill_and_resume(folder, kills, updates, seed=kills)
    print(f"{kills} kills, {resumes} resumes")  # noqa: T201
    assert_same_weights(folder / "whole", folder / "killed")
    assert metrics(folder / "whole") == metrics(folder / "killed")


def test_kills_lose_nothing(corpus_folder):
    check_kills(corpus_folder, kills=2, updates="60")


@pytest.mark.slow
def test_fifty_kills_lose_nothing(corpus_folder):
    check_kills(corpus_folder, kills=50, updates="1500")
