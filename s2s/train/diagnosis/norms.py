"""Norms of gradients, updates and weights by layer, which show what vanishes and what explodes.

Pascanu, Mikolov and Bengio (2013), "On the difficulty of training recurrent neural networks".
"""

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor, nn


class NormsByLayer:
    """Norms before and after one update; tensors until somebody reads them."""

    def __init__(self, named: Sequence[tuple[str, nn.Parameter]]) -> None:
        """Takes the norms of the gradients, and copies the weights.

        Args:
            named: Parameters by name, all with a gradient.
        """
        self._layers = [name.rpartition(".")[0] for name, _ in named]
        self._values = [value.detach() for _, value in named]
        self._before = [value.clone() for value in self._values]
        gradients = [value.grad for _, value in named if value.grad is not None]
        self._gradients = torch.stack(torch._foreach_norm(gradients))
        self._updates = self._gradients

    def finish(self) -> Self:
        """Takes the norms of the changes that the update made."""
        torch._foreach_sub_(self._before, self._values)
        self._updates = torch.stack(torch._foreach_norm(self._before))
        self._before = []
        return self

    def figures(self) -> dict[str, dict[str, float]]:
        """Returns by layer the norms of its ``gradient`` (unclipped), ``update`` and ``weight``."""
        weights = torch.stack(torch._foreach_norm(self._values))
        table = torch.stack([self._gradients, self._updates, weights]).double().square().cpu()
        sums: dict[str, Tensor] = {}
        for number, layer in enumerate(self._layers):
            sums[layer] = sums.get(layer, torch.zeros(3, dtype=torch.float64)) + table[:, number]
        kinds = ("gradient", "update", "weight")
        return {
            layer: dict(zip(kinds, total.sqrt().tolist(), strict=True))
            for layer, total in sums.items()
        }
