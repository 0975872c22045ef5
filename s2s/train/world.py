"""The processes of a training, which torch calls its world: one, or those of ``torchrun``.

Each process takes its share of an update's batches; DistributedDataParallel (Li et al. 2020,
"PyTorch Distributed") sums the gradients. Process 0 alone reads the clock, validates and writes
files. It tells the other processes what it decides: all stop, save and validate together.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple

import torch
from torch import Tensor, distributed

from s2s.errors import ConfigError

PATIENCE = timedelta(hours=2)
"""How long processes wait for one that tokenises text or validates."""


class World(NamedTuple):
    """This process and the number of all processes."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0  # among the processes of its machine

    @property
    def is_main(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0

    def share(self, values: list[float]) -> list[float]:
        """Returns process 0's values, in every process."""
        if self.size == 1:
            return values
        shared = torch.tensor(values, dtype=torch.float64)
        distributed.broadcast(shared, src=0)
        return list(shared.tolist())

    def largest(self, value: int) -> int:
        """Returns the largest value of all processes."""
        if self.size == 1:
            return value
        shared = torch.tensor(value)
        distributed.all_reduce(shared, distributed.ReduceOp.MAX)
        return int(shared.item())

    def total(self, values: Tensor) -> Tensor:
        """Returns the sum over all processes of a tensor on the CPU, element by element."""
        if self.size > 1:
            distributed.all_reduce(values)
        return values

    def wait(self) -> None:
        """Waits until all processes are here."""
        if self.size > 1:
            distributed.barrier()


def is_main_process() -> bool:
    """Tells whether this process writes the files, before it has joined the others or after."""
    return "TORCHELASTIC_RUN_ID" not in os.environ or os.environ["RANK"] == "0"


@contextmanager
def join_world(device: str) -> Iterator[World]:
    """Joins the processes that ``torchrun`` started; without it, there is one process.

    Args:
        device: ``cpu`` sums gradients over gloo, ``cuda`` over nccl, a GPU for each process.

    Raises:
        ConfigError: If a machine has fewer GPUs than processes.
    """
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        yield World()
        return
    rank, size, local_rank = (
        int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK")
    )
    world = World(rank, size, local_rank)
    if device == "cuda":
        if world.local_rank >= torch.cuda.device_count():
            raise ConfigError(
                f"process {world.local_rank} on this machine has no GPU, because there are only "
                f"{torch.cuda.device_count()}; start torchrun with --nproc-per-node "
                f"{torch.cuda.device_count()}"
            )
        torch.cuda.set_device(world.local_rank)
    if world.size == 1:
        yield world
        return
    backend = "cpu:gloo,cuda:nccl" if device == "cuda" else "gloo"
    distributed.init_process_group(backend, timeout=PATIENCE)
    try:
        yield world
    finally:
        distributed.destroy_process_group()
