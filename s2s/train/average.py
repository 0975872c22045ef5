"""Means of weights: over all updates (EMA), and over the last validations."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

Weights = dict[str, Tensor]


def copy_weights(model: nn.Module) -> Weights:
    """Returns a detached copy of all parameters, shared ones once."""
    return {name: value.detach().clone() for name, value in model.named_parameters()}


@torch.no_grad()
def put_weights(model: nn.Module, weights: Weights) -> None:
    """Copies ``weights`` into the model."""
    for name, value in model.named_parameters():
        value.copy_(weights[name])


def mean_weights(snapshots: list[Weights]) -> Weights:
    """Returns the mean of several sets of weights."""
    return {
        name: torch.stack([weights[name] for weights in snapshots]).mean(dim=0)
        for name in snapshots[0]
    }


class MovingAverage:
    """Exponential moving average of a model's weights (Polyak and Juditsky 1992).

    Early on the average would remember the random start, so its decay grows with the updates:
    min(decay, (1 + n) / (10 + n)).
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.weights = copy_weights(model)

    @torch.no_grad()
    def update(self, model: nn.Module, updates: int) -> None:
        """Adds the weights that the model has after ``updates`` updates."""
        decay = min(self.decay, (1 + updates) / (10 + updates))
        values = [value.detach() for value in model.parameters()]
        torch._foreach_lerp_(list(self.weights.values()), values, 1 - decay)


@contextmanager
def using_weights(model: nn.Module, weights: Weights | None) -> Iterator[None]:
    """Puts ``weights`` into the model while the context lasts; None leaves the model's own."""
    if weights is None:
        yield
        return
    before = copy_weights(model)
    put_weights(model, weights)
    try:
        yield
    finally:
        put_weights(model, before)
