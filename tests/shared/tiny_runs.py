"""Tiny trainings that the tests of this folder share."""

import json

import torch
from safetensors.torch import load_file

from s2s.config import ModelConfig, TokenizerConfig
from s2s.train import CorpusConfig, DataConfig, TrainConfig, train

MODEL = ModelConfig(embedding_size=16, hidden_size=24, dropout=0.1, tie="all")
TOKENIZER = TokenizerConfig(vocab_size=80)
TRAINING = TrainConfig(
    max_updates=12,
    batch_tokens=200,
    warmup_updates=4,
    ema_decay=0.9,
    average_last=2,
    validate_every=4,
    bleu_sentences=5,
    log_every=2,
    precision="fp32",
)
CLOCK = ("seconds", "tokens_per_second", "data_share")
"""What of a record depends on the clock."""


def data_of(folder):
    train_corpus, validation = (
        CorpusConfig(src=str(folder / f"{part}.xx"), tgt=str(folder / f"{part}.yy"))
        for part in ("train", "val")
    )
    return DataConfig(train=(train_corpus,), validation=(validation,))


def run(folder, out, **changes):
    options = {"training": TRAINING, "model": MODEL, "tokenizer": TOKENIZER, **changes}
    return train(data_of(folder), folder / out, **options)


def metrics(folder):
    """The records of a run, without what depends on the clock."""
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k not in CLOCK} for line in lines]


def assert_same_weights(one, other):
    """Weights, averages, moments: every tensor, bit for bit."""
    first, second = (load_file(folder / "last.safetensors") for folder in (one, other))
    assert first.keys() == second.keys()
    assert len(first) > 20
    for name in first:
        assert torch.equal(first[name], second[name]), name
