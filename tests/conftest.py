"""What the tests share; torch is not imported here, so that they run where it is not installed."""

import base64
import io
import json
import os
import signal
import sys
from typing import NamedTuple

import pytest
from hypothesis import Phase, settings
from paths import DATA

# Many tests import onnxruntime themselves; test_telemetry.py removes this again.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

# The same examples each time, so that a change is what breaks a test; --hypothesis-profile default
# looks for others.
settings.register_profile("fixed", derandomize=True)
# Of a change to the search, that it breaks a test is enough (`make mutants`).
settings.register_profile("mutants", derandomize=True, phases=[Phase.explicit, Phase.generate])
settings.load_profile("fixed")


class Finished(NamedTuple):
    """How a command ended."""

    code: int
    out: bytes
    err: str


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def with_tags():
    """Returns a function that turns a SentencePiece model's last pieces into tags."""
    from s2s.protobuf import read_fields, write_field
    from s2s.tokenizer.pieces import CONTROL, Piece, append_pieces, read_pieces

    def make(model, *tags):
        pieces = read_pieces(model)[: -len(tags)] + [Piece(tag, 0.0, CONTROL) for tag in tags]
        rest = (
            write_field(number, value if isinstance(value, int) else bytes(value))
            for number, value in read_fields(memoryview(model))
            if number != 1
        )
        return append_pieces(b"".join(rest), pieces)

    return make


@pytest.fixture(scope="session")
def tagged(tmp_path_factory, with_tags):
    """Path of the same model, two rare pieces of which have become tags."""
    from s2s.formats.checksum import sealed
    from s2s.formats.model_file import read_model_file
    from s2s.protobuf import write_field

    data = (DATA / "tiny.onnx").read_bytes()
    file = read_model_file(data)
    languages = {"src": "de", "tgt": ["en", "it"]}
    card = {**file.card, "tags": ["<2en>", "<2it>"], "languages": languages}
    model = with_tags(file.tokenizer.src_model, "<2en>", "<2it>")
    entries = {"config": json.dumps(card), "tokenizer": base64.b64encode(model).decode()}
    for key, value in entries.items():
        entry = write_field(1, f"s2s.{key}".encode()) + write_field(2, value.encode())
        data += write_field(14, entry)
    path = tmp_path_factory.mktemp("tagged") / "tagged.onnx"
    path.write_bytes(sealed(data))
    return path
