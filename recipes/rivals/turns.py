"""What every adapter of ``bench_train_rivals.py`` shares: the batches in, timed passes out.

Runs in the Python of each rival, so it needs torch and numpy alone.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor


class Padded(NamedTuple):
    """A batch; ids as in s2s: pad 0, unknown 1, begin 2, end 3."""

    src: Tensor  # (batch, src_len) int64, the end piece last
    src_lengths: Tensor  # (batch,) int64
    tgt: Tensor  # (batch, tgt_len + 1) int64, the begin piece first and the end piece last
    tokens: int  # real target tokens: the end piece counted, the begin piece not


def read_job() -> tuple[list[Padded], SimpleNamespace]:
    """Returns the batches and settings that the command line names."""
    settings = SimpleNamespace(**json.loads(sys.argv[2]))
    torch.set_num_threads(settings.threads)
    torch.manual_seed(1)
    batches = []
    with np.load(Path(sys.argv[1])) as arrays:
        for number in range(len(arrays.files) // 2):
            src = torch.from_numpy(arrays[f"src{number}"])
            tgt = torch.from_numpy(arrays[f"tgt{number}"])
            lengths = (src != 0).sum(1)
            batches.append(Padded(src, lengths, tgt, int((tgt[:, 1:] != 0).sum())))
    return batches, settings


def swap_first_two(ids: Tensor) -> Tensor:
    """Returns ids of a library whose unknown piece is 0 and whose padding is 1."""
    return torch.where(ids < 2, 1 - ids, ids)


def serve(parameters: int, batches: list[Any], step: Callable[[Any], float]) -> None:
    """Trains one pass over ``batches`` for each line that comes in, and tells how long it took.

    Args:
        parameters: Weights of the network.
        batches: What ``step`` takes, each with its number of ``tokens``.
        step: One update; returns the library's own loss, which is shown but not compared.
    """
    print(json.dumps({"parameters": parameters, "torch": torch.__version__}), flush=True)
    tokens = sum(batch.tokens for batch in batches)
    for _ in sys.stdin:
        start, used = time.perf_counter(), time.process_time()
        losses = [step(batch) for batch in batches]
        told = {
            "tokens": tokens,
            "seconds": time.perf_counter() - start,
            "cpu_seconds": time.process_time() - used,
            "loss": sum(losses) / len(losses),
        }
        print(json.dumps(told), flush=True)
