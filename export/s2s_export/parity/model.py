"""Checks, before a file is written, that the graph translates like the torch model.

fp32: the same pieces as ``s2s.search`` in torch, for sentences of many lengths, alone and in
batches, and scores that agree. If two hypotheses are so close that float32 rounding decides, torch
may choose either. Such a difference is only accepted, and counted, if torch itself gives exactly
the graph's answer when its logits change by no more than rounding.

fp16 and int8: ``s2s_export.parity.rounded``.

A file whose search is fixed is opened (``s2s.formats.option_inputs``) for these comparisons, which
try several beams. Then ``s2s_export.parity.fixed`` compares the file as it is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic

import torch
from torch import Tensor

from s2s.config import EOS_ID, PAD_ID, SearchConfig, widest_beam
from s2s.errors import ParityError
from s2s.formats.option_inputs import constants, fixed_constants
from s2s.model.ensemble import Ensemble
from s2s.model.seq2seq import Seq2Seq
from s2s.search.beam import Hypotheses, MemoryT, StateT, StepModel, beam_search
from s2s_export.model import as_members
from s2s_export.parity.fixed import check_closed
from s2s_export.parity.pieces import count_identical, pieces_of
from s2s_export.parity.rounded import check_alone, check_rounding, score_differences
from s2s_export.parity.session import Session

SCORE_TOLERANCE = 1e-3
"""Largest score difference accepted for equal pieces in fp32, in nats."""
ROUNDING = 3e-6
"""How much float32 rounding may change a logit, relative to the largest logit."""
ATTEMPTS = 30
"""Noisy searches that may give the graph's answer."""
BATCHES = ((1,), (2,), (31,), (1, 50, 7), (3, 1, 12, 25, 2, 9, 17, 5))
"""Source lengths of the sentences in each batch that is tried."""
BEAMS = (1, 2, 5)
MAX_LENGTH = 40


@dataclass
class Parity:
    """How a graph compares with torch."""

    sentences: int = 0
    """Sentences translated, once for each beam size."""
    hypotheses: int = 0
    """Hypotheses compared."""
    identical: int = 0
    """Hypotheses with the same pieces as torch's."""
    near_ties: int = 0
    """fp32 only: sentences where rounding decided between hypotheses."""
    batch_dependent: int = 0
    """fp16 and int8: sentences whose hypotheses or scores have other bits alone than in a batch."""
    largest_difference: float = 0.0
    """Largest difference between scores of torch and the graph, in nats: in fp32, of hypotheses
    with the same pieces; in fp16 and int8, of the graph's hypotheses."""


class _NoisyModel(Generic[MemoryT, StateT]):
    """A model whose logits have noise that is no larger than rounding."""

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
        # Any piece except the special ones, which no text contains.
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
    fixed: bool = False,
    batches: Sequence[Sequence[int]] = BATCHES,
    beams: Sequence[int] = BEAMS,
) -> Parity:
    """Compares a model file with the torch model it was written from.

    Args:
        model: In evaluation mode, on the CPU; several are an ensemble.
        serialized: The model file's bytes.
        search: What it has learned of lengths, and the length penalty; a limit for the
            ``max_length`` of the check.
        precision: ``fp32``, ``fp16`` or ``int8``.
        fixed: Whether all values of ``search`` are constants of the file.
        batches: Source lengths of the sentences in each batch that is tried.
        beams: Beam sizes that are tried, as far as the vocabulary allows.

    Returns:
        Counts of the sentences and hypotheses that were compared.

    Raises:
        ParityError: If the graph does not translate like the model.
    """
    own = fixed_constants(search) if fixed else constants(search)
    session, parity = Session(serialized, own=own, fixed=fixed), Parity()
    members = as_members(model)
    # One network is not an ensemble of one: the check must run the code that translates a run.
    network: StepModel[Any, Any] = members[0] if len(members) == 1 else Ensemble(members)
    vocab_size = members[0].config.src_vocab_size
    widest = widest_beam(members[0].config.tgt_vocab_size)
    differences: list[float] = []
    configs = [
        SearchConfig(
            beam_size=beam,
            length_penalty=search.length_penalty,
            max_length=min(MAX_LENGTH, search.max_length),
            length_factor=search.length_factor,
            length_margin=search.length_margin,
            in_step=search.in_step,
        )
        for beam in sorted({min(beam, widest) for beam in beams})
    ]
    for config in configs:
        for src, src_lengths in sample_batches(vocab_size, batches=batches):
            actual = session.search(src, src_lengths, config)
            expected = beam_search(network, src, src_lengths, config)
            parity.sentences += len(src)
            parity.hypotheses += actual.lengths.numel()
            parity.identical += count_identical(expected, actual)
            if precision == "fp32":
                compare(network, src, src_lengths, config, (expected, actual), parity)
            else:
                parity.batch_dependent += check_alone(session, src, src_lengths, config, actual)
                differences += score_differences(members, src, src_lengths, config, actual)
    if fixed:
        check_closed(session, serialized, search, sample_batches(vocab_size, batches=batches))
    if precision != "fp32":
        parity.largest_difference = max(differences)
        mean, share = sum(differences) / len(differences), parity.identical / parity.hypotheses
        check_rounding(precision, mean, share)
    return parity


def compare(
    model: StepModel[MemoryT, StateT],
    src: Tensor,
    src_lengths: Tensor,
    config: SearchConfig,
    outcomes: tuple[Hypotheses, Hypotheses],
    parity: Parity,
) -> None:
    """Compares the hypotheses of torch and of the graph for a batch; updates ``parity``.

    Args:
        model: The torch model.
        src: (batch, src_len) int64.
        src_lengths: (batch,) int64.
        config: The search.
        outcomes: Hypotheses of torch and of the graph.
        parity: Is updated.

    Raises:
        ParityError: If they differ by more than rounding can explain.
    """
    expected, actual = outcomes
    for row in range(len(src)):
        torch_pieces, graph_pieces = pieces_of(expected, row), pieces_of(actual, row)
        if torch_pieces != graph_pieces:
            length = int(src_lengths[row])
            sentence = src[row : row + 1, :length], src_lengths[row : row + 1]
            if not _near_tie(model, *sentence, config, graph_pieces):
                beam = config.beam_size
                raise ParityError(_describe(torch_pieces, graph_pieces, len(src), length, beam))
            parity.near_ties += 1
            continue
        scores = expected.scores[row], actual.scores[row]
        # A place in the beam without a hypothesis has minus infinity in both.
        difference = float(
            torch.where(scores[0] == scores[1], 0.0, scores[0] - scores[1]).abs().max()
        )
        if not difference <= SCORE_TOLERANCE:
            raise ParityError(
                f"a sentence of {int(src_lengths[row])} pieces, beam {config.beam_size}: scores "
                f"differ by {difference:.3g}; expected at most {SCORE_TOLERANCE}"
            )
        parity.largest_difference = max(parity.largest_difference, difference)


def _near_tie(
    model: StepModel[MemoryT, StateT],
    src: Tensor,
    src_lengths: Tensor,
    config: SearchConfig,
    graph_pieces: list[list[int]],
) -> bool:
    """Says whether torch gives the graph's answer if its logits change by rounding."""
    return any(
        pieces_of(beam_search(_NoisyModel(model, seed), src, src_lengths, config), 0)
        == graph_pieces
        for seed in range(ATTEMPTS)
    )


def _describe(
    torch_pieces: list[list[int]],
    graph_pieces: list[list[int]],
    batch: int,
    length: int,
    beam: int,
) -> str:
    """Says where the hypotheses of a sentence differ first."""
    ranks = enumerate(zip(torch_pieces, graph_pieces, strict=True))
    rank = next(rank for rank, pair in ranks if pair[0] != pair[1])
    expected, actual = [*torch_pieces[rank], None], [*graph_pieces[rank], None]
    positions = enumerate(zip(expected, actual, strict=False))
    position = next((position for position, pair in positions if pair[0] != pair[1]), 0)
    return (
        f"sentence of {length} pieces in a batch of {batch}, beam {beam}, hypothesis {rank}: "
        f"piece {position} is {actual[position]} in the graph and {expected[position]} in torch"
    )
