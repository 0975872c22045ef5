"""Loads a translator's model: one model file, one run folder, or several run folders."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from s2s.config import SearchConfig
from s2s.errors import ConfigError, FileError, needs, printable
from s2s.formats.model_file import read_model_file
from s2s.formats.run_folder import is_run_folder
from s2s.runtime.backend import Backend
from s2s.runtime.onnx_backend import OnnxBackend
from s2s.runtime.providers import Provider
from s2s.tokenizer import Tokenizer

Model = str | Path | bytes
"""Path or bytes of a model file, or path of a run folder."""


class LoadedModel(NamedTuple):
    """A model that is ready to search."""

    backend: Backend
    card: dict[str, Any]
    """The model's description of itself: JSON values."""
    tokenizer: Tokenizer
    search: SearchConfig
    """Recommended values."""


def load(
    model: Model | Sequence[Model],
    device: str,
    threads: int | None,
    session_options: Any = None,
    providers: Sequence[Provider] | None = None,
) -> LoadedModel:
    """Loads a model file with onnxruntime, run folders with torch.

    Args:
        model: One model, or a sequence of run folders, which translate together.
        device: ``cpu`` or ``cuda``.
        threads: Cores to use; all that the process may use if None.
        session_options: Options for onnxruntime, in place of those of s2s.
        providers: Execution providers for onnxruntime, in place of ``device``.

    Raises:
        ConfigError: If a sequence is empty, or one of several models is a model file; if options
            for onnxruntime are given with a run folder; if onnxruntime knows no such provider.
        DeviceError: If the device is not there.
        FileError: If a model cannot be read.
        MissingPackageError: If onnxruntime (or torch, for a run folder) is missing.
        ModelError: If it is no s2s model, is damaged, or the runs do not fit together.
    """
    models = [model] if isinstance(model, str | Path | bytes) else list(model)
    if not models:
        raise ConfigError("no model was named; expected a model file, or at least one run folder")
    if len(models) == 1 and not _is_run(models[0]):
        file = read_model_file(models[0])
        onnx = OnnxBackend(file, device, threads, options=session_options, providers=providers)
        return LoadedModel(onnx, file.card, file.tokenizer, file.search)
    folders = [_check_run(member) for member in models]
    if session_options is not None or providers is not None:
        raise ConfigError(
            "session_options and providers are for onnxruntime, but a run folder runs with torch; "
            "leave them out, or export the run: s2s export RUN OUT.onnx"
        )
    with needs("train", "a run folder", hint=", or use an .onnx file"):
        from s2s.runtime.torch_backend import TorchBackend
    backend = TorchBackend(folders, device, threads)
    return LoadedModel(backend, backend.card, backend.tokenizer, backend.recommended)


def _check_run(model: Model) -> Path:
    """Returns the path of a run folder; raises an error if ``model`` is none."""
    if not isinstance(model, bytes) and is_run_folder(model):
        return Path(model)
    name = "a model file" if isinstance(model, bytes) else printable(str(model))
    if not isinstance(model, bytes) and not Path(model).exists():
        raise FileError(f"{name} does not exist; expected a run folder")
    raise ConfigError(
        f"{name} is not a run folder, but only run folders can translate together; export the "
        "runs as one file: s2s export RUN OUT.onnx --with RUN2"
    )


def _is_run(model: Model) -> bool:
    return not isinstance(model, bytes) and is_run_folder(model)
