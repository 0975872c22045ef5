"""Does the graph translate like the model it was written from? Asked before a file is written.

fp32: the same pieces as ``s2s.search`` in torch, for sentences of many lengths, alone and in
batches, and scores that agree. Where two hypotheses are so close that float32 rounding decides,
torch may say either: such a difference is accepted, and counted, only if torch itself gives exactly
the graph's answer when its logits are moved by no more than rounding.

int8: finite scores, lengths that fit, best scores alone and in a batch that are the same but for
rounding, and scores near those that torch gives to the same hypotheses.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic

import torch
from torch import Tensor

from s2s.config import BOS_ID, EOS_ID, FORBIDDEN_IDS, PAD_ID, SearchConfig
from s2s.errors import ParityError
from s2s.model.ensemble import Ensemble
from s2s.model.seq2seq import Seq2Seq
from s2s.search.beam import Hypotheses, MemoryT, StateT, StepModel, beam_search, length_penalty
from s2s_export.model import as_members
from s2s_export.parity.session import Session

SCORE_TOLERANCE = 1e-3
"""Largest score difference accepted for equal pieces in fp32, in nats."""
INT8_TOLERANCE = 0.5
"""Largest mean score difference accepted in int8: rounding is far below, wrong scales far above."""
ALONE_TOLERANCE = 0.1
"""Largest difference accepted in int8 between a sentence's best scores alone and in a batch, in
nats. None was seen where this was written; but a processor has its own order of adding numbers, and
a last bit of attention that decides a rounding to int8 moves a score by about 1e-3."""
ROUNDING = 3e-6
"""Relative to the largest logit: what float32 rounding may move a logit by."""
ATTEMPTS = 30
BATCHES = ((1,), (2,), (31,), (1, 50, 7), (3, 1, 12, 25, 2, 9, 17, 5))
"""Source lengths of the sentences in each batch that is tried."""
BEAMS = (1, 2, 5)
MAX_LENGTH = 40


@dataclass
class Parity:
    """What the check saw."""

    sentences: int = 0
    """Sentences translated, once for each beam size."""
    hypotheses: int = 0
    """Hypotheses compared."""
    identical: int = 0
    """Of them, with the same pieces as torch."""
    near_ties: int = 0
    """Sentences where rounding decided between hypotheses; always 0 in int8, which is not asked."""
    moved: int = 0
    """int8: sentences whose hypotheses or scores alone and in a batch are not the same bits."""
    largest_difference: float = 0.0
    """Of scores of hypotheses with the same pieces, in nats; in int8, of the same hypothesis'
    score by torch and by the graph."""


class _Shaken(Generic[MemoryT, StateT]):
    """A model whose logits are moved by no more than rounding."""

    def __init__(self, model: StepModel[MemoryT, StateT], seed: int) -> None:
        self._model = model
        self._generator = torch.Generator().manual_seed(seed)

    def begin(self, src: Tensor, src_lengths: Tensor) -> tuple[MemoryT, StateT]:
        return self._model.begin(src, src_lengths)

    def step(self, tokens: Tensor, memory: MemoryT, state: StateT) -> tuple[Tensor, StateT]:
        logits, state = self._model.step(tokens, memory, state)
        noise = torch.rand(logits.shape, generator=self._generator) * 2 - 1
        size = logits.abs().amax(dim=-1, keepdim=True).clamp(min=1.0)
        return logits + noise * size * ROUNDING, state


def sample_batches(
    vocab_size: int, seed: int = 0, batches: Sequence[Sequence[int]] = BATCHES
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yields batches of random pieces, each sentence with its end piece, padded.

    Args:
        vocab_size: Number of source pieces.
        seed: Seed of the pieces.
        batches: Source lengths of the sentences in each batch, the end piece counted.
    """
    generator = torch.Generator().manual_seed(seed)
    for lengths in batches:
        src_lengths = torch.tensor(lengths)
        width = int(src_lengths.max())
        # Any piece but the special ones, which no text is cut into.
        src = torch.randint(EOS_ID + 1, vocab_size, (len(lengths), width), generator=generator)
        positions = torch.arange(width)
        src[positions == src_lengths[:, None] - 1] = EOS_ID
        src[positions >= src_lengths[:, None]] = PAD_ID
        yield src, src_lengths


def check_parity(
    model: Seq2Seq | Sequence[Seq2Seq],
    serialized: bytes,
    search: SearchConfig,
    precision: str,
    *,
    batches: Sequence[Sequence[int]] = BATCHES,
    beams: Sequence[int] = BEAMS,
) -> Parity:
    """Compares a model file with the torch model it was written from.

    Args:
        model: In evaluation mode, on the CPU; several are an ensemble.
        serialized: The model file's bytes.
        search: Length factor, margin and penalty; beam sizes and ``max_length`` are the check's.
        precision: ``fp32`` or ``int8``.
        batches: Source lengths of the sentences in each batch that is tried.
        beams: Beam sizes that are tried, as far as the vocabulary allows.

    Returns:
        What was compared.

    Raises:
        ParityError: If the graph does not translate like the model.
    """
    session, parity = Session(serialized), Parity()
    members = as_members(model)
    # Of one network, not an ensemble of one: the check is to run what translates a run.
    network: StepModel[Any, Any] = members[0] if len(members) == 1 else Ensemble(members)
    vocab_size = members[0].config.src_vocab_size
    most = members[0].config.tgt_vocab_size - len(FORBIDDEN_IDS)
    differences: list[float] = []
    for beam in sorted({min(beam, most) for beam in beams}):
        config = SearchConfig(
            beam_size=beam,
            length_penalty=search.length_penalty,
            max_length=min(MAX_LENGTH, search.max_length),
            length_factor=search.length_factor,
            length_margin=search.length_margin,
        )
        for src, src_lengths in sample_batches(vocab_size, batches=batches):
            found = session.search(src, src_lengths, config)
            expected = beam_search(network, src, src_lengths, config)
            parity.sentences += len(src)
            parity.hypotheses += found.lengths.numel()
            parity.identical += count_identical(expected, found)
            if precision == "fp32":
                compare(network, src, src_lengths, config, (expected, found), parity)
            else:
                _check_alone(session, src, src_lengths, config, found, parity)
                differences += _rescored(members, src, src_lengths, config, found)
    if precision != "fp32":
        parity.largest_difference = max(differences)
        mean = sum(differences) / len(differences)
        if not mean <= INT8_TOLERANCE:
            raise ParityError(
                f"{precision} scores differ by {mean:.3g} nats on average from those of the torch "
                f"model; expected at most {INT8_TOLERANCE}. The model is not fit for int8; "
                "export fp32"
            )
    return parity


def compare(
    model: StepModel[MemoryT, StateT],
    src: Tensor,
    src_lengths: Tensor,
    config: SearchConfig,
    outcomes: tuple[Hypotheses, Hypotheses],
    parity: Parity,
) -> None:
    """Compares what torch (``outcomes[0]``) and the graph found for a batch; updates ``parity``.

    Raises:
        ParityError: If they differ by more than rounding can explain.
    """
    expected, found = outcomes
    for row in range(len(src)):
        wanted, got = rows_of(expected, row), rows_of(found, row)
        if wanted != got:
            length = int(src_lengths[row])
            own = src[row : row + 1, :length]
            if not _near_tie(model, own, src_lengths[row : row + 1], config, got):
                raise ParityError(_describe(wanted, got, len(src), length, config.beam_size))
            parity.near_ties += 1
            continue
        difference = float((expected.scores[row] - found.scores[row]).abs().max())
        if not difference <= SCORE_TOLERANCE:
            raise ParityError(
                f"sentence of {int(src_lengths[row])} pieces, beam {config.beam_size}: scores "
                f"differ by {difference:.3g}; expected at most {SCORE_TOLERANCE}"
            )
        parity.largest_difference = max(parity.largest_difference, difference)


def rows_of(outcome: Hypotheses, row: int) -> list[list[int]]:
    """Returns the pieces of one sentence's hypotheses, without padding."""
    lengths = outcome.lengths[row].tolist()
    tokens = outcome.tokens[row].tolist()
    # A hypothesis is all that is not padding: a wrong length must not hide wrong pieces.
    return [
        [*pieces[:length], *(piece for piece in pieces[length:] if piece != PAD_ID)]
        for pieces, length in zip(tokens, lengths, strict=True)
    ]


def count_identical(expected: Hypotheses, found: Hypotheses) -> int:
    """Returns how many hypotheses have the same pieces at the same rank."""
    return sum(
        wanted == got
        for row in range(len(expected.tokens))
        for wanted, got in zip(rows_of(expected, row), rows_of(found, row), strict=True)
    )


def _near_tie(
    model: StepModel[MemoryT, StateT],
    src: Tensor,
    src_lengths: Tensor,
    config: SearchConfig,
    got: list[list[int]],
) -> bool:
    return any(
        rows_of(beam_search(_Shaken(model, seed), src, src_lengths, config), 0) == got
        for seed in range(ATTEMPTS)
    )


def _describe(
    wanted: list[list[int]], got: list[list[int]], batch: int, length: int, beam: int
) -> str:
    rank = next(i for i, pair in enumerate(zip(wanted, got, strict=True)) if pair[0] != pair[1])
    pieces, others = [*wanted[rank], None], [*got[rank], None]
    position = next(
        (i for i, pair in enumerate(zip(pieces, others, strict=False)) if pair[0] != pair[1]), 0
    )
    return (
        f"sentence of {length} pieces in a batch of {batch}, beam {beam}, hypothesis {rank}: "
        f"piece {position} is {others[position]} in the graph and {pieces[position]} in torch"
    )


def _check_alone(
    session: Session,
    src: Tensor,
    src_lengths: Tensor,
    config: SearchConfig,
    found: Hypotheses,
    parity: Parity,
) -> None:
    """Raises ParityError unless a sentence gets alone, but for rounding, what it got in a batch."""
    if not bool(torch.isfinite(found.scores).all()):
        raise ParityError(f"beam {config.beam_size}: a score is not finite")
    for row, length in enumerate(src_lengths.tolist()):
        alone = session.search(src[row : row + 1, :length], src_lengths[row : row + 1], config)
        same = rows_of(alone, 0) == rows_of(found, row)
        parity.moved += not (same and torch.equal(alone.scores[0], found.scores[row]))
        difference = float((alone.scores[0, 0] - found.scores[row, 0]).abs())
        if not difference <= ALONE_TOLERANCE:
            raise ParityError(
                f"sentence of {length} pieces, beam {config.beam_size}: its best score alone and "
                f"in a batch of {len(src)} differ by {difference:.3g}; expected at most "
                f"{ALONE_TOLERANCE}"
            )


@torch.inference_mode()
def _rescored(
    members: Sequence[Seq2Seq],
    src: Tensor,
    src_lengths: Tensor,
    config: SearchConfig,
    found: Hypotheses,
) -> list[float]:
    """Returns how far the graph's scores are from those that torch gives to its hypotheses."""
    batch, beam, length = found.tokens.shape
    rows = torch.arange(batch).repeat_interleave(beam)
    tgt_out = found.tokens.flatten(0, 1)
    tgt_in = torch.cat([torch.full((batch * beam, 1), BOS_ID), tgt_out[:, :-1]], dim=1)
    logits = Ensemble(members)(src[rows], src_lengths[rows], tgt_in)
    logits[..., list(FORBIDDEN_IDS)] = float("-inf")
    log_probs = logits.log_softmax(dim=-1).gather(-1, tgt_out[..., None]).squeeze(-1)
    real = torch.arange(length) < found.lengths.flatten()[:, None]
    totals = log_probs.masked_fill(~real, 0.0).sum(dim=1).view(batch, beam)
    scores = totals / length_penalty(found.lengths, config.length_penalty)
    difference: list[float] = (scores - found.scores).abs().flatten().tolist()
    return difference
