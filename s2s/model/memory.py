"""Which errors of torch mean that a GPU's memory is full."""

import torch

_FAILED = ("ALLOC_FAILED", "CUDNN_STATUS_INTERNAL_ERROR", "out of memory")
"""In messages of cuDNN and cuBLAS, whose own buffers are no tensors of torch. cuDNN calls a failed
allocation an internal error now and then."""


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether an operation failed because the memory of its device is full."""
    return isinstance(error, torch.OutOfMemoryError) or any(text in str(error) for text in _FAILED)
