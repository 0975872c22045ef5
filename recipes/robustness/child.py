"""The process that translates, seen from outside."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

SCRIPT = Path(__file__).with_name("translate_lines.py")


class TranslatorProcess:
    """A model in a process of its own; ends with its ``with`` block."""

    def __init__(
        self, model: str, *, code: Path | None, threads: int, options: dict[str, Any]
    ) -> None:
        """Starts the process.

        Args:
            model: Model file or run folder.
            code: Checkout whose s2s is used; None: that of this process.
            threads: Cores to use.
            options: Options of ``Translator.translate``.
        """
        self.name = model if code is None else f"{model} with the code of {code}"
        settings = {
            "model": model,
            "code": None if code is None else str(code.resolve()),
            "threads": threads,
            "options": options,
        }
        paths = os.pathsep.join(path for path in sys.path[1:] if path)
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, str(SCRIPT), json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": str(threads)},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def translate(self, texts: Sequence[str]) -> list[str]:
        """Returns the translations."""
        return list(self._ask({"texts": list(texts)})["texts"])

    def seconds(self, texts: Sequence[str]) -> tuple[float, float]:
        """Returns the seconds that translating takes, of the processor and of the clock."""
        answer = self._ask({"texts": list(texts)})
        return float(answer["cpu_seconds"]), float(answer["seconds"])

    def lacking(self, characters: Sequence[str]) -> tuple[list[str], list[str]]:
        """Returns the characters that the source and the target vocabulary cannot write."""
        src, tgt = self._ask({"characters": list(characters)})["lacking"]
        return src, tgt

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{json.dumps(request)}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass
        line = self._process.stdout.readline()
        if not line:
            sys.exit(f"bench_robustness: {self.name} ended with {self._process.wait()}")
        return dict(json.loads(line))
