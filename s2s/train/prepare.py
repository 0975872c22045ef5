"""Opens a run folder: configuration, tokenizer, and the checks that keep two runs apart."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from s2s.config import FORMAT, ModelConfig, SearchConfig, TokenizerConfig
from s2s.errors import ConfigError, DataError, FileError
from s2s.files import atomic_output
from s2s.model.run import (
    CONFIG_FILE,
    LAST_FILE,
    SRC_TOKENIZER_FILE,
    TGT_TOKENIZER_FILE,
    read_config,
    read_tokenizer,
)
from s2s.text import read_pairs
from s2s.tokenizer import Tokenizer, train_tokenizer
from s2s.train.config import CHANGEABLE, DataConfig, TrainConfig


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run folder that training can start in."""

    model: ModelConfig
    tokenizer: Tokenizer
    search: SearchConfig
    sampling: float
    resumed: bool


def open_run(
    out: Path,
    data: DataConfig,
    model: ModelConfig,
    tokenizer: TokenizerConfig,
    training: TrainConfig,
    search: SearchConfig,
    resume: bool,
) -> Prepared:
    """Makes a run folder, or checks that the one there is the one to be resumed.

    Raises:
        FileError: If the folder holds another run, or with ``resume`` none.
        ConfigError: If settings differ from those of the run to be resumed.
    """
    config = {
        "format": FORMAT,
        "languages": {
            "src": data.src_language or guess_language(data.train_src),
            "tgt": data.tgt_language or guess_language(data.train_tgt),
        },
        "data": data.to_dict(),
        "tokenizer": tokenizer.to_dict(),
        "model": model.to_dict(),
        "training": training.to_dict(),
        "search": search.to_dict(),
    }
    if resume:
        return _reopen(out, config, tokenizer.sampling)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        hint = "; --resume goes on with it" if (out / CONFIG_FILE).is_file() else ""
        raise FileError(f"{out} already exists and is not an empty folder{hint}")
    _check_text(data)
    learned = _load(tokenizer) or _learn(data, tokenizer, training)
    sized = replace(
        model, src_vocab_size=learned.src_vocab_size, tgt_vocab_size=learned.tgt_vocab_size
    )
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{out}: cannot make the run folder: {error.strerror}") from error
    _write(out / SRC_TOKENIZER_FILE, learned.src_model)
    if learned.tgt_model is not None:
        _write(out / TGT_TOKENIZER_FILE, learned.tgt_model)
    config["model"] = sized.to_dict()
    text = json.dumps(config, indent=2, ensure_ascii=False) + "\n"
    _write(out / CONFIG_FILE, text.encode())
    return Prepared(sized, learned, search, tokenizer.sampling, resumed=False)


def guess_language(path: str) -> str | None:
    """Returns the language code that a file name ends in, as in ``train.en.gz``."""
    found = re.search(r"\.([a-z]{2,3}(?:-[A-Za-z]+)?)(?:\.gz)?$", Path(path).name)
    return None if found is None or found[1] in ("txt", "tsv", "gz") else found[1]


def _write(path: Path, content: bytes) -> None:
    with atomic_output(path, "wb") as file:
        file.write(content)


def _check_text(data: DataConfig) -> None:
    """Reads all text once: what is wrong with it is told before anything is made."""
    for part, src, tgt in (
        ("train", data.train_src, data.train_tgt),
        ("validate", data.val_src, data.val_tgt),
    ):
        if not sum(bool(pair[0] and pair[1]) for pair in read_pairs(Path(src), Path(tgt))):
            raise DataError(
                f"{src} and {tgt}: no sentence to {part} on: there is none, or all are blank"
            )


def _load(config: TokenizerConfig) -> Tokenizer | None:
    """Loads given vocabularies."""
    models = []
    for path in (config.src_model, config.tgt_model):
        try:
            models.append(None if path is None else Path(path).read_bytes())
        except OSError as error:
            raise FileError(f"tokenizer {path}: {error.strerror}") from error
    return None if models[0] is None else Tokenizer(models[0], models[1])


def _learn(data: DataConfig, config: TokenizerConfig, training: TrainConfig) -> Tokenizer:
    """Learns the vocabularies of a run."""
    src, tgt = Path(data.train_src), Path(data.train_tgt)

    def side(number: int) -> Iterator[str]:
        return (pair[number] for pair in read_pairs(src, tgt) if pair[0] and pair[1])

    return train_tokenizer(side(0), side(1), config, training.seed)


def _reopen(out: Path, config: dict[str, Any], sampling: float) -> Prepared:
    """Checks that the folder's run is the one that ``config`` describes."""
    stored = read_config(out)
    changed = []
    for section in ("data", "tokenizer", "model", "training", "search"):
        old, new = stored.get(section) or {}, config[section] or {}
        for key in sorted(old.keys() | new.keys()):
            same = old.get(key) == new.get(key)
            allowed = (section == "training" and key in CHANGEABLE) or (
                section == "model" and key in ("src_vocab_size", "tgt_vocab_size")
            )
            if not same and not allowed:
                changed.append(f"{section}.{key} was {old.get(key)!r}, is {new.get(key)!r}")
    if changed:
        raise ConfigError(
            f"{out} cannot be resumed with other settings: {'; '.join(changed)}; repeat the old "
            "ones, or train into a new folder"
        )
    if not (out / LAST_FILE).is_file():
        raise FileError(
            f"{out} has no {LAST_FILE} to resume from; remove the folder and start over"
        )
    model = ModelConfig.from_dict(stored["model"])
    return Prepared(
        model, read_tokenizer(out), SearchConfig.from_dict(stored["search"]), sampling, resumed=True
    )
