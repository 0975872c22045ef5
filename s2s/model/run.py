"""The weights of a run, and the network that they belong to.

``best.safetensors`` holds the weights of the best validation, with scores in its header;
``last.safetensors`` holds everything that training needs to go on. No pickle is read or written.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from s2s.config import ModelConfig, SearchConfig
from s2s.errors import ConfigError, FileError, ModelError
from s2s.formats.card import LABELS, TEXT_FACTS, parse_json, strings_of, text_facts
from s2s.formats.run_folder import (
    BEST_FILE,
    CONFIG_FILE,
    SRC_TOKENIZER_FILE,
    TGT_TOKENIZER_FILE,
    identity,
    read_config,
    read_tokenizer,
)
from s2s.model.seq2seq import Seq2Seq
from s2s.tokenizer import Tokenizer


@dataclass(frozen=True)
class Run:
    """A trained translator."""

    model: Seq2Seq  # in evaluation mode
    tokenizer: Tokenizer
    search: SearchConfig
    card: dict[str, Any]
    """JSON values that describe the model, copied into the model file's metadata: ``languages``
    (src, tgt: a code or a list of codes), ``scores``, ``updates``, ``tags`` and ``keep`` if the
    model was trained with them, and ``text``, the record of the training text, if there is one."""


def checksum(tensors: dict[str, torch.Tensor], state: dict[str, Any]) -> str:
    """Returns a digest of a checkpoint's content (BLAKE2b, 128 bits)."""
    digest = hashlib.blake2b(json.dumps(state, sort_keys=True).encode(), digest_size=16)
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def read_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Reads a checkpoint of a run folder: its tensors, and the JSON state in its header.

    Checks the checksum, and that the file belongs to the folder's configuration and vocabularies.

    Raises:
        FileError: If ``path`` is missing or cannot be read.
        ModelError: If it is not a safetensors file of s2s, is damaged, or belongs to another run.
    """
    if not path.is_file():
        raise FileError(f"{path} does not exist; the run has not saved this checkpoint yet")
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.offset_keys()}
            header = file.metadata() or {}
            state = parse_json(header.get("s2s.state", "null"))
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}") from error
    except (SafetensorError, ValueError) as error:
        raise ModelError(f"{path} is damaged: {error!s:.300}") from error
    if not isinstance(state, dict):
        raise ModelError(f"{path} is not a checkpoint of s2s: its header has no s2s.state")
    # Files of s2s 0.1.0 have no checksum.
    if "s2s.checksum" in header and header["s2s.checksum"] != checksum(tensors, state):
        raise ModelError(
            f"{path} is damaged: its checksum does not match its content; use a copy, or train "
            "again"
        )
    # The weights of another run may have the same shapes, its vocabularies the same sizes.
    if "s2s.run" in header and header["s2s.run"] != identity(path.parent):
        raise ModelError(
            f"{path} does not belong to the {CONFIG_FILE}, {SRC_TOKENIZER_FILE} or "
            f"{TGT_TOKENIZER_FILE} beside it: the folder is damaged, or has files of several runs; "
            "use a copy, or train again"
        )
    return tensors, state


def check_size(config: ModelConfig, path: Path) -> None:
    """Checks that a checkpoint may hold a network's weights, before the network takes memory.

    Raises:
        ModelError: If the file is too small for the configuration.
    """
    layer, embedding = config.hidden_size, config.embedding_size
    tables = config.src_vocab_size + (0 if config.tie == "all" else config.tgt_vocab_size)
    # Weights from state to state, where a direction of the encoder has half of the width; tables,
    # and weights from embeddings.
    least = config.decoder_layers * layer**2 + config.encoder_layers * layer**2 // 2
    least += (tables + 2 * layer) * embedding
    if 2 * least > path.stat().st_size:  # bytes, of half precision
        raise ModelError(
            f"{path} does not fit {CONFIG_FILE}: the file is too small for a network of over "
            f"{least:,} weights; use a copy, or train again"
        )


def load_weights(model: Seq2Seq, tensors: dict[str, torch.Tensor], path: Path) -> None:
    """Copies checkpoint tensors into ``model``.

    Raises:
        ModelError: If names or shapes differ, or a tensor is not a weight; the message says which.
    """
    parameters = dict(model.named_parameters())  # a shared table once, under its first name
    missing = sorted(parameters.keys() - tensors.keys())
    unknown = sorted(tensors.keys() - parameters.keys())
    if missing or unknown:
        raise ModelError(
            f"{path} does not fit {CONFIG_FILE}: missing weights {missing[:3]}, unknown "
            f"weights {unknown[:3]}"
        )
    for name, parameter in parameters.items():
        if tensors[name].shape != parameter.shape:
            raise ModelError(
                f"{path}: {name} has shape {tuple(tensors[name].shape)}; expected "
                f"{tuple(parameter.shape)}, the shape in {CONFIG_FILE}"
            )
        if not tensors[name].is_floating_point():
            raise ModelError(
                f"{path}: {name} has the type {tensors[name].dtype}; expected floating-point "
                "numbers"
            )
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(tensors[name])


def load_run(folder: str | Path) -> Run:
    """Loads the best weights of a run, on the CPU.

    Raises:
        FileError: If the folder or a file is missing.
        ModelError: If a file is damaged or the files do not belong together.
    """
    folder = Path(folder)
    config = read_config(folder)
    tokenizer = read_tokenizer(folder)
    try:
        shape = ModelConfig.from_dict(config["model"])
        search = SearchConfig.from_dict(config["search"]).fitted(shape.tgt_vocab_size)
        text_facts(config)
        labels = strings_of(config, LABELS)
    except (ConfigError, ModelError, KeyError) as error:
        raise ModelError(f"{folder / CONFIG_FILE} is damaged: {error}") from error
    expected = (shape.src_vocab_size, shape.tgt_vocab_size)
    sizes = (tokenizer.src_vocab_size, tokenizer.tgt_vocab_size)
    if sizes != expected:
        raise ModelError(
            f"{folder}: the tokenizer has {sizes} source and target pieces, but the network "
            f"{expected}; use a copy of the folder"
        )
    path = folder / BEST_FILE
    tensors, state = read_tensors(path)
    check_size(shape, path)
    model = Seq2Seq(shape)
    load_weights(model, tensors, path)
    card = {"languages": config.get("languages", {}), **state}
    if tokenizer.tags:
        card["tags"] = list(tokenizer.tags)
    if tokenizer.keep is not None:
        card["keep"] = list(tokenizer.keep.patterns)
    if labels:
        card[LABELS] = labels
    if tokenizer.keeps_blanks:
        card["whitespace"] = "keep"
    if config.get(TEXT_FACTS) is not None:
        card[TEXT_FACTS] = config[TEXT_FACTS]
    return Run(model.eval(), tokenizer, search, card)
