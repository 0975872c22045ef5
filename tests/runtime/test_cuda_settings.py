"""What is asked of a GPU: products in fp32, and fp32 files. No GPU is needed to see it."""

import logging
from dataclasses import replace

import pytest

pytest.importorskip("onnxruntime")

from paths import DATA

from s2s.formats.model_file import read_model_file
from s2s.runtime import onnx_backend
from s2s.runtime.onnx_backend import OnnxBackend


class Started(Exception):  # noqa: N818 - nothing is wrong
    """Ends a start after the providers are known."""


@pytest.fixture
def asked(monkeypatch):
    """The providers that a backend for CUDA asks for."""
    found = []

    def start(self, runtime, file, options, providers, names):
        found.extend([providers, names])
        raise Started

    monkeypatch.setattr(onnx_backend, "prepare_cuda", lambda runtime: None)
    monkeypatch.setattr(OnnxBackend, "_start", start)
    return found


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_cuda_is_asked_for_fp32_products_and_an_int8_file_is_told(precision, asked, caplog):
    file = read_model_file(DATA / "tiny.onnx")
    file = replace(file, card={**file.card, "precision": precision})
    with caplog.at_level(logging.WARNING), pytest.raises(Started):
        OnnxBackend(file, "cuda", None)
    assert asked == [
        [("CUDAExecutionProvider", {"use_tf32": "0"}), "CPUExecutionProvider"],
        ["CUDAExecutionProvider", "CPUExecutionProvider"],
    ]
    warned = [record.getMessage() for record in caplog.records]
    assert len(warned) == (precision == "int8")
    assert all("export the model with --precision fp32 or fp16" in text for text in warned)


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_a_cpu_is_told_that_an_fp16_file_is_slow_there(precision, caplog):
    file = read_model_file(DATA / "tiny.onnx")
    file = replace(file, card={**file.card, "precision": precision})
    with caplog.at_level(logging.WARNING):
        OnnxBackend(file, "cpu", 1)
    warned = [record.getMessage() for record in caplog.records]
    assert len(warned) == (precision == "fp16")
    assert all("on a CPU, onnxruntime converts it around each node" in text for text in warned)
