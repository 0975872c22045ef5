"""What a translator takes as a model, as texts and as numbers."""

import io
import mmap
import zipfile
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from s2s import Translator
from s2s.config import SearchConfig
from s2s.errors import ConfigError, FileError


class Named:
    """A path of another library."""

    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return str(self.path)


def packed(path):
    """The model within an archive."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.write(path, "model.onnx")
    return zipfile.Path(zipfile.ZipFile(archive), "model.onnx")


def mapped(path):
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


MODELS = {
    "str": str,
    "Path": Path,
    "os.PathLike": Named,
    "bytes": Path.read_bytes,
    "bytearray": lambda path: bytearray(path.read_bytes()),
    "memoryview": lambda path: memoryview(path.read_bytes()),
    "BytesIO": lambda path: io.BytesIO(path.read_bytes()),
    "open file": lambda path: path.open("rb"),
    "mmap": mapped,
    "zipfile.Path": packed,
    "list of one": lambda path: [path],
}


@pytest.mark.parametrize("kind", MODELS)
def test_a_model_may_be_anything_that_holds_its_bytes(tiny, kind):
    translator = Translator(MODELS[kind](tiny), threads=1)
    assert translator.translate(["drei"])[0].text == "three"


@pytest.mark.parametrize("model", [None, 3, {"a": 1}, iter([])])
def test_anything_else_is_one_line(model):
    with pytest.raises(
        ConfigError, match=r"model is of type .*; expected a path, bytes, or a bina"
    ):
        Translator(model)


def test_a_file_that_is_open_as_text_or_closed_is_one_line(tiny, tmp_path):
    with pytest.raises(ConfigError, match="open it with mode 'rb'"):
        Translator(io.StringIO("model"))
    with (
        (tmp_path / "new").open("wb") as new,
        pytest.raises(ConfigError, match="not open for reading; open it with mode 'rb'"),
    ):
        Translator(new)
    closed = tiny.open("rb")
    closed.close()
    with pytest.raises(FileError, match="cannot read the model: read of closed file"):
        Translator(closed)


def test_texts_may_be_any_iterable_of_strings(translator):
    expected = translator.translate(["drei", "eins"])
    assert translator.translate(text for text in ("drei", "eins")) == expected
    assert translator.translate(np.array(["drei", "eins"])) == expected
    assert translator.translate({"drei": 1, "eins": 2}) == expected
    scores = translator.score(iter(["drei"]), iter(["three"]))
    assert scores == translator.score(["drei"], ["three"])


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("drei", r"texts is one string; expected a list of strings: \[text\]"),
        (b"drei", "texts is one string"),
        (None, "texts is of type NoneType; expected a list of strings"),
        (["drei", b"eins"], r"texts: text 2 is of type bytes; expected str; decode it"),
        (["drei", None], "texts: text 2 is of type NoneType; expected str"),
    ],
)
def test_other_texts_are_one_line(translator, texts, message):
    with pytest.raises(ConfigError, match=message):
        translator.translate(texts)


def test_numbers_may_be_numpys(translator):
    numbers = {"beam_size": np.int64(3), "n_best": np.int32(2), "length_penalty": np.float32(0.5)}
    plain = {"beam_size": 3, "n_best": 2, "length_penalty": 0.5}
    assert translator.translate(["drei"], **numbers) == translator.translate(["drei"], **plain)
    (streamed,) = translator.translate_stream(["drei"], np.int16(1), np.uint8(0))
    assert streamed.text == "three"
    assert SearchConfig(beam_size=np.int64(3)).to_dict() == SearchConfig(beam_size=3).to_dict()
    assert type(SearchConfig(beam_size=np.array(3)).beam_size) is int
    for wrong in (np.float64(2.5), True, "3"):
        with pytest.raises(ConfigError):
            translator.translate(["drei"], beam_size=wrong)
