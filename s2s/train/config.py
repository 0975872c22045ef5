"""Settings of training."""

from dataclasses import dataclass
from typing import Literal

from s2s.config import Config
from s2s.errors import ConfigError

DecayKind = Literal["linear", "cosine", "inverse_sqrt", "constant"]

CHANGEABLE = frozenset(
    {
        "max_updates",
        "max_epochs",
        "max_minutes",
        "device",
        "workers",
        "log_every",
        "save_minutes",
        "patience",
    }
)
"""Fields of TrainConfig that a resumed run may change: they do not alter what is learned in an
update. (Limits do stretch the decay of the learning rate from there on.)"""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainConfig(Config):
    """How the weights are learned. At least one limit has to be set."""

    max_updates: int | None = None
    max_epochs: int | None = None
    max_minutes: float | None = None
    """Wall-clock limit on the updates and validations; reading text and learning the vocabulary
    come before."""
    seed: int = 1
    device: Literal["cpu", "cuda"] = "cpu"
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """Arithmetic of the matrix products (autocast); weights and optimizer stay in fp32. ``auto`` is
    bf16 where the device multiplies it faster (a GPU that has it, a CPU with AMX), else fp32; the
    run folder keeps what it came to."""
    batch_tokens: int = 3000
    """Target tokens of a batch at most, padding counted."""
    accumulate: int | None = None
    """Batches an update, those of all processes together; None is one for each process."""
    bptt_steps: int | None = None
    """Truncated back-propagation through time: the decoder's state carries no gradient over more
    than so many target positions (Williams and Peng 1990); None is no limit."""
    workers: int | None = None
    """Processes that tokenise text; None is one for each core."""
    init: str | None = None
    """Run folder whose best weights are the start, instead of random ones."""
    optimizer: Literal["adam", "adamw"] = "adam"
    learning_rate: float = 1e-3
    """Its highest value, at the end of the warm-up."""
    warmup_updates: int = 200
    decay: DecayKind = "linear"
    """After the warm-up: ``linear`` or ``cosine`` reach ``final_rate`` of the highest value at the
    nearest limit; ``inverse_sqrt`` falls with the square root of the updates; or ``constant``."""
    final_rate: float = 0.02
    beta1: float = 0.9
    beta2: float = 0.98
    weight_decay: float = 0.0
    """Of ``adamw``, decoupled (Loshchilov and Hutter 2019)."""
    clip_norm: float | None = 1.0
    """Gradients with a larger norm are scaled down to it (Pascanu et al. 2013)."""
    label_smoothing: float = 0.1
    """Share of the target probability spread over the vocabulary (Szegedy et al. 2016)."""
    r_drop: float = 0.0
    """Weight of R-Drop (Liang et al. 2021): each batch passes twice, with other dropout, and the
    two predictions are pulled together; 0 is one pass. It doubles the time of an update."""
    ema_decay: float | None = None
    """Exponential moving average of the weights, which is then what is validated and kept."""
    average_last: int = 0
    """At the end, the mean of the weights of this many last validations is tried too."""
    validate_every: int | None = None
    """Updates between validations; None spreads ``validations`` over the course of the limit, and
    under ``max_minutes`` holds fewer if they would take more than a fifth of the time."""
    validations: int = 10
    bleu_sentences: int = 500
    """Validation sentences that are translated for BLEU, the first ones; 0 validates by loss."""
    bleu_beam_size: int = 4
    patience: int | None = None
    """Validations without a better one after which training stops."""
    max_bad_updates: int = 20
    """Updates in a row with a non-finite gradient, at least, after which training gives up."""
    log_every: int = 20
    """Updates between lines of ``metrics.jsonl``, each with the norms of every layer."""
    save_minutes: float = 5.0
    """Time between checkpoints; each validation writes one too."""

    def __post_init__(self) -> None:
        Config.__post_init__(self)
        if self.max_updates is None and self.max_epochs is None and self.max_minutes is None:
            raise ConfigError("TrainConfig needs a limit: max_updates, max_epochs or max_minutes")
        for name in ("max_updates", "max_epochs", "batch_tokens", "accumulate", "workers"):
            self._check_range(name, 1)
        for name in (
            "patience",
            "max_bad_updates",
            "log_every",
            "bleu_beam_size",
            "validate_every",
            "bptt_steps",
        ):
            self._check_range(name, 1)
        self._check_range("validations", 1)
        self._check_range("seed", 0, 2**32 - 1)  # SentencePiece's limit
        for name in ("r_drop", "average_last", "bleu_sentences", "warmup_updates", "weight_decay"):
            self._check_range(name, 0)
        for name in ("max_minutes", "save_minutes", "clip_norm", "learning_rate"):
            self._check_range(name, 1e-9)
        for name in ("label_smoothing", "beta1", "beta2", "ema_decay"):
            self._check_range(name, 0, 0.99999)
        self._check_range("final_rate", 0, 1)
        if self.precision == "fp16" and self.device == "cpu":
            raise ConfigError("TrainConfig.precision 'fp16' needs device 'cuda'; use bf16 or fp32")
