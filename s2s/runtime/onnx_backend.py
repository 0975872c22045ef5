"""Searches with onnxruntime in a model file's graph."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from s2s.config import SearchConfig
from s2s.errors import ConfigError, DeviceError, ModelError
from s2s.formats.model_file import INPUTS, OUTPUTS, ModelFile
from s2s.formats.option_inputs import DEFAULTS, DETAILS, opened
from s2s.machine import available_cores
from s2s.runtime.backend import BatchSize, SearchBatch, SearchOutput, graph_inputs
from s2s.runtime.providers import (
    CUDA_HINT,
    Provider,
    check_providers,
    import_onnxruntime,
    prepare_cuda,
    reason,
    runtime_errors,
)
from s2s.runtime.sessions import Sessions


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
    where batches come one by one do two cores share them, see ``s2s.runtime.sessions``. Results do
    not depend on any of it.
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
                "s2s.session_options() makes it"
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

    def search(
        self, batch: SearchBatch, config: SearchConfig, *, details: bool = False
    ) -> SearchOutput:
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
                found = SearchOutput(*session.run(outputs, inputs))
        except self._errors as error:
            raise ModelError(f"onnxruntime cannot run {self._name}: {reason(error)}") from error
        if not _is_found(found, batch, config.beam_size, self._pieces):
            raise ModelError(
                f"{self._name} is damaged: its graph gives no hypotheses of its pieces"
            )
        return found


def _is_found(found: SearchOutput, batch: SearchBatch, beam_size: int, pieces: int) -> bool:
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
