"""The model file: one ONNX graph with search and tokenizer in it, checked before anything runs.

Its metadata: ``s2s.format`` (an integer), ``s2s.config`` (the card, JSON), ``s2s.tokenizer`` and,
with separate vocabularies, ``s2s.tgt_tokenizer`` (SentencePiece models in base64). The card has
``model``, ``search``, ``tags`` if source sentences begin with a tag, ``keep`` if the network was
trained with kept texts, ``members`` for an ensemble (the configurations of its networks; ``model``
is the first one's), ``fixed_search`` if the values of ``search`` are constants of the graph, and
more facts about the model.

A text model, strings in and strings out, has ``s2s.text`` in place of ``s2s.format``, and its
tokenizers inside the graph. It is recognised and described here, but not run.
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
from s2s.formats.card import FORMAT, has_fixed_search, parse_json, strings_of
from s2s.formats.checksum import check_checksum
from s2s.formats.onnx_header import OnnxHeader, read_header
from s2s.formats.operators import check_graph
from s2s.formats.option_inputs import SEARCH_INPUTS
from s2s.tokenizer import Tokenizer

FIXED_INPUTS = ("src", "src_lengths")
"""Inputs of a file whose search is fixed."""
INPUTS = (*FIXED_INPUTS, *SEARCH_INPUTS)
OUTPUTS = ("hypotheses", "lengths", "scores")
TEXT_KEY = "s2s.text"
"""Metadata key of a text model: the version of its contract, counted like ``FORMAT``."""
TEXT_INPUT, TO_INPUT = "text", "to"
"""Inputs of a text model: sentences and, if it has tags, the code of each sentence's language."""
TEXT_OUTPUTS = ("translations", "scores", "lengths", "src_lengths")
MAX_BYTES = 2**31 - 1
"""Protobuf's limit, and so ONNX's for a single file."""


@dataclass(frozen=True)
class FileDescription:
    """An ONNX file that s2s wrote, with its header and its card."""

    name: str
    """The file's name in messages."""
    data: bytes
    header: OnnxHeader
    card: dict[str, Any]
    """``s2s.config``, unchanged."""
    text: bool
    """Whether it is a text model."""


@dataclass(frozen=True)
class ModelFile:
    """A model file that was read, and whose parts fit together."""

    name: str
    """The file's name in messages."""
    data: bytes
    header: OnnxHeader
    card: dict[str, Any]
    """``s2s.config``, unchanged."""
    tokenizer: Tokenizer
    search: SearchConfig
    """The recommended values; if the search is fixed, the only ones."""
    fixed_search: bool
    """Whether the search values are constants of the graph."""


def describe(model: str | Path | bytes) -> FileDescription:
    """Reads the header and the card of a model file or a text model.

    Args:
        model: Path or bytes of the file.

    Raises:
        FileError: If it cannot be read.
        ModelError: If s2s did not write it, or another version did, or it is damaged.
    """
    name = "the model" if isinstance(model, bytes) else printable(str(model))
    data = model if isinstance(model, bytes) else _read(Path(model), name)
    try:
        header = read_header(data)
        text = TEXT_KEY in header.metadata
        key = TEXT_KEY if text else "s2s.format"
        version = header.metadata.get(key)
        if version is None:
            raise ModelError("it is an ONNX file, but s2s did not write it (s2s.format is missing)")
        if version != str(FORMAT):
            raise ModelError(
                f"it has format {printable(version)}, but this s2s reads format {FORMAT}; use the "
                "version of s2s that wrote it, or export the run again"
            )
        card = _read_card(data, header)
        check_graph(header)
    except ModelError as error:
        raise ModelError(f"{name} is not a valid s2s model file: {error}") from error
    return FileDescription(name=name, data=data, header=header, card=card, text=text)


def read_model_file(model: str | Path | bytes) -> ModelFile:
    """Reads and checks a model file; neither onnx nor onnxruntime is needed.

    Args:
        model: Path or bytes of the file.

    Raises:
        FileError: If it cannot be read.
        ModelError: If it is no model file of this version, is damaged, or is a text model.
    """
    return check_model_file(describe(model))


def check_model_file(file: FileDescription) -> ModelFile:
    """Checks that the parts of a model file fit together.

    Raises:
        ModelError: As ``read_model_file``.
    """
    if file.text:
        raise ModelError(
            f"{file.name} is a text model; run it with onnxruntime and onnxruntime-extensions "
            "(see https://s2s.example/reference/model-file.html#text-models), or export the run "
            "again without --text to use it with s2s"
        )
    try:
        inputs = {tensor.name for tensor in file.header.inputs}
        outputs = {tensor.name for tensor in file.header.outputs}
        fixed_search = has_fixed_search(file.card)
        expected = FIXED_INPUTS if fixed_search else INPUTS
        if inputs != set(expected) or not outputs.issuperset(OUTPUTS):
            raise ModelError(
                f"its graph has inputs {sorted(inputs)} and outputs {sorted(outputs)}; expected "
                f"{', '.join(expected)} and {', '.join(OUTPUTS)}"
            )
        tokenizer = _read_tokenizer(file.header, file.card)
        # A field that a later s2s adds concerns the graph, not the runtime.
        known = {field.name for field in dataclasses.fields(SearchConfig)}
        search = SearchConfig.from_dict(
            {name: value for name, value in file.card["search"].items() if name in known}
        )
    except (ModelError, ConfigError) as error:
        raise ModelError(f"{file.name} is not a valid s2s model file: {error}") from error
    return ModelFile(
        name=file.name,
        data=file.data,
        header=file.header,
        card=file.card,
        tokenizer=tokenizer,
        search=search.fitted(tokenizer.tgt_vocab_size),
        fixed_search=fixed_search,
    )


def _read_tokenizer(header: OnnxHeader, card: dict[str, Any]) -> Tokenizer:
    """Loads the tokenizer; raises ModelError unless the network has as many pieces."""
    joint = "s2s.tgt_tokenizer" not in header.metadata
    tokenizer = Tokenizer(
        _decode_model(header, "s2s.tokenizer"),
        None if joint else _decode_model(header, "s2s.tgt_tokenizer"),
        strings_of(card, "tags"),
        strings_of(card, "keep"),
    )
    pieces = (tokenizer.src_vocab_size, tokenizer.tgt_vocab_size)
    expected = tuple(card["model"].get(f"{side}_vocab_size") for side in ("src", "tgt"))
    if pieces != expected:
        raise ModelError(
            f"its tokenizer has {pieces} source and target pieces, but its network {expected}; "
            "export the run again"
        )
    return tokenizer


def _read(path: Path, name: str) -> bytes:
    try:
        status = path.stat()
        is_device = stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode)  # may be endless
        if not is_device and status.st_size <= MAX_BYTES:
            return path.read_bytes()
    except FileNotFoundError as error:
        raise FileError(f"{name} does not exist; expected an .onnx file or a run folder") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileError(f"cannot read {name}: {reason}") from error
    if is_device:
        raise FileError(f"{name} is a device; expected an .onnx file or a run folder")
    raise ModelError(f"{name} is not a valid s2s model file: it is larger than 2 GiB")


def _read_card(data: bytes, header: OnnxHeader) -> dict[str, Any]:
    """Checks the checksum and returns ``s2s.config``."""
    try:
        card = parse_json(header.metadata.get("s2s.config", ""))
    except ValueError as error:
        check_checksum(data, header.metadata, None)  # a damaged file is called damaged
        raise ModelError("its s2s.config is missing or is not JSON") from error
    check_checksum(data, header.metadata, card if isinstance(card, dict) else None)
    if not isinstance(card, dict):
        raise ModelError("its s2s.config is not a JSON object")
    for key in ("model", "search"):
        if not isinstance(card.get(key), dict):
            raise ModelError(f"its s2s.config has no object {key!r}")
    members = card.get("members", [])
    if not (isinstance(members, list) and all(isinstance(member, dict) for member in members)):
        raise ModelError("its s2s.config has 'members' that are not a list of objects")
    return card


def _decode_model(header: OnnxHeader, key: str) -> bytes:
    """Returns a SentencePiece model from the metadata."""
    try:
        return base64.b64decode(header.metadata[key], validate=True)
    except (KeyError, binascii.Error, ValueError) as error:
        raise ModelError(f"its {key} is missing or is not base64") from error
