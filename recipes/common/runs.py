"""Trains runs so that a command can be repeated: complete ones are used, others go on."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from s2s.config import ModelConfig, TokenizerConfig
from s2s.errors import ConfigError
from s2s.files import atomic_output
from s2s.formats.run_folder import CONFIG_FILE
from s2s.train import DataConfig, TrainConfig, train

RESULT = "result.json"
"""In a run folder once its training is complete: its figures, and ``told``, its settings."""
FIGURES = ("updates", "epochs", "minutes")
"""What is kept of a training's result."""


def obtain_run(
    run: Path,
    data: DataConfig,
    *,
    model: ModelConfig,
    tokenizer: TokenizerConfig,
    training: TrainConfig,
    tell: Callable[[str], object] = lambda _: None,
) -> dict[str, float]:
    """Trains ``run``, or goes on with it; leaves it alone if it is complete.

    The device may be another than that of a complete run; all other settings must be the same.

    Args:
        run: Run folder.
        data: Text for training and validation.
        model: Settings of the network.
        tokenizer: Settings of the vocabularies.
        training: Settings of the training.
        tell: Called with a line that says which of the three is done.

    Returns:
        The figures of the training by name, as in ``FIGURES``. An old run may lack some of them.

    Raises:
        ConfigError: If the run is complete, but was trained with other settings.
        S2SError: As ``train``.
    """
    told = {"model": model, "tokenizer": tokenizer, "training": replace(training, device="cpu")}
    path = run / RESULT
    if path.is_file():
        figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        old = figures.pop("told")
        if changed := [k for k, each in told.items() if type(each).from_dict(old[k]) != each]:
            raise ConfigError(
                f"{run} is complete, but its settings of {', '.join(changed)} differ; "
                "repeat the old command, or name another folder with --out"
            )
        tell(f"{run} is complete and is used")
        return figures
    resume = (run / CONFIG_FILE).is_file()
    tell(f"{run}: {'goes on' if resume else 'training'}")
    done = train(data, run, training=training, model=model, tokenizer=tokenizer, resume=resume)
    figures = {name: getattr(done, name) for name in FIGURES}
    with atomic_output(path) as file:
        json.dump({**figures, "told": {k: each.to_dict() for k, each in told.items()}}, file)
    return figures
