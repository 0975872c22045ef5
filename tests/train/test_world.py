"""Several processes: the same training as one with gradient accumulation."""

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("torch")

from safetensors.torch import load_file


def training(folder, out, *options):
    return [
        *("train", "--out", str(folder / out), "--preset", "tiny"),
        *("--src", str(folder / "train.xx"), "--tgt", str(folder / "train.yy")),
        *("--val-src", str(folder / "val.xx"), "--val-tgt", str(folder / "val.yy")),
        *("--embedding-size", "16", "--hidden-size", "24", "--vocab-size", "80"),
        *("--batch-tokens", "200", "--precision", "fp32", *options),
    ]


def start(folder, out, *options, processes):
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node", str(processes)]
    return subprocess.run(  # noqa: S603
        [sys.executable, *launcher, "-m", "s2s", *training(folder, out, *options)],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def records(folder, kind):
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [record for line in lines if (record := json.loads(line))["kind"] == kind]


def test_two_processes_learn_what_one_learns(corpus_folder):
    """With dropout 0.1, and with a last step of the epoch in which one process has no batch."""
    options = ("--accumulate", "2", "--max-epochs", "3", "--validate-every", "9")
    one = start(corpus_folder, "one", *options, processes=1)
    two = start(corpus_folder, "two", *options, processes=2)
    assert one.returncode == 0, one.stderr
    assert two.returncode == 0, two.stderr
    assert "2 processes" in two.stderr
    first, second = (load_file(corpus_folder / out / "last.safetensors") for out in ("one", "two"))
    for name, value in first.items():
        assert value.sub(second[name]).abs().max() < 2e-5, name
    for kind, fields in (("train", ("loss", "nll", "gradient_norm")), ("validation", ("loss",))):
        pairs = zip(
            records(corpus_folder / "one", kind), records(corpus_folder / "two", kind), strict=True
        )
        for ours, theirs in pairs:
            assert ours["update"] == theirs["update"]
            for field in fields:
                assert ours[field] == pytest.approx(theirs[field], abs=2e-5), (kind, field)
    assert two.stdout.count(" updates in ") == 1  # one process speaks


def test_a_process_that_fails_ends_all_with_its_error(corpus_folder):
    (corpus_folder / "train.yy").write_text("one line\n")
    failed = start(corpus_folder, "run", "--max-updates", "3", processes=2)
    assert failed.returncode != 0
    assert failed.stderr.count("s2s: error: ") == 1
    assert "parallel files must match line by line" in failed.stderr
    assert not (corpus_folder / "run").exists()


def test_fewer_batches_than_processes_are_refused(corpus_folder):
    options = ("--accumulate", "1", "--max-updates", "3")
    failed = start(corpus_folder, "run", *options, processes=2)
    assert failed.returncode != 0
    assert "accumulate (--accumulate) is 1, but there are 2 processes" in failed.stderr
    assert not (corpus_folder / "run").exists()
