"""The folder of a model for Triton Inference Server: the file, and a configuration that batches.

Triton's dynamic batcher joins the requests of several clients along the first dimension of every
input, and parts the outputs in the same way. It wants that dimension in all of them, does not count
it in ``dims``, and knows no shapes without dimensions: a tensor with the batch alone gets ``dims: [
1 ]`` and a ``reshape`` that takes the 1 away. Fields and rules are those of Triton's
``model_config.proto`` and ``model_configuration.md``. Its ONNX Runtime backend wants the ``dims``
of outputs that onnxruntime reports, -1 for a size that varies.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from s2s.errors import ConfigError, FileError, printable, suggest
from s2s.files import atomic_folder
from s2s.formats.model_file import TEXT_KEY
from s2s.formats.onnx_header import TensorInfo, read_header
from s2s.version import __version__

DEVICES = {"cpu": "KIND_CPU", "cuda": "KIND_GPU"}
MAX_BATCH_SIZE = 64
"""Sentences of a batch: about 1,000 source pieces, as many as s2s itself takes on a CPU."""
QUEUE_DELAY = 2000
"""Microseconds that a request waits for others."""
LIBRARY = "libortextensions.so"
"""The operators of onnxruntime-extensions, found by the system's loader: ``LD_LIBRARY_PATH``."""
_TYPES = {"int64": "TYPE_INT64", "float32": "TYPE_FP32", "string": "TYPE_STRING"}
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


@dataclass(frozen=True, kw_only=True)
class TritonFolder:
    """A model's folder in a model repository of Triton."""

    repository: Path
    """The repository; it is made if it does not exist."""
    name: str
    """Name of the model, and of its folder."""
    device: str = "cpu"
    """Processor that Triton runs it on: ``cpu`` or ``cuda``."""
    library: str = LIBRARY
    """Path of onnxruntime-extensions on the server, for a text model."""

    @property
    def path(self) -> Path:
        """The folder."""
        return self.repository / self.name

    def check(self, precision: str) -> None:
        """Checks all that can be checked before the export.

        Raises:
            ConfigError: If the name is none for Triton, or the precision not for the device.
            FileError: If the folder exists.
        """
        if not _NAME.fullmatch(self.name):
            raise ConfigError(
                f"the model's name for Triton (--triton-name) is {printable(self.name)!r}; "
                "expected letters, digits, '_', '-' and '.', such as en-de"
            )
        if self.device not in DEVICES:
            raise ConfigError(
                f"triton_device (--triton-device) is {self.device!r}; expected "
                f"{' or '.join(DEVICES)}{suggest(self.device, DEVICES)}"
            )
        if self.device == "cuda" and precision == "int8":
            raise ConfigError(
                "triton_device (--triton-device) is 'cuda', but int8 is for CPUs; export "
                "--precision fp32 or fp16, or choose 'cpu'"
            )
        if self.device == "cpu" and precision == "fp16":
            raise ConfigError(
                "triton_device (--triton-device) is 'cpu', but fp16 is for GPUs; export "
                "--precision fp32 or int8, or choose 'cuda'"
            )
        if self.path.exists():
            raise FileError(
                f"{printable(str(self.path))} exists already; remove it, or choose another name "
                "(--triton-name)"
            )

    def write(self, model: bytes) -> None:
        """Writes model and configuration; the folder appears whole or not at all.

        Args:
            model: A serialized model or text model whose search is fixed.

        Raises:
            FileError: If the folder exists by now, or cannot be written.
        """
        config = self.config(model)
        with atomic_folder(self.path, self._refuse) as lent:
            (lent / "1").mkdir()
            for path, data in (("config.pbtxt", config.encode()), ("1/model.onnx", model)):
                with (lent / path).open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())

    def _refuse(self) -> bool:
        raise FileError(f"{printable(str(self.path))} was made by somebody else meanwhile")

    def config(self, model: bytes) -> str:
        """Returns ``config.pbtxt``, a ModelConfig in protobuf's text format.

        Args:
            model: A serialized model or text model whose search is fixed.
        """
        header = read_header(model)
        lines = [
            f"# Written by s2s {__version__}; what may be changed:",
            "# https://s2s.example/howto/triton.html",
            f'name: "{self.name}"',
            'backend: "onnxruntime"',
            f"max_batch_size: {MAX_BATCH_SIZE}",
            *_tensors("input", header.inputs),
            *_tensors("output", header.outputs),
            f"dynamic_batching {{ max_queue_delay_microseconds: {QUEUE_DELAY} }}",
            f"instance_group [ {{ count: 1 kind: {DEVICES[self.device]} }} ]",
        ]
        if self.device == "cpu":
            # A small recurrent step gains little from threads: count is the number of cores to use.
            lines.append('parameters { key: "intra_op_thread_count" value: { string_value: "1" } }')
        if TEXT_KEY in header.metadata:
            library = self.library.replace("\\", r"\\").replace('"', r"\"")
            lines.append(f'model_operations {{ op_library_filename: "{library}" }}')
        return "\n".join(lines) + "\n"


def _tensors(kind: str, tensors: Iterable[TensorInfo]) -> Iterable[str]:
    """Yields a line for each input or output; the batch, its first dimension, is not listed."""
    for tensor in tensors:
        dims = [size if size.isdecimal() else "-1" for size in tensor.shape[1:]]
        reshape = "" if dims else " reshape { shape: [ ] }"
        yield (
            f'{kind} [ {{ name: "{tensor.name}" data_type: {_TYPES[tensor.type]} '
            f"dims: [ {', '.join(dims or ['1'])} ]{reshape} }} ]"
        )
