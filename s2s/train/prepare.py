"""Opens a run folder: configuration, tokenizer, and the checks that keep two runs apart."""

import json
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from s2s.config import ModelConfig, SearchConfig, TokenizerConfig
from s2s.corpus import DataConfig
from s2s.corpus.pairs import Survey, survey
from s2s.errors import ConfigError, FileError, ModelError, printable
from s2s.files import resolve
from s2s.formats.card import FORMAT
from s2s.formats.run_folder import (
    CONFIG_FILE,
    LAST_FILE,
    SRC_TOKENIZER_FILE,
    TGT_TOKENIZER_FILE,
    read_config,
    read_tokenizer,
)
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.extend import extend_tokenizer, keeping, share_anew
from s2s.tokenizer.keep import STAND_IN, make_keep
from s2s.tokenizer.learn import train_tokenizer
from s2s.train.config import CHANGEABLE, TrainConfig
from s2s.train.fine_tuning import check_tie
from s2s.train.log import say
from s2s.train.precision import check_precision, chosen_precision
from s2s.train.world import World

_DEFAULTS = {
    f"{section}.{field.name}": field.default
    for section, kind in (
        ("tokenizer", TokenizerConfig),
        ("model", ModelConfig),
        ("training", TrainConfig),
        ("search", SearchConfig),
    )
    for field in fields(kind)
}
VOCABULARY_PAIRS = 500_000
"""Pairs that the vocabulary is learned from, drawn from all of them."""


@dataclass(frozen=True, slots=True)
class PreparedRun:
    """A run folder that training can start in."""

    out: Path
    data: DataConfig
    model: ModelConfig
    tokenizer: Tokenizer
    training: TrainConfig
    search: SearchConfig
    sampling: float
    is_new: bool  # this process has made it
    has_checkpoint: bool

    def discard(self) -> None:
        """Removes what was made of a new run that could not start."""
        if self.is_new:
            shutil.rmtree(self.out, ignore_errors=True)


def open_run(
    out: Path,
    data: DataConfig,
    model: ModelConfig,
    tokenizer: TokenizerConfig,
    training: TrainConfig,
    search: SearchConfig,
    *,
    resume: bool,
    world: World,
) -> PreparedRun:
    """Makes a run folder, or checks that the one there is the one to be resumed.

    Process 0 makes it; the others wait, and then open it.

    Raises:
        FileError: If the folder holds another run, or with ``resume`` none.
        ConfigError: If settings differ from those of the run to be resumed, or this processor
            cannot compute with them.
        ModelError: If that run's configuration is damaged.
    """
    config = {
        "format": FORMAT,
        "languages": {
            "src": data.src_language or _languages(each.src for each in data.train),
            "tgt": data.tgt_language or _languages(each.tgt for each in data.train),
        },
        "tags": list(data.tags),
        "keep": list(data.keep),
        "data": data.to_dict(),
        "tokenizer": tokenizer.to_dict(),
        "model": model.to_dict(),
        "training": training.to_dict(),
        "search": search.to_dict(),
    }
    config = json.loads(json.dumps(config))  # lists for tuples, as in the file
    _check_names(out, config)
    _check_processes(training.accumulate, world)
    check_precision(training, model.cell)
    if not resume:
        if world.is_main:
            _make(out, config, data, tokenizer, training, world.size)
        world.wait()
    stored = read_config(out)
    _check_same(out, stored, config)
    try:
        found_out = {name: stored["training"][name] for name in ("precision", "accumulate")}
        settled = TrainConfig.from_dict({**config["training"], **found_out})
        settled_model = ModelConfig.from_dict(stored["model"])
        settled_search = SearchConfig.from_dict(stored["search"])
    except (ConfigError, KeyError, TypeError) as error:
        raise ModelError(f"{out / CONFIG_FILE} is damaged: {error}") from error
    _check_processes(settled.accumulate, world)
    check_precision(settled, settled_model.cell)
    return PreparedRun(
        out,
        data,
        settled_model,
        read_tokenizer(out),
        settled,
        settled_search,
        tokenizer.sampling,
        is_new=not resume and world.is_main,
        has_checkpoint=resume and (out / LAST_FILE).is_file(),
    )


def _check_names(out: Path, config: dict[str, Any]) -> None:
    """Raises FileError for a name of bytes that are no UTF-8: JSON cannot hold it."""
    for name in (str(out), *(str(value) for _, value in _flat("config", config))):
        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise FileError(
                f"{printable(name)} is no name in UTF-8, which config.json needs; rename it"
            ) from error


def _check_processes(accumulate: int | None, world: World) -> None:
    if accumulate is not None and accumulate < world.size:
        raise ConfigError(
            f"an update has {accumulate} batches, but there are {world.size} processes; train with "
            "accumulate of at least that many, or with fewer processes"
        )


def _make(
    out: Path,
    config: dict[str, Any],
    data: DataConfig,
    tokenizer: TokenizerConfig,
    training: TrainConfig,
    num_processes: int,
) -> None:
    """Makes the folder of a new run, with its vocabulary and configuration; whole or not at all."""
    target = resolve(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        hint = "; --resume goes on with it" if (out / CONFIG_FILE).is_file() else ""
        raise FileError(f"{out} already exists and is not an empty folder{hint}")
    config["training"]["precision"] = chosen_precision(training)
    config["training"]["accumulate"] = training.accumulate or num_processes
    survey(data.validation, 0, training.seed, purpose="validate")
    found = survey(data.train, VOCABULARY_PAIRS, training.seed)
    if tokenizer.src_model is None and training.init is None:
        say(f"learning a vocabulary from {len(found.src):,} of {sum(found.pairs):,} pairs")
    if keep := make_keep(data.keep):
        # What both sides keep takes no pieces.
        marked = [keep.mark_pair(*pair) for pair in zip(found.src, found.tgt, strict=True)]
        found = replace(
            found,
            src=[src.replace(STAND_IN, " ") for src, _, _ in marked],
            tgt=[tgt.replace(STAND_IN, " ") for _, tgt, _ in marked],
        )
    learned = keeping(_vocabulary(found, data, tokenizer, training), data.keep)
    config["model"]["src_vocab_size"] = learned.src_vocab_size
    config["model"]["tgt_vocab_size"] = learned.tgt_vocab_size
    check_tie(config["model"]["tie"], learned)
    ModelConfig.from_dict(config["model"])  # sizes that do not go together are told here
    files = {
        SRC_TOKENIZER_FILE: learned.src_model,
        TGT_TOKENIZER_FILE: learned.tgt_model,
        CONFIG_FILE: (json.dumps(config, indent=2, ensure_ascii=False) + "\n").encode(),
    }
    made = target.with_name(f".s2s-{secrets.token_hex(6)}.tmp")
    try:
        made.mkdir(parents=True)
        for name, content in files.items():
            if content is not None:
                (made / name).write_bytes(content)
        made.replace(target)
    except OSError as error:
        raise FileError(f"{out}: cannot make the run folder: {error.strerror}") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _vocabulary(
    found: Survey, data: DataConfig, config: TokenizerConfig, training: TrainConfig
) -> Tokenizer:
    """Loads the vocabularies of a run, or learns them from its text."""
    seed, tags = training.seed, data.tags
    given = None
    if config.src_model is not None:
        models = []
        for path in (config.src_model, config.tgt_model):
            try:
                models.append(None if path is None else Path(path).read_bytes())
            except OSError as error:
                raise FileError(f"tokenizer {path}: {error.strerror}") from error
        given = Tokenizer(models[0] or b"", models[1])
    elif training.init is not None:
        given = read_tokenizer(Path(training.init))
    if given is None:
        # The piece of kept texts, which comes later, is counted in its size.
        size = max(8, config.vocab_size - bool(data.keep))
        sized = replace(config, vocab_size=size)
        return train_tokenizer(found.src, found.tgt, sized, seed, tags)
    if config.new_pieces or not set(tags) <= set(given.tags):
        return extend_tokenizer(given, found.src, found.tgt, config, config.new_pieces, seed, tags)
    # Members of an ensemble want the vocabulary as it is; a network that goes on with other text
    # may need pieces that were the source's alone.
    return given if training.init is None else share_anew(given, found.tgt)


def language_of(path: str) -> str | None:
    """Returns the language code that a file name ends in, as in ``train.en.gz``."""
    found = re.search(r"\.([a-z]{2,3}(?:-[A-Za-z]+)?)(?:\.gz)?$", Path(path).name)
    return None if found is None or found[1] in ("txt", "tsv", "gz") else found[1]


def _languages(paths: Iterable[str]) -> str | list[str] | None:
    """Returns the language of some files, or a list where there are several."""
    codes = list(dict.fromkeys(filter(None, map(language_of, paths))))
    return codes if len(codes) > 1 else next(iter(codes), None)


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yields every plain value in a configuration, with its path."""
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _flat(f"{name}.{key}", each)
    else:
        yield name, value


def _check_same(out: Path, stored: dict[str, Any], config: dict[str, Any]) -> None:
    """Checks that the folder's run is the one that ``config`` describes."""
    free = {f"training.{name}" for name in CHANGEABLE}
    free |= {"data.cache", "model.src_vocab_size", "model.tgt_vocab_size"}
    # What the run folder has found out by itself.
    if config["training"]["precision"] == "auto":
        free.add("training.precision")
    if config["training"]["accumulate"] is None:
        free.add("training.accumulate")
    changed = []
    for section in ("data", "tokenizer", "model", "training", "search"):
        old = dict(_flat(section, stored.get(section) or {}))
        new = dict(_flat(section, config[section]))
        # A key that an older s2s did not know says nothing, unless it is asked for.
        unsaid = {key for key in new.keys() - old.keys() if new[key] == _DEFAULTS.get(key)}
        changed += [
            f"{key} was {old.get(key)!r}, is {new.get(key)!r}"
            for key in sorted(old.keys() | new.keys())
            if old.get(key) != new.get(key) and key not in free | unsaid
        ]
    if changed:
        raise ConfigError(
            f"{out} cannot be resumed with other settings: {'; '.join(changed)}; repeat the old "
            "ones, or train into a new folder"
        )
