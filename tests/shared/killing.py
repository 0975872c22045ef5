"""Kills commands at random moments, and looks what is then in the file that they write.

Run as a program, it imports what the commands need once, and forks for each kill: a process that
starts anew would mostly be killed while it imports.
"""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path


def kill_repeatedly(commands, target, kills, seed=1, modules=()):
    """Kills processes that write ``target`` over and over; returns what was found each time.

    Args:
        commands: Arguments of ``s2s``; each writes another content.
        target: What they write.
        kills: How many.
        seed: Of the moments.
        modules: Names of modules that they need.

    Returns:
        How often the target was as it was before the kill, was new, and a temporary file was left.
    """
    job = json.dumps([[[str(word) for word in command] for command in commands], str(target)])
    options = [str(kills), str(seed), *modules]
    finished = subprocess.run(  # noqa: S603
        [sys.executable, __file__, job, *options],
        capture_output=True,
        check=False,
        timeout=60 + 20 * kills,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert finished.returncode == 0, finished.stderr.decode()
    return json.loads(finished.stdout)


def _run(command):
    from s2s.cli import main

    with contextlib.suppress(SystemExit):
        main(command)


def _fork(commands, *, times, seed=0):
    child = os.fork()
    if child:
        return child
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    draw = random.Random(seed)  # noqa: S311
    for number in range(times):
        # In turn, so that what is there is replaced by another content.
        _run(commands[(number + draw.randint(0, 1)) % len(commands)])
    os._exit(0)


def _content(path):
    return path.read_bytes() if path.exists() else None


def _marks(path):
    """Tells one file from another that took its place."""
    return (path.stat().st_ino, path.stat().st_mtime_ns) if path.exists() else None


def _main(commands, target, kills, seed):
    draw = random.Random(seed)  # noqa: S311
    whole, longest = [], 0.0
    for command in commands:
        started = time.monotonic()
        os.waitpid(_fork([command], times=1), 0)
        longest = max(longest, time.monotonic() - started)
        whole.append(target.read_bytes())
    assert len(set(whole)) == len(commands), "contents must differ to be told apart"
    counts = {"as before": 0, "new": 0, "leftovers": 0}
    for number in range(kills):
        if number % 4 == 0:
            target.unlink()
        before, marks = _content(target), _marks(target)
        child = _fork(commands, times=1000, seed=seed + number)
        deadline = time.monotonic() + 20 * longest
        while number % 2 and _marks(target) == marks and time.monotonic() < deadline:
            time.sleep(0.002)  # until it has written once
        time.sleep(draw.uniform(0, 1.2) * longest)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        content = _content(target)
        assert content in whole or content == before is None, (
            f"{len(content or b'')} bytes of no version"
        )
        counts["as before" if _marks(target) == marks else "new"] += 1
        left = [path for path in target.parent.iterdir() if path.name.startswith(".s2s-")]
        counts["leftovers"] += len(left)
        for path in left:
            shutil.rmtree(path)
        if content is None:
            target.write_bytes(whole[0])
    sys.__stdout__.write(json.dumps(counts))


if __name__ == "__main__":
    for name in sys.argv[4:]:
        __import__(name)
    _commands, _target = json.loads(sys.argv[1])
    _main(_commands, Path(_target), int(sys.argv[2]), int(sys.argv[3]))
