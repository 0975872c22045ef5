"""The folder for Triton: what is in it, and requests that are joined as Triton joins them."""

import json

import numpy as np
import pytest

pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")

from s2s import Translator
from s2s.errors import ConfigError, FileError, ParityError
from s2s.formats.checksum import sealed
from s2s.model.run import load_run
from s2s.runtime.backend import pad
from s2s.runtime.onnx_backend import session_options
from s2s_export import Parity, TritonFolder, add_metadata, build_model, export_run
from s2s_export import export as export_module
from s2s_export.export import serialize
from s2s_export.parity.text import check_texts
from s2s_export.text_model import build_text_model

TEXTS = ["the cat sat on the mat", "", "the dog", "the fox 😀 " * 9, "mat", "the owl </s> sat"]
REQUESTS = [[0], [1], [2, 3, 1], [4], [5, 0]]


@pytest.fixture(scope="module")
def run(make_run):
    return make_run(seed=1)


def fixed_file(run, *, text=False, precision="int8"):
    loaded = load_run(run)
    if text:
        graph = build_text_model(
            loaded.model, loaded.search, loaded.tokenizer, precision, fixed=True
        )
    else:
        graph = build_model(loaded.model, loaded.search, precision, fixed=True)
    add_metadata(graph, loaded, precision, text=text, fixed=True)
    return sealed(serialize(graph))


def load(model, *, text=False):
    options = session_options()
    if text:
        extensions = pytest.importorskip("onnxruntime_extensions")
        options.register_custom_ops_library(extensions.get_library_path())
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def answers(session, requests):
    """Joins requests along the first dimension, as Triton does, and parts the outputs again."""
    joined = {name: np.concatenate([one[name] for one in requests]) for name in requests[0]}
    ends = np.cumsum([len(next(iter(one.values()))) for one in requests])[:-1]
    parted = [np.split(output, ends) for output in session.run(None, joined)]
    return list(zip(*parted, strict=True))


def test_joined_requests_of_text_get_the_bits_that_each_gets_alone(run):
    session = load(fixed_file(run, text=True), text=True)
    requests = [
        {"text": np.array([TEXTS[number] for number in numbers], dtype=object)}
        for numbers in REQUESTS
    ]
    together = answers(session, requests)
    for request, answer in zip(requests, together, strict=True):
        for one, other in zip(answer, session.run(None, request), strict=True):
            assert one.dtype == other.dtype
            assert one.tolist() == other.tolist()
    assert len({len(answer[0]) for answer in together}) > 1


def test_joined_requests_of_pieces_get_the_bits_that_each_gets_alone(run):
    model = fixed_file(run)
    session, encode = load(model), Translator(model).tokenizer.encode_src
    width = 90  # to which all clients pad: Triton joins requests of equal shapes alone
    requests = []
    for numbers in REQUESTS:
        src, src_lengths = pad(encode([TEXTS[number] for number in numbers]))
        src = np.pad(src, ((0, 0), (0, width - src.shape[1])))
        requests.append({"src": src, "src_lengths": src_lengths})
    for request, answer in zip(requests, answers(session, requests), strict=True):
        hypotheses, lengths, scores = session.run(None, request)
        own_width = hypotheses.shape[2]
        assert np.array_equal(answer[0][:, :, :own_width], hypotheses)
        assert not answer[0][:, :, own_width:].any()
        assert np.array_equal(answer[1], lengths)
        assert np.array_equal(answer[2], scores)


@pytest.mark.parametrize("text", [False, True])
def test_dims_are_those_that_onnxruntime_reports(run, text):
    # Triton's backend wants the dims of outputs to be exactly these.
    model = fixed_file(run, text=text)
    config = TritonFolder(repository=None, name="es").config(model)
    session = load(model, text=text)
    for kind, tensors in (("input", session.get_inputs()), ("output", session.get_outputs())):
        lines = [line for line in config.splitlines() if line.startswith(kind)]
        assert len(lines) == len(tensors)
        for line, tensor in zip(lines, tensors, strict=True):
            assert f'name: "{tensor.name}"' in line
            assert tensor.shape[0] == "batch"
            dims = ", ".join(
                str(size if isinstance(size, int) else -1) for size in tensor.shape[1:]
            )
            wanted = f"dims: [ {dims} ] }}" if dims else "dims: [ 1 ] reshape { shape: [ ] } }"
            assert wanted in line


def test_a_model_with_tags_also_takes_the_languages_and_batches_them(make_run, with_tags, tmp_path):
    folder = make_run(joint=False)
    model, settings = folder / "src.model", folder / "config.json"
    model.write_bytes(with_tags(model.read_bytes(), "<2es>", "<2pt>"))
    written = json.loads(settings.read_text(encoding="utf-8"))
    settings.write_text(json.dumps({**written, "tags": ["<2es>", "<2pt>"]}), encoding="utf-8")
    tagged = fixed_file(folder, text=True)
    config = TritonFolder(repository=tmp_path, name="es").config(tagged)
    wanted = 'name: "to" data_type: TYPE_STRING dims: [ 1 ] reshape { shape: [ ] }'
    assert wanted in config
    session = load(tagged, text=True)
    requests = [
        {name: np.array([value], dtype=object) for name, value in (("text", text), ("to", to))}
        for text in TEXTS[:3]
        for to in ("es", "pt")
    ]
    for request, answer in zip(requests, answers(session, requests), strict=True):
        for one, other in zip(answer, session.run(None, request), strict=True):
            assert one.tolist() == other.tolist()


def test_the_command_writes_both_and_the_same_bytes(s2s, run, tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime_extensions")
    monkeypatch.setattr(export_module, "check_parity", lambda *_, **__: Parity())
    out, models = tmp_path / "en-es.onnx", tmp_path / "a" / "models"
    options = ["--text", "--fixed-search", "--triton", models, "--triton-library", "/x/ort.so"]
    result = s2s("export", run, out, *options)
    assert result.code == 0
    assert b"config.pbtxt" in result.out
    folder = models / "en-es"
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")) == [
        "1",
        "1/model.onnx",
        "config.pbtxt",
    ]
    assert (folder / "1" / "model.onnx").read_bytes() == out.read_bytes()
    config = (folder / "config.pbtxt").read_text(encoding="utf-8")
    assert 'name: "en-es"' in config
    assert 'op_library_filename: "/x/ort.so"' in config
    assert "KIND_CPU" in config
    assert [path.name for path in models.iterdir()] == ["en-es"]
    again = s2s("export", run, out, *options)
    assert again.code == 2
    assert "exists already" in again.err


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"name": "../es"}, ConfigError, "--triton-name"),
        ({"name": ".es"}, ConfigError, "--triton-name"),
        ({"name": ""}, ConfigError, "--triton-name"),
        ({"name": 'e"s'}, ConfigError, "--triton-name"),
        ({"device": "gpu"}, ConfigError, "--triton-device"),
        ({"device": "cuda"}, ConfigError, "int8 is for CPUs; export --precision fp32 or fp16"),
        ({"name": "there"}, FileError, "exists already"),
    ],
)
def test_what_cannot_work_is_refused_before_the_export(run, tmp_path, settings, error, message):
    (tmp_path / "there").mkdir()
    folder = TritonFolder(**{"repository": tmp_path, "name": "es", **settings})
    with pytest.raises(error, match=message):
        export_run(run, tmp_path / "no.onnx", "int8", fixed_search=True, triton=folder)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_fp16_is_not_for_a_cpu(run, tmp_path):
    folder = TritonFolder(repository=tmp_path, name="es")
    with pytest.raises(ConfigError, match="'cpu', but fp16 is for GPUs; export --precision fp32"):
        export_run(run, tmp_path / "no.onnx", "fp16", fixed_search=True, triton=folder)
    folder = TritonFolder(repository=tmp_path, name="es", device="cuda")
    folder.check("fp16")


def test_a_failed_export_leaves_no_folder(run, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise ParityError("no")

    monkeypatch.setattr(export_module, "check_parity", fail)
    folder = TritonFolder(repository=tmp_path / "models", name="es")
    with pytest.raises(ParityError):
        export_run(run, tmp_path / "no.onnx", fixed_search=True, triton=folder)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_neither_file_nor_folder(run, tmp_path, monkeypatch):
    def fail(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("s2s_export.triton.os.fsync", fail)
    folder = TritonFolder(repository=tmp_path / "models", name="es")
    with pytest.raises(FileError, match="No space left"):
        folder.write(fixed_file(run))
    assert list((tmp_path / "models").iterdir()) == []


def test_the_check_of_a_text_model_sees_another_value_in_the_graph(run):
    pytest.importorskip("onnxruntime_extensions")
    loaded = load_run(run)
    text, ids = fixed_file(run, text=True), fixed_file(run)
    assert check_texts(text, ids, loaded.tokenizer, loaded.search, fixed=True).sentences == 17
    short = type(loaded.search)(**{**loaded.search.to_dict(), "max_length": 2})
    other = serialize(build_model(loaded.model, short, "int8", fixed=True))
    with pytest.raises(ParityError, match="in the text model"):
        check_texts(text, other, loaded.tokenizer, loaded.search, fixed=True)
