"""The configuration of a training: limits, hyperparameters and how they decay."""

from dataclasses import dataclass
from typing import Literal

from s2s.config import Config
from s2s.errors import ConfigError

DecayKind = Literal["linear", "cosine", "inverse_sqrt", "constant"]

LIMITS = ("max_updates", "max_epochs", "max_minutes")
"""Fields of TrainConfig that end a training; the nearest one counts."""

CHANGEABLE = frozenset(
    {
        *LIMITS,
        "device",
        "workers",
        "log_every",
        "save_minutes",
        "patience",
    }
)
"""Fields of TrainConfig that a resumed run may change: they do not alter what an update learns.
(A later limit does stretch the decay of the learning rate from there on.)"""

CHOSEN = ("batch_tokens", "warmup_updates", "validations", "log_every")
"""Fields of TrainConfig that fit themselves to the size of the training if they are None."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainConfig(Config):
    """How the weights are learned, until the nearest of the three limits.

    With no limit, a training has 20 epochs, but at least 1,000 updates (``s2s.train.pace``).
    """

    max_updates: int | None = None
    """Maximum number of updates, those of a resumed run included; None is no limit."""
    max_epochs: int | None = None
    """Maximum number of times that the training text is read; None is no limit."""
    max_minutes: float | None = None
    """Wall-clock limit on updates and validations; the time to read text and to learn the
    vocabulary does not count."""
    seed: int = 1
    """Seed of everything random: first weights, order of the text, dropout, subword sampling,
    changed pairs."""
    device: Literal["cpu", "cuda"] = "cpu"
    """Device that trains; a process of ``torchrun`` has a GPU of its own."""
    precision: Literal["auto", "fp32", "tf32", "bf16", "fp16"] = "auto"
    """Arithmetic of the matrix products (autocast); weights and optimizer stay in fp32. ``auto`` is
    bf16 if the device multiplies it faster (a GPU that has it, a CPU with AMX), else fp32; the run
    folder stores which of them it was. ``tf32`` is fp32 with products of 10 bits, on a GPU."""
    batch_tokens: int | None = None
    """Maximum number of target tokens in a batch, padding included; None is ``largest_batch``, or
    fewer if ``max_epochs`` would have less than 400 updates."""
    largest_batch: int = 3000
    """Maximum number of target tokens in a batch, if ``batch_tokens`` is None."""
    accumulate: int | None = None
    """Batches per update, over all processes; None is one for each process."""
    bptt_steps: int | None = None
    """Truncated back-propagation through time: the maximum number of target positions over which
    the decoder's state carries a gradient (Williams and Peng 1990); None is no limit."""
    workers: int | None = None
    """Processes that tokenise text; None is one for each core."""
    init: str | None = None
    """Run folder whose best weights the training starts with; None starts with random weights."""
    optimizer: Literal["adam", "adamw"] = "adam"
    """Adam (Kingma and Ba 2015), or Adam with decoupled weight decay."""
    learning_rate: float = 1e-3
    """The highest learning rate, at the end of the warm-up."""
    warmup_updates: int | None = None
    """Updates over which the learning rate rises from 0 to ``learning_rate``; None is
    ``longest_warmup``, but no more than a fifth of the training."""
    longest_warmup: int = 200
    """Updates of the warm-up, if ``warmup_updates`` is None and the training is long enough."""
    decay: DecayKind = "linear"
    """Decay of the learning rate after the warm-up: ``linear`` and ``cosine`` reach ``final_rate``
    at the nearest limit; ``inverse_sqrt`` falls with the square root of the updates; ``constant``
    does not fall."""
    final_rate: float = 0.02
    """Share of ``learning_rate`` that is left at the limit."""
    beta1: float = 0.9
    """Decay of Adam's mean of the gradients."""
    beta2: float = 0.98
    """Decay of Adam's mean of the squared gradients."""
    weight_decay: float = 0.0
    """Decoupled from the gradient with ``adamw`` (Loshchilov and Hutter 2019); with ``adam`` added
    to it (L2)."""
    clip_norm: float | None = 1.0
    """Gradients with a larger norm are scaled down to this norm (Pascanu et al. 2013)."""
    clip_gates: float | None = None
    """Largest derivative of a sentence's loss (the sum over its tokens, nats) with respect to the
    input of a gate, before the sigmoid or tanh; a larger one is cut to it at each step, so that
    none grows on its way back through time (Graves 2013, section 2.1, who takes 1 for text). It
    needs ``cell`` ``peephole``: the steps of other cells are inside of torch's layers. None is
    off."""
    label_smoothing: float = 0.1
    """Share of the target probability spread over the vocabulary (Szegedy et al. 2016)."""
    r_drop: float = 0.0
    """Weight of R-Drop (Liang et al. 2021): each batch passes twice, with different dropout, and
    the two predictions are pulled together; this doubles the time of an update. 0 is one pass."""
    ema_decay: float | None = None
    """Decay of an exponential moving average of the weights, which is then validated and written
    instead of the weights themselves; None is off."""
    average_last: int = 0
    """At the end, the mean of the weights of this many last validations is validated too."""
    validate_every: int | None = None
    """Updates between validations; None spreads ``validations`` evenly up to the limit, and under
    ``max_minutes`` leaves some out if they would take more than a fifth of the time."""
    validations: int | None = None
    """Number of validations, if ``validate_every`` is None; None is 10, or fewer if there would be
    less than 10 updates between two of them."""
    validate_by: Literal["auto", "bleu", "chrf", "exact", "error", "loss"] = "auto"
    """What chooses the best weights and counts for ``patience``: ``bleu``; ``chrf``, chrF2;
    ``exact``, the share of outputs that equal the target; ``error``, edits per token for a
    vocabulary of words, else per character; ``loss``, nats a target token. The loss decides between
    equal scores. ``auto``: by the look of the validation targets, ``bleu`` for sentences, ``exact``
    for targets under four words, ``chrf`` for long ones without blanks, ``error`` for phonemes and
    other symbols; the run folder stores which of them it was."""
    bleu_sentences: int = 500
    """Number of validation sentences that are translated for the score; 0 validates by loss."""
    bleu_beam_size: int = 4
    """Beam size of the search that translates the validation sentences, at most what the vocabulary
    allows."""
    patience: int | None = None
    """Training stops after this many validations without a better one; None is off."""
    max_bad_updates: int = 20
    """Training gives up after at least this many updates in a row with a non-finite gradient."""
    log_every: int | None = None
    """Updates between records in ``metrics.jsonl``, which have the norms of every layer; None is
    20, or a tenth of a shorter training."""
    save_minutes: float = 5.0
    """Minutes between checkpoints; each validation writes one too."""

    def __post_init__(self) -> None:
        Config.__post_init__(self)
        for name in ("max_updates", "max_epochs", "accumulate", "workers"):
            self._check_range(name, 1)
        for name in (
            "batch_tokens",
            "largest_batch",
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
        for name in (
            "r_drop",
            "average_last",
            "bleu_sentences",
            "warmup_updates",
            "longest_warmup",
            "weight_decay",
        ):
            self._check_range(name, 0)
        for name in ("max_minutes", "save_minutes", "clip_norm", "clip_gates", "learning_rate"):
            self._check_range(name, 1e-9)
        for name in ("label_smoothing", "beta1", "beta2", "ema_decay"):
            self._check_range(name, 0, 0.99999)
        self._check_range("final_rate", 0, 1)
        if self.bleu_sentences == 0 and self.validate_by not in ("auto", "loss"):
            raise ConfigError(
                f"validate_by (--validate-by) is {self.validate_by!r}, but bleu_sentences is 0, so "
                "that nothing is translated; set bleu_sentences, or validate_by to 'loss'"
            )
        if self.precision in ("fp16", "tf32") and self.device == "cpu":
            raise ConfigError(
                f"precision (--precision) is {self.precision!r}, which needs device "
                "(--device) 'cuda'; use bf16 or fp32"
            )
