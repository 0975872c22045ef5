import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from s2s.corpus.chunks import Chunk, Filter, Resample
from s2s.corpus.config import AugmentConfig
from s2s.corpus.pool import SMALL, TokenizerPool
from s2s.errors import TrainingError

FILTER = Filter("<2de>", 60, 4.0, keep_text=True)
AUGMENT = AugmentConfig(merge=0.3, typos=0.5)


@pytest.fixture
def chunks(pairs):
    """More of them than are encoded in this process."""
    size = 100
    parts = [pairs[start : start + size] for start in range(0, size * (SMALL + 5), size)]
    return [
        Chunk(*("\n".join(side).encode() for side in zip(*part, strict=True))) for part in parts
    ]


def children():
    tasks = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {int(number) for task in tasks for number in task.read_text().split()}


def same(a, b):
    pairs = zip(a[:4], b[:4], strict=True)
    return (
        a.counts == b.counts
        and np.array_equal(a.rows, b.rows)
        and all(
            np.array_equal(x.ids, y.ids)
            and np.array_equal(x.offsets, y.offsets)
            and x.ids.dtype == y.ids.dtype
            for x, y in pairs
        )
    )


def test_the_result_does_not_depend_on_the_processes(chunks, tokenizer):
    for jobs in (
        [(chunk, FILTER) for chunk in chunks],
        [(chunk, Resample(0.3, number)) for number, chunk in enumerate(chunks)],
        [(chunk, Resample(0.0, number, AUGMENT, 60)) for number, chunk in enumerate(chunks)],
        [(chunk, Resample(0.3, number, AUGMENT, 60)) for number, chunk in enumerate(chunks)],
    ):
        with TokenizerPool(tokenizer) as pool:  # few at a time: in this process
            here = [found for job in jobs for found in pool.map([job])]
            assert pool.processes == []
        for workers in (1, 3):
            with TokenizerPool(tokenizer, workers) as pool:
                there = list(pool.map(iter(jobs)))
                assert len(pool.processes) == workers
            assert all(same(a, b) for a, b in zip(here, there, strict=True))


def test_a_process_that_dies_is_an_error_that_says_so(chunks, tokenizer):
    with TokenizerPool(tokenizer, 1) as pool:
        results = pool.map([(chunk, FILTER) for chunk in chunks * 20])
        next(results)
        os.kill(pool.processes[0], signal.SIGKILL)
        with pytest.raises(TrainingError, match="a tokenising process was killed by signal 9"):
            list(results)


def test_the_last_line_that_a_process_wrote_is_told(chunks, tokenizer):
    broken = Chunk(b"\xff", b"x")
    with (
        TokenizerPool(tokenizer, 1) as pool,
        pytest.raises(TrainingError, match=r"ended with status 1: UnicodeDecodeError: .* 0xff"),
    ):
        list(pool.map([(broken, FILTER)] * (SMALL + 1)))


def test_an_error_while_reading_comes_through(chunks, tokenizer):
    def jobs():
        for chunk in chunks:
            yield chunk, FILTER
        raise KeyError("end of text")

    with TokenizerPool(tokenizer, 2) as pool, pytest.raises(KeyError, match="end of text"):
        list(pool.map(jobs()))


def test_closing_ends_the_processes_in_the_middle_of_work(chunks, tokenizer):
    before = children()
    pool = TokenizerPool(tokenizer, 2)
    results = pool.map([(chunk, FILTER) for chunk in chunks * 20])
    next(results)
    assert len(children() - before) == 2
    pool.close()
    assert children() == before
    with pytest.raises(TrainingError, match="were stopped"):
        list(results)


def test_the_processes_end_when_their_parent_is_killed(tmp_path, tokenizer):
    (tmp_path / "model").write_bytes(tokenizer.src_model)
    program = """
import sys, time
from s2s.corpus.chunks import Chunk, Filter
from s2s.corpus.pool import TokenizerPool
from s2s.tokenizer import Tokenizer
pool = TokenizerPool(Tokenizer(open(sys.argv[1], "rb").read()), 2)
found = pool.map([(Chunk(b"sun", b"nus"), Filter(None, 9, 4.0))] * 100)
next(found)
print(*pool.processes, flush=True)
time.sleep(60)
"""
    command = [sys.executable, "-c", program, tmp_path / "model"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:  # noqa: S603
        numbers = [int(number) for number in parent.stdout.readline().split()]
        assert len(numbers) == 2
        parent.kill()
    deadline = time.monotonic() + 10
    while any(_runs(number) for number in numbers):
        assert time.monotonic() < deadline, "a tokenising process outlives its parent"
        time.sleep(0.02)


def _runs(number):
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_process_imports_nothing_that_is_slow():
    program = "import sys, s2s.corpus.worker; print(*sys.modules)"
    printed = subprocess.check_output([sys.executable, "-c", program], text=True)  # noqa: S603
    loaded = set(printed.split())
    assert not loaded & {"torch", "rich", "typer", "onnxruntime", "onnx", "s2s.train"}


def test_files_of_the_current_folder_are_not_taken_for_modules(
    tmp_path, monkeypatch, chunks, tokenizer
):
    for name in ("struct.py", "numpy.py", "json.py"):
        (tmp_path / name).write_text("raise SystemExit('imported by mistake')")
    monkeypatch.chdir(tmp_path)
    with TokenizerPool(tokenizer, 1) as pool:
        assert len(list(pool.map([(chunk, FILTER) for chunk in chunks]))) == len(chunks)
