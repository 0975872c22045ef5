"""Training: parallel text in, a run folder out."""

import os

# GNU's OpenMP reads this once, when torch loads it: how long a thread waits for the others in a
# busy loop before it sleeps. Its default keeps the core from those it waits for, as soon as another
# process wants one, too. Target tokens/s on 2 cores, beside a busy process and alone: default 1,500
# and 7,100 to 7,400; this 4,080 and 7,100 to 8,100; no spinning at all 4,340 and 5,200 to 6,900.
os.environ.setdefault("GOMP_SPINCOUNT", "3000")

from s2s.corpus import CorpusConfig, DataConfig
from s2s.train.config import TrainConfig
from s2s.train.position import TrainResult
from s2s.train.presets import PRESETS, Preset
from s2s.train.train import train

__all__ = [
    "PRESETS",
    "CorpusConfig",
    "DataConfig",
    "Preset",
    "TrainConfig",
    "TrainResult",
    "train",
]
