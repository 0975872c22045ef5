"""onnxruntime itself: whether it is installed, its execution providers, its exceptions."""

import contextlib
import io
import os
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from s2s.errors import (
    DISTRIBUTION,
    ConfigError,
    DeviceError,
    MissingPackageError,
    needs,
    printable,
    suggest,
)

Provider = str | tuple[str, Mapping[str, Any]]
"""Name of an execution provider, or its name and its options."""
PROVIDERS: dict[str, list[Provider]] = {
    "cpu": ["CPUExecutionProvider"],
    "cuda": [("CUDAExecutionProvider", {"use_tf32": "0"}), "CPUExecutionProvider"],
}
"""Execution providers of each device, in order of preference.

A GPU's TF32 has 10 bits of mantissa where fp32 has 23: with it, translations would not be those of
a CPU.
"""
TELEMETRY_SWITCH = "ORT_DISABLE_TELEMETRY"
"""Environment variable that onnxruntime reads while it is loaded; 1 turns its telemetry off.

From 1.29 on, onnxruntime reports to its maker by default, also on Linux: it writes an identifier
and a database under the home folder, looks up a host, and warns if it cannot write there.
"""
CUDA_HINT = (
    f"it needs an NVIDIA driver and: pip uninstall onnxruntime; pip install '{DISTRIBUTION}[gpu]' "
    "(never both packages)"
)


def import_onnxruntime() -> ModuleType:
    """Returns the package, its telemetry turned off unless ``TELEMETRY_SWITCH`` is set to 0.

    If somebody else loaded onnxruntime before, no further events are sent.

    Raises:
        MissingPackageError: If the package is not installed, or broken.
    """
    late = "onnxruntime" in sys.modules and TELEMETRY_SWITCH not in os.environ
    os.environ.setdefault(TELEMETRY_SWITCH, "1")
    with needs("cpu", "a model file", hint=f" or '{DISTRIBUTION}[gpu]', not both"):
        import onnxruntime
    if late and hasattr(onnxruntime, "disable_telemetry_events"):
        onnxruntime.disable_telemetry_events()
    if not hasattr(onnxruntime, "InferenceSession"):  # removing one of the two packages leaves this
        raise MissingPackageError(
            "onnxruntime is broken; uninstall onnxruntime and onnxruntime-gpu, then install "
            f"'{DISTRIBUTION}[cpu]' or '{DISTRIBUTION}[gpu]', not both"
        )
    module: ModuleType = onnxruntime
    return module


def check_providers(providers: Sequence[Provider], runtime: ModuleType) -> list[str]:
    """Returns the names of execution providers.

    Raises:
        ConfigError: If one is unknown to onnxruntime, or is no provider at all.
        DeviceError: If this onnxruntime lacks one.
    """
    if isinstance(providers, str) or not providers:
        raise ConfigError(f"providers is {providers!r}; expected a list: ['CPUExecutionProvider']")
    names = []
    for provider in providers:
        match provider:
            case str(name) | (str(name), Mapping()):
                names.append(name)
            case _:
                raise ConfigError(
                    f"providers has {provider!r}; expected a name, or a name and a mapping of "
                    "options: ('CUDAExecutionProvider', {'device_id': 1})"
                )
    known, available = runtime.get_all_providers(), runtime.get_available_providers()
    for name in names:
        if name not in known:
            raise ConfigError(
                f"onnxruntime does not know the provider {name!r}; expected one of "
                f"{', '.join(available)}"
                f"{suggest(name, known)}"
            )
        if name not in available:
            raise DeviceError(
                f"this onnxruntime has no {name}, only {', '.join(available)}; "
                f"{CUDA_HINT if name == 'CUDAExecutionProvider' else 'install one that has it'}"
            )
    return names


def runtime_errors(runtime: ModuleType) -> tuple[type[Exception], ...]:
    """Returns onnxruntime's exceptions, which have no common base, and Python's for C++ ones."""
    # A private module, but no other has them. If it is gone, C++ errors are Python's all the same.
    state = getattr(getattr(runtime, "capi", None), "onnxruntime_pybind11_state", None)
    names = (
        "EPFail EngineError Fail InvalidArgument InvalidGraph InvalidProtobuf NoModel "
        "NotImplemented RuntimeException"
    )
    exceptions = (getattr(state, name) for name in names.split() if hasattr(state, name))
    return (*exceptions, RuntimeError, ValueError)


def prepare_cuda(runtime: ModuleType) -> None:
    """Loads CUDA's libraries; raises DeviceError if this onnxruntime has no CUDA."""
    if "CUDAExecutionProvider" not in runtime.get_available_providers():
        raise DeviceError(f"this onnxruntime has no CUDA; {CUDA_HINT}")
    runtime.set_default_logger_severity(4)  # else it logs each missing library; one error will do
    if hasattr(runtime, "preload_dlls"):
        with contextlib.redirect_stdout(io.StringIO()):  # else it prints
            runtime.preload_dlls()  # CUDA and cuDNN from the wheels that s2s-onnx[gpu] brings


def reason(error: Exception) -> str:
    """Returns a message of onnxruntime in one line, without its prefix of codes."""
    lines = str(error).split(" : ", 3)[-1].split("\n")
    return printable(lines[0].strip())[:300]
