"""Loads a translator's model: one model file, one run folder, or several run folders."""

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from s2s.config import SearchConfig
from s2s.errors import ConfigError, FileError, needs, printable
from s2s.formats.model_file import read_model_file
from s2s.formats.run_folder import is_run_folder
from s2s.runtime.backend import Backend
from s2s.runtime.onnx_backend import OnnxBackend
from s2s.runtime.providers import Provider
from s2s.tokenizer import Tokenizer

Model = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes]
"""A model file, as its path, its bytes or a binary file that is open for reading; or the path of a
run folder."""


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
    given = model if isinstance(model, list | tuple) else [model]
    models = [_to_path_or_bytes(each) for each in given]
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


def _to_path_or_bytes(model: object) -> Path | bytes:
    """Returns a model as the two forms that are read.

    Raises:
        ConfigError: If it is nothing that a model can be read from.
        FileError: If an open file cannot be read.
    """
    if isinstance(model, bytes | bytearray | memoryview):
        return bytes(model)
    if isinstance(model, str | os.PathLike):
        return Path(os.fsdecode(model))
    # An open file; or a file within an archive or a package (zipfile.Path, importlib.resources).
    read = getattr(model, "read", None) or getattr(model, "read_bytes", None)
    if not callable(read):
        raise ConfigError(
            f"model is of type {type(model).__name__}; expected a path, bytes, or a binary file "
            "that is open for reading"
        )
    try:
        data = read()
    except io.UnsupportedOperation as error:
        raise ConfigError(
            "model is a file that is not open for reading; open it with mode 'rb'"
        ) from error
    except (OSError, ValueError) as error:
        raise FileError(f"cannot read the model: {error}") from error
    if not isinstance(data, bytes):
        raise ConfigError("model is a file that is open as text; open it with mode 'rb'")
    return data


def _check_run(model: Path | bytes) -> Path:
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


def _is_run(model: Path | bytes) -> bool:
    return not isinstance(model, bytes) and is_run_folder(model)
