"""``s2s translate``, stopped, killed, and resumed."""

import itertools
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from processes import start

from s2s import files
from s2s.cli import resumable

pytest.importorskip("onnxruntime")


def test_a_run_that_was_killed_goes_on_where_it_stopped(tiny, tmp_path, s2s):
    words = ["eins", "zwei drei", "", "vier fünf sechs", "sieben " * 3]
    source = tmp_path / "in"
    source.write_text("".join(f"{words[i % 5]} {words[i % 3]}\n" for i in range(20_000)))
    options = ("translate", tiny, source, "--beam-size", "2", "--n-best", "2")
    out, partial = tmp_path / "out", tmp_path / "out.partial"
    kills = 0
    while kills < 3:
        process = start(*options, "-o", out, *["--resume"] * (kills > 0))
        before = partial.stat().st_size if partial.exists() else 0
        while process.poll() is None and not (
            partial.exists() and partial.stat().st_size > before + 5000
        ):
            time.sleep(0.005)
        process.kill()
        process.communicate()
        kills += 1
    assert not out.exists()
    kept = partial.read_bytes()
    assert kept.count(b"\n") > 100
    refused = s2s(*options[:3], "--beam-size", "3", "--n-best", "2", "-o", out, "--resume")
    assert refused.code == 2
    assert "beam_size was 2 and is now 3; repeat the old command" in refused.err
    refused = s2s(*options, "--resume")
    assert (refused.code, refused.out) == (2, b"")
    assert "--resume needs an output file to continue; name it with -o" in refused.err
    assert s2s(*options, "-o", out, "--resume").code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]
    assert s2s(*options, "-o", tmp_path / "whole").code == 0
    assert out.read_bytes() == (tmp_path / "whole").read_bytes()
    assert out.read_bytes().startswith(kept.rpartition(b"\n")[0])


def test_what_was_stopped_is_kept_and_said(tiny, tmp_path):
    process = start(
        "translate", tiny, "-o", tmp_path / "out", "--line-buffered", stdin=subprocess.PIPE
    )
    process.stdin.write(b"eins\nzwei\n")
    process.stdin.flush()
    deadline = time.monotonic() + 60
    partial = tmp_path / "out.partial"
    while time.monotonic() < deadline and not (partial.exists() and partial.stat().st_size > 7):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert b"with --resume to continue" in err
    assert partial.read_bytes() == b"one\ntwo\n"


def test_two_processes_do_not_write_one_file(tiny, tmp_path, s2s):
    process = start("translate", tiny, "-o", tmp_path / "out", stdin=subprocess.PIPE)
    while not (tmp_path / "out.partial.json").exists():
        time.sleep(0.02)
    finished = s2s("translate", tiny, "-o", tmp_path / "out", stdin=b"eins\n")
    assert finished.code == 2
    assert "another process is writing" in finished.err
    process.communicate(b"zwei\n")
    assert (tmp_path / "out").read_bytes() == b"two\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_leaves_nothing_behind(tiny, tmp_path, number, code):
    process = start("translate", tiny, "-o", tmp_path / "out", stdin=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not list(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    _, err = process.communicate()
    assert process.returncode == code
    assert err == b""
    assert list(tmp_path.iterdir()) == []


def interrupt_after(steps):
    """Lets Ctrl-C come after so many bytecodes of the two modules that keep files under way."""
    ours = {module.__file__ for module in (files, resumable)}

    def trace(frame, event, _argument):
        nonlocal steps
        frame.f_trace_opcodes = True
        if event == "opcode":
            steps -= 1
            if steps == 0:
                sys.settrace(None)
                raise KeyboardInterrupt
        return trace

    def enter(frame, event, argument):
        return trace(frame, event, argument) if frame.f_code.co_filename in ours else None

    sys.settrace(enter)


@pytest.fixture
def in_memory(tmp_path):
    """A folder on no disk, if there is such a thing: a thousand files are removed in it."""
    memory = Path("/dev/shm")  # noqa: S108
    if not os.access(memory, os.W_OK):
        yield tmp_path
    else:
        with tempfile.TemporaryDirectory(dir=memory) as folder:
            yield Path(folder)


@pytest.mark.parametrize("written", [b"", b"one\n"])
def test_an_interruption_between_any_two_steps_leaves_nothing_empty(in_memory, written):
    out, partial = in_memory / "out", in_memory / "out.partial"
    interrupted, tracer = 0, sys.gettrace()  # that of a coverage run
    for steps in itertools.count(1):
        interrupt_after(steps)
        try:
            with resumable.resumable_output(out, {"beam_size": 5}, resume=True, group=1) as output:
                output.file.write(written)
        except KeyboardInterrupt:
            interrupted += 1
        else:
            break
        finally:
            sys.settrace(tracer)
        left = sorted(path.name for path in in_memory.iterdir())
        if out.exists():
            assert left == ["out"]
            out.unlink()
        else:
            assert not left or written
            assert left in [[], ["out.partial", "out.partial.json"]]
            assert not left or partial.read_bytes() == written
            for path in in_memory.iterdir():
                path.unlink()
    assert interrupted > 100
    assert out.read_bytes() == written
