"""The checkpoint of a training: all that an exact continuation needs, in one safetensors file.

``last.safetensors`` holds, by prefix, the weights (``model.``), their moving average (``ema.``),
the optimizer's moments (``optimizer.INDEX.``) and the last validated weights
(``snapshot.INDEX.``); its header holds counters and positions as JSON, and a checksum.

The file has no state of a random generator, because no generator outlives a batch: the order of
the pairs and the dropout of every batch are drawn from the seed and the position in the data.
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn

from s2s.errors import ModelError
from s2s.files import atomic_output
from s2s.formats.run_folder import identity
from s2s.model.run import checksum, read_tensors
from s2s.train.average import MovingAverage, Weights, put_weights


def write_tensors(path: Path, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
    """Writes tensors and JSON state as one file of a run folder, whole or not at all."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    header = {
        "s2s.state": json.dumps(state),
        "s2s.checksum": checksum(plain, state),
        "s2s.run": identity(path.parent),
    }
    data = save(plain, metadata=header)
    with atomic_output(path, "wb") as file:
        file.write(data)


def save_last(
    path: Path,
    *,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    average: MovingAverage | None,
    snapshots: list[Weights],
    state: dict[str, Any],
) -> None:
    """Writes the checkpoint that training goes on from."""
    tensors: dict[str, Tensor] = {
        f"model.{name}": value for name, value in model.named_parameters()
    }
    for index, moments in optimizer.state_dict()["state"].items():
        for name, value in moments.items():
            tensors[f"optimizer.{index}.{name}"] = torch.as_tensor(value)
    if average is not None:
        tensors |= {f"ema.{name}": value for name, value in average.weights.items()}
    for index, weights in enumerate(snapshots):
        tensors |= {f"snapshot.{index}.{name}": value for name, value in weights.items()}
    write_tensors(path, tensors, state)


def load_last(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    average: MovingAverage | None,
) -> tuple[list[Weights], dict[str, Any]]:
    """Restores a training from ``save_last``'s file; returns snapshots and state.

    Raises:
        ModelError: If the file is damaged or does not fit the model.
    """
    tensors, state = read_tensors(path)

    def part(prefix: str) -> dict[str, Tensor]:
        return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}

    try:
        put_weights(model, part("model."))
        if average is not None:
            for name, value in part("ema.").items():
                average.weights[name].copy_(value)
        plain = optimizer.state_dict()
        sizes = [value.shape for group in optimizer.param_groups for value in group["params"]]
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in part("optimizer.").items():
            index, key = name.split(".", 1)
            if value.dim() and value.shape != sizes[int(index)]:
                raise ValueError(f"{name} has shape {tuple(value.shape)}")
            moments.setdefault(int(index), {})[key] = value
        optimizer.load_state_dict({**plain, "state": moments})
        grouped: dict[int, Weights] = {}
        for name, value in part("snapshot.").items():
            index, key = name.split(".", 1)
            grouped.setdefault(int(index), {})[key] = value
    except (KeyError, IndexError, RuntimeError, ValueError) as error:
        raise ModelError(f"{path} does not fit this run: {error!s:.200}") from error
    return [grouped[index] for index in sorted(grouped)], state
