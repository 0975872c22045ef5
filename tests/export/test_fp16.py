"""fp16 files: what is in half precision and what is not, and how near they are to torch."""

import itertools
import sys
import time

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from graphs import every_tensor, float_matrices
from onnx import TensorProto, shape_inference

from s2s.config import SearchConfig
from s2s.errors import ModelError, ParityError
from s2s.model.run import load_run
from s2s_export import build_model, check_parity, export_run
from s2s_export.graph.arithmetic import FLOAT16_TYPE, FLOAT32_TYPE
from s2s_export.parity.rounded import LIMITS, check_rounding

SEARCH = SearchConfig(max_length=40)
SMALL = {"batches": ((20,), (3, 1, 12, 25, 2)), "beams": (1, 4)}
KINDS = (
    {"cell": "lstm", "attention": "multihead", "encoder_layers": 2, "decoder_layers": 2},
    {"cell": "gru", "attention": "mlp", "context": "input_feeding", "tie": "target"},
    {"cell": "rnn", "attention": "general", "context": "input_feeding", "decoder_layers": 2},
    {"cell": "rnn", "activation": "relu", "attention": "dot", "tie": "none"},
    {"cell": "peephole", "attention": "mlp", "encoder_layers": 2, "decoder_layers": 3},
)
CELLS = (("lstm", "tanh"), ("gru", "tanh"), ("rnn", "tanh"), ("rnn", "relu"), ("peephole", "tanh"))


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_the_graph_translates_nearly_as_torch(make_model, tiny_config, kind):
    model = make_model(tiny_config(**kind))
    serialized = build_model(model, SEARCH, "fp16").SerializeToString()
    parity = check_parity(model, serialized, SEARCH, "fp16", **SMALL)
    assert (parity.sentences, parity.hypotheses) == (12, 30)
    assert 0 < parity.largest_difference < 0.1


@pytest.mark.slow
def test_every_kind_translates_nearly_as_torch(make_model, tiny_config, capsys):
    start, lowest, largest = time.monotonic(), 1.0, 0.0
    grid = itertools.product(
        CELLS,
        ("dot", "general", "mlp", "multihead"),
        ("parallel", "input_feeding"),
        (1, 2, 3),
    )
    for number, ((cell, activation), attention, context, depth) in enumerate(grid):
        config = tiny_config(
            cell=cell,
            activation=activation,
            attention=attention,
            context=context,
            encoder_layers=depth,
            decoder_layers=depth,
            tie=("none", "target", "all")[number % 3],
            tgt_vocab_size=(40, 29)[number % 2],
        )
        model = make_model(config, number)
        serialized = build_model(model, SEARCH, "fp16").SerializeToString()
        parity = check_parity(model, serialized, SEARCH, "fp16")
        lowest = min(lowest, parity.identical / parity.hypotheses)
        largest = max(largest, parity.largest_difference)
    with capsys.disabled():
        print(  # noqa: T201
            f"\n{number + 1} models: at least {lowest:.1%} of the hypotheses are torch's, largest "
            f"score difference {largest:.2g}, {time.monotonic() - start:.0f} s",
            file=sys.stderr,
        )


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_the_network_is_in_float16_and_the_search_in_float32(make_model, tiny_config, kind):
    model = build_model([make_model(tiny_config(**kind))] * 2, SEARCH, "fp16")
    assert not float_matrices(model.graph)
    halves = [each for each in every_tensor(model.graph) if each.data_type == TensorProto.FLOAT16]
    assert any(tensor.name.endswith(".weight") for tensor in halves)
    full = build_model([make_model(tiny_config(**kind))] * 2, SEARCH)
    assert model.graph.input == full.graph.input
    assert model.graph.output == full.graph.output
    inferred = shape_inference.infer_shapes(model, strict_mode=True).graph
    found = {kind: set() for kind in ("LogSoftmax", "TopK", "LSTM", "GRU", "RNN", "Softmax")}
    for graph in graphs_in(inferred):
        types = {value.name: value.type.tensor_type.elem_type for value in graph.value_info}
        for node in graph.node:
            if node.op_type in found and node.input[0] in types:
                found[node.op_type].add(types[node.input[0]])
    assert found["LogSoftmax"] <= {TensorProto.FLOAT}
    assert found["TopK"] == {TensorProto.FLOAT}
    assert found["Softmax"] == {TensorProto.FLOAT16}
    assert found["LSTM"] | found["GRU"] | found["RNN"] == {TensorProto.FLOAT16}


def graphs_in(graph):
    """Yields a graph and the graphs inside it."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from graphs_in(attribute.g)


def test_states_and_memory_go_from_step_to_step_in_float16(make_model, tiny_config):
    model = build_model(make_model(tiny_config(cell="lstm")), SEARCH, "fp16")
    (steps, rounds) = (body_of(model.graph, name) for name in ("search_step", "search_round"))
    types = {
        value.name: value.type.tensor_type.elem_type for value in [*steps.input, *rounds.input]
    }
    halves = {name for name, dtype in types.items() if dtype == TensorProto.FLOAT16}
    assert halves >= {"state_0", "state_1", "live_memory_0", "live_memory_1", "live_memory_2"}
    assert types["totals"] == types["scores"] == types["best_scores"] == TensorProto.FLOAT


def body_of(graph, name):
    """Returns the graph of this name inside a graph."""
    (body,) = (each for each in graphs_in(graph) if each.name == name)
    return body


def test_the_file_has_half_the_size_and_says_whom_it_is_for(make_run, tmp_path, s2s, caplog):
    run, path = make_run(hidden_size=128, embedding_size=64, cell="gru"), tmp_path / "half.onnx"
    told = s2s("export", run, path, "--precision", "fp16")
    assert told.code == 0, told.err
    assert b"fp16 is for GPUs: a CPU computes it in fp32" in told.out
    assert b"kept in fp32: search" in told.out
    full = build_model(load_run(run).model, SEARCH).ByteSize()
    weights = 4 * load_run(run).model.num_parameters()
    assert 0.48 * weights < full - build_model(load_run(run).model, SEARCH, "fp16").ByteSize()
    assert b"precision    fp16" in s2s("info", path).out
    translated = s2s("translate", path, stdin=b"the cat sat\n")
    assert translated.code == 0
    assert "an int8 or fp32 file of the model is faster there" in caplog.text


def test_an_ensembles_fixed_text_model_can_be_fp16(make_run, tmp_path):
    pytest.importorskip("onnxruntime_extensions")
    runs = [make_run(seed=seed, cell=cell) for seed, cell in enumerate(("lstm", "gru"))]
    report = export_run(runs, tmp_path / "text.onnx", "fp16", text=True, fixed_search=True)
    assert report.members == 2 and report.fixed_search and report.texts.sentences > 0


def test_a_graph_of_other_weights_is_refused(make_model, tiny_config):
    model = make_model(tiny_config())
    other = make_model(tiny_config())
    for weight in other.parameters():
        weight.data += 0.05 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(1))
    serialized = build_model(other, SEARCH, "fp16").SerializeToString()
    with pytest.raises(ParityError, match=r"fp16.*The model is not fit for fp16; export fp32"):
        check_parity(model, serialized, SEARCH, "fp16", **SMALL)


@pytest.mark.parametrize(
    ("mean", "share", "message"),
    [
        (float("nan"), 1.0, "fp16 scores differ by nan nats on average"),
        (2 * LIMITS["fp16"].mean_difference, 1.0, "expected at most"),
        (0.0, LIMITS["fp16"].identical - 0.01, "of the hypotheses have the pieces of the torch"),
    ],
)
def test_scores_and_pieces_have_limits(mean, share, message):
    check_rounding("fp16", LIMITS["fp16"].mean_difference, LIMITS["fp16"].identical)
    with pytest.raises(ParityError, match=message):
        check_rounding("fp16", mean, share)


def test_a_weight_that_does_not_fit_is_refused(make_model, tiny_config):
    model = make_model(tiny_config())
    model.decoder.readout.weight.data[0, 0] = 7e4
    with pytest.raises(ModelError, match=r"the value 7e\+04; fp16 holds at most 65504; export"):
        build_model(model, SEARCH, "fp16")
    build_model(model, SEARCH, "fp32")


def test_infinity_stays_infinity():
    found = FLOAT16_TYPE.array(np.array([-np.inf, 1.0, 65504.0], np.float32))
    assert found.dtype == np.float16
    assert found.tolist() == [-np.inf, 1.0, 65504.0]
    assert FLOAT32_TYPE.array(3e38).dtype == np.float32
