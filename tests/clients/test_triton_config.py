"""Triton's own schema reads the configuration that `s2s export --triton` writes."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

model_config_pb2 = pytest.importorskip(
    "tritonclient.grpc.model_config_pb2", reason="tritonclient[grpc] is missing: make test-clients"
)
from google.protobuf import text_format

pytestmark = pytest.mark.clients

ROOT = Path(__file__).parents[2]
RUN = ROOT / "tests" / "data" / "run-0.1.0"
COMMAND = shlex.split(os.environ.get("S2S", str(ROOT / ".venv" / "bin" / "s2s")))
LIBRARY = '/opt/a "quoted" \\ path/libortextensions.so'


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    """Returns a function that exports with options and returns the parsed configuration."""
    if shutil.which(COMMAND[0]) is None:
        pytest.skip(f"the command {COMMAND[0]} is missing; run make test-clients")
    folder = tmp_path_factory.mktemp("triton")

    def run(name, *options):
        triton = ["--fixed-search", "--triton", str(folder)]
        command = [*COMMAND, "export", str(RUN), str(folder / f"{name}.onnx"), *triton, *options]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
        text = (folder / name / "config.pbtxt").read_text(encoding="utf-8")
        return text_format.Parse(text, model_config_pb2.ModelConfig())

    return run


def tensors_of(config):
    """Returns type, dims and the shape that reaches the model, of each input and output."""
    return {
        tensor.name: (
            model_config_pb2.DataType.Name(tensor.data_type),
            list(tensor.dims),
            list(tensor.reshape.shape) if tensor.HasField("reshape") else None,
        )
        for tensor in [*config.input, *config.output]
    }


def test_a_model_of_pieces_can_be_batched(export):
    config = export("pieces", "--beam-size", "4")
    assert (config.name, config.backend) == ("pieces", "onnxruntime")
    assert config.max_batch_size == 64
    assert config.HasField("dynamic_batching")
    assert config.dynamic_batching.max_queue_delay_microseconds == 2000
    assert tensors_of(config) == {
        "src": ("TYPE_INT64", [-1], None),
        "src_lengths": ("TYPE_INT64", [1], []),
        "hypotheses": ("TYPE_INT64", [4, -1], None),
        "lengths": ("TYPE_INT64", [4], None),
        "scores": ("TYPE_FP32", [4], None),
    }
    assert [group.kind for group in config.instance_group] == [config.instance_group[0].KIND_CPU]
    assert not config.model_operations.op_library_filename


def test_a_text_model_can_be_batched_and_names_its_library(export):
    config = export("text", "--text", "--beam-size", "2", "--triton-library", LIBRARY)
    assert tensors_of(config) == {
        "text": ("TYPE_STRING", [1], []),
        "translations": ("TYPE_STRING", [2], None),
        "scores": ("TYPE_FP32", [2], None),
        "lengths": ("TYPE_INT64", [2], None),
        "src_lengths": ("TYPE_INT64", [1], []),
    }
    assert list(config.model_operations.op_library_filename) == [LIBRARY]


def test_a_model_for_a_gpu_says_so(export):
    config = export("gpu", "--triton-device", "cuda")
    assert [group.kind for group in config.instance_group] == [config.instance_group[0].KIND_GPU]
    assert not config.parameters
