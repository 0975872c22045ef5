"""What runs a search: onnxruntime for a model file, torch for a run folder, behind one interface.

torch is imported by ``s2s.torch_backend`` alone, and only when a run folder is loaded.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from s2s.batching import BatchSize
from s2s.config import SearchConfig
from s2s.errors import ConfigError, DeviceError, ModelError, suggest
from s2s.formats.model_file import INPUTS, OUTPUTS, ModelFile
from s2s.formats.option_inputs import DEFAULTS, DETAILS, changed_scalars, opened
from s2s.machine import available_cores
from s2s.onnx_runtime import (
    CUDA_HINT,
    Provider,
    check_providers,
    import_onnxruntime,
    prepare_cuda,
    reason,
    runtime_errors,
)
from s2s.sessions import Sessions

DEVICES = ("cpu", "cuda")


class Batch(NamedTuple):
    """What is searched at once."""

    src: NDArray[np.int64]  # (batch, src_len), the end piece last, padded
    src_lengths: NDArray[np.int64]  # (batch,)
    prefix: NDArray[np.int64] | None = None  # (batch, prefix_len): how translations begin, padded
    bias: NDArray[np.float32] | None = None  # (tgt_vocab,), added to logits


class Found(NamedTuple):
    """Search output for a batch, best first."""

    hypotheses: NDArray[np.int64]  # (batch, beam, tgt_len)
    lengths: NDArray[np.int64]  # (batch, beam), pieces with the end piece
    scores: NDArray[np.float32]  # (batch, beam)
    log_probs: NDArray[np.float32] | None = None  # (batch, beam, tgt_len), if details are wanted
    attention: NDArray[np.float32] | None = None  # (batch, beam, tgt_len, src_len), likewise


class Backend(Protocol):
    """Runs searches; ``search`` may be called by ``workers`` threads at once."""

    workers: int
    batch_size: BatchSize
    """Where speed stops growing."""

    def search(self, batch: Batch, config: SearchConfig, *, details: bool = False) -> Found:
        """Looks for the best ``config.beam_size`` translations of a batch."""


def graph_inputs(batch: Batch, config: SearchConfig, *, details: bool = False) -> dict[str, Any]:
    """Returns what a graph is given: options only where they ask for something."""
    inputs: dict[str, Any] = {
        "src": batch.src,
        "src_lengths": batch.src_lengths,
        "beam_size": np.array(config.beam_size, np.int64),
        "max_length": np.array(config.max_length, np.int64),
        "length_penalty": np.array(config.length_penalty, np.float32),
        **changed_scalars(config),
    }
    if batch.prefix is not None:
        inputs["prefix"] = batch.prefix
    if batch.bias is not None:
        inputs["bias"] = batch.bias
    if details:
        inputs["details"] = np.array(True)
    return inputs


def check_device(device: str) -> None:
    """Raises ConfigError unless ``device`` is one that s2s knows."""
    if device not in DEVICES:
        raise ConfigError(
            f"device is {device!r}; expected {' or '.join(DEVICES)}{suggest(device, DEVICES)}"
        )


def session_options(threads: int = 1) -> Any:
    """Returns a new ``onnxruntime.SessionOptions`` with what s2s sets, to be changed further.

    One thread in a session, since batches run side by side; no memory patterns, since all shapes
    differ; no log, since errors are raised.

    Args:
        threads: That share out one batch.

    Raises:
        MissingPackageError: If onnxruntime is not installed.
    """
    options = import_onnxruntime().SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False
    return options


class OnnxBackend:
    """onnxruntime; on the CPU each batch has one core, and as many batches run as there are cores.

    Small recurrent steps leave little to share among threads, whole batches leave all of it. Only
    where batches come one by one do two cores share them, see ``s2s.sessions``. Results do not
    depend on any of it.
    """

    def __init__(
        self,
        file: ModelFile,
        device: str,
        threads: int | None,
        options: Any = None,
        providers: Sequence[Provider] | None = None,
    ) -> None:
        """Loads the graph.

        Args:
            file: The model.
            device: ``cpu`` or ``cuda``.
            threads: Batches that run at once on the CPU; one for each core if None.
            options: An ``onnxruntime.SessionOptions``, used as it is; ``session_options()`` if
                None.
            providers: Execution providers in place of those of ``device``.

        Raises:
            ConfigError: If onnxruntime knows no such provider.
            DeviceError: If there is no CUDA and ``device`` asks for it, or a provider is not there.
            MissingPackageError: If onnxruntime is not installed.
            ModelError: If onnxruntime refuses the graph.
        """
        runtime = import_onnxruntime()
        if providers is None:
            providers = ["CPUExecutionProvider"]
            if device == "cuda":
                providers.insert(0, "CUDAExecutionProvider")
            names = [str(each) for each in providers]
        else:
            names = check_providers(providers, runtime)
        if options is not None and not isinstance(options, runtime.SessionOptions):
            raise ConfigError(
                f"session_options is {options!r}; expected an onnxruntime.SessionOptions, as "
                "s2s.backends.session_options() makes it"
            )
        on_cpu = names[0] == "CPUExecutionProvider"
        self.workers = (threads or available_cores()) if on_cpu else 1
        # 8,000 pieces, hidden size 512, one core, 13 pieces a sentence: batches of 256 to 4,096
        # source pieces, beams 1 and 5, fp32 and int8 are within a tenth of the best at 1,024.
        self.batch_size = BatchSize(1024, 1024) if on_cpu else BatchSize(16384, 8192)
        self._name, self._pieces = file.name, file.tokenizer.tgt_vocab_size
        # Files of 0.1.0 have none.
        self._inputs = {*INPUTS, *(DEFAULTS if "options" in file.card else ())}
        self._errors = runtime_errors(runtime)
        if "CUDAExecutionProvider" in names:
            prepare_cuda(runtime)
        data = file.data

        def make(threads: int) -> Any:
            return runtime.InferenceSession(
                opened(data) if "options" in file.card else data,
                session_options(threads) if options is None else options,
                providers=list(providers),
                # It would go on with the CPU, and say so on standard output.
                enable_fallback=0,
            )

        second = options is None and names == ["CPUExecutionProvider"] and self.workers > 1
        try:
            self._sessions = Sessions(make, self._errors, second=second)
        except self._errors as error:
            raise ModelError(f"onnxruntime refuses {file.name}: {reason(error)}") from error
        started = self._sessions.providers
        if missing := [name for name in names if name not in started]:
            hint = CUDA_HINT if missing[0] == "CUDAExecutionProvider" else "see its requirements"
            raise DeviceError(f"onnxruntime could not start {missing[0]}; {hint}")

    def search(self, batch: Batch, config: SearchConfig, *, details: bool = False) -> Found:
        """As the protocol says.

        Raises:
            ModelError: If the graph fails, for want of memory say; or has no such input.
        """
        inputs = graph_inputs(batch, config, details=details)
        if missing := sorted(inputs.keys() - self._inputs):
            raise ModelError(
                f"{self._name} knows no {missing[0]}: an older s2s wrote it; export it again"
            )
        outputs = [*OUTPUTS, *DETAILS] if details else list(OUTPUTS)
        try:
            with self._sessions.lend() as session:
                found = Found(*session.run(outputs, inputs))
        except self._errors as error:
            raise ModelError(f"onnxruntime cannot run {self._name}: {reason(error)}") from error
        if not _is_found(found, batch, config.beam_size, self._pieces):
            raise ModelError(
                f"{self._name} is damaged: its graph gives no hypotheses of its pieces"
            )
        return found


def _is_found(found: Found, batch: Batch, beam_size: int, pieces: int) -> bool:
    """Whether what a graph gives has the shapes of search output, and pieces that there are."""
    hypotheses, lengths, scores = (np.asarray(each) for each in found[:3])
    rows, length = batch.src.shape
    if not (
        hypotheses.ndim == 3
        and hypotheses.shape[:2] == lengths.shape == scores.shape
        and lengths.shape[0] == rows
        and 1 <= lengths.shape[1] <= beam_size
        and 0 <= lengths.min() <= lengths.max() <= hypotheses.shape[2]
        and 0 <= hypotheses.min(initial=0) <= hypotheses.max(initial=0) < pieces
    ):
        return False
    details = [] if found.log_probs is None else [(found.log_probs, hypotheses.shape)]
    if found.attention is not None:
        details.append((found.attention, (*hypotheses.shape, length)))
    return all(np.shape(value) == shape for value, shape in details)
