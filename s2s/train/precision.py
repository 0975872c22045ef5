"""The precision of a training: which arithmetic a device multiplies fastest in."""

import torch

from s2s.errors import ConfigError
from s2s.train.config import TrainConfig


def choose_precision(config: TrainConfig) -> str:
    """Returns ``config.precision``, or if that is ``auto``, the fastest one of this machine.

    bf16 has fp32's range and 8 bits of mantissa: no loss scaling is needed (Kalamkar et al. 2019,
    "A Study of BFLOAT16 for Deep Learning Training"). It is chosen if there are units for it: a CPU
    without them computes it several times slower than fp32.

    Raises:
        ConfigError: If bf16 is asked for, but the GPU has no units for it.
    """
    if config.device == "cuda":
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
        if config.precision == "bf16" and not fast:
            raise ConfigError("this GPU has no bf16 arithmetic; use --precision fp16 or fp32")
    else:
        # A private function; without it "auto" is fp32.
        has_units = getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
        fast = bool(has_units())
    if config.precision != "auto":
        return config.precision
    return "bf16" if fast else "fp32"


def check_precision(config: TrainConfig, cell: str) -> None:
    """Raises ConfigError if this CPU's libraries have no ``cell`` in the precision of ``config``.

    oneDNN has LSTMs in bf16 only for processors with AVX-512.
    """
    if (config.device, config.precision, cell) != ("cpu", "bf16", "lstm"):
        return
    try:
        with torch.autocast("cpu", torch.bfloat16):
            torch.nn.LSTM(8, 8)(torch.zeros(1, 1, 8))
    except RuntimeError as error:
        raise ConfigError(
            "this processor cannot compute an LSTM in bf16; use --precision fp32, or --cell gru"
        ) from error
