"""Presets: named model sizes with hyperparameters that go together."""

from typing import NamedTuple

from s2s.config import ModelConfig, TokenizerConfig


class Preset(NamedTuple):
    """Settings for a certain amount of data."""

    model: ModelConfig
    tokenizer: TokenizerConfig
    training: dict[str, float | int | str]
    """Fields of TrainConfig."""


PRESETS: dict[str, Preset] = {
    # Minutes on a CPU, short sentences: recipes/quickstart.py, which goes without dropout.
    "tiny": Preset(
        ModelConfig(embedding_size=256, hidden_size=256, dropout=0.1, tie="all"),
        TokenizerConfig(vocab_size=3000),
        {"learning_rate": 1.2e-2, "largest_batch": 1000, "ema_decay": 0.99},
    ),
    # Tens of thousands of pairs: the settings of recipes/multi30k.py.
    "small": Preset(
        ModelConfig(embedding_size=256, hidden_size=256, dropout=0.3, tie="all"),
        TokenizerConfig(vocab_size=4000),
        {
            "learning_rate": 8e-3,
            "longest_warmup": 300,
            "largest_batch": 1000,
            "ema_decay": 0.995,
            "average_last": 3,
        },
    ),
    # Hundreds of thousands of pairs; not measured yet. The learning rates of base and large are
    # higher than usual, because smaller networks learned best so: see
    # docs/explanation/decisions.md, "Larger networks want high rates, too".
    "base": Preset(
        ModelConfig(
            embedding_size=512,
            hidden_size=512,
            encoder_layers=2,
            decoder_layers=2,
            dropout=0.2,
            tie="all",
        ),
        TokenizerConfig(vocab_size=8000),
        {"learning_rate": 3e-3, "longest_warmup": 500, "largest_batch": 4000, "ema_decay": 0.999},
    ),
    # Millions of pairs, a GPU; not measured yet.
    "large": Preset(
        ModelConfig(
            embedding_size=512,
            hidden_size=1024,
            encoder_layers=3,
            decoder_layers=3,
            attention="multihead",
            dropout=0.2,
            tie="all",
        ),
        TokenizerConfig(vocab_size=16000),
        {
            "learning_rate": 1.5e-3,
            "longest_warmup": 2000,
            "largest_batch": 12000,
            "ema_decay": 0.9995,
        },
    ),
}
