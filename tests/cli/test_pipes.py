"""The command between others: readers that have enough, no standard error, signals."""

import os
import signal
import subprocess

import pytest

pytest.importorskip("onnxruntime")

from processes import start


def test_a_reader_that_has_enough_ends_it_without_a_word(tiny):
    process = start("translate", tiny, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(b"eins\n")
    process.stdin.flush()
    process.stdout.close()
    with process:
        _, err = process.communicate(b"zwei\n" * 5000, timeout=60)
    assert (process.returncode, err) == (128 + signal.SIGPIPE, b"")


def test_without_standard_error_a_mistake_is_still_exit_status_2(tmp_path):
    process = start("info", tmp_path / "absent.onnx", preexec_fn=lambda: os.close(2))
    with process:
        assert process.communicate(timeout=60) == (None, b"")
    assert process.returncode == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_without_a_word(tiny, number):
    process = start("translate", tiny, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(b"eins\n" * 2000)
    process.stdin.flush()
    assert process.stdout.readline() == b"one\n"  # the first portion is out
    process.send_signal(number)
    with process:
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (128 + number, b"")
