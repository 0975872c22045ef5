"""The model file: one ONNX graph with search and tokenizer in it, checked before anything runs.

Its metadata: ``s2s.format`` (an integer), ``s2s.config`` (JSON: ``model``, ``search``, ``tags``
where source sentences begin with one, ``keep`` where the network was trained with kept texts,
``members`` of an ensemble, and what else is told about the model), ``s2s.tokenizer`` and with
separate vocabularies ``s2s.tgt_tokenizer`` (SentencePiece models in base64). ``members`` are the
configurations of an ensemble's networks; ``model`` is the first's.

A text model, strings in and strings out, has ``s2s.text`` in place of ``s2s.format``, and its
tokenizers inside the graph: it is told from the others, and described, but not run here.
"""

import base64
import binascii
import dataclasses
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s2s.config import SearchConfig
from s2s.errors import ConfigError, FileError, ModelError, printable
from s2s.formats.card import FORMAT, parse_json, strings_of
from s2s.formats.checksum import check_checksum
from s2s.formats.onnx_header import OnnxHeader, read_header
from s2s.formats.operators import check_graph
from s2s.tokenizer import Tokenizer

INPUTS = ("src", "src_lengths", "beam_size", "max_length", "length_penalty")
OUTPUTS = ("hypotheses", "lengths", "scores")
TEXT_KEY = "s2s.text"
"""Of the metadata of a text model: the version of its contract, counted as ``FORMAT`` is."""
TEXT_INPUT, TO_INPUT = "text", "to"
"""Inputs of a text model: sentences, and where it has tags, the code of each one's language."""
TEXT_OUTPUTS = ("translations", "scores", "lengths", "src_lengths")
MAX_BYTES = 2**31 - 1
"""Protobuf's limit, and so ONNX's for a single file."""


@dataclass(frozen=True)
class FileDescription:
    """An ONNX file that s2s wrote, and what it says about itself."""

    name: str
    """As messages name it."""
    data: bytes
    header: OnnxHeader
    card: dict[str, Any]
    """``s2s.config``, as it is."""
    text: bool
    """Whether it is a text model."""


@dataclass(frozen=True)
class ModelFile:
    """A model file that was read and whose parts fit together."""

    name: str
    """As messages name it."""
    data: bytes
    header: OnnxHeader
    card: dict[str, Any]
    """``s2s.config``, as it is."""
    tokenizer: Tokenizer
    search: SearchConfig
    """The recommended values."""


def describe(model: str | Path | bytes) -> FileDescription:
    """Reads what a file says about itself, be it a model file or a text model.

    Args:
        model: Its path, or its bytes.

    Raises:
        FileError: If it cannot be read.
        ModelError: If s2s did not write it, or it is of another version, or damaged.
    """
    name = "the model" if isinstance(model, bytes) else printable(str(model))
    data = model if isinstance(model, bytes) else _read(Path(model), name)
    try:
        header = read_header(data)
        text = TEXT_KEY in header.metadata
        key = TEXT_KEY if text else "s2s.format"
        found = header.metadata.get(key)
        if found is None:
            raise ModelError("it is an ONNX file of another kind, without s2s.format")
        if found != str(FORMAT):
            raise ModelError(f"it has format {printable(found)}; this s2s reads format {FORMAT}")
        card = _card(data, header)
        check_graph(header)
    except ModelError as error:
        raise ModelError(f"{name} is no s2s model file: {error}") from error
    return FileDescription(name, data, header, card, text)


def read_model_file(model: str | Path | bytes) -> ModelFile:
    """Reads and checks a model file; neither onnx nor onnxruntime is needed.

    Args:
        model: Its path, or its bytes.

    Raises:
        FileError: If it cannot be read.
        ModelError: If it is no model file of this version, or damaged, or a text model.
    """
    return check_model_file(describe(model))


def check_model_file(described: FileDescription) -> ModelFile:
    """Checks that the parts of a model file fit together.

    Raises:
        ModelError: As ``read_model_file``.
    """
    name, header, card = described.name, described.header, described.card
    if described.text:
        raise ModelError(
            f"{name} is a text model, which needs no s2s: onnxruntime with onnxruntime-extensions "
            "runs it (export/README.md); for s2s, export the run without --text"
        )
    try:
        inputs, outputs = (
            {value.name for value in side} for side in (header.inputs, header.outputs)
        )
        if inputs != set(INPUTS) or not outputs.issuperset(OUTPUTS):
            raise ModelError(
                f"its graph has inputs {sorted(inputs)} and outputs {sorted(outputs)}; expected "
                f"{', '.join(INPUTS)} and {', '.join(OUTPUTS)}"
            )
        tokenizer = Tokenizer(
            _model(header, "s2s.tokenizer"),
            _model(header, "s2s.tgt_tokenizer") if "s2s.tgt_tokenizer" in header.metadata else None,
            strings_of(card, "tags"),
            strings_of(card, "keep"),
        )
        pieces = (tokenizer.src_vocab_size, tokenizer.tgt_vocab_size)
        expected = tuple(card["model"].get(f"{side}_vocab_size") for side in ("src", "tgt"))
        if pieces != expected:
            raise ModelError(f"its tokenizer has {pieces} pieces, its network {expected}")
        # A field that a later s2s adds is the graph's business, not the runtime's.
        known = {field.name for field in dataclasses.fields(SearchConfig)}
        search = SearchConfig.from_dict({k: v for k, v in card["search"].items() if k in known})
    except (ModelError, ConfigError) as error:
        raise ModelError(f"{name} is no s2s model file: {error}") from error
    return ModelFile(name, described.data, header, card, tokenizer, search)


def _read(path: Path, name: str) -> bytes:
    try:
        found = path.stat()
        endless = stat.S_ISCHR(found.st_mode) or stat.S_ISBLK(found.st_mode)  # or may be
        if not endless and found.st_size <= MAX_BYTES:
            return path.read_bytes()
    except FileNotFoundError as error:
        raise FileError(f"{name} does not exist; expected an .onnx file or a run folder") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileError(f"cannot read {name}: {reason}") from error
    if endless:
        raise FileError(f"{name} is a device; expected an .onnx file or a run folder")
    raise ModelError(f"{name} is no s2s model file: it is larger than 2 GiB")


def _card(data: bytes, header: OnnxHeader) -> dict[str, Any]:
    """Returns ``s2s.config``, once the checksum has been checked."""
    try:
        card = parse_json(header.metadata.get("s2s.config", ""))
    except ValueError as error:
        check_checksum(data, header.metadata, None)  # what is damaged is damaged
        raise ModelError("its s2s.config is missing or no JSON") from error
    check_checksum(data, header.metadata, card if isinstance(card, dict) else None)
    if not isinstance(card, dict):
        raise ModelError("its s2s.config is no JSON object")
    for key in ("model", "search"):
        if not isinstance(card.get(key), dict):
            raise ModelError(f"its s2s.config has no object {key!r}")
    members = card.get("members", [])
    if not (isinstance(members, list) and all(isinstance(each, dict) for each in members)):
        raise ModelError("its s2s.config has 'members' that are no list of objects")
    return card


def _model(header: OnnxHeader, key: str) -> bytes:
    try:
        return base64.b64decode(header.metadata[key], validate=True)
    except (KeyError, binascii.Error, ValueError) as error:
        raise ModelError(f"its {key} is missing or no base64") from error
