"""Greedy and beam search in torch: the reference that the exported graph must equal.

The beam of Sutskever et al. (2014) with the length penalty of Wu et al. (2016). A finished
hypothesis keeps its place in the beam and competes with the others by its log-probability divided
by the length penalty; a sentence is finished when its whole beam is. The hypotheses of a sentence
depend on that sentence alone: not on its neighbours, not on the batch's padding.

Ties: if two candidates have equal scores, the one from the better-ranked hypothesis wins; if both
are from one hypothesis, the one with the larger logit wins, then the one with the smaller piece id.
"""

from typing import NamedTuple, Protocol, Self, TypeVar

import torch
from torch import Tensor

from s2s.config import BOS_ID, EOS_ID, FORBIDDEN_IDS, PAD_ID, SearchConfig, widest_beam
from s2s.search.candidates import Constraints, best_candidates, candidates_with_options, stable_top

NOTHING = float("-inf")
ASK_EVERY = 4
"""Steps on a GPU between two questions whether the search is over."""


class Hypotheses(NamedTuple):
    """Search output, best first."""

    tokens: Tensor  # (batch, beam, tgt_len) int64, PAD_ID after the end piece
    lengths: Tensor  # (batch, beam) int64, pieces with the end piece
    scores: Tensor  # (batch, beam), log-probability over length penalty
    log_probs: Tensor  # (batch, beam, tgt_len), of each piece, 0 after the end piece


class SearchState(Protocol):
    """The state that a model carries from one step to the next, for each row."""

    def select(self, rows: Tensor) -> Self:
        """Returns the state of ``rows`` (new_batch,) int64, repeated or left out as listed."""


MemoryT = TypeVar("MemoryT")
StateT = TypeVar("StateT", bound=SearchState)


class StepModel(Protocol[MemoryT, StateT]):
    """A model as the search sees it: ``Seq2Seq``, ``Ensemble``, or a scripted one.

    Every step reads the memory, ``MemoryT``; only the model knows its content.
    """

    def begin(self, src: Tensor, src_lengths: Tensor) -> tuple[MemoryT, StateT]:
        """Encodes a batch."""

    def step(self, tokens: Tensor, memory: MemoryT, state: StateT) -> tuple[Tensor, StateT]:
        """Returns logits (rows, tgt_vocab) and the next state, rows = batch * beams."""


def length_penalty(lengths: Tensor, alpha: float) -> Tensor:
    """Returns the divisor that lets hypotheses of different lengths compete.

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
    """Searches for the best translations of a batch; ``beam_size`` 1 is greedy search.

    With a temperature, each hypothesis of a sentence is drawn on its own, and none replaces
    another.

    Args:
        model: In evaluation mode.
        src: (batch, src_len) int64, the end piece last, padded.
        src_lengths: (batch,) int64, each >= 1.
        config: Beam size, length penalty and length limits, and the options of
            ``s2s.search.candidates``.
        constraints: Beginnings of hypotheses, and a bias on pieces. A prefix is written in full,
            even if it is longer than a sentence's limit of length.

    Returns:
        ``beam_size`` hypotheses a sentence, or as many as a translation can have pieces if the
        vocabulary has fewer. One that met its length limit lacks the end piece. A prefix may leave
        room for fewer hypotheses: then the last ones are empty, and their scores are minus
        infinity.
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
    only_first = torch.full((beam,), NOTHING, device=device)
    only_first[0] = 0.0
    scores = totals
    step = 0
    while not (_is_time_to_ask(step, device) and all_finished(finished)):
        step += 1
        logits, state = model.step(tokens[:, :, -1].flatten(), memory, state)
        logits = logits.float()
        if beam > widest_beam(logits.shape[-1]):  # known from the first step on
            return beam_search(
                model, src, src_lengths, config.fitted(logits.shape[-1]), constraints
            )
        logits[:, : 1 + max(FORBIDDEN_IDS)] = NOTHING  # a list of ids would be copied each step
        if constraints is None and not config.alters_candidates:
            pieces, piece_log_probs = best_candidates(logits, beam)
        else:
            pieces, piece_log_probs = candidates_with_options(
                logits, tokens, beam, config, constraints or Constraints(), limits - step
            )
        # A finished hypothesis has one candidate: itself.
        piece_log_probs = piece_log_probs.view(batch, beam, beam)
        piece_log_probs = torch.where(finished[..., None], only_first, piece_log_probs)
        pieces = pieces.view(batch, beam, beam).masked_fill(finished[..., None], PAD_ID)
        candidate_totals = totals[..., None] + piece_log_probs
        lengths = lengths + (~finished).long()
        penalties = length_penalty(lengths, config.length_penalty)
        candidate_scores = candidate_totals / penalties[..., None]
        scores, chosen = stable_top(candidate_scores.flatten(1), beam)
        origin = chosen // beam
        totals = candidate_totals.flatten(1).gather(1, chosen)
        piece = pieces.flatten(1).gather(1, chosen)
        lengths = lengths.gather(1, origin)
        finished = finished.gather(1, origin) | (piece == EOS_ID) | (step >= limits)[:, None]
        tokens = _append(tokens, origin, piece)
        log_probs = _append(log_probs, origin, piece_log_probs.flatten(1).gather(1, chosen))
        state = state.select((origin + first_row).flatten())
    if device.type != "cpu":  # steps after the last sentence was finished
        written = int(lengths.max())
        tokens, log_probs = tokens[:, :, : 1 + written], log_probs[:, :, :written]
    return _clear_empty(Hypotheses(tokens[:, :, 1:], lengths, scores, log_probs))


def _clear_empty(found: Hypotheses) -> Hypotheses:
    """Empties each row that never had a candidate: its pieces depend on the batch.

    The first row stays even so, because the probability of a given translation may be zero.
    """
    is_empty = found.scores == NOTHING
    is_empty[:, 0] = False
    return Hypotheses(
        found.tokens.masked_fill(is_empty[..., None], PAD_ID),
        found.lengths.masked_fill(is_empty, 0),
        found.scores,
        found.log_probs.masked_fill(is_empty[..., None], 0.0),
    )


def all_finished(finished: Tensor) -> bool:
    """Whether all of the hypotheses are finished. The host waits for the device to know."""
    return bool(finished.all())


def _is_time_to_ask(step: int, device: torch.device) -> bool:
    """Whether to ask if a search is over: a GPU every few steps, which it need not wait for.

    Finished hypotheses stay as they are in the steps that are too many.
    """
    return device.type == "cpu" or step % ASK_EVERY == 0


def _append(histories: Tensor, origin: Tensor, new: Tensor) -> Tensor:
    """Appends ``new`` (batch, beam) to the rows ``origin`` of histories (batch, beam, written)."""
    followed = histories.gather(1, origin[..., None].expand(-1, -1, histories.shape[2]))
    return torch.cat([followed, new[..., None]], dim=2)


def _limits(src_lengths: Tensor, config: SearchConfig, constraints: Constraints | None) -> Tensor:
    """Returns (batch,) int64: the maximum length of each sentence's hypotheses, in pieces."""
    factor, margin = config.limit
    limits = (src_lengths * factor + margin).clamp(max=config.max_length)
    limits = src_lengths if config.is_in_step else limits
    if constraints is None or constraints.prefix is None:
        return limits
    return limits.maximum((constraints.prefix > 0).sum(dim=1))
