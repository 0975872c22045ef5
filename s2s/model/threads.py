"""How many threads torch computes with."""

import os

import torch

from s2s.machine import available_cores


def limit_threads(threads: int | None = None) -> None:
    """Sets the number of torch's threads, for the whole process.

    torch starts one for each core of the machine. In a container with a quota they would stop each
    other: without a number, torch gets no more threads than there are cores for this process.

    Args:
        threads: None leaves torch as it is, if it has no more threads than cores, or if the user
            has set ``OMP_NUM_THREADS``.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    elif "OMP_NUM_THREADS" not in os.environ and torch.get_num_threads() > available_cores():
        torch.set_num_threads(available_cores())
