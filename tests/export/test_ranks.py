"""Beam size, maximum length and length penalty are taken with no axis and with one."""

import itertools

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from s2s.config import EOS_ID
from s2s.formats.option_inputs import opened
from s2s.model.run import load_run
from s2s_export import build_model
from s2s_export.parity.text import extensions_path
from s2s_export.text_model import build_text_model

NUMBERS = {
    "beam_size": np.array(3),
    "max_length": np.array(9),
    "length_penalty": np.array(0.6, np.float32),
}
IDS = {"src": np.array([[5, 9, 7, EOS_ID], [8, EOS_ID, 0, 0]]), "src_lengths": np.array([4, 2])}
KINDS = ["fp32", "int8", "opened", "ensemble", "text"]


@pytest.fixture(scope="module", params=KINDS)
def session(request, make_run):
    """A file of each kind, in onnxruntime; and its other inputs."""
    run, options, inputs = load_run(make_run()), onnxruntime.SessionOptions(), IDS
    models = [run.model] * (2 if request.param == "ensemble" else 1)
    if request.param == "text":
        pytest.importorskip("onnxruntime_extensions")
        options.register_custom_ops_library(extensions_path())
        graph = build_text_model(models, run.search, run.tokenizer)
        inputs = {"text": np.array(["the cat sat", "", "the dog"], dtype=object)}
    else:
        graph = build_model(models, run.search, "int8" if request.param == "int8" else "fp32")
    serialized = graph.SerializeToString()
    if request.param == "opened":
        serialized = opened(serialized)
    options.log_severity_level = 4
    providers = ["CPUExecutionProvider"]
    return onnxruntime.InferenceSession(serialized, options, providers=providers), inputs


@pytest.mark.parametrize("ranks", list(itertools.product([0, 1], repeat=3)), ids=str)
def test_numbers_with_an_axis_are_numbers(session, ranks):
    session, inputs = session
    expected = session.run(None, {**inputs, **NUMBERS})
    numbers = {
        name: value.reshape([1] * rank)
        for (name, value), rank in zip(NUMBERS.items(), ranks, strict=True)
    }
    for got, wanted in zip(session.run(None, {**inputs, **numbers}), expected, strict=True):
        np.testing.assert_array_equal(got, wanted, strict=True)


@pytest.mark.parametrize("name", NUMBERS)
def test_two_numbers_are_an_error(session, name):
    session, inputs = session
    with pytest.raises(Exception, match=r"Input shape:\{2\}, requested shape:\{1\}"):
        session.run(None, {**inputs, **NUMBERS, name: np.repeat(NUMBERS[name], 2)})
