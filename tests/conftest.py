"""What the tests share; torch is not imported here, so that they run where it is not installed."""

import io
import signal
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

DATA = Path(__file__).parent / "data"


class Finished(NamedTuple):
    """How a command ended."""

    code: int
    out: bytes
    err: str


@pytest.fixture
def tiny():
    """Path of a model that translates German numbers up to twelve."""
    return DATA / "tiny.onnx"


@pytest.fixture(scope="session")
def translator():
    """That model, loaded."""
    from s2s import Translator

    return Translator(DATA / "tiny.onnx", threads=1)


@pytest.fixture
def s2s(monkeypatch, capfdbinary):
    """Runs the command line in this process: ``s2s("translate", model, stdin=b"...")``."""
    from s2s.cli import main

    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def run(*args, stdin=b""):
        capfdbinary.readouterr()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            main([str(arg) for arg in args])
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return Finished(ended.value.code, out, err.decode())

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)
