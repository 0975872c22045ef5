"""The model file: its contract, what it is made of, what the check refuses."""

import base64
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from graphs import every_node, every_tensor, float_matrices

from s2s.config import ModelConfig, SearchConfig
from s2s.errors import ConfigError, FileError, ModelError, ParityError
from s2s.model.run import load_run
from s2s_export import Parity, build_model, check_parity, export_run
from s2s_export import export as export_module
from s2s_export.graph.int8 import FEW_CODES, LOW_POINT, to_codes, vocabulary_codes


@pytest.fixture(scope="module", params=["fp32", "int8"])
def exported(request, make_run, tmp_path_factory):
    """A run with separate tokenizers, its report and its model."""
    run = make_run(joint=False, tie="target")
    path = tmp_path_factory.mktemp("out") / "model.onnx"
    report = export_run(run, path, request.param)
    return run, report, onnx.load(path, load_external_data=False)


def test_inputs_and_outputs_are_those_of_the_contract(exported):
    _, _, model = exported

    def described(values):
        kinds = {onnx.TensorProto.INT64: "int64", onnx.TensorProto.FLOAT: "float32"}
        return {
            value.name: (
                kinds[value.type.tensor_type.elem_type],
                [dim.dim_param for dim in value.type.tensor_type.shape.dim],
            )
            for value in values
        }

    assert described(model.graph.input) == {
        "src": ("int64", ["batch", "src_len"]),
        "src_lengths": ("int64", ["batch"]),
        "beam_size": ("int64", []),
        "max_length": ("int64", []),
        "length_penalty": ("float32", []),
    }
    assert described(model.graph.output) == {
        "hypotheses": ("int64", ["batch", "beam", "tgt_len"]),
        "lengths": ("int64", ["batch", "beam"]),
        "scores": ("float32", ["batch", "beam"]),
    }


def test_no_input_has_a_default_that_javascript_would_ignore(exported):
    _, _, model = exported
    stored = {tensor.name for tensor in every_tensor(model.graph)}
    assert not stored & {value.name for value in model.graph.input}


def test_the_file_holds_all_of_its_weights(exported):
    _, report, model = exported
    assert all(
        tensor.data_location != onnx.TensorProto.EXTERNAL for tensor in every_tensor(model.graph)
    )
    assert [path.name for path in report.path.parent.iterdir()] == [report.path.name]
    assert report.path.stat().st_size == report.bytes


def test_the_file_is_old_enough_for_onnxruntime_1_17(exported):
    _, _, model = exported
    assert model.ir_version <= 9
    assert {opset.domain: opset.version for opset in model.opset_import}[""] <= 20


def test_fp32_uses_standard_operators_only_and_int8_one_of_onnxruntime(exported):
    _, report, model = exported
    foreign = {
        node.op_type for node in every_node(model.graph) if node.domain not in ("", "ai.onnx")
    }
    assert foreign == (set() if report.precision == "fp32" else {"MatMulIntegerToFloat"})


def test_the_metadata_say_what_the_file_is(exported):
    run, report, model = exported
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert metadata["s2s.format"] == "1"
    config = json.loads(metadata["s2s.config"])
    loaded = load_run(run)
    assert ModelConfig.from_dict(config["model"]) == loaded.model.config
    assert SearchConfig.from_dict(config["search"]) == loaded.search
    assert config["precision"] == report.precision
    assert config["languages"] == {"src": "en", "tgt": "es"}
    assert config["scores"] == {"bleu": 12.5}
    assert base64.b64decode(metadata["s2s.tokenizer"]) == loaded.tokenizer.src_model
    assert base64.b64decode(metadata["s2s.tgt_tokenizer"]) == loaded.tokenizer.tgt_model


def test_a_joint_tokenizer_is_stored_once(make_run, tmp_path):
    export_run(make_run(), tmp_path / "model.onnx")
    model = onnx.load(tmp_path / "model.onnx")
    assert "s2s.tgt_tokenizer" not in {entry.key for entry in model.metadata_props}


def test_the_report_counts_what_was_compared(exported):
    _, report, _ = exported
    assert report.parity.hypotheses > report.parity.sentences > 30
    assert str(report.path) in str(report)
    if report.precision == "fp32":
        assert report.parity.identical == report.parity.hypotheses
        assert report.parity.largest_difference < 1e-4


@pytest.mark.parametrize(("precision", "slow"), [("int8", True), ("int8", False), ("fp32", True)])
def test_an_int8_export_says_if_this_processor_gains_little_from_it(
    precision, slow, make_run, tmp_path, monkeypatch
):
    monkeypatch.setattr(export_module, "check_parity", lambda *_, **__: Parity())
    monkeypatch.setattr(export_module, "lacks_int8_products", lambda: slow)
    said = str(export_run(make_run(), tmp_path / "model.onnx", precision))
    assert ("no VNNI and no AMX" in said) is (precision == "int8" and slow)


def corrupted(model, search, precision="fp32", *, fixed=False):
    """Builds the models' graph, which differs from torch's in one bias."""
    weight = model[0].decoder.readout.bias.data
    saved = weight.clone()
    weight += 0.5
    try:
        return build_model(model, search, precision, fixed=fixed)
    finally:
        weight.copy_(saved)


def test_a_graph_that_translates_otherwise_is_not_written(make_run, tmp_path, monkeypatch):
    run, path = make_run(), tmp_path / "model.onnx"
    path.write_bytes(b"the file of yesterday")
    monkeypatch.setattr(export_module, "build_model", corrupted)
    with pytest.raises(ParityError, match=r"in the graph and \d+ in torch|scores differ"):
        export_run(run, path)
    assert path.read_bytes() == b"the file of yesterday"
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.onnx"]


def test_an_int8_graph_with_wrong_scales_is_refused(make_model, tiny_config):
    model = make_model(tiny_config())
    graph = build_model(model, SearchConfig(), "int8")
    for tensor in every_tensor(graph.graph):
        if tensor.name == "decoder.layers.0.scales":
            scales = 4 * onnx.numpy_helper.to_array(tensor)
            tensor.CopyFrom(onnx.numpy_helper.from_array(scales, tensor.name))
    with pytest.raises(ParityError, match="int8"):
        check_parity(model, graph.SerializeToString(), SearchConfig(), "int8")


def test_a_graph_that_onnx_refuses_is_not_written(make_run, tmp_path, monkeypatch):
    def broken(model, search, precision, *, fixed):
        graph = build_model(model, search, precision, fixed=fixed)
        graph.graph.node[0].input[0] = "nowhere"
        return graph

    monkeypatch.setattr(export_module, "build_model", broken)
    with pytest.raises(ParityError, match=r"onnx\.checker"):
        export_run(make_run(), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_bad_arguments_get_one_line(make_run, tmp_path):
    run = make_run()
    with pytest.raises(ConfigError, match="did you mean 'int8'"):
        export_run(run, tmp_path / "model.onnx", "int9")
    with pytest.raises(FileError, match="folder does not exist"):
        export_run(run, tmp_path / "absent" / "model.onnx")
    with pytest.raises(FileError, match="it is a folder"):
        export_run(run, tmp_path)
    with pytest.raises(FileError, match="not a run folder"):
        export_run(tmp_path, tmp_path / "model.onnx")


def test_a_model_too_large_for_one_file_is_refused(make_run, tmp_path, monkeypatch):
    monkeypatch.setattr(export_module, "LARGEST", 1000)
    with pytest.raises(ModelError, match="holds at most"):
        export_run(make_run(), tmp_path / "model.onnx")


READOUT = ({"decoder.readout.states", "decoder.readout.context"}, {"decoder.readout.weight"})
"""Matrices of a readout, and of one that reads a context of several heads."""


@pytest.mark.parametrize(("cell", "attention"), [("lstm", "multihead"), ("gru", "mlp")])
@pytest.mark.parametrize(
    ("tie", "pieces"), [("none", 500), ("target", 500), ("all", 500), ("all", 300)]
)
def test_int8_is_a_quarter_of_fp32_and_keeps_no_float_matrix_but_the_readout(
    make_model, tiny_config, cell, attention, tie, pieces
):
    kind = {"cell": cell, "attention": attention, "tie": tie, "encoder_layers": 2}
    size = {"embedding_size": 64, "hidden_size": 128, "src_vocab_size": 500}
    size["tgt_vocab_size"] = pieces
    model = make_model(tiny_config(**size, **kind))
    fp32, int8 = (build_model(model, SearchConfig(), name) for name in ("fp32", "int8"))
    kept = float_matrices(int8.graph)
    assert kept.keys() == READOUT[attention == "multihead"]
    bytes_kept = sum(kept.values())
    assert int8.ByteSize() - bytes_kept < 0.3 * (fp32.ByteSize() - bytes_kept)


def test_weights_that_are_all_zero_can_be_exported(make_model, tiny_config):
    model = make_model(tiny_config(tie="none", cell="rnn", activation="relu"))
    for name, weight in model.named_parameters():
        if name != "output.bias":
            weight.data.zero_()
    for precision in ("fp32", "int8"):
        serialized = build_model(model, SearchConfig(), precision).SerializeToString()
        assert check_parity(model, serialized, SearchConfig(), precision).identical > 0


def test_two_neighbours_of_an_int8_weight_cannot_saturate_16_bits():
    weight = np.random.default_rng(0).normal(size=(50, 203)).astype(np.float32)
    weight[0] = 1.0
    weight[1] = 0.0
    codes, scales = to_codes(weight)
    padded = np.pad(np.abs(codes.astype(int)), ((0, 0), (0, 1))).reshape(50, -1, 4)
    assert np.sort(padded, axis=-1)[..., -2:].sum(axis=-1).max() * 255 < 2**15
    assert np.abs(codes * scales[:, None] - weight).max() <= scales.max() * 0.501


@pytest.mark.parametrize(("largest", "one"), [(1.0, True), (30.0, False)])
def test_two_weights_of_a_vocabulary_cannot_saturate_16_bits_with_activations_of_7(largest, one):
    table = np.random.default_rng(0).uniform(-1, 1, size=(50, 203)).astype(np.float32)
    table[0] *= largest
    codes, scales, own = vocabulary_codes(table, 40)
    assert own.ndim == (0 if one else 1)
    assert (own == scales[:40]).all()
    assert np.abs(codes.astype(int)).max() == 127
    assert (LOW_POINT + FEW_CODES) * 2 * 127 < 2**15
    assert (np.abs(codes * scales[:, None] - table).max(axis=1) <= scales * 0.501).all()
