"""Loads damaged models in processes with limited time and memory, and counts how that ended."""

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

SECONDS = 20.0  # for one model or command


class LimitedProcess:
    """A process that loads what it is told to; a new one takes the place of one that died."""

    def __init__(self, *libraries):
        self.libraries = libraries
        self.process = None
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - a pipe would fill up

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._stop()
        self.errors.close()

    def __call__(self, *args):
        """Returns how it went (``refused``, ``worked``, ``died``, ...), and what was said."""
        if self.process is None:
            self._start()
        line = self._ask(["load", str(args[0])] if len(args) == 1 else [*map(str, args)], SECONDS)
        if line is None:
            self._stop()
            return "hung", f"{SECONDS} s"
        if not line:
            code = self.process.wait()
            return "died", f"code {code}: {self._stop()}"
        return tuple(json.loads(line))

    def _start(self):
        program = Path(__file__).with_name("load_models.py")
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, str(program), *self.libraries],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        assert self._ask(["--version"], 120.0), self._stop()  # once it has its libraries

    def _ask(self, args, seconds):
        """Returns the next line, empty at the end; None if it does not come."""
        with contextlib.suppress(BrokenPipeError):  # it died; there is no answer either
            os.write(self.process.stdin.fileno(), json.dumps(args).encode() + b"\n")
        line, until = b"", time.monotonic() + seconds
        out = self.process.stdout.fileno()
        while not line.endswith(b"\n"):
            left = until - time.monotonic()
            if left <= 0 or not select.select([out], [], [], left)[0]:
                return None
            if not (more := os.read(out, 1 << 16)):
                return b""
            line += more
        return line

    def _stop(self):
        if self.process is None:
            return ""
        self.process.kill()
        self.process.communicate()
        self.process = None
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace")
        self.errors.seek(0)
        self.errors.truncate()
        return said[-300:]


def try_all(process, models):
    """Gives a process each of ``models``: paths, or tuples of arguments, made one at a time.

    Returns:
        How often it went in which way, and a line about each that was neither refused nor worked.
    """
    counts, bad = Counter(), []
    for number, model in enumerate(models):
        how, said = process(*(model if isinstance(model, tuple) else (model,)))
        counts[how] += 1
        if how not in ("refused", "worked"):
            bad.append(f"model {number}: {how}: {said}")
    return counts, bad
