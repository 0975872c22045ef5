"""Greedy and beam search in torch: the reference that the exported graph must equal.

The beam of Sutskever et al. (2014) with the length penalty of Wu et al. (2016). A finished
hypothesis keeps its place in the beam and competes with the others by score divided by length
penalty; a sentence is done when all of its beam is finished. What a sentence gets depends on
nothing but the sentence: not on its neighbours, not on the batch's padding.

Ties: of two candidates with equal score, the one from the better-ranked hypothesis wins, and of
one hypothesis' candidates the one with the larger logit, then the smaller piece id.
"""

from typing import NamedTuple, Protocol, Self, TypeVar

import torch
from torch import Tensor

from s2s.config import BOS_ID, EOS_ID, FORBIDDEN_IDS, PAD_ID, SearchConfig
from s2s.errors import ConfigError
from s2s.search.candidates import Constraints, best_candidates, chosen_candidates, stable_top

NOTHING = float("-inf")


class Hypotheses(NamedTuple):
    """Search output, best first."""

    tokens: Tensor  # (batch, beam, tgt_len) int64, PAD_ID after the end piece
    lengths: Tensor  # (batch, beam) int64, pieces with the end piece
    scores: Tensor  # (batch, beam), log-probability over length penalty
    log_probs: Tensor  # (batch, beam, tgt_len), of each piece, 0 after the end piece


class SearchState(Protocol):
    """What a model carries from one step to the next, of rows."""

    def select(self, rows: Tensor) -> Self:
        """Returns the state of ``rows`` (new_batch,) int64, repeated or left out as listed."""


MemoryT = TypeVar("MemoryT")
StateT = TypeVar("StateT", bound=SearchState)


class StepModel(Protocol[MemoryT, StateT]):
    """What the search needs of a model: of ``Seq2Seq``, ``Ensemble``, or of a scripted one.

    ``MemoryT`` is what every step reads; only the model knows what is in it.
    """

    def begin(self, src: Tensor, src_lengths: Tensor) -> tuple[MemoryT, StateT]:
        """Encodes a batch."""

    def step(self, tokens: Tensor, memory: MemoryT, state: StateT) -> tuple[Tensor, StateT]:
        """Returns logits (rows, tgt_vocab) and the next state, rows = batch * beams."""


def length_penalty(lengths: Tensor, alpha: float) -> Tensor:
    """Divisor that lets hypotheses of different lengths compete.

    Wu et al. (2016), "Google's Neural Machine Translation System", equation 14:
    ``((5 + length) / 6) ** alpha``. ``alpha`` 0 ranks by total log-probability, 1 nearly by mean.

    Args:
        lengths: Any shape, in pieces, the end piece counted and the begin piece not.
        alpha: Strength, >= 0.

    Returns:
        The same shape, float32, at least 1 for lengths of at least 1.
    """
    return ((5.0 + lengths.float()) / 6.0) ** alpha


@torch.inference_mode()
def beam_search(
    model: StepModel[MemoryT, StateT],
    src: Tensor,
    src_lengths: Tensor,
    config: SearchConfig,
    constraints: Constraints | None = None,
) -> Hypotheses:
    """Looks for the best translations of a batch; ``beam_size`` 1 is greedy search.

    With a temperature, each hypothesis of a sentence is drawn on its own, and none is given up for
    another.

    Args:
        model: In evaluation mode.
        src: (batch, src_len) int64, the end piece last, padded.
        src_lengths: (batch,) int64, each >= 1.
        config: Beam size, length penalty and length limits, and the options of
            ``s2s.search.candidates``.
        constraints: What hypotheses begin with, and a bias on pieces. A prefix is written in full,
            even if it is longer than a sentence's limit of length.

    Returns:
        ``beam_size`` hypotheses a sentence. One that met its length limit lacks the end piece.
        Where there are fewer, as a prefix may leave no room for more, the last ones are empty, with
        a score of minus infinity.

    Raises:
        ConfigError: If the beam is wider than the vocabulary.
    """
    batch, beam = src.shape[0], config.beam_size
    device = src.device
    memory, state = model.begin(src, src_lengths)
    rows = torch.arange(batch, device=device).repeat_interleave(beam)
    state = state.select(rows)
    first_row = torch.arange(batch, device=device)[:, None] * beam
    # Every hypothesis starts the same: only the first may be extended in the first step.
    totals = torch.full((batch, beam), 0.0 if config.temperature else NOTHING, device=device)
    totals[:, 0] = 0.0
    tokens = torch.full((batch, beam, 1), BOS_ID, dtype=torch.int64, device=device)
    log_probs = torch.zeros(batch, beam, 0, device=device)
    finished = torch.zeros(batch, beam, dtype=torch.bool, device=device)
    lengths = torch.zeros(batch, beam, dtype=torch.int64, device=device)
    limits = _limits(src_lengths, config, constraints)
    kept = torch.full((beam,), NOTHING, device=device)
    kept[0] = 0.0  # a finished hypothesis has one candidate: itself
    scores = totals
    step = 0
    while not bool(finished.all()):
        step += 1
        logits, state = model.step(tokens[:, :, -1].flatten(), memory, state)
        logits = logits.float()
        if beam > logits.shape[-1] - len(FORBIDDEN_IDS):
            raise ConfigError(
                f"beam_size is {beam}; the vocabulary allows at most "
                f"{logits.shape[-1] - len(FORBIDDEN_IDS)}"
            )
        logits[:, FORBIDDEN_IDS] = NOTHING
        if constraints is None and not config.alters_candidates:
            pieces, more = best_candidates(logits, beam)
        else:
            pieces, more = chosen_candidates(
                logits, tokens, beam, config, constraints or Constraints()
            )
        more = torch.where(finished[..., None], kept, more.view(batch, beam, beam))
        pieces = pieces.view(batch, beam, beam).masked_fill(finished[..., None], PAD_ID)
        candidates = totals[..., None] + more
        lengths = lengths + (~finished).long()
        penalties = length_penalty(lengths, config.length_penalty)
        scores, chosen = stable_top((candidates / penalties[..., None]).flatten(1), beam)
        origin = chosen // beam
        totals = candidates.flatten(1).gather(1, chosen)
        piece = pieces.flatten(1).gather(1, chosen)
        lengths = lengths.gather(1, origin)
        finished = finished.gather(1, origin) | (piece == EOS_ID) | (step >= limits)[:, None]
        tokens = _grown(tokens, origin, piece)
        log_probs = _grown(log_probs, origin, more.flatten(1).gather(1, chosen))
        state = state.select((origin + first_row).flatten())
    # What there was no candidate for is nothing: what stands in its place depends on the batch. The
    # first is a hypothesis even so, as a given translation may have no probability.
    nothing = scores == NOTHING
    nothing[:, 0] = False
    return Hypotheses(
        tokens[:, :, 1:].masked_fill(nothing[..., None], PAD_ID),
        lengths.masked_fill(nothing, 0),
        scores,
        log_probs.masked_fill(nothing[..., None], 0.0),
    )


def _grown(histories: Tensor, origin: Tensor, new: Tensor) -> Tensor:
    """Puts ``new`` (batch, beam) after the histories (batch, beam, written) that it follows."""
    chosen = histories.gather(1, origin[..., None].expand(-1, -1, histories.shape[2]))
    return torch.cat([chosen, new[..., None]], dim=2)


def _limits(src_lengths: Tensor, config: SearchConfig, constraints: Constraints | None) -> Tensor:
    """Returns (batch,) int64: pieces of a hypothesis at most."""
    own = src_lengths * config.length_factor + config.length_margin
    limits = own.clamp(max=config.max_length)
    if constraints is None or constraints.prefix is None:
        return limits
    return limits.maximum((constraints.prefix > 0).sum(dim=1))
