"""Opens a run folder: configuration, tokenizer, and the checks that keep two runs apart."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from s2s.config import ModelConfig, SearchConfig, TokenizerConfig
from s2s.corpus import AugmentConfig, DataConfig
from s2s.errors import ConfigError, FileError, ModelError, printable
from s2s.files import resolve
from s2s.formats.card import FORMAT, LABELS, TEXT_FACTS
from s2s.formats.run_folder import (
    CONFIG_FILE,
    LAST_FILE,
    read_config,
    read_tokenizer,
    write_run,
)
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.pieces import algorithm_of
from s2s.train.config import CHANGEABLE, CHOSEN, LIMITS, TrainConfig
from s2s.train.fine_tuning import check_tie
from s2s.train.measure import add_measure, check_references, settle_measure
from s2s.train.pace import EpochSize, fit_to_text
from s2s.train.precision import check_precision, choose_precision
from s2s.train.sides import named_languages, say_unknown_languages
from s2s.train.vocabulary import ReadText, make_vocabulary
from s2s.train.world import World

_DEFAULTS = {
    f"{section}.{field.name}": field.default
    for section, kind in (
        ("data", DataConfig),
        ("tokenizer", TokenizerConfig),
        ("model", ModelConfig),
        ("training", TrainConfig),
        ("search", SearchConfig),
    )
    for field in fields(kind)
} | {f"data.augment.{field.name}": field.default for field in fields(AugmentConfig)}


_UNSETTLED = SearchConfig().to_dict()
"""What a search is before training has settled it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRun:
    """A run folder that training can start in, with the settings that it has settled."""

    out: Path
    data: DataConfig
    model: ModelConfig
    tokenizer: Tokenizer
    training: TrainConfig
    search: SearchConfig
    sampling: float
    is_new: bool
    """This process has made the folder."""
    resumed: bool
    """The run was there before."""
    has_checkpoint: bool
    """It was there before, and had written a checkpoint."""

    def discard(self) -> None:
        """Removes the folder of a new run that could not start."""
        if self.is_new:
            shutil.rmtree(self.out, ignore_errors=True)


def open_run(
    out: Path,
    data: DataConfig,
    *,
    model: ModelConfig,
    tokenizer: TokenizerConfig,
    training: TrainConfig,
    search: SearchConfig | None,
    resume: bool,
    world: World,
) -> PreparedRun:
    """Makes a run folder, or checks that the folder holds the run to be resumed.

    Process 0 makes it; the others wait, and then open it. Without ``search``, a new run gets the
    default, and a resumed run keeps the search settings of its folder.

    Raises:
        FileError: If the folder holds another run, or with ``resume`` none.
        ConfigError: If settings differ from those of the run to be resumed, or this processor
            cannot compute with them.
        ModelError: If that run's configuration is damaged.
    """
    config = _describe_run(data, model, tokenizer, training, search or SearchConfig())
    _check_names(out, config)
    _check_processes(training.accumulate, world)
    check_precision(training, model.cell)
    _check_clipping(training, model)
    if not resume:
        if world.is_main:
            _check_empty(out)
            check_references(data)
            text = make_vocabulary(data, tokenizer, training, config["languages"]["src"])
            say_unknown_languages(data)
            settled = _settle(config, training, text.epoch, world)
            measure = settle_measure(data, training, text.tokenizer)
            settled["training"]["validate_by"] = measure
            write_run(out, _with_text(settled, text), text.tokenizer)
        world.wait()
    stored = read_config(out)
    add_measure(stored)
    _check_same(out, stored, config if search else {**config, "search": stored.get("search")})
    try:
        training = TrainConfig.from_dict(_with_settled(config["training"], stored["training"]))
        data = replace(data, max_ratio=stored["data"]["max_ratio"])
        model = ModelConfig.from_dict(stored["model"])
        search = SearchConfig.from_dict(stored["search"])
    except (ConfigError, KeyError, TypeError) as error:
        raise ModelError(f"{out / CONFIG_FILE} is damaged: {error}") from error
    _check_processes(training.accumulate, world)
    check_precision(training, model.cell)
    return PreparedRun(
        out=out,
        data=data,
        model=model,
        tokenizer=read_tokenizer(out),
        training=training,
        search=search,
        sampling=tokenizer.sampling,
        is_new=not resume and world.is_main,
        resumed=resume,
        has_checkpoint=resume and (out / LAST_FILE).is_file(),
    )


def _describe_run(
    data: DataConfig,
    model: ModelConfig,
    tokenizer: TokenizerConfig,
    training: TrainConfig,
    search: SearchConfig,
) -> dict[str, Any]:
    """Returns the content of ``config.json`` as it was asked for, before anything is settled."""
    src, tgt = named_languages(data)
    config = {
        "format": FORMAT,
        "languages": {"src": src, "tgt": tgt},
        "tags": list(data.tags),
        "keep": list(data.keep),
        "data": data.to_dict(),
        "tokenizer": tokenizer.to_dict(),
        "model": model.to_dict(),
        "training": training.to_dict(),
        "search": search.to_dict(),
    }
    plain: dict[str, Any] = json.loads(json.dumps(config))  # lists for tuples, as in the file
    return plain


def _with_settled(training: dict[str, Any], stored: dict[str, Any]) -> dict[str, Any]:
    """Returns the settings of a run with what it has settled itself.

    A run of an earlier release has numbers where the settings now may leave a choice.
    """
    settled = {name: stored[name] for name in ("precision", "accumulate", "validate_by")}
    for name in CHOSEN:
        if training[name] is None and stored.get(name) is not None:
            settled[name] = stored[name]
    if all(training[name] is None for name in LIMITS):
        settled |= {name: stored.get(name) for name in LIMITS}
    return {**training, **settled}


def _check_names(out: Path, config: dict[str, Any]) -> None:
    """Raises FileError for a name whose bytes are not UTF-8: JSON cannot hold it."""
    for name in (str(out), *(str(value) for _, value in _flatten("config", config))):
        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise FileError(
                f"the name {printable(name)} is not UTF-8, but config.json needs UTF-8; rename "
                "the file"
            ) from error


def _check_processes(accumulate: int | None, world: World) -> None:
    if accumulate is not None and accumulate < world.size:
        raise ConfigError(
            f"accumulate (--accumulate) is {accumulate}, but there are {world.size} processes; "
            f"set it to at least {world.size}, or use fewer processes"
        )


def _check_clipping(training: TrainConfig, model: ModelConfig) -> None:
    if training.clip_gates is not None and model.cell != "peephole":
        raise ConfigError(
            f"clip_gates (--set clip_gates) is {training.clip_gates}, but cell (--cell) is "
            f"{model.cell!r}, whose steps are inside of torch's layer, where no derivative can be "
            "cut; use --cell peephole, or clip the norm of the whole gradient (--set clip_norm=0.5)"
        )


def _check_empty(out: Path) -> None:
    """Raises FileError if ``out`` cannot be a folder's name, or is no empty folder."""
    if resolve(out).exists() and (not out.is_dir() or any(out.iterdir())):
        hint = "; use --resume to continue its training" if (out / CONFIG_FILE).is_file() else ""
        raise FileError(f"{out} already exists and is not an empty folder{hint}")


def _settle(
    config: dict[str, Any], training: TrainConfig, epoch: EpochSize, world: World
) -> dict[str, Any]:
    """Returns ``config`` with what this run decides: precision, batches, a limit if none is set."""
    accumulate = training.accumulate or world.size
    settled = fit_to_text(replace(training, accumulate=accumulate), epoch)
    return {
        **config,
        "training": {**settled.to_dict(), "precision": choose_precision(training)},
    }


def _with_text(config: dict[str, Any], text: ReadText) -> dict[str, Any]:
    """Returns ``config`` with what the text has settled: sizes, algorithm, labels and so on.

    Raises:
        ConfigError: If the network cannot have such a vocabulary.
    """
    vocabulary = text.tokenizer
    sizes = {
        "src_vocab_size": vocabulary.src_vocab_size,
        "tgt_vocab_size": vocabulary.tgt_vocab_size,
    }
    tokenizer = config["tokenizer"]
    if tokenizer["algorithm"] == "auto":
        tokenizer = {**tokenizer, "algorithm": algorithm_of(vocabulary.src_model)}
    config = {
        **config,
        "model": {**config["model"], **sizes},
        **({LABELS: list(text.labels)} if text.labels else {}),
        "data": {**config["data"], "max_ratio": text.max_ratio},
        "tokenizer": tokenizer,
        TEXT_FACTS: text.facts.to_dict(),
    }
    check_tie(config["model"]["tie"], vocabulary)
    ModelConfig.from_dict(config["model"])  # raises if the sizes do not go together
    return config


def _flatten(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yields every plain value in a configuration, with its path."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _flatten(f"{name}.{key}", item)
    else:
        yield name, value


def _check_same(out: Path, stored: dict[str, Any], config: dict[str, Any]) -> None:
    """Checks that the folder's run is the one that ``config`` describes."""
    free = {f"training.{name}" for name in CHANGEABLE}
    free |= {"data.cache", "model.src_vocab_size", "model.tgt_vocab_size"}
    # They left a choice, which the run has made.
    free |= {"training.largest_batch", "training.longest_warmup"}
    # Values that the run has settled, if they were not asked for.
    if config["training"]["precision"] == "auto":
        free.add("training.precision")
    if config["training"]["validate_by"] == "auto":
        free.add("training.validate_by")
    for name in ("accumulate", *CHOSEN):
        if config["training"][name] is None:
            free.add(f"training.{name}")
    for section, name in (("data", "max_ratio"), ("tokenizer", "algorithm")):
        if config[section][name] == "auto":
            free.add(f"{section}.{name}")
    if isinstance(asked := config["search"], dict):
        learned = ("length_factor", "length_margin", "max_length", "in_step")
        free |= {f"search.{name}" for name in learned if asked.get(name) == _UNSETTLED[name]}
    changes = []
    for section in ("data", "tokenizer", "model", "training", "search"):
        old = dict(_flatten(section, stored.get(section) or {}))
        new = dict(_flatten(section, config[section] or {}))
        # A key that an older s2s did not know may be missing, if its default is asked for.
        defaults = {key for key in new.keys() - old.keys() if new[key] == _DEFAULTS.get(key)}
        changes += [
            f"{key} was {old.get(key)!r} and is now {new.get(key)!r}"
            for key in sorted(old.keys() | new.keys())
            if old.get(key) != new.get(key) and key not in free | defaults
        ]
    if changes:
        raise ConfigError(
            f"{out} cannot be resumed with other settings: {'; '.join(changes)}; repeat the old "
            "settings, or train into a new folder"
        )
