"""Which pieces may follow a hypothesis, when more is asked for than the most probable ones.

The reference in torch of ``s2s_export.search.candidates``, which writes the same into the graph. A
step goes in this order: the bias on logits, the least length, n-grams that may not come again, the
end where that leaves nothing; then the best pieces, or one that is drawn; then a given prefix,
which is put in whatever was chosen.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from s2s.config import EOS_ID, SearchConfig
from s2s.search.draw import gumbel

NOTHING = float("-inf")


class Constraints(NamedTuple):
    """What a search is given besides the source."""

    prefix: Tensor | None = None
    """(batch, prefix_len) int64: pieces that hypotheses begin with, 0 where they are free."""
    bias: Tensor | None = None
    """(tgt_vocab,) float32, added to the logits of each step; minus infinity bans a piece."""


class Candidates(NamedTuple):
    """What each hypothesis may be extended by, best first."""

    pieces: Tensor  # (rows, width) int64
    log_probs: Tensor  # (rows, width), minus infinity for none


def stable_top(values: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Top ``count`` of the last axis, largest first, ties by smaller index (ONNX TopK's rule)."""
    ordered, index = values.sort(dim=-1, descending=True, stable=True)
    return ordered[..., :count], index[..., :count]


def top_pieces(logits: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """As ``stable_top`` over a whole vocabulary, without sorting all of it."""
    values, index = logits.topk(min(count + 1, logits.shape[-1]), dim=-1)
    # Of equal logits at the edge topk takes any (of 40 zeros, the best 8 were 21 to 29 without 24).
    if bool((values[..., count - 1 : count] == values[..., count:]).any()):
        return stable_top(logits, count)
    index = index[..., :count].sort(dim=-1).values  # by id, by which the sort below breaks ties
    values, order = stable_top(logits.gather(-1, index), count)
    return values, index.gather(-1, order)


def best_candidates(logits: Tensor, width: int) -> Candidates:
    """Returns the most probable pieces of logits (rows, tgt_vocab)."""
    best, pieces = top_pieces(logits, width)
    return Candidates(pieces, best - logits.logsumexp(dim=-1, keepdim=True))


def chosen_candidates(
    logits: Tensor, tokens: Tensor, width: int, config: SearchConfig, constraints: Constraints
) -> Candidates:
    """Returns the pieces that a search with options goes on with.

    Args:
        logits: (batch * beam, tgt_vocab), minus infinity for forbidden pieces.
        tokens: (batch, beam, written) int64, the begin piece first.
        width: Candidates of a hypothesis.
        config: ``min_length``, ``no_repeat``, ``temperature``, ``top_k``, ``seed``, ``diversity``.
        constraints: Prefix and bias.
    """
    beam, written = tokens.shape[1:]
    step = written - 1
    moved = logits if constraints.bias is None else logits + constraints.bias
    if written < config.min_length:
        moved = moved.clone()
        moved[:, EOS_ID] = NOTHING
    if config.no_repeat:
        moved = _without_repetition(moved, tokens.flatten(0, 1), config.no_repeat)
    # Where no piece is left that may follow, the hypothesis ends, short as it may be.
    is_end = torch.arange(moved.shape[1], device=moved.device) == EOS_ID
    is_stuck = moved.amax(dim=1, keepdim=True) == NOTHING
    moved = moved.masked_fill(is_end & is_stuck, 0.0)
    if config.temperature:
        found = _drawn(moved, beam, step, width, config)
    else:
        found = best_candidates(moved, width)
        ranks = torch.arange(width, device=logits.device)
        found = found._replace(log_probs=found.log_probs - config.diversity * ranks)
    if constraints.prefix is None or step >= constraints.prefix.shape[1]:
        return found
    piece = constraints.prefix[:, step].repeat_interleave(beam)[:, None]
    log_prob = logits.log_softmax(dim=-1).gather(1, piece)
    return Candidates(
        torch.where(piece > 0, piece, found.pieces),
        torch.where(piece > 0, _alone(log_prob, width), found.log_probs),
    )


def _alone(log_prob: Tensor, width: int) -> Tensor:
    """Puts the one candidate of each row first, (rows, 1), and nothing beside it."""
    return torch.nn.functional.pad(log_prob, (0, width - 1), value=NOTHING)


def _drawn(moved: Tensor, beam: int, step: int, width: int, config: SearchConfig) -> Candidates:
    """Draws a piece of each row, from the ``top_k`` best ones or from all."""
    count = min(config.top_k or moved.shape[1], moved.shape[1])
    best, pieces = top_pieces(moved, count)
    noise = gumbel(config.seed, step, beam, count).to(moved.device).repeat(len(moved) // beam, 1)
    _, chosen = stable_top(best / config.temperature + noise, 1)
    piece = pieces.gather(1, chosen)
    log_prob = moved.log_softmax(dim=-1).gather(1, piece)
    return Candidates(piece.expand(-1, width), _alone(log_prob, width))


def _without_repetition(moved: Tensor, history: Tensor, size: int) -> Tensor:
    """Takes away the pieces that would make an n-gram of ``size`` come a second time."""
    if history.shape[1] < size:
        return moved
    seen = history.unfold(1, size, 1)  # (rows, n-grams, size)
    last = history[:, history.shape[1] - size + 1 :]
    again = (seen[..., :-1] == last[:, None]).all(dim=-1)
    penalty = torch.zeros_like(again, dtype=moved.dtype).masked_fill(again, NOTHING)
    return moved.scatter_add(1, seen[..., -1], penalty)
