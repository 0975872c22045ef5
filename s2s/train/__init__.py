"""Training: parallel text in, a run folder out."""

import os

# OpenMP reads this once, when torch loads it. Its threads otherwise wait for each other in busy
# loops: with one other process on 2 cores, an update took 1,240 ms that way and 287 ms with it.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from s2s.train.config import DataConfig, TrainConfig
from s2s.train.loop import TrainResult, train
from s2s.train.presets import PRESETS, Preset

__all__ = ["PRESETS", "DataConfig", "Preset", "TrainConfig", "TrainResult", "train"]
