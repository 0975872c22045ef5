"""Which pieces may follow a hypothesis, if a search has options or constraints.

The torch reference for ``s2s_export.search.candidates``, which writes the same into the graph. A
step works in this order: it adds the bias to the logits, holds the minimum length and the step with
the source, forbids repeated n-grams, and allows the end piece if no other piece is left; then it
takes the best pieces, or draws one; last, the prefix replaces whatever was chosen.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from s2s.config import EOS_ID, SearchConfig
from s2s.search.draw import gumbel

NOTHING = float("-inf")


class Constraints(NamedTuple):
    """Conditions on hypotheses, besides the options of ``SearchConfig``."""

    prefix: Tensor | None = None
    """(batch, prefix_len) int64: pieces that hypotheses begin with; 0 leaves a position free."""
    bias: Tensor | None = None
    """(tgt_vocab,) float32, added to the logits of each step; minus infinity bans a piece."""


class Candidates(NamedTuple):
    """The pieces that may follow each hypothesis, best first."""

    pieces: Tensor  # (rows, width) int64
    log_probs: Tensor  # (rows, width), minus infinity if there is no such candidate


def stable_top(values: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Returns the ``count`` largest values of the last axis and their indices, largest first.

    Of equal values, the one with the smaller index comes first, as in ONNX TopK.
    """
    ordered, index = values.sort(dim=-1, descending=True, stable=True)
    return ordered[..., :count], index[..., :count]


def top_pieces(logits: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Returns the same as ``stable_top``, without sorting the whole vocabulary."""
    # topk takes any of equal logits at the edge (the best 8 of 40 zeros were 21 to 29 without 24).
    if logits.device.type != "cpu":
        return _top_without_asking(logits, count)
    values, index = logits.topk(min(count + 1, logits.shape[-1]), dim=-1)
    if bool((values[..., count - 1 : count] == values[..., count:]).any()):
        return stable_top(logits, count)
    index = index[..., :count].sort(dim=-1).values  # the sort below breaks ties by id
    values, order = stable_top(logits.gather(-1, index), count)
    return values, index.gather(-1, order)


def _top_without_asking(logits: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Returns the same as ``stable_top``; the host does not wait for a GPU to find a tie.

    The logits at the edge, those equal to the last of the best, are put in the order of their ids;
    those above it are the best in any order.
    """
    edge = logits.topk(count, dim=-1).values[..., -1:]
    last = logits.shape[-1]
    ids = torch.arange(last, device=logits.device)
    # What is above the edge comes first, then the edge by id; ranks are exact in float64.
    rank = torch.where(logits > edge, 2.0 * last, torch.where(logits == edge, 1.0 * last, 0.0))
    index = (rank.double() - ids).topk(count, dim=-1).indices.sort(dim=-1).values
    values, order = stable_top(logits.gather(-1, index), count)
    return values, index.gather(-1, order)


def best_candidates(logits: Tensor, width: int) -> Candidates:
    """Returns the most probable pieces of logits (rows, tgt_vocab)."""
    best, pieces = top_pieces(logits, width)
    return Candidates(pieces, best - logits.logsumexp(dim=-1, keepdim=True))


def candidates_with_options(
    logits: Tensor,
    tokens: Tensor,
    width: int,
    config: SearchConfig,
    constraints: Constraints,
    left: Tensor | None = None,
) -> Candidates:
    """Returns the candidates of a search that has options or constraints.

    Args:
        logits: (batch * beam, tgt_vocab), minus infinity for forbidden pieces.
        tokens: (batch, beam, written) int64, the begin piece first.
        width: Candidates of a hypothesis.
        config: ``min_length``, ``in_step``, ``no_repeat``, ``temperature``, ``top_k``, ``seed``,
            ``diversity``.
        constraints: Prefix and bias.
        left: (batch,) int64: pieces that each sentence's limit leaves after this one, less than 0
            if it is finished; only read in step.
    """
    beam, written = tokens.shape[1:]
    step = written - 1
    in_step = logits
    if config.is_in_step:
        assert left is not None, "the search knows how many pieces are left"
        in_step = hold_in_step(logits, left.repeat_interleave(beam)[:, None])
    adjusted = adjust_logits(in_step, tokens.flatten(0, 1), config, constraints.bias)
    if config.temperature:
        candidates = draw_candidates(adjusted, beam, step, width, config)
    else:
        candidates = best_candidates(adjusted, width)
        handicap = config.diversity * torch.arange(width, device=logits.device)
        candidates = candidates._replace(log_probs=candidates.log_probs - handicap)
    if constraints.prefix is None or step >= constraints.prefix.shape[1]:
        return candidates
    prefix_piece = constraints.prefix[:, step].repeat_interleave(beam)[:, None]
    log_prob = logits.log_softmax(dim=-1).gather(1, prefix_piece)
    has_prefix = prefix_piece > 0
    return Candidates(
        torch.where(has_prefix, prefix_piece, candidates.pieces),
        torch.where(has_prefix, _only_candidate(log_prob, width), candidates.log_probs),
    )


def adjust_logits(
    logits: Tensor, history: Tensor, config: SearchConfig, bias: Tensor | None
) -> Tensor:
    """Returns logits (rows, tgt_vocab) with the bias, and minus infinity for banned pieces.

    Args:
        logits: (rows, tgt_vocab).
        history: (rows, written) int64, the begin piece first.
        config: ``min_length`` and ``no_repeat``.
        bias: (tgt_vocab,), or None.
    """
    adjusted = logits if bias is None else logits + bias
    if history.shape[1] < config.min_length:
        adjusted = adjusted.clone()
        adjusted[:, EOS_ID] = NOTHING
    if config.no_repeat:
        adjusted = forbid_repetition(adjusted, history, config.no_repeat)
    # If no piece may follow, the hypothesis ends, however short it is.
    is_end = torch.arange(adjusted.shape[1], device=adjusted.device) == EOS_ID
    is_stuck = adjusted.amax(dim=1, keepdim=True) == NOTHING
    return adjusted.masked_fill(is_end & is_stuck, 0.0)


def hold_in_step(logits: Tensor, left: Tensor) -> Tensor:
    """Returns logits (rows, tgt_vocab) of hypotheses that are as long as their sources.

    The end piece is banned while ``left`` (rows, 1) is over 0, and then all other pieces.
    """
    is_end = torch.arange(logits.shape[1], device=logits.device) == EOS_ID
    return logits.masked_fill(is_end == (left > 0), NOTHING)


def draw_candidates(
    logits: Tensor, beam: int, step: int, width: int, config: SearchConfig
) -> Candidates:
    """Draws one piece for each row, from the ``top_k`` best ones or from all."""
    count = min(config.top_k or logits.shape[1], logits.shape[1])
    best, pieces = top_pieces(logits, count)
    noise = gumbel(config.seed, step, beam, count).to(logits.device)
    noise = noise.repeat(len(logits) // beam, 1)
    _, chosen = stable_top(best / config.temperature + noise, 1)
    piece = pieces.gather(1, chosen)
    log_prob = logits.log_softmax(dim=-1).gather(1, piece)
    return Candidates(piece.expand(-1, width), _only_candidate(log_prob, width))


def _only_candidate(log_prob: Tensor, width: int) -> Tensor:
    """Returns (rows, width): ``log_prob`` (rows, 1) first, then minus infinity."""
    return torch.nn.functional.pad(log_prob, (0, width - 1), value=NOTHING)


def forbid_repetition(logits: Tensor, history: Tensor, size: int) -> Tensor:
    """Bans the pieces that would complete an n-gram of ``size`` for a second time."""
    if history.shape[1] < size:
        return logits
    ngrams = history.unfold(1, size, 1)  # (rows, n-grams, size)
    last = history[:, history.shape[1] - size + 1 :]
    again = (ngrams[..., :-1] == last[:, None]).all(dim=-1)
    penalty = torch.zeros_like(again, dtype=logits.dtype).masked_fill(again, NOTHING)
    return logits.scatter_add(1, ngrams[..., -1], penalty)
