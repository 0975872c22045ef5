"""Presets: named model sizes with hyperparameters that go together, and which one fits a text."""

import logging
import math
from collections.abc import Sequence
from typing import NamedTuple

from s2s.config import ModelConfig, TokenizerConfig
from s2s.corpus.config import CorpusConfig
from s2s.corpus.pairs import count_pairs
from s2s.train.config import TrainConfig
from s2s.train.pace import DEFAULT_EPOCHS
from s2s.train.world import is_main_process

AUTO = "auto"
"""Name that stands for ``choose_preset``."""
THOUSANDS = 5_000
"""Below so many pairs, less dropout, a higher rate and fewer pieces learn more."""
MANY_PAIRS = 100_000
"""From so many pairs on, a training of an hour or less shows each pair a few times only."""
FEW_EPOCHS = 6
"""Below so many epochs, a network does not learn its text by heart, and dropout costs more than it
gives: see docs/explanation/benchmarks.md, "Presets"."""
PAIRS_AN_UPDATE = 60
"""About what a batch of 1,000 target tokens shows."""
PAIRS_A_MINUTE = 20_000
"""About what the networks of 256 are shown on a CPU: 13,000 to 32,000 were seen."""
MILLIONS = 2_000_000
"""From so many pairs on, the largest network has enough to learn on a GPU."""
LONG_MINUTES = 120
"""From so many minutes on, a CPU brings ``base`` further than ``medium``: on one core, it is behind
after half an hour, and far ahead after 100 minutes."""
CPU_BATCH = 1500
"""Most target tokens of a preset's batch on a CPU, which takes as long for a token in a larger one:
more updates learn more."""

logger = logging.getLogger(__name__)


class Preset(NamedTuple):
    """Settings for a certain amount of data."""

    model: ModelConfig
    tokenizer: TokenizerConfig
    training: dict[str, float | int | str]
    """Fields of TrainConfig, as on a GPU; see ``training_fields``."""


PRESETS: dict[str, Preset] = {
    # Thousands of pairs, or a few epochs: recipes/quickstart.py, which goes without dropout.
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
    # Hundreds of thousands of pairs on a CPU. The vocabulary decides: in half an hour, the same
    # network with 3,000 pieces learns much less.
    "medium": Preset(
        ModelConfig(embedding_size=256, hidden_size=256, dropout=0.1, tie="all"),
        TokenizerConfig(vocab_size=8000),
        {"learning_rate": 1.2e-2, "largest_batch": 1000, "ema_decay": 0.99},
    ),
    # Hundreds of thousands of pairs, with a GPU or many hours. Its rate is higher than usual: see
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
        {"learning_rate": 8e-3, "longest_warmup": 500, "largest_batch": 4000, "ema_decay": 0.999},
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


def training_fields(name: str, device: str) -> dict[str, float | int | str]:
    """Returns the fields of TrainConfig that a preset has on a device, ``cpu`` or ``cuda``."""
    fields = dict(PRESETS[name].training)
    if device == "cpu":
        fields["largest_batch"] = min(int(fields["largest_batch"]), CPU_BATCH)
    return fields


def choose_preset(
    pairs: float, device: str, epochs: float = math.inf, minutes: float | None = None
) -> str:
    """Returns the name of the preset that fits a number of training pairs.

    Args:
        pairs: Training pairs, weights counted.
        device: ``cpu`` or ``cuda``.
        epochs: About how often the training will show them.
        minutes: Minutes of the training; None if anything else may end it.
    """
    if pairs < THOUSANDS:
        return "tiny"
    if pairs < MANY_PAIRS:
        return "small" if epochs >= FEW_EPOCHS else "tiny"
    if device == "cpu":
        return "base" if minutes is not None and minutes >= LONG_MINUTES else "medium"
    return "base" if pairs < MILLIONS else "large"


def planned_epochs(pairs: float, training: TrainConfig) -> float:
    """Returns about how many epochs a training has before its first limit.

    Minutes count on a CPU alone: how much a GPU does in them is not known.
    """
    shown = [math.inf]
    if training.max_updates is not None:
        shown.append(training.max_updates * PAIRS_AN_UPDATE)
    if training.max_minutes is not None and training.device == "cpu":
        shown.append(training.max_minutes * PAIRS_A_MINUTE)
    limit = DEFAULT_EPOCHS if training.max_epochs is None else training.max_epochs
    return min(limit, min(shown) / pairs)


def fit_preset(corpora: Sequence[CorpusConfig], training: TrainConfig) -> tuple[str, str]:
    """Returns the name of the preset that fits some training text, and a line that says so.

    Args:
        corpora: The training text.
        training: Its device and its limits.

    Raises:
        DataError: If the sides of a corpus do not match line by line, or a file is not UTF-8.
        FileError: If a file cannot be read, or can be read only once.
    """
    device = training.device
    most = MANY_PAIRS if device == "cpu" else MILLIONS  # more of them make no difference
    pairs = max(1.0, count_pairs(corpora, most))
    epochs = planned_epochs(pairs, training)
    has_others = training.max_updates is not None or training.max_epochs is not None
    minutes = None if has_others else training.max_minutes
    name = choose_preset(pairs, device, epochs, minutes)
    reason = f"{most:,} pairs or more" if pairs >= most else f"{pairs:,.0f} pairs"
    option = "--preset"
    if name == "base" and device == "cpu":
        reason += f", {minutes:g} minutes"
        option += " medium: a file of a quarter of the size, which translates twice as fast or more"
    elif name != choose_preset(pairs, device):
        reason += f", shown about {epochs:.2g} times,"
    return name, f"preset {name} for {reason} and device {device} ({option})"


def warn_of_preset(name: str, device: str) -> None:
    """Logs a warning if a preset is too large for a device."""
    if name == "large" and device == "cpu" and is_main_process():
        logger.warning(
            "preset large (--preset) is meant for a GPU (--device cuda); on a CPU, a token "
            "takes it tens of times as long as medium"
        )
