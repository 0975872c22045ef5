"""The learning rate over the course of a training: warm-up, then decay."""

import math

from s2s.train.config import TrainConfig


def learning_rate(config: TrainConfig, update: int, progress: float, warmup: int) -> float:
    """Returns the learning rate of an update.

    Args:
        config: Peak and kind of decay.
        update: Number of updates before this one.
        progress: Share of the nearest limit that is used up, 0 to 1.
        warmup: Updates of the warm-up.
    """
    if update < warmup:
        return config.learning_rate * (update + 1) / warmup
    progress = min(max(progress, 0.0), 1.0)
    low = config.final_rate
    if config.decay == "linear":
        share = low + (1 - low) * (1 - progress)
    elif config.decay == "cosine":
        share = low + (1 - low) * 0.5 * (1 + math.cos(math.pi * progress))
    elif config.decay == "inverse_sqrt":
        share = math.sqrt(max(warmup, 1) / (update + 1))
    else:
        share = 1.0
    return config.learning_rate * share
