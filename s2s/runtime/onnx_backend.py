"""Searches with onnxruntime in a model file's graph."""

import logging
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from s2s.config import SearchConfig
from s2s.errors import ConfigError, DeviceError, ModelError, with_option
from s2s.formats.card import strings_of
from s2s.formats.model_file import INPUTS, OUTPUTS, ModelFile
from s2s.formats.option_inputs import DEFAULTS, DETAILS, constants, fixed_constants, opened
from s2s.machine import available_cores
from s2s.runtime.backend import BatchSize, SearchBatch, SearchOutput, graph_inputs
from s2s.runtime.providers import (
    CUDA_HINT,
    PROVIDERS,
    Provider,
    check_providers,
    import_onnxruntime,
    prepare_cuda,
    reason,
    runtime_errors,
)
from s2s.runtime.sessions import Sessions

INT8_ON_CUDA = (
    "%s is int8, whose products onnxruntime computes on one core of the CPU even with CUDA; "
    "export the model with --precision fp32 or fp16 for a GPU"
)
FP16_ON_CPU = (
    "%s is fp16, which is for GPUs: on a CPU, onnxruntime converts it around each node; an int8 or "
    "fp32 file of the model is faster there (s2s export --precision)"
)

logger = logging.getLogger(__name__)


def session_options(threads: int = 1) -> Any:
    """Returns a new ``onnxruntime.SessionOptions`` with the settings of s2s, to be changed further.

    A session has one thread, since batches run side by side; it has no memory patterns, since all
    shapes differ; and it logs nothing, since errors are raised.

    Args:
        threads: Threads that share one batch.

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

    Threads gain little inside a small recurrent step, and everything by whole batches. Only if
    batches come one by one, two cores share each (``s2s.runtime.sessions``). The results do not
    depend on the number of threads.
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
            threads: Batches that run at once on the CPU; as many as there are cores if None.
            options: An ``onnxruntime.SessionOptions``, used as it is; ``session_options()`` if
                None.
            providers: Execution providers, in place of ``device``.

        Raises:
            ConfigError: If onnxruntime knows no such provider.
            DeviceError: If there is no CUDA and ``device`` asks for it, or a provider is missing.
            MissingPackageError: If onnxruntime is not installed.
            ModelError: If onnxruntime refuses the graph.
        """
        runtime = import_onnxruntime()
        if providers is None:
            providers = PROVIDERS[device]
            names = [each if isinstance(each, str) else each[0] for each in providers]
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
        self._name, self._num_pieces = file.name, file.tokenizer.tgt_vocab_size
        # Files of 0.1.0 have no options, and those of other releases may lack some.
        self._options = [name for name in strings_of(file.card, "options") if name in DEFAULTS]
        self._inputs = {*INPUTS, *self._options}
        own = fixed_constants if file.fixed_search else constants
        self._constants = own(file.search)
        self.gives_attention = "details" in self._options
        self._errors = runtime_errors(runtime)
        precision = file.card.get("precision")
        if "CUDAExecutionProvider" in names:
            prepare_cuda(runtime)
            if precision == "int8":
                logger.warning(INT8_ON_CUDA, file.name)
        if on_cpu and precision == "fp16":
            logger.warning(FP16_ON_CPU, file.name)
        self._sessions = self._start(runtime, file, options, providers, names)

    def _start(
        self,
        runtime: ModuleType,
        file: ModelFile,
        options: Any,
        providers: Sequence[Provider],
        names: Sequence[str],
    ) -> Sessions:
        """Makes sessions of a file's graph; ``names`` has the names of ``providers``."""
        data, in_file, fixed = file.data, self._options, file.fixed_search

        def make(threads: int) -> Any:
            return runtime.InferenceSession(
                opened(data, in_file, fixed=fixed) if in_file or fixed else data,
                session_options(threads) if options is None else options,
                providers=list(providers),
                # It would go on with the CPU, and print that to standard output.
                enable_fallback=0,
            )

        on_cpu = list(names) == ["CPUExecutionProvider"]
        try:
            sessions = Sessions(
                make, self._errors, second=options is None and on_cpu and self.workers > 1
            )
        except self._errors as error:
            raise ModelError(f"onnxruntime refuses {file.name}: {reason(error)}") from error
        started = sessions.providers
        if missing := [name for name in names if name not in started]:
            hint = CUDA_HINT if missing[0] == "CUDAExecutionProvider" else "see its requirements"
            raise DeviceError(f"onnxruntime could not start {missing[0]}; {hint}")
        return sessions

    def search(
        self, batch: SearchBatch, config: SearchConfig, *, details: bool = False
    ) -> SearchOutput:
        """As the protocol says.

        Raises:
            ModelError: If the graph fails, for example because memory is short; or if it does not
                support an option.
        """
        inputs = graph_inputs(batch, config, self._constants, details=details)
        if missing := sorted(inputs.keys() - self._inputs):
            raise ModelError(
                f"{self._name} does not support {with_option(missing[0])}: it was exported by an "
                "older s2s; export it again"
            )
        outputs = [*OUTPUTS, *DETAILS] if details else list(OUTPUTS)
        try:
            with self._sessions.lend() as session:
                output = SearchOutput(*session.run(outputs, inputs))
        except self._errors as error:
            raise ModelError(f"onnxruntime cannot run {self._name}: {reason(error)}") from error
        if not _is_valid(output, batch, config.beam_size, self._num_pieces):
            raise ModelError(
                f"{self._name} is damaged: its graph returned hypotheses that are not valid"
            )
        return output


def _is_valid(output: SearchOutput, batch: SearchBatch, beam_size: int, num_pieces: int) -> bool:
    """Whether a graph's output has the shapes of search output, and pieces of the vocabulary."""
    hypotheses, lengths, scores = (np.asarray(array) for array in output[:3])
    num_rows, src_len = batch.src.shape
    if not (
        hypotheses.ndim == 3
        and hypotheses.shape[:2] == lengths.shape == scores.shape
        and lengths.shape[0] == num_rows
        and 1 <= lengths.shape[1] <= beam_size
        and 0 <= lengths.min() <= lengths.max() <= hypotheses.shape[2]
        and 0 <= hypotheses.min(initial=0) <= hypotheses.max(initial=0) < num_pieces
    ):
        return False
    details = [] if output.log_probs is None else [(output.log_probs, hypotheses.shape)]
    if output.attention is not None:
        details.append((output.attention, (*hypotheses.shape, src_len)))
    return all(np.shape(array) == shape for array, shape in details)
