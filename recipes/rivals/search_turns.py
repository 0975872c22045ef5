"""What every adapter of ``bench_translate_rivals.py`` shares: sentences in, timed passes out.

Runs in the Python of each rival, and loads nothing but numpy, so that the memory is the engine's.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

Ids = np.ndarray[Any, np.dtype[np.int64]]


def read_job() -> tuple[list[Ids], SimpleNamespace]:
    """Returns the batches (batch, src_len), and the settings that the command line names.

    Ids are as in s2s: pad 0, unknown 1, begin 2, end 3, which comes last in each row.
    """
    with np.load(Path(sys.argv[1])) as arrays:
        batches = [arrays[name] for name in arrays.files]
    return batches, SimpleNamespace(**json.loads(sys.argv[2]))


def peak_mib() -> float:
    """Returns the most memory that the process has held; getrusage counts its parent's, too."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def serve(batches: list[Ids], search: Callable[[Ids], int]) -> None:
    """Searches all batches for each line that comes in, and tells how long it took.

    Args:
        batches: What ``search`` takes.
        search: Translates a batch; returns the pieces of its best hypotheses.
    """
    print(json.dumps({"ready": True}), flush=True)
    for _ in sys.stdin:
        start, used = time.perf_counter(), time.process_time()
        pieces = sum(search(batch) for batch in batches)
        told = {
            "sentences": sum(map(len, batches)),
            "pieces": pieces,
            "seconds": time.perf_counter() - start,
            "cpu_seconds": time.process_time() - used,
            "peak_mib": peak_mib(),
        }
        print(json.dumps(told), flush=True)
