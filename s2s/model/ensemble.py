"""Several trained networks that translate as one: each step averages their log-probabilities.

The members' log-probabilities are averaged with equal weights (in log space, as in Marian's
ensembles) and normalised again over the vocabulary: the normalised geometric mean of their
distributions. That is a product of experts (Hinton 2002, "Training Products of Experts by
Minimizing Contrastive Divergence", equation 1) with an exponent of 1 / members. A piece is only
probable if all members agree. Scores stay log-probabilities, so length penalties and n-best lists
work as with one network.

A member's log-probabilities are its logits minus one number for each row. So their mean is the mean
of the members' logits minus one number for each row, and the search removes any such number,
because it normalises the logits of a step. A step therefore returns the mean of the logits: the
same distribution, without a softmax for each member.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor, nn

from s2s.errors import ConfigError, ModelError
from s2s.formats.card import LABELS, TEXT_FACTS
from s2s.model.attention import Memory
from s2s.model.decoder import DecoderState
from s2s.model.run import Run, load_run
from s2s.model.seq2seq import Seq2Seq
from s2s.tokenizer import Tokenizer

_JOINT = ("languages", "tags", "keep", "whitespace", LABELS, TEXT_FACTS)
"""What the card of an ensemble has of its first member's."""


class EnsembleState(NamedTuple):
    """The states that the members carry from one step to the next."""

    members: tuple[DecoderState, ...]

    def select(self, rows: Tensor) -> "EnsembleState":
        """Returns the state of ``rows`` (new_batch,) int64, repeated or left out as listed."""
        return EnsembleState(tuple(state.select(rows) for state in self.members))


class Ensemble(nn.Module):
    """Members of one vocabulary with equal weights; cells, sizes and attention may differ."""

    def __init__(self, members: Sequence[Seq2Seq]) -> None:
        super().__init__()
        if not members:
            raise ConfigError("the ensemble has no members; expected at least one model")
        self._networks = tuple(members)  # nn.ModuleList has no type for its members
        self.members = nn.ModuleList(members)

    def begin(self, src: Tensor, src_lengths: Tensor) -> tuple[tuple[Memory, ...], EnsembleState]:
        """Encodes a batch with each member; see ``Seq2Seq.begin``."""
        pairs = [member.begin(src, src_lengths) for member in self._networks]
        memories, states = zip(*pairs, strict=True)
        return memories, EnsembleState(states)

    def step(
        self, tokens: Tensor, memory: tuple[Memory, ...], state: EnsembleState
    ) -> tuple[Tensor, EnsembleState]:
        """Runs one step of the search; see ``Seq2Seq.step``.

        Returns:
            Mean logits (rows, tgt_vocab): the members' mean log-probabilities plus one number for
            each row. And the members' next states.
        """
        members = zip(self._networks, memory, state.members, strict=True)
        pairs = [
            member.step(tokens, member_memory, member_state)
            for member, member_memory, member_state in members
        ]
        logits, states = zip(*pairs, strict=True)
        return mean_logits(logits), EnsembleState(states)

    def forward(self, src: Tensor, src_lengths: Tensor, tgt_in: Tensor) -> Tensor:
        """Runs over the whole target (teacher forcing); see ``Seq2Seq.forward``.

        Returns:
            Mean logits (batch, tgt_len, tgt_vocab), not readouts: members do not share those.
        """
        return mean_logits(
            [member.output(member(src, src_lengths, tgt_in)) for member in self._networks]
        )


def mean_logits(logits: Sequence[Tensor]) -> Tensor:
    """Returns the mean of tensors of one shape, added from first to last as the graph does."""
    total = logits[0]
    for member_logits in logits[1:]:
        total = total + member_logits
    return total / len(logits)


def load_runs(folders: Sequence[str | Path]) -> list[Run]:
    """Loads the best weights of runs that are to translate together.

    Args:
        folders: One or more; the same folder may come several times.

    Returns:
        The runs, in order, on the CPU. The search settings of the first one serve for all.

    Raises:
        ConfigError: If there is no folder.
        FileError: If a folder or a file is missing.
        ModelError: If a file is damaged, or the runs' vocabularies or tags differ.
    """
    if not folders:
        raise ConfigError("no run was named; expected at least one run folder")
    runs = [load_run(folder) for folder in folders]
    for folder, run in zip(folders[1:], runs[1:], strict=True):
        if difference := _difference(runs[0].tokenizer, run.tokenizer):
            raise ModelError(
                f"{folders[0]} and {folder} cannot translate together: {difference}; an ensemble "
                "needs one vocabulary, with the same tags and keep patterns: s2s train --tokenizer "
                f"{folders[0]}/src.model"
            )
    return runs


def joint_card(runs: Sequence[Run]) -> dict[str, Any]:
    """Returns the card of runs that translate together.

    Several runs only have ``languages``, ``tags``, ``keep``, ``labels`` and ``text`` of the first:
    no member's scores are those of the ensemble.
    """
    card = runs[0].card
    if len(runs) == 1:
        return card
    return {key: card[key] for key in _JOINT if key in card}


def _difference(first: Tokenizer, second: Tokenizer) -> str | None:
    """Says in which way two runs' vocabularies or tags differ, if they do."""
    tokenizers = (first, second)
    if (first.tgt_model is None) != (second.tgt_model is None):
        kinds = ["joint" if tokenizer.tgt_model is None else "separate" for tokenizer in tokenizers]
        return f"their vocabularies are {kinds[0]} and {kinds[1]}"
    sides = (
        ("source" if first.tgt_model is not None else "joint", "src_model", "src_vocab_size"),
        ("target", "tgt_model", "tgt_vocab_size"),
    )
    for side, model, size in sides:
        if getattr(first, model) != getattr(second, model):
            sizes = getattr(first, size), getattr(second, size)
            return (
                f"their {side} vocabularies have {sizes[0]:,} and {sizes[1]:,} pieces"
                if sizes[0] != sizes[1]
                else f"their {side} vocabularies of {sizes[0]:,} pieces have different pieces"
            )
    if first.tags != second.tags:
        tags = [", ".join(tokenizer.tags) or "none" for tokenizer in tokenizers]
        return f"their tags are {tags[0]} and {tags[1]}"
    patterns = [
        () if tokenizer.keep is None else tokenizer.keep.patterns for tokenizer in tokenizers
    ]
    if patterns[0] != patterns[1]:
        return f"their keep patterns are {list(patterns[0])} and {list(patterns[1])}"
    return None
