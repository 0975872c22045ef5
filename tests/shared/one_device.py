"""Runs code as on a GPU, without one: tensors of the device "meta" have shapes and no values.

Two faults show there that a CPU hides: tensors of two devices in one operation, and a host that
waits for a value.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

DEVICE = torch.device("meta")
COPIES = ("aten._to_copy", "aten.copy_", "aten._foreach_copy_")
WAITS = ("_local_scalar_dense", "nonzero", "masked_select", "unique", "is_nonzero", "aten.equal")


class OneDevice(TorchDispatchMode):
    """Raises AssertionError if an operation mixes devices, or if the host waits for its result."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = str(func)
        tensors = list(_tensors([args, kwargs or {}]))
        if not name.startswith(COPIES):
            # A number is a tensor of the CPU without dimensions; all devices take it.
            devices = {str(tensor.device) for tensor in tensors if tensor.dim()}
            assert len(devices) < 2, f"{name} got tensors of {sorted(devices)}"
        on_device = any(tensor.device == DEVICE for tensor in tensors)
        assert not (on_device and any(wait in name for wait in WAITS)), f"{name} waits"
        return func(*args, **(kwargs or {}))


def _tensors(value: object) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _tensors(each)
