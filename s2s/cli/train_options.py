"""Options of ``s2s train`` but for those of its text and of the network."""

from pathlib import Path
from typing import Annotated

from s2s.cli.options import AUTO, FILES, MACHINE, device_of, option, positive

LIMITS = "Limits and size"
TRAINING = "Training"

PRESETS = ("auto", "tiny", "small", "medium", "base", "large")
OF_SMALL = {
    "cell": "lstm",
    "attention": "general",
    "context": "parallel",
    "embedding_size": "256",
    "hidden_size": "256",
    "encoder_layers": "1",
    "decoder_layers": "1",
    "dropout": "0.3",
    "vocab_size": "4000",
    "algorithm": "auto",
    "sampling": "0",
    "learning_rate": "0.008",
    "largest_batch": "1000",
}
"""Defaults that the help page shows: those of the preset ``small``.

They are repeated here because the preset is in ``s2s.train``, which loads torch.
"""

# Files

Out = Annotated[
    Path, option(panel=FILES, help_="Write the run to this new folder.", metavar="FOLDER")
]

# Limits and size

MaxMinutes = Annotated[
    float | None,
    option(panel=LIMITS, help_="Stop after this many minutes.", metavar="N", check=positive),
]
MaxUpdates = Annotated[
    int | None,
    option(panel=LIMITS, help_="Stop after this many updates.", metavar="N", check=positive),
]
MaxEpochs = Annotated[
    int | None,
    option(
        panel=LIMITS,
        help_="Stop after this many epochs.",
        metavar="N",
        check=positive,
        default="20",
    ),
]
PresetName = Annotated[
    str | None,
    option(
        "--preset",
        panel=LIMITS,
        help_=f"{PRESETS[0]}, or {', '.join(PRESETS[1:-1])} or {PRESETS[-1]}.",
        metavar="SIZE",
        default=False,
        choices=PRESETS,
        check=lambda name: name,  # s2s.train.settings checks it
    ),
]

# Training

Resume = Annotated[
    bool,
    option("--resume", panel=TRAINING, help_="Continue exactly from the last checkpoint of --out."),
]
Init = Annotated[
    Path | None,
    option(
        panel=TRAINING,
        help_="Fine-tune: start with the weights, shape and vocabulary of this run.",
        metavar="RUN",
    ),
]
NewPieces = Annotated[
    int | None,
    option(
        panel=TRAINING,
        help_="Add at most this many pieces of the text to the vocabulary of --init.",
        metavar="N",
        low=0,
        default="0",
    ),
]
LearningRate = Annotated[
    float | None,
    option(
        panel=TRAINING,
        help_="Reach this rate at the end of the warm-up.",
        metavar="X",
        check=positive,
        default=OF_SMALL["learning_rate"],
    ),
]
BatchTokens = Annotated[
    int | None,
    option(
        panel=TRAINING,
        help_="Limit a batch to this many target tokens, padding included.",
        metavar="N",
        low=1,
        default=f"{OF_SMALL['largest_batch']}, fewer for little text",
    ),
]
Accumulate = Annotated[
    int | None,
    option(
        panel=TRAINING,
        help_="Sum this many batches per update, over all processes.",
        metavar="N",
        low=1,
        default="one per process",
    ),
]
BpttSteps = Annotated[
    int | None,
    option(
        panel=TRAINING,
        help_="Truncate back-propagation to this many target positions.",
        metavar="N",
        low=1,
        default="no limit",
    ),
]
Patience = Annotated[
    int | None,
    option(
        panel=TRAINING,
        help_="Stop after this many validations without a better one.",
        metavar="N",
        low=1,
        default="no limit",
    ),
]
ValidateEvery = Annotated[
    int | None,
    option(
        panel=TRAINING,
        help_="Validate every so many updates.",
        metavar="N",
        low=1,
        default="ten times in all",
    ),
]
ValidateBy = Annotated[
    str | None,
    option(
        panel=TRAINING,
        help_="Keep the weights that are best by this: BLEU, chrF2, exact matches, edits per token "
        "or character, or loss, which also decides ties; auto looks at the validation targets.",
        choices=("auto", "bleu", "chrf", "exact", "error", "loss"),
        default="auto",
    ),
]
Seed = Annotated[
    int | None,
    option(
        panel=TRAINING,
        help_="Draw all random numbers from this seed: same seed, same model.",
        metavar="N",
        low=0,
        default="1",
    ),
]
InStep = Annotated[
    str | None,
    option(
        panel=TRAINING,
        help_="Let the search write exactly as many pieces as its source has, as a label for each "
        "word. auto: if both vocabularies are of words and both sides of each pair equally long.",
        choices=tuple(AUTO),
        default="auto",
    ),
]
Assignments = Annotated[
    list[str] | None,
    option(
        "--set",
        panel=TRAINING,
        help_="Set any other field of a configuration, for example word_dropout=0.1, "
        "recurrent_dropout=0.2, r_drop=5, label_smoothing=0.2 or ema_decay=0.999; may be "
        "repeated.",
        metavar="FIELD=VALUE",
        default=False,
    ),
]
Diagnose = Annotated[
    bool,
    option(
        "--diagnose",
        panel=TRAINING,
        help_="Show how the gradients of the run in --out decay over time steps; train nothing.",
    ),
]

# Machine

TrainDevice = Annotated[
    str | None,
    option(
        "--device",
        panel=MACHINE,
        help_="Train on this device.",
        default="cpu",
        choices=("cpu", "cuda"),
        check=device_of,
    ),
]
Precision = Annotated[
    str | None,
    option(
        panel=MACHINE,
        help_="Compute in this precision; auto is bf16 if the device has units for it, or else "
        "fp32. tf32 and fp16 need a GPU.",
        choices=("auto", "fp32", "tf32", "bf16", "fp16"),
        default="auto",
    ),
]
Workers = Annotated[
    int | None,
    option(
        panel=MACHINE,
        help_="Tokenise in this many processes.",
        metavar="N",
        low=1,
        default="one per core",
    ),
]
Cache = Annotated[
    Path | None,
    option(
        panel=MACHINE,
        help_="Keep tokenised text in this folder, which runs may share.",
        metavar="FOLDER",
        default="in --out",
    ),
]
SaveMinutes = Annotated[
    float | None,
    option(
        panel=MACHINE,
        help_="Write a checkpoint every so many minutes.",
        metavar="N",
        check=positive,
        default="5",
    ),
]
