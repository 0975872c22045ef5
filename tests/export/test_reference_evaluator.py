"""onnx's own evaluator, which takes the standard at its word, finds what onnxruntime finds."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from graphs import every_node
from onnx.reference import ReferenceEvaluator
from onnx.reference.ops import op_gru, op_lstm, op_rnn

from s2s.config import EOS_ID, SearchConfig
from s2s.formats.option_inputs import opened
from s2s.model.run import load_run
from s2s_export import build_model
from s2s_export.text_model import build_text_model

pytestmark = pytest.mark.filterwarnings("ignore:divide by zero encountered in log")


def sentence_by_sentence(layer, inputs, *weights, **attributes):
    """Runs a recurrent layer of onnx's evaluator as if it knew ``sequence_lens``."""
    others = weights[4:]  # first states and peepholes
    *weights, lengths = weights[:4]
    outputs, states = [], []
    for row, length in enumerate(lengths):
        own = inputs[:length, row : row + 1]
        output, state = layer(own, *weights, None, *others, **attributes)
        padding = [(0, len(inputs) - length), *[(0, 0)] * 3]
        outputs.append(np.pad(output, padding))
        states.append(state)
    return np.concatenate(outputs, axis=2), np.concatenate(states, axis=1)


class GRU(op_gru.GRU):
    """Of which onnx's does not look at ``sequence_lens``."""

    def _run(self, *inputs, **attributes):
        return sentence_by_sentence(super()._run, *inputs, **attributes)


class LSTM(op_lstm.LSTM):
    """Of which onnx's does not look at ``sequence_lens``."""

    def _run(self, *inputs, **attributes):
        return sentence_by_sentence(super()._run, *inputs, **attributes)


class RNN(op_rnn.RNN_14):
    """Of which onnx's does not look at ``sequence_lens``, and has no ReLU."""

    def choose_act(self, name, alpha, beta):
        if name == "Relu":
            return lambda x: np.maximum(x, 0)
        return super().choose_act(name, alpha, beta)

    def _run(self, *inputs, **attributes):
        return sentence_by_sentence(super()._run, *inputs, **attributes)


LAYERS = [GRU, LSTM, RNN]
ONE = [[5, 9, 7, 30, EOS_ID]]
RAGGED = [[5, 9, 7, 30, EOS_ID], [8, EOS_ID], [31, 4, 22, EOS_ID]]
RELU = {"cell": "rnn", "activation": "relu", "attention": "dot", "decoder_layers": 2}
PLAIN_KINDS = [
    {"cell": "gru", "attention": "general"},
    {"cell": "lstm", "attention": "mlp", "context": "input_feeding", "encoder_layers": 2},
    {"cell": "rnn", "attention": "multihead"},
    {"cell": "peephole", "attention": "dot", "encoder_layers": 2, "decoder_layers": 2},
]
KINDS = [*PLAIN_KINDS, RELU]


def inputs_of(sentences, beam):
    """Inputs of a graph; the evaluator wants arrays for scalars."""
    lengths = np.array([len(sentence) for sentence in sentences])
    src = np.zeros((len(sentences), lengths.max()), np.int64)
    for row, sentence in zip(src, sentences, strict=True):
        row[: len(sentence)] = sentence
    scalars = {"beam_size": np.array(beam), "max_length": np.array(12)}
    scalars["length_penalty"] = np.array(0.6, np.float32)
    return {"src": src, "src_lengths": lengths, **scalars}


def compare(graph, inputs, layers=()):
    """Runs a graph in both; what they say must be the same but for rounding."""
    serialized = graph if isinstance(graph, bytes) else graph.SerializeToString()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(serialized, options)
    expected = session.run(None, inputs)
    model = onnx.load_model_from_string(serialized)
    found = ReferenceEvaluator(model, new_ops=list(layers)).run(None, inputs)
    assert expected[0].size > 0
    for output, got, wanted in zip(session.get_outputs(), found, expected, strict=True):
        assert got.shape == wanted.shape, output.name
        if wanted.dtype == np.float32:
            np.testing.assert_allclose(got, wanted, atol=1e-4, err_msg=output.name)
        else:
            np.testing.assert_array_equal(got, wanted, output.name)


@pytest.mark.parametrize("beam", [1, 3])
@pytest.mark.parametrize("kind", PLAIN_KINDS, ids=str)
def test_a_sentence_has_the_same_hypotheses_and_scores(make_model, tiny_config, kind, beam):
    graph = build_model(make_model(tiny_config(**kind)), SearchConfig())
    compare(graph, inputs_of(ONE, beam))
    compare(graph, inputs_of([*ONE, *ONE, *ONE], beam))


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="the recurrent layers of onnx's evaluator do not look at sequence_lens",
)
def test_a_padded_batch_has_the_same_hypotheses_and_scores(make_model, tiny_config):
    compare(build_model(make_model(tiny_config()), SearchConfig()), inputs_of(RAGGED, 3))


@pytest.mark.xfail(
    strict=True, raises=RuntimeError, reason="the RNN of onnx's evaluator has no ReLU"
)
def test_a_sentence_has_them_with_relu(make_model, tiny_config):
    compare(build_model(make_model(tiny_config(**RELU)), SearchConfig()), inputs_of(ONE, 3))


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_padded_batch_has_them_if_recurrent_layers_look_at_lengths(make_model, tiny_config, kind):
    graph = build_model(make_model(tiny_config(**kind)), SearchConfig())
    for sentences in (RAGGED, RAGGED * 4):  # finished sentences leave the batch of many
        compare(graph, inputs_of(sentences, 3), LAYERS)


def test_an_ensemble_has_the_same_hypotheses_and_scores(make_model, tiny_config):
    models = [make_model(tiny_config(**kind), seed) for seed, kind in enumerate(KINDS[:2])]
    compare(build_model(models, SearchConfig()), inputs_of(RAGGED, 2), LAYERS)


@pytest.mark.parametrize(
    "option",
    [
        {},
        {"min_length": np.array(6), "no_repeat": np.array(2)},
        {"diversity": np.array(0.5, np.float32)},
        {"temperature": np.array(0.8, np.float32), "top_k": np.array(7), "seed": np.array(3)},
        {"bias": np.linspace(-1, 1, 40, dtype=np.float32)},
        {"prefix": np.array([[7, 12], [9, 0], [0, 0]])},
    ],
    ids=str,
)
def test_options_and_details_say_the_same(make_model, tiny_config, option):
    graph = build_model(make_model(tiny_config()), SearchConfig())
    inputs = {**inputs_of(RAGGED, 3), **option, "details": np.array(True)}
    compare(opened(graph.SerializeToString()), inputs, LAYERS)


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_every_loop_has_a_trip_count_and_a_condition(make_run, precision):
    # Without a condition, ONNX does not look at the body's: the loop goes on for ever.
    run = load_run(make_run())
    models = [
        build_model(run.model, run.search, precision),
        build_model([run.model, run.model], run.search, precision),
        build_text_model(run.model, run.search, run.tokenizer, precision),
    ]
    for model in models:
        loops = [node for node in every_node(model.graph) if node.op_type == "Loop"]
        assert len(loops) >= 3
        assert all(node.input[0] and node.input[1] for node in loops)
