"""Training: parallel text in, a run folder out."""

import os

# GNU's OpenMP reads this once, when torch loads it: how long a thread waits for the others in a busy
# loop before it sleeps. Its default takes the core from whom they wait for, as soon as another
# process wants one of them: on 2 cores 1,500 target tokens/s beside a busy process, 4,080 with this
# (4,340 if they never spin); and 7,100 against 7,100 to 8,100 alone (5,200 to 6,900).
os.environ.setdefault("GOMP_SPINCOUNT", "3000")

from s2s.train.config import DataConfig, TrainConfig
from s2s.train.loop import TrainResult, train
from s2s.train.presets import PRESETS, Preset

__all__ = ["PRESETS", "DataConfig", "Preset", "TrainConfig", "TrainResult", "train"]
