"""Whether a GPU may multiply fp32 numbers in TF32."""

import torch


def allow_tf32(allowed: bool) -> None:
    """Sets it for the whole process: for cuBLAS, and for cuDNN, which torch allows it by default.

    TF32 has fp32's range and 10 bits of mantissa; GPUs multiply it several times as fast.
    """
    torch.backends.cuda.matmul.allow_tf32 = allowed
    torch.backends.cudnn.allow_tf32 = allowed
