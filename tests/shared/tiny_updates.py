"""Single updates of a tiny network."""

import numpy as np
import torch

from s2s.config import BOS_ID, PAD_ID, ModelConfig
from s2s.corpus.stream import Batch, Place, Step
from s2s.model.seq2seq import Seq2Seq
from s2s.train import TrainConfig
from s2s.train.update import Updater

SENTENCES = ([4, 5, 3], [6, 3], [7, 8, 3])


def make_updater(model=None, **changes):
    """An updater of a network in evaluation mode: without dropout."""
    torch.manual_seed(0)
    sizes = {"src_vocab_size": 9, "tgt_vocab_size": 9, "embedding_size": 4, "hidden_size": 4}
    config = ModelConfig(**{**sizes, **(model or {})})
    settings = {"max_updates": 1, "precision": "fp32", **changes}
    return Updater(Seq2Seq(config).eval(), TrainConfig(**settings))


def make_batch(sentences, targets=None, seed=1):
    """A padded batch; the targets are the sources unless others are given."""
    targets = targets or sentences

    def pad(rows):
        longest = max(map(len, rows))
        return np.array([[*row, *[PAD_ID] * (longest - len(row))] for row in rows])

    tgt_in = pad([[BOS_ID, *row[:-1]] for row in targets])
    lengths = np.array([len(row) for row in sentences])
    return Batch(pad(sentences), lengths, tgt_in, pad(targets), sum(map(len, targets)), seed)


def make_step(*batches):
    return Step(list(batches), sum(batch.num_tokens for batch in batches), 0, Place())


def losses(figures):
    """Smoothed and plain loss, nats a token."""
    return (figures.sums / figures.tokens).tolist()
