"""The steps of a search: a Loop that goes on until enough of its sentences are finished."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from s2s.config import EOS_ID, PAD_ID
from s2s_export.graph.arithmetic import MemoryTensor, StateTensor
from s2s_export.graph.builder import BOOL, FLOAT, INT64, Graph, Shape, Value
from s2s_export.search.candidates import CandidateInputs, candidates
from s2s_export.search.details import Trace

MemoryT = TypeVar("MemoryT")
StateT = TypeVar("StateT")


class StepWriter(Protocol[MemoryT, StateT]):
    """What the search needs of a decoder, or of several: ``s2s.search.StepModel`` as a graph."""

    def step(
        self, graph: Graph, tokens: Value, memory: MemoryT, state: StateT
    ) -> tuple[Value, Value, StateT]:
        """Writes a step.

        Returns:
            Logits (rows, tgt_vocab), minus infinity for forbidden pieces; attention
            (sentences, beam, width), width at least src_len; the next state.
        """

    def state_tensors(self, graph: Graph, state: StateT) -> list[list[StateTensor]]:
        """Lists the tensors of each of a state's signals."""

    def with_state_tensors(
        self, state: StateT, carried: Iterable[list[StateTensor]], names: Iterable[Value]
    ) -> StateT:
        """Returns ``state`` with ``names`` for the tensors that ``state_tensors`` listed."""

    def memory_tensors(self, memory: MemoryT) -> list[MemoryTensor]:
        """Lists the tensors of a memory, sentences first."""

    def with_memory_tensors(self, memory: MemoryT, names: Iterable[Value]) -> MemoryT:
        """Returns ``memory`` with ``names`` for the tensors that ``memory_tensors`` listed."""


@dataclass
class LoopDecoder(Generic[MemoryT, StateT]):
    """A decoder, and what of it a Loop carries."""

    writer: StepWriter[MemoryT, StateT]
    first: StateT
    carried: list[list[StateTensor]]

    @property
    def tensors(self) -> list[StateTensor]:
        """All that is carried."""
        return [tensor for listed in self.carried for tensor in listed]

    def state(self, names: Iterable[Value]) -> StateT:
        """Returns the state of ``tensors`` by other names."""
        return self.writer.with_state_tensors(self.first, self.carried, names)


@dataclass
class HypothesisRows:
    """What a step hands to the next one, of each hypothesis; rows is sentences * beam."""

    token: Value  # (rows,) int64, the last piece
    history: Value  # (rows, written) int64, the begin piece first
    totals: Value  # (rows, 1) float32, log-probability
    scores: Value  # (rows, 1) float32, over length penalty; read of finished hypotheses only
    stop: Value  # (rows, 1) int64: the last step, of this Loop, that extends the hypothesis
    states: list[Value]  # (rows, size) each, of the decoder

    def all(self) -> list[Value]:
        """Returns the names in the order of a Loop."""
        return [self.token, self.history, self.totals, self.scores, self.stop, *self.states]


def rows_of(names: list[Value]) -> HypothesisRows:
    """Returns rows of names in the order of ``HypothesisRows.all``."""
    token, history, totals, scores, stop, *states = names
    return HypothesisRows(token, history, totals, scores, stop, states)


def row_shapes(tensors: list[StateTensor], written: str = "written") -> list[tuple[int, Shape]]:
    """Returns types and shapes of ``HypothesisRows.all``."""
    shapes: list[tuple[int, Shape]] = [
        (INT64, ["rows"]),
        (INT64, ["rows", written]),
        (FLOAT, ["rows", 1]),
        (FLOAT, ["rows", 1]),
        (INT64, ["rows", 1]),
    ]
    return shapes + [(tensor.dtype, ["rows", tensor.size]) for tensor in tensors]


@dataclass
class StepInputs:
    """What every step of a Loop reads."""

    beam: Value  # (1,) int64
    both: Value  # int64 shape (sentences, beam)
    by_sentence: Value  # int64 shape (sentences, beam * width)
    first_candidate: Value  # (sentences, 1) int64: where a sentence's candidates begin
    penalties: Value  # (steps,) float32, by step
    enough: Value  # () int64: the Loop ends with so many unfinished sentences, or fewer
    steady: CandidateInputs


def search_steps(
    graph: Graph,
    decoding: LoopDecoder[MemoryT, StateT],
    fixed: StepInputs,
    memory: MemoryT,
    rows: HypothesisRows,
) -> tuple[HypothesisRows, Trace]:
    """Writes the Loop; returns its last rows, and notes of all steps."""
    body = graph.child("search_step")
    step = body.input("step", INT64, [])
    body.input("going", BOOL, [])
    names = ["token", "history", "totals", "scores", "stop"]
    names += [f"state_{number}" for number in range(len(rows.states))]
    shapes = row_shapes(decoding.tensors)
    before = rows_of(
        [body.input(name, dtype, shape) for name, (dtype, shape) in zip(names, shapes, strict=True)]
    )
    state = decoding.state(before.states)
    logits, attention, state = decoding.writer.step(body, before.token, memory, state)
    news = [tensor.name for each in decoding.writer.state_tensors(body, state) for tensor in each]
    going, (chosen, log_probs), after = _extend(body, fixed, step, logits, before, news)
    body.output(going, BOOL, [])
    shapes = row_shapes(decoding.tensors, "written_next")
    for name, (dtype, shape) in zip(after.all(), shapes, strict=True):
        body.output(name, dtype, shape)
    body.output(chosen, INT64, ["rows", 1])
    body.output(log_probs, FLOAT, ["rows", "width"])
    body.output(attention, FLOAT, ["sentences", "beam", "width_src"])
    # After the last step that a limit allows, no sentence is unfinished.
    steps = graph.op("Squeeze", graph.op("Shape", fixed.penalties))
    *last, chosen, log_probs, attention = graph.loop(body, rows.all(), steps)
    return rows_of(last), Trace(chosen, log_probs, attention)


def _extend(
    body: Graph,
    fixed: StepInputs,
    step: Value,
    logits: Value,
    before: HypothesisRows,
    news: list[Value],
) -> tuple[Value, tuple[Value, Value], HypothesisRows]:
    """Writes the choice of the next hypotheses.

    Returns:
        The condition to go on; the candidates chosen and the log-probabilities of all of them, see
        ``s2s_export.search.details``; the next rows.
    """
    # The best of each hypothesis first, then the best of those.
    pieces, log_probs = candidates(body, fixed.steady, step, logits, before.history)
    grown = body.op("Add", before.totals, log_probs)
    ranked = body.op("Div", grown, body.op("Gather", fixed.penalties, step))
    # A finished hypothesis has one candidate, itself, and goes on with padding.
    finished = body.op("Less", before.stop, step)
    kept = body.op("Add", before.scores, fixed.steady.only_first)
    ranked = body.op("Where", finished, kept, ranked)
    pieces = body.op("Where", finished, PAD_ID, pieces)
    by_sentence = body.op("Reshape", ranked, fixed.by_sentence)
    best, chosen = body.ops("TopK", 2, by_sentence, fixed.beam, axis=-1)

    column, flat = body.ints(-1, 1), body.ints(-1)
    chosen = body.op("Reshape", body.op("Add", chosen, fixed.first_candidate), column)
    row = body.op("Reshape", body.op("Div", chosen, fixed.steady.width), flat)
    piece = body.op("Gather", body.op("Reshape", pieces, flat), chosen, axis=0)
    total = body.op("Gather", body.op("Reshape", grown, flat), chosen, axis=0)
    kept_stop = body.op("Gather", before.stop, row, axis=0)
    stop = body.op("Where", body.op("Equal", piece, EOS_ID), step, kept_stop)
    last = body.op("ReduceMax", body.op("Reshape", stop, fixed.both), axes=[1], keepdims=0)
    unfinished = body.op("Cast", body.op("Greater", last, step), to=INT64)
    going = body.op("Greater", body.op("ReduceSum", unfinished, keepdims=0), fixed.enough)
    history = body.op("Concat", body.op("Gather", before.history, row, axis=0), piece, axis=1)
    after = HypothesisRows(
        body.op("Reshape", piece, flat),
        history,
        total,
        body.op("Reshape", best, column),
        stop,
        [body.op("Gather", new, row, axis=0) for new in news],
    )
    return going, (chosen, log_probs), after
