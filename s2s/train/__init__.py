"""Training: parallel text in, a run folder out."""

from s2s.train.config import DataConfig, TrainConfig
from s2s.train.loop import TrainResult, train
from s2s.train.presets import PRESETS, Preset

__all__ = ["PRESETS", "DataConfig", "Preset", "TrainConfig", "TrainResult", "train"]
