"""Engines in processes of their own, which wait while the others have their turn."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Engine:
    """A library, and how it is set up."""

    name: str
    python: str
    script: str
    changes: dict[str, Any]


class Child:
    """An engine's process."""

    def __init__(self, engine: Engine, process: subprocess.Popen[str], log: IO[str]) -> None:
        self.engine = engine
        self.process = process
        self.log = log
        self.passes: list[dict[str, float]] = []
        self.about = self.read()

    def read(self) -> dict[str, Any]:
        """Returns what the process says next; libraries that print are passed over."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{"):
                return dict(json.loads(line))
        self.log.seek(0)
        sys.exit(f"{self.engine.name} ended with {self.process.wait()}:\n{self.log.read()[-3000:]}")

    def run_pass(self) -> dict[str, float]:
        """Has the process work once through its batches."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return self.read()


@contextmanager
def started(engine: Engine, batches: Path, settings: dict[str, Any]) -> Iterator[Child]:
    """Starts an engine's process, and ends it."""
    command = [engine.python, str(HERE / engine.script), str(batches)]
    command.append(json.dumps({**settings, **engine.changes}))
    environment = {**os.environ, "OMP_NUM_THREADS": str({**settings, **engine.changes}["threads"])}
    pipe = subprocess.PIPE
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as log,
        subprocess.Popen(  # noqa: S603
            command, stdin=pipe, stdout=pipe, stderr=log, text=True, env=environment
        ) as process,
    ):
        try:
            yield Child(engine, process, log)
        finally:
            process.kill()


def take_turns(children: list[Child], rounds: int) -> list[str]:
    """Runs passes in turns, the first of a round another one each time, after one to warm up.

    Returns:
        The machine's load average before each round.
    """
    for child in children:
        child.run_pass()
    loads = []
    for number in range(rounds):
        loads.append(Path("/proc/loadavg").read_text(encoding="ascii").split()[0])
        first = number % len(children)
        for child in children[first:] + children[:first]:
            child.passes.append(child.run_pass())
    return loads
