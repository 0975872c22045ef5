"""The run folder: the names of its files, its configuration and its vocabularies.

``docs/reference/run-folder.md`` describes the folder for programs that read it without s2s. This
module needs no torch; ``s2s.model.run``, which reads the weights, does.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from s2s.errors import ConfigError, FileError, ModelError, printable
from s2s.files import resolve, temporary_folder
from s2s.formats.card import FORMAT, parse_json, strings_of
from s2s.tokenizer import Tokenizer

CONFIG_FILE = "config.json"
"""The settings of the run: its network, its data, its training."""
SRC_TOKENIZER_FILE = "src.model"
"""SentencePiece model of the source, or of both sides."""
TGT_TOKENIZER_FILE = "tgt.model"
"""SentencePiece model of the target, if the vocabularies are separate."""
BEST_FILE = "best.safetensors"
"""Weights of the best validation, with its scores in the header."""
LAST_FILE = "last.safetensors"
"""All that training needs to go on."""
METRICS_FILE = "metrics.jsonl"
"""Records of training and validation, one JSON object a line."""


def write_run(out: Path, config: dict[str, Any], vocabulary: Tokenizer) -> None:
    """Makes the folder of a new run, whole or not at all.

    Args:
        out: The folder, which is missing or empty.
        config: The content of ``config.json``.
        vocabulary: The tokenizer of the run.

    Raises:
        FileError: If it cannot be made.
    """
    target = resolve(out)
    files = {
        SRC_TOKENIZER_FILE: vocabulary.src_model,
        TGT_TOKENIZER_FILE: vocabulary.tgt_model,
        CONFIG_FILE: (json.dumps(config, indent=2, ensure_ascii=False) + "\n").encode(),
    }
    try:
        with temporary_folder(target.parent) as temporary:
            folder = temporary / target.name
            folder.mkdir()
            for name, content in files.items():
                if content is not None:
                    (folder / name).write_bytes(content)
            folder.replace(target)
    except OSError as error:
        raise FileError(f"cannot make the run folder {out}: {error.strerror}") from error


def read_config(folder: Path) -> dict[str, Any]:
    """Returns the run's ``config.json``.

    Raises:
        FileError: If ``folder`` holds no run.
        ModelError: If the file is damaged or of another format.
    """
    path = folder / CONFIG_FILE
    if not path.is_file():
        raise FileError(
            f"{folder} is not a run folder: it has no {CONFIG_FILE}; name a folder that s2s "
            "train wrote"
        )
    try:
        config = parse_json(_read(path))
    except ValueError as error:
        raise ModelError(f"{path} is damaged: {error}") from error
    version = config.get("format") if isinstance(config, dict) else None
    if version != FORMAT:
        raise ModelError(
            f"{path} has format {version!r}, but this s2s reads format {FORMAT}; use the version "
            "of s2s that wrote it"
        )
    return dict(config)


def read_tokenizer(folder: Path) -> Tokenizer:
    """Loads the run's SentencePiece models, with the tags that ``config.json`` names.

    Raises:
        FileError: If a file is missing.
        ModelError: If a file is damaged, or the vocabulary lacks a tag.
    """
    src, tgt = folder / SRC_TOKENIZER_FILE, folder / TGT_TOKENIZER_FILE
    if not src.is_file():
        raise FileError(f"{folder} has no {SRC_TOKENIZER_FILE}; copy the file back, or train again")
    src_model, tgt_model = _read(src), _read(tgt) if tgt.is_file() else None
    config = read_config(folder)
    try:
        tags, keep = (strings_of(config, key) for key in ("tags", "keep"))
        return Tokenizer(src_model, tgt_model, tags, keep)
    except (ModelError, ConfigError) as error:
        raise ModelError(f"{folder}: {error}") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}") from error


def identity(folder: Path) -> str:
    """Returns a digest of a run's network configuration and vocabularies, which its weights fit.

    Raises:
        FileError: If a file is missing.
        ModelError: If the configuration is damaged.
    """
    digest = hashlib.sha256(json.dumps(read_config(folder).get("model"), sort_keys=True).encode())
    for name in (SRC_TOKENIZER_FILE, TGT_TOKENIZER_FILE):
        path = folder / name
        model = _read(path) if path.is_file() else b""
        digest.update(hashlib.sha256(model).digest())
    return digest.hexdigest()


def is_run_folder(model: str | Path) -> bool:
    """Whether a path is a run folder, not a model file.

    Raises:
        FileError: If it is a folder, but no run folder.
    """
    path = Path(model)
    if path.is_dir() and not (path / CONFIG_FILE).is_file():
        raise FileError(
            f"{printable(str(path))} is not a run folder: it has no {CONFIG_FILE}; name a folder "
            "that s2s train wrote, or an .onnx file"
        )
    return path.is_dir()
