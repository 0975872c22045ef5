"""Parallel text on its way to the batches of a training; without torch."""

from s2s.corpus.config import AugmentConfig, CorpusConfig, DataConfig

__all__ = ["AugmentConfig", "CorpusConfig", "DataConfig"]
