"""The interface of a search backend: the batch that it takes, and the output that it gives."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from s2s.config import PAD_ID, SearchConfig
from s2s.errors import ConfigError, suggest
from s2s.formats.option_inputs import changed_scalars
from s2s.tokenizer.pieces import Ids

DEVICES = ("cpu", "cuda")


class BatchSize(NamedTuple):
    """Limits of a batch, and so of its memory."""

    pieces: int
    """Source pieces, padding counted."""
    rows: int
    """Hypotheses: sentences times beam size."""


class SearchBatch(NamedTuple):
    """Sources that are searched together."""

    src: NDArray[np.int64]  # (batch, src_len), the end piece last, padded
    src_lengths: NDArray[np.int64]  # (batch,)
    prefix: NDArray[np.int64] | None = None  # (batch, prefix_len), padded: how translations begin
    bias: NDArray[np.float32] | None = None  # (tgt_vocab,), added to logits


class SearchOutput(NamedTuple):
    """Search output for a batch, best first."""

    hypotheses: NDArray[np.int64]  # (batch, beam, tgt_len)
    lengths: NDArray[np.int64]  # (batch, beam), pieces with the end piece
    scores: NDArray[np.float32]  # (batch, beam)
    # Only if details are wanted:
    log_probs: NDArray[np.float32] | None = None  # (batch, beam, tgt_len)
    attention: NDArray[np.float32] | None = None  # (batch, beam, tgt_len, src_len)


class Backend(Protocol):
    """Runs searches; ``search`` may be called by ``workers`` threads at once."""

    workers: int
    batch_size: BatchSize
    """The size from which on larger batches are not faster."""
    gives_attention: bool
    """Whether ``search`` can give details; files of 0.1.0 cannot."""

    def search(
        self, batch: SearchBatch, config: SearchConfig, *, details: bool = False
    ) -> SearchOutput:
        """Returns the best ``config.beam_size`` hypotheses of each source in a batch."""


def graph_inputs(
    batch: SearchBatch, config: SearchConfig, own: Mapping[str, Any], *, details: bool = False
) -> dict[str, Any]:
    """Returns a graph's inputs; options only if they differ from its constants.

    Args:
        batch: The sources.
        config: The search.
        own: The constants of the graph, see ``s2s.formats.option_inputs``.
        details: Whether details are wanted.
    """
    inputs: dict[str, Any] = {
        "src": batch.src,
        "src_lengths": batch.src_lengths,
        "beam_size": np.array(config.beam_size, np.int64),
        "max_length": np.array(config.max_length, np.int64),
        "length_penalty": np.array(config.length_penalty, np.float32),
        **changed_scalars(config, own),
    }
    if batch.prefix is not None:
        inputs["prefix"] = batch.prefix
    if batch.bias is not None:
        inputs["bias"] = batch.bias
    if details:
        inputs["details"] = np.array(True)
    return inputs


def check_device(device: str) -> None:
    """Raises ConfigError unless ``device`` is one that s2s knows."""
    if device not in DEVICES:
        raise ConfigError(
            f"device (--device) is {device!r}; expected {' or '.join(DEVICES)}"
            f"{suggest(device, DEVICES)}"
        )


def pad(lines: Sequence[Ids]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Returns ids (batch, longest), padded, and lengths (batch,)."""
    lengths = np.array([len(ids) for ids in lines], np.int64)
    padded = np.full((len(lines), lengths.max()), PAD_ID, np.int64)
    for row, ids in zip(padded, lines, strict=True):
        row[: len(ids)] = ids
    return padded, lengths
