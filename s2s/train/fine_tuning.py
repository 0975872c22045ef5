"""Fine-tuning: training that starts with another run's weights instead of random ones.

All weights are copied as they are, except those of the vocabulary. A row of an embedding table or
of the output layer belongs to a piece, and goes where the new vocabulary has that piece. A new
piece starts as the mean of the pieces that the old vocabulary would cut it into: in that form the
network has read its text so far.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, get_args

import torch
from torch import Tensor

from s2s.config import EOS_ID, UNK_ID, ModelConfig, Tie
from s2s.errors import ConfigError, ModelError
from s2s.formats.run_folder import CONFIG_FILE, read_config
from s2s.model.run import load_run
from s2s.model.seq2seq import Seq2Seq
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.pieces import CONTROL, SPACE, Piece, load_plain, read_pieces
from s2s.tokenizer.tags import TAG

_FREE = {"src_vocab_size", "tgt_vocab_size", "dropout", "dropout_kind", "word_dropout"}
"""Fields of the model's configuration that may differ."""


class RowCounts(NamedTuple):
    """Numbers of pieces in a vocabulary, by the origin of their rows."""

    copied: int
    """Pieces that the old vocabulary has, too."""
    composed: int
    """Pieces that start as the mean of other pieces."""
    new: int
    """Pieces that start at random."""

    def __str__(self) -> str:
        """Returns the numbers as the log shows them."""
        return f"{self.copied:,} copied, {self.composed:,} composed, {self.new:,} new"


@dataclass(frozen=True, slots=True)
class InitSummary:
    """Where the weights that a training starts with come from."""

    run: Path
    src: RowCounts
    """Rows of the source's embedding table."""
    tgt: RowCounts
    """Rows of the target's table and of the output layer; the source's if all share one table."""

    def __str__(self) -> str:
        """Returns one line for the log."""
        if self.src == self.tgt:
            rows = f"vocabulary: {self.src}"
        else:
            rows = f"source vocabulary: {self.src}; target vocabulary: {self.tgt}"
        return f"starts from {self.run}; embeddings of the {rows}"


def config_of(run: str | Path) -> ModelConfig:
    """Returns a run's model configuration, to start another one with the same network.

    Raises:
        FileError: If there is no run.
        ModelError: If its configuration is damaged.
    """
    config = read_config(Path(run))
    try:
        return ModelConfig.from_dict(config["model"])
    except (ConfigError, KeyError) as error:
        raise ModelError(f"{Path(run) / CONFIG_FILE} is damaged: {error}") from error


@torch.no_grad()
def initialise(model: Seq2Seq, tokenizer: Tokenizer, run: Path) -> InitSummary:
    """Gives a new network the best weights of another run.

    Args:
        model: With random weights; rows without an origin keep them.
        tokenizer: The vocabulary of ``model``; it need not be that of the run.
        run: Folder of the other run.

    Returns:
        The origins of the rows.

    Raises:
        ConfigError: If the run's network has another shape; all fields that differ are named.
        FileError: If the run is not there or incomplete.
        ModelError: If it is damaged.
    """
    sizes = (tokenizer.src_vocab_size, tokenizer.tgt_vocab_size)
    assert sizes == (model.config.src_vocab_size, model.config.tgt_vocab_size)
    check_tie(model.config.tie, tokenizer)
    _check_same(config_of(run), model.config, run)
    loaded = load_run(run)
    old, old_tokenizer = loaded.model, loaded.tokenizer
    src_origins, src_rows = _find_origins(old_tokenizer.src_model, tokenizer.src_model)
    tgt_origins, tgt_rows = _find_origins(old_tokenizer.tgt_cutter, tokenizer.tgt_cutter)
    one_table = model.config.tie == "all"
    tables: list[tuple[Tensor, Tensor, list[list[int]]]]
    tables = [(model.output.bias, old.output.bias, tgt_origins)]
    if not one_table:
        tables += [
            (model.decoder.embedding.table.weight, old.decoder.embedding.table.weight, tgt_origins),
            (model.output.weight, old.output.rows, tgt_origins),
        ]
    # If there is one table, this comes last: a piece that is new to the target has a source row.
    tables += [
        (model.encoder.embedding.table.weight, old.encoder.embedding.table.weight, src_origins)
    ]
    for table, old_table, origins in tables:
        _fill(table, old_table, origins)
    filled = {id(table) for table, _, _ in tables}
    old_parameters = dict(old.named_parameters())
    for name, parameter in model.named_parameters():
        if id(parameter) not in filled:
            parameter.copy_(old_parameters[name])
    return InitSummary(Path(run), src_rows, src_rows if one_table else tgt_rows)


def check_tie(tie: Tie, tokenizer: Tokenizer) -> None:
    """Raises ConfigError if one table would serve two vocabularies, even of equal size."""
    if tie == "all" and tokenizer.tgt_model is not None:
        raise ConfigError(
            "ModelConfig.tie is 'all', but source and target have separate vocabularies; use a "
            "joint vocabulary, or set tie to 'target' (--set tie=target)"
        )


def _check_same(old: ModelConfig, new: ModelConfig, run: Path) -> None:
    """Raises one error that names all differences for which the old weights do not fit."""
    unused = set()
    if new.cell == old.cell != "rnn":
        unused.add("activation")
    if new.attention == old.attention != "multihead":
        unused.add("attention_heads")
    ties = get_args(Tie)
    if ties.index(new.tie) < ties.index(old.tie):
        unused.add("tie")  # one table becomes two that start alike; two cannot become one
    differing = [
        f"{field.name} is {getattr(new, field.name)!r} but was {getattr(old, field.name)!r}"
        for field in dataclasses.fields(ModelConfig)
        if field.name not in _FREE | unused and getattr(new, field.name) != getattr(old, field.name)
    ]
    if differing:
        raise ConfigError(
            f"cannot start from {run}, because its network has another shape: "
            f"{'; '.join(differing)}; use the old values, or leave out init (--init)"
        )


def _find_origins(old: bytes, new: bytes) -> tuple[list[list[int]], RowCounts]:
    """Returns, for each piece of the new SentencePiece model, the old ids its row is the mean of.

    A piece of characters that the old vocabulary does not know has no such ids.
    """
    before, after = read_pieces(old), read_pieces(new)
    ids = {piece.text: number for number, piece in enumerate(before)}
    tags = [number for number, piece in enumerate(before) if _is_tag(piece)]
    cuts = load_plain(old).encode([piece.text for piece in after])
    origins: list[list[int]] = []
    copied = 0
    for number, (piece, cut) in enumerate(zip(after, cuts, strict=True)):
        same = number if number <= EOS_ID else ids.get(piece.text)  # special pieces' names vary
        if same is not None:
            origins.append([same])
            copied += 1
        elif _is_tag(piece):
            origins.append(tags)
        elif piece.kind == CONTROL:  # the piece of kept texts: how it is written means nothing
            origins.append([])
        else:
            known = [part for part in cut if part != UNK_ID]
            # All words begin with the sign for a blank: alone, it would make them all alike.
            is_specific = any(before[part].text != SPACE for part in known)
            origins.append(known if is_specific else [])
    new_rows = sum(not origin for origin in origins)
    return origins, RowCounts(copied, len(origins) - copied - new_rows, new_rows)


def _is_tag(piece: Piece) -> bool:
    return piece.kind == CONTROL and TAG.fullmatch(piece.text) is not None


def _fill(table: Tensor, old_table: Tensor, origins: Sequence[Sequence[int]]) -> None:
    """Fills each row that has origins with their mean."""
    rows = [row for row, origin in enumerate(origins) if origin]
    counts = torch.tensor([len(origins[row]) for row in rows])
    flat = torch.tensor([origin for row in rows for origin in origins[row]])
    owners = torch.arange(len(rows)).repeat_interleave(counts)
    shape = (-1, *[1] * (old_table.dim() - 1))
    sums = old_table.new_zeros(len(rows), *old_table.shape[1:]).index_add_(
        0, owners, old_table.index_select(0, flat)
    )
    table[torch.tensor(rows)] = (sums / counts.view(shape)).to(table)
