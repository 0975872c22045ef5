"""Checks of graphs whose products are rounded: fp16 and int8.

Such a graph is another network than the one that was trained, so other hypotheses may win. Scores
must be finite, best scores the same alone and in a batch except for rounding, and scores near those
that torch gives to the same hypotheses. fp16 rounds so little that most hypotheses must be torch's,
too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from s2s.config import BOS_ID, EOS_ID, FORBIDDEN_IDS, SearchConfig
from s2s.errors import ParityError
from s2s.model.ensemble import Ensemble
from s2s.model.seq2seq import Seq2Seq
from s2s.search.beam import Hypotheses, length_penalty
from s2s_export.parity.pieces import pieces_of
from s2s_export.parity.session import Session


@dataclass(frozen=True)
class Limits:
    """How far a graph may be from torch."""

    mean_difference: float
    """Largest mean score difference, in nats."""
    identical: float
    """Smallest share of hypotheses with the pieces of torch's."""


LIMITS = {"fp16": Limits(0.02, 0.6), "int8": Limits(0.5, 0.0)}
"""int8: rounding is far below, wrong scales far above.

fp16: the 120 networks of ``tests/export/test_fp16.py``, whose weights are random, have mean
differences up to 0.004 and shares from 0.85 on. Four untrained networks of up to 8,000 pieces,
whose hypotheses are all alike, have shares from 0.86 on."""
ALONE_TOLERANCE = 0.1
"""Largest difference accepted between a sentence's best scores alone and in a batch, in nats. No
difference was seen on the machines that s2s was written on. But processors add numbers in different
orders, and a last bit of attention that decides a rounding to int8 changes a score by about
1e-3."""


def check_rounding(precision: str, mean: float, share: float) -> None:
    """Compares a graph's distance from torch with ``LIMITS``.

    Args:
        precision: ``fp16`` or ``int8``.
        mean: Mean of the score differences, in nats.
        share: Share of the hypotheses with the pieces of torch's.

    Raises:
        ParityError: If it is too far.
    """
    limits = LIMITS[precision]
    unfit = f"The model is not fit for {precision}; export fp32"
    if not mean <= limits.mean_difference:
        raise ParityError(
            f"{precision} scores differ by {mean:.3g} nats on average from those of the torch "
            f"model; expected at most {limits.mean_difference}. {unfit}"
        )
    if not share >= limits.identical:
        raise ParityError(
            f"{precision}: {share:.0%} of the hypotheses have the pieces of the torch model's; "
            f"expected at least {limits.identical:.0%}. {unfit}"
        )


def check_alone(
    session: Session,
    src: Tensor,
    src_lengths: Tensor,
    config: SearchConfig,
    actual: Hypotheses,
) -> int:
    """Compares a batch with its sentences alone.

    Args:
        session: The graph.
        src: (batch, src_len) int64.
        src_lengths: (batch,) int64.
        config: The search.
        actual: The graph's hypotheses for the batch.

    Returns:
        The sentences whose hypotheses or scores have other bits alone.

    Raises:
        ParityError: If a score is not finite, or a best score differs by more than rounding.
    """
    dependent = 0
    if not bool(torch.isfinite(actual.scores[actual.lengths > 0]).all()):
        raise ParityError(f"beam {config.beam_size}: a score is not finite")
    for row, length in enumerate(src_lengths.tolist()):
        alone = session.search(src[row : row + 1, :length], src_lengths[row : row + 1], config)
        same = pieces_of(alone, 0) == pieces_of(actual, row)
        same = same and torch.equal(alone.scores[0], actual.scores[row])
        dependent += not same
        difference = float((alone.scores[0, 0] - actual.scores[row, 0]).abs())
        if not difference <= ALONE_TOLERANCE:
            raise ParityError(
                f"a sentence of {length} pieces, beam {config.beam_size}: its best scores alone "
                f"and in a batch of {len(src)} differ by {difference:.3g}; expected at most "
                f"{ALONE_TOLERANCE}"
            )
    return dependent


@torch.inference_mode()
def score_differences(
    members: Sequence[Seq2Seq],
    src: Tensor,
    src_lengths: Tensor,
    config: SearchConfig,
    actual: Hypotheses,
) -> list[float]:
    """Returns how much the graph's scores differ from torch's for the same hypotheses, in nats."""
    batch, beam, length = actual.tokens.shape
    rows = torch.arange(batch).repeat_interleave(beam)
    tgt_out = actual.tokens.flatten(0, 1)
    tgt_in = torch.cat([torch.full((batch * beam, 1), BOS_ID), tgt_out[:, :-1]], dim=1)
    logits = Ensemble(members)(src[rows], src_lengths[rows], tgt_in)
    logits[..., list(FORBIDDEN_IDS)] = float("-inf")
    lengths = actual.lengths.flatten()[:, None]
    if config.is_in_step:  # the end piece is no choice
        logits[..., EOS_ID] = float("-inf")
        lengths = lengths - 1
    log_probs = logits.log_softmax(dim=-1).gather(-1, tgt_out[..., None]).squeeze(-1)
    is_piece = torch.arange(length) < lengths
    totals = log_probs.masked_fill(~is_piece, 0.0).sum(dim=1).view(batch, beam)
    scores = totals / length_penalty(actual.lengths, config.length_penalty)
    differences: list[float] = (scores - actual.scores).abs()[actual.lengths > 0].tolist()
    return differences
