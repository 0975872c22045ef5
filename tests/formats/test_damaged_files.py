"""Models that are damaged, or made to harm: one line, or a translation, and nothing else."""

import base64
import hashlib
import json
import pickle
import random
import signal

import pytest

pytest.importorskip("onnxruntime")

import limited_processes
from damaged_files import ONNX, SENTENCEPIECE, damage_bytes, damage_message
from limited_processes import LimitedProcess, try_all
from paths import DATA

from s2s import Translator
from s2s.config import TokenizerConfig
from s2s.errors import ModelError
from s2s.formats.checksum import KEY, sealed
from s2s.formats.model_file import read_model_file
from s2s.protobuf import read_fields, write_field
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.learn import train_tokenizer

TEXTS = ["eins zwei drei vier", "fünf sechs sieben", "acht neun zehn elf zwölf"] * 9
COUNTS = [40, pytest.param(1000, marks=pytest.mark.slow)]


@pytest.fixture(scope="module")
def loader():
    with LimitedProcess() as process:
        yield process


class Trap:
    """What runs code when it is read from a pickle."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def model_files(folder, count):
    """Damaged copies of a file with a checksum: without a new one, and most of them with it."""
    data = (DATA / "tiny.onnx").read_bytes()
    for number in range(count):
        rng = random.Random(number)  # noqa: S311
        damaged = damage_bytes(rng, data) if number % 4 == 0 else damage_message(rng, data, ONNX)
        if number % 8 and damaged.count(KEY.encode()) == 1:
            damaged = _resealed(damaged)
        path = folder / "damaged.onnx"
        path.write_bytes(damaged)
        yield path


def _resealed(damaged):
    try:
        return sealed(damaged)
    except ModelError:
        return damaged


def old_model_files(folder, count):
    """Damaged copies of a file of 0.1.0, which has no checksum."""
    data = (DATA / "tiny-0.1.0.onnx").read_bytes()
    for number in range(count):
        rng = random.Random(number)  # noqa: S311
        path = folder / "damaged.onnx"
        path.write_bytes(damage_bytes(rng, data) if number % 2 else damage_message(rng, data, ONNX))
        yield path


def vocabularies(folder, count):
    """Damaged copies of SentencePiece models of all kinds."""
    kinds = [
        TokenizerConfig(vocab_size=60),
        TokenizerConfig(vocab_size=50, algorithm="unigram", normalization="nfkc"),
        TokenizerConfig(vocab_size=320, byte_fallback=True, normalization="identity"),
        TokenizerConfig(vocab_size=20, algorithm="word", normalization="identity"),
    ]
    models = [train_tokenizer(TEXTS, TEXTS, kind, seed=1).src_model for kind in kinds]
    models.append(Tokenizer((DATA / "run-0.1.0" / "src.model").read_bytes()).src_model)
    for number in range(count):
        rng = random.Random(number)  # noqa: S311
        model = models[number % len(models)]
        path = folder / "damaged.model"
        if number % 3 == 0:
            path.write_bytes(damage_bytes(rng, model))
        else:
            path.write_bytes(damage_message(rng, model, SENTENCEPIECE))
        yield path


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("make", [model_files, old_model_files, vocabularies])
def test_damaged_files_are_refused_in_one_line_or_translate(loader, tmp_path, make, count, capsys):
    counts, bad = try_all(loader, make(tmp_path, count))
    with capsys.disabled():
        print(f"\n{make.__name__}: {dict(counts)}")  # noqa: T201
    assert not bad
    assert counts["refused"] > count // 4
    assert make is model_files or counts["worked"] > count // 8  # so that something is tried


def test_how_a_process_ended_is_told(loader, tiny, tmp_path, monkeypatch):
    assert loader(tiny) == ("worked", "")
    assert loader("translate", tiny, tmp_path / "none")[0] == "refused"
    huge = tmp_path / "huge.model"
    with huge.open("wb") as file:
        file.truncate(3 << 30)  # takes no room on the disk
    assert loader(huge)[0] == "over memory"
    loader.process.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(limited_processes, "SECONDS", 0.2)
    assert loader(tiny)[0] == "hung"
    monkeypatch.undo()
    assert loader(tiny) == ("worked", "")
    loader.process.kill()
    assert loader(tiny)[0] == "died"


def test_any_change_to_a_file_is_noticed(tiny):
    data = tiny.read_bytes()
    for number in range(300):
        damaged = damage_bytes(random.Random(number), data)  # noqa: S311
        if damaged != data:
            with pytest.raises(ModelError, match="not a valid s2s model file: "):
                read_model_file(damaged)


@pytest.mark.parametrize("end", [1, 2, 100, 150, 1500, 30_000, 64_000])
def test_a_file_that_was_cut_off_is_refused(tiny, end):
    with pytest.raises(ModelError):
        read_model_file(tiny.read_bytes()[:-end])


@pytest.mark.parametrize("more", [b"\0", b"\n", b"\x08\x08", write_field(14, b""), bytes(4096)])
def test_bytes_behind_a_file_are_refused(tiny, more):
    with pytest.raises(ModelError, match=r"checksum does not match|not an ONNX file"):
        read_model_file(tiny.read_bytes() + more)


@pytest.mark.parametrize("size", [64, 63])
def test_a_vocabulary_of_another_model_is_refused(tiny, size):
    """One with as many pieces is told by the checksum alone."""
    data = tiny.read_bytes()
    own = read_model_file(data).tokenizer.src_model
    pieces = [field for field in read_fields(memoryview(own)) if field[0] == 1]
    rest = [field for field in read_fields(memoryview(own)) if field[0] != 1]
    other = [*pieces[:4], *reversed(pieces[4:size]), *rest]
    model = base64.b64encode(b"".join(write_field(n, bytes(value)) for n, value in other))
    entry = write_field(1, b"s2s.tokenizer") + write_field(2, model)
    swapped = data + write_field(14, entry)
    with pytest.raises(ModelError, match="checksum"):
        read_model_file(swapped)
    if size < 64:
        with pytest.raises(
            ModelError, match=r"\(63, 63\) source and target pieces, but its network \(64, 64\)"
        ):
            read_model_file(sealed(swapped))


@pytest.mark.parametrize("name", ["damaged.onnx", "damaged.model"])
def test_a_pickle_is_not_read(tmp_path, name):
    trap = tmp_path / "trap"
    path = tmp_path / name
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        path.write_bytes(pickle.dumps(Trap(trap), protocol))
        with pytest.raises(ModelError):
            Translator(path)
        with pytest.raises(ModelError):
            Tokenizer(path.read_bytes())
    assert not trap.exists()
    pickle.loads(path.read_bytes()).close()  # noqa: S301 - as it would have been
    assert trap.exists()


def test_a_file_of_0_1_0_translates():
    translator = Translator(DATA / "tiny-0.1.0.onnx", threads=1)
    assert [
        translation.text for translation in translator.translate(["eins zwei", "elf", "drei"])
    ] == [
        "one two",
        "eleven",
        "three",
    ]


def test_the_checksum_is_that_of_the_file_with_zeros(tiny):
    """What a reader in another language has to compute."""
    data = tiny.read_bytes()
    found = read_model_file(data).header.metadata[KEY]
    assert data.count(found.encode()) == 1
    assert hashlib.sha256(data.replace(found.encode(), b"0" * 64)).hexdigest() == found
    assert json.loads(read_model_file(data).header.metadata["s2s.config"])["checksum"] == "sha256"


def test_a_file_without_a_place_cannot_be_sealed():
    with pytest.raises(ModelError, match="cannot hold a checksum"):
        sealed((DATA / "tiny-0.1.0.onnx").read_bytes())
