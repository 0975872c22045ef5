import base64
import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s2s.errors import FileError, ModelError
from s2s.formats.checksum import BLANK_CHECKSUM, sealed
from s2s.formats.model_file import read_model_file
from s2s.formats.onnx_header import read_header
from s2s.protobuf import write_varint


def field(number, value):
    """A protobuf field of bytes; appended to a message, it is one more or replaces the last."""
    assert len(value) < 1 << 14
    size = bytes([len(value) & 0x7F | 0x80, len(value) >> 7])
    return write_varint(number << 3 | 2) + size + value


def metadata(key, value):
    return field(14, field(1, key.encode()) + field(2, value.encode()))


def resealed(data):
    """Gives a changed file its checksum, as one has who changed it on purpose."""
    with contextlib.suppress(ModelError):
        return sealed(data)
    return data


def tensor(start, raw=None):
    """An initializer: type and shape, and perhaps data."""
    data = b"" if raw is None else field(9, raw)
    return field(7, field(5, start + field(8, b"huge") + data))


@pytest.fixture
def data(tiny):
    return tiny.read_bytes()


def test_header_of_the_tiny_model(data):
    header = read_header(data)
    assert [value.name for value in header.inputs] == [
        "src",
        "src_lengths",
        "beam_size",
        "max_length",
        "length_penalty",
    ]
    assert header.inputs[0].type == "int64"
    assert header.inputs[0].shape == ("batch", "src_len")
    assert header.inputs[4].shape == ()
    assert header.outputs[2].type == "float32"
    assert header.opsets[""] >= 17
    assert header.weights > 8000
    assert not header.external


def test_header_agrees_with_onnxruntime(data):
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    header = read_header(data)
    assert header.metadata == session.get_modelmeta().custom_metadata_map
    for values, found in (
        (header.inputs, session.get_inputs()),
        (header.outputs, session.get_outputs()),
    ):
        assert [value.name for value in values] == [value.name for value in found]
        assert [len(value.shape) for value in values] == [len(value.shape) for value in found]


def test_what_is_told_about_the_model(tiny):
    file = read_model_file(tiny)
    assert file.card["languages"] == {"src": "de", "tgt": "en"}
    assert file.search.beam_size == 5
    assert file.tokenizer.src_vocab_size == 64


def test_bytes_are_as_good_as_a_path(data, tiny):
    assert read_model_file(data).card == read_model_file(tiny).card


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: b"", "not an ONNX file"),
        (lambda data: b"\x1f\x8b" + data, "not an ONNX file"),
        (lambda data: b"plain text, of some length\n" * 9, "not an ONNX file"),
        (lambda data: data[:-1], "its end is missing"),
        (lambda data: data[:20000], "its end is missing"),
        (lambda data: data.replace(b"s2s.format", b"xxx.format"), "s2s did not write it"),
        (lambda data: data + metadata("s2s.format", "2"), "format 2, but this s2s reads format 1"),
        (lambda data: data + metadata("s2s.format", "\x1b[31m"), r"format \\x1b\[31m"),
        (lambda data: data + metadata("s2s.config", "{"), "s2s.config is missing or is not JSON"),
        (lambda data: data + metadata("s2s.config", "[" * 9999), "not JSON"),
        (lambda data: data + metadata("s2s.config", "[]"), "not a JSON object"),
        (lambda data: data + metadata("s2s.config", '{"search": {}}'), "no object 'model'"),
        (lambda data: data + metadata("s2s.tokenizer", "!"), "not base64"),
        (lambda data: data + metadata("s2s.tokenizer", ""), "not a SentencePiece model"),
        (lambda data: data + metadata("s2s.tokenizer", "eHg="), "not a SentencePiece model"),
        (lambda data: data + metadata("s2s.tgt_tokenizer", "eHg="), "not a SentencePiece model"),
        (lambda data: data.replace(b"length_penalty", b"length_pemalty"), "its graph has inputs"),
        (lambda data: data.replace(b"s2s.checksum", b"s2s.chocksum"), "s2s.checksum is missing"),
        (lambda data: data + metadata("s2s.checksum", BLANK_CHECKSUM), "checksum does not match"),
        (lambda data: data.replace(b"TopK", b"Topp"), "has the operator 'Topp', which this s2s"),
        (lambda data: data.replace(b"TopK", b"T\n\x1bk"), r"'T\\n\\x1bk'"),
        (lambda data: data + field(7, field(1, field(4, b"EPContext"))), "operator 'EPContext'"),
        (lambda data: data + field(7, field(1, field(4, b"Add") + field(7, b"x"))), "'x.Add'"),
        (lambda data: data + field(25, b""), "it has functions, which s2s does not write"),
        (lambda data: data + field(20, b""), "it has training, which"),
        (lambda data: data + field(7, field(15, b"")), "it has sparse tensors, which"),
        (lambda data: data + tensor(b"\x10\x01\x08\x7f"), "'huge' has more or less data"),
        (
            lambda data: data + tensor(b"\x10\x01\x08\x7f", raw=bytes(507)),
            "'huge' has more or less",
        ),
        (lambda data: data + tensor(b"\x10\x01" + b"\x08\xff\xff\xff\xff\x0f" * 2), "'huge'"),
        (
            lambda data: data + tensor(b"\x10\x01\x08" + b"\xff" * 9 + b"\x01"),
            "'huge' has more or less",
        ),
        (lambda data: data + tensor(b"\x10\x63", raw=bytes(8)), "'huge' has more or less data"),
        (lambda data: data + field(7, field(5, b"\x70\x01")), "weights are in another file"),
        (
            lambda data: data + field(7, field(1, field(5, field(6, field(5, b"\x70\x01"))))),
            "weights are in another file",
        ),
    ],
)
def test_files_that_are_no_s2s_model_get_one_line(data, change, reason):
    with pytest.raises(ModelError, match=reason) as caught:
        read_model_file(resealed(change(data)))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_tokenizer_of_another_size_is_refused(data):
    card = read_model_file(data).card
    card["model"]["tgt_vocab_size"] = 65
    with pytest.raises(
        ModelError, match=r"\(64, 64\) source and target pieces, but its network \(64, 65\)"
    ):
        read_model_file(sealed(data + metadata("s2s.config", json.dumps(card))))


def test_a_search_out_of_range_is_refused(data):
    card = read_model_file(data).card
    card["search"]["beam_size"] = 0
    with pytest.raises(ModelError, match=r"beam_size \(--beam-size\) is 0"):
        read_model_file(sealed(data + metadata("s2s.config", json.dumps(card))))


def test_fields_of_a_later_version_are_left_to_the_graph(data):
    card = read_model_file(data).card
    card["model"]["new"] = card["search"]["new"] = 1
    changed = sealed(data + metadata("s2s.config", json.dumps(card)))
    assert read_model_file(changed).search.beam_size == 5


def test_a_separate_target_tokenizer_is_used(data):
    own = base64.b64encode(read_model_file(data).tokenizer.src_model).decode()
    assert read_model_file(sealed(data + metadata("s2s.tgt_tokenizer", own))).tokenizer.tgt_model


@given(st.binary(max_size=200))
def test_any_bytes_are_a_header_or_an_error(data):
    with contextlib.suppress(ModelError):
        read_header(data)


@given(st.integers(0, 44_000), st.integers(1, 255))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_in_any_place_is_a_header_or_an_error(data, position, change):
    damaged = bytearray(data)
    damaged[position] ^= change
    with contextlib.suppress(ModelError):
        read_header(bytes(damaged))


def test_graphs_inside_graphs_have_an_end(data):
    graph = b""
    for _ in range(200):
        graph = field(1, field(5, field(6, graph)))
    with pytest.raises(ModelError):
        read_header(data + field(7, graph))


def test_a_device_is_not_read_to_an_end_that_it_may_not_have():
    with pytest.raises(FileError, match="/dev/zero is a device; expected an"):
        read_model_file("/dev/zero")


def test_a_file_larger_than_any_model_is_not_read(tmp_path):
    path = tmp_path / "model.onnx"
    with path.open("wb") as file:
        file.truncate(2**31)  # takes no room on the disk
    with pytest.raises(ModelError, match="it is larger than 2 GiB"):
        read_model_file(path)


def test_files_that_cannot_be_read_are_file_errors(tmp_path):
    with pytest.raises(FileError, match="does not exist"):
        read_model_file(tmp_path / "none.onnx")
    with pytest.raises(FileError, match="cannot read"):
        read_model_file(tmp_path)
    with pytest.raises(FileError, match="cannot read"):
        read_model_file("a\0b")
