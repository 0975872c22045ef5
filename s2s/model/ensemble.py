"""Several trained networks that translate as one: at each step, the mean of what they say.

The members' log-probabilities are averaged with equal weights (in log space, as Marian's ensembles
are) and normalised again over the vocabulary: the normalised geometric mean of their distributions.
That is a product of experts (Hinton 2002, "Training Products of Experts by Minimizing Contrastive
Divergence", equation 1) with an exponent of 1 / members. A piece needs the consent of all; and
scores stay log-probabilities, which length penalties and n-best lists take as those of one network.

A member's log-probabilities are its logits less one number a row. So their mean is the mean of the
members' logits less one number a row, and the search, which normalises what a step returns, takes
any such number away. A step therefore returns the mean of logits: the same distribution, without a
softmax for each member.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor, nn

from s2s.errors import ConfigError, ModelError
from s2s.model.attention import Memory
from s2s.model.decoder import DecoderState
from s2s.model.run import Run, load_run
from s2s.model.seq2seq import Seq2Seq
from s2s.tokenizer import Tokenizer


class EnsembleState(NamedTuple):
    """What the members carry from one step to the next."""

    members: tuple[DecoderState, ...]

    def select(self, rows: Tensor) -> "EnsembleState":
        """Returns the state of ``rows`` (new_batch,) int64, repeated or left out as listed."""
        return EnsembleState(tuple(state.select(rows) for state in self.members))


class Ensemble(nn.Module):
    """Members of one vocabulary, equal in weight, whatever their cells, sizes and attention."""

    def __init__(self, members: Sequence[Seq2Seq]) -> None:
        super().__init__()
        if not members:
            raise ConfigError("an ensemble of no members; expected one or more")
        self._each = tuple(members)  # as nn.ModuleList does not say what it holds
        self.members = nn.ModuleList(members)

    def begin(self, src: Tensor, src_lengths: Tensor) -> tuple[tuple[Memory, ...], EnsembleState]:
        """Lets each member encode the batch; as ``Seq2Seq.begin``."""
        begun = [member.begin(src, src_lengths) for member in self._each]
        memories, states = zip(*begun, strict=True)
        return memories, EnsembleState(states)

    def step(
        self, tokens: Tensor, memory: tuple[Memory, ...], state: EnsembleState
    ) -> tuple[Tensor, EnsembleState]:
        """One step of the search; as ``Seq2Seq.step``.

        Returns:
            Mean logits (rows, tgt_vocab): the members' mean log-probabilities but for one number
            a row. And the members' next states.
        """
        stepped = [
            member.step(tokens, own, before)
            for member, own, before in zip(self._each, memory, state.members, strict=True)
        ]
        logits, states = zip(*stepped, strict=True)
        return mean_logits(logits), EnsembleState(states)

    def forward(self, src: Tensor, src_lengths: Tensor, tgt_in: Tensor) -> Tensor:
        """Teacher forcing over the whole target; arguments as of ``Seq2Seq.forward``.

        Returns:
            Mean logits (batch, tgt_len, tgt_vocab); not readouts, which no member could share.
        """
        return mean_logits(
            [member.output(member(src, src_lengths, tgt_in)) for member in self._each]
        )


def mean_logits(logits: Sequence[Tensor]) -> Tensor:
    """Returns the mean of tensors of one shape, added from first to last as the graph does."""
    total = logits[0]
    for each in logits[1:]:
        total = total + each
    return total / len(logits)


def load_runs(folders: Sequence[str | Path]) -> list[Run]:
    """Loads the best weights of runs that are to translate together.

    Args:
        folders: One or more, of which several may be the same.

    Returns:
        The runs, in order, on the CPU. The first one's search settings are those of all.

    Raises:
        ConfigError: If there is no folder.
        FileError: If a folder or a file is missing.
        ModelError: If a file is damaged, or a run's vocabularies or tags are not the first one's.
    """
    if not folders:
        raise ConfigError("no run was named; expected one folder or more")
    runs = [load_run(folder) for folder in folders]
    for folder, run in zip(folders[1:], runs[1:], strict=True):
        if found := _difference(runs[0].tokenizer, run.tokenizer):
            raise ModelError(
                f"{folders[0]} and {folder} cannot translate together: {found}; members of an "
                f"ensemble share their vocabularies (s2s train --tokenizer {folders[0]}/src.model)"
            )
    return runs


def joint_card(runs: Sequence[Run]) -> dict[str, Any]:
    """Returns what runs say about themselves together.

    Of several, only ``languages``, ``tags`` and ``keep``: no member's scores are those of the
    ensemble.
    """
    card = runs[0].card
    if len(runs) == 1:
        return card
    return {key: card[key] for key in ("languages", "tags", "keep") if key in card}


def _difference(one: Tokenizer, other: Tokenizer) -> str | None:
    """Says in which way two runs' vocabularies or tags differ, if they do."""
    if (one.tgt_model is None) != (other.tgt_model is None):
        kinds = ["joint" if each.tgt_model is None else "separate" for each in (one, other)]
        return f"their vocabularies are {kinds[0]} and {kinds[1]}"
    sides = (
        ("source" if one.tgt_model is not None else "joint", "src_model", "src_vocab_size"),
        ("target", "tgt_model", "tgt_vocab_size"),
    )
    for side, model, size in sides:
        if getattr(one, model) != getattr(other, model):
            sizes = getattr(one, size), getattr(other, size)
            return (
                f"their {side} vocabularies have {sizes[0]:,} and {sizes[1]:,} pieces"
                if sizes[0] != sizes[1]
                else f"their {side} vocabularies of {sizes[0]:,} pieces are not the same"
            )
    if one.tags != other.tags:
        listed = [", ".join(each.tags) or "none" for each in (one, other)]
        return f"their tags are {listed[0]} and {listed[1]}"
    kept = [() if each.keep is None else each.keep.patterns for each in (one, other)]
    if kept[0] != kept[1]:
        return f"they keep {list(kept[0])} and {list(kept[1])}"
    return None
