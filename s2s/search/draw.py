"""Random numbers that torch and the graph draw alike: functions of a seed, without a generator.

A number depends on a seed, a step, a place in the beam and a rank. So the hypotheses of a sentence
depend on the sentence and the seed alone, not on its neighbours. Whole numbers below the prime
2**31 - 1 go through a square map a few times; int64 holds them in torch, numpy and onnxruntime.
"""

import torch
from torch import Tensor

PRIME = 2**31 - 1
FACTOR = 48271
ADDEND = 12345
ROUNDS = 3


def mix(state: Tensor, value: Tensor) -> Tensor:
    """Stirs ``value`` (int64, at least 0) into ``state`` (int64, 0 to PRIME - 1)."""
    state = (state + value + 1) % PRIME
    for _ in range(ROUNDS):
        state = (state * (state + FACTOR) + ADDEND) % PRIME
    return state


def gumbel(seed: int, step: int, beam: int, count: int) -> Tensor:
    """Returns standard Gumbel noise (beam, count), float32.

    The largest sum of a logit and such noise is a draw from the logits' softmax (Gumbel 1954).
    """
    state = mix(mix(torch.zeros(1, dtype=torch.int64), torch.tensor([seed])), torch.tensor([step]))
    state = mix(mix(state, torch.arange(beam))[:, None], torch.arange(count)[None])
    uniform = (state.double() + 0.5) / PRIME
    return (-(-uniform.log()).log()).float()
