"""Toolkits that train for some minutes and translate then, as their users would have them do it."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

BEAM_SIZE = 5
BATCH = 32
"""Sentences that are translated at once."""
MAX_PIECES = 200


def environment(threads: int) -> dict[str, str]:
    """Returns the variables of a process with this number of threads."""
    return {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "PYTHONWARNINGS": "ignore",
        # The rivals' checkpoints, which they wrote themselves, hold more than weights.
        "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1",
    }


def write_yaml(path: Path, config: dict[str, Any]) -> None:
    """Writes a configuration: JSON is YAML, but for ``5e-05``, which PyYAML takes for a text."""
    number = re.compile(r"(?<=[ \[])(\d+)(e-\d+)(?=[,\]}])")
    path.write_text(number.sub(r"\1.0\2", json.dumps(config)), encoding="utf-8")


def run(
    words: Sequence[str],
    log: Path,
    threads: int,
    stdin: Path = Path(os.devnull),
    stdout: Path | None = None,
) -> float:
    """Runs a command to its end and returns its seconds; ends this one if it fails."""
    start = time.perf_counter()
    with (
        log.open("ab") as errors,
        stdin.open("rb") as given,
        stdout.open("wb") if stdout else nullcontext(errors) as output,
    ):
        code = subprocess.run(  # noqa: S603
            words, stdin=given, stdout=output, stderr=errors, env=environment(threads), check=False
        ).returncode
    if code:
        sys.exit(f"bench_quality: {words[0]} ended with code {code}; see {log}")
    return time.perf_counter() - start


class System(ABC):
    """A toolkit with its settings.

    Args:
        name: Of the system, and of its folder.
        folder: Holds ``data/{train,val,test}.{src,tgt}`` and ``data/pieces.model``.
        python: Interpreter that has the toolkit.
        threads: Of training and translating.
        settings: For the toolkit.
    """

    def __init__(
        self, name: str, folder: Path, python: str, threads: int, settings: dict[str, Any]
    ) -> None:
        self.name = name
        self.data = folder / "data"
        self.folder = folder / name
        self.folder.mkdir(exist_ok=True)
        self.python = python
        self.threads = threads
        self.settings = settings

    def log(self, what: str) -> Path:
        """Returns the file that a command's output goes to."""
        return self.folder / f"{what}.log"

    @abstractmethod
    def train(self, minutes: Sequence[float]) -> None:
        """Trains, and keeps the model of each of these minutes."""

    @abstractmethod
    def model(self, minutes: float) -> Path:
        """Returns the file that translates after these minutes."""

    def size(self, minutes: float) -> int:
        """Returns the bytes of what translates."""
        return self.model(minutes).stat().st_size

    @abstractmethod
    def translate(self, minutes: float, src: Path, out: Path) -> float:
        """Translates a file with the model of these minutes and returns the command's seconds."""


class Rival(System):
    """A toolkit whose training does not know when it will be stopped."""

    started: str
    """Regular expression of the line before the first update: the minutes count from there."""

    @abstractmethod
    def command(self) -> list[str]:
        """Writes what the training reads and returns its command."""

    @abstractmethod
    def newest(self) -> Path | None:
        """Returns the checkpoint that its users would take now."""

    def model(self, minutes: float) -> Path:
        """Returns the checkpoint of these minutes."""
        return self.folder / f"{minutes:g}.pt"

    def train(self, minutes: Sequence[float]) -> None:
        """Trains until the last of these minutes and copies what checkpoint there is after each."""
        if self.model(max(minutes)).exists():
            return
        command = self.command()
        with (
            self.log("train").open("w", encoding="utf-8") as log,
            subprocess.Popen(  # noqa: S603
                command, stdout=log, stderr=log, env=environment(self.threads)
            ) as process,
        ):
            try:
                self._wait_for_start(process)
                start = time.monotonic()
                for each in sorted(minutes):
                    while time.monotonic() < start + 60 * each:
                        if process.poll() is not None:
                            sys.exit(
                                f"bench_quality: {self.name} ended before {each:g} minutes; "
                                f"see {self.log('train')}"
                            )
                        time.sleep(0.5)
                    if found := self.newest():
                        shutil.copy(found, self.model(each))
            finally:
                process.kill()

    def _wait_for_start(self, process: "subprocess.Popen[bytes]") -> None:
        while not re.search(self.started, self.log("train").read_text(encoding="utf-8")):
            if process.poll() is not None:
                sys.exit(f"bench_quality: {self.name} did not start; see {self.log('train')}")
            time.sleep(0.5)


def is_whole(checkpoint: Path) -> bool:
    """Tells whether torch has written all of a file; the directory of a ZIP file comes last."""
    return zipfile.is_zipfile(checkpoint)
