"""Training: parallel text in, a run folder out."""

from s2s.corpus import AugmentConfig, CorpusConfig, DataConfig
from s2s.train.config import TrainConfig
from s2s.train.position import TrainResult
from s2s.train.presets import PRESETS, Preset
from s2s.train.train import train

__all__ = [
    "PRESETS",
    "AugmentConfig",
    "CorpusConfig",
    "DataConfig",
    "Preset",
    "TrainConfig",
    "TrainResult",
    "train",
]
