"""The steps of a search: a Loop that runs until enough of its sentences are finished."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

from s2s.config import EOS_ID, PAD_ID
from s2s_export.graph.arithmetic import MemoryTensor, StateTensor
from s2s_export.graph.builder import BOOL, FLOAT, INT64, Graph, Shape, Value
from s2s_export.search.candidates import CandidateInputs, write_candidates
from s2s_export.search.details import Trace

MemoryT = TypeVar("MemoryT")
StateT = TypeVar("StateT")


class StepWriter(Protocol[MemoryT, StateT]):
    """A decoder, or several, as the search sees them: ``s2s.search.beam.StepModel`` as a graph."""

    def step(
        self, graph: Graph, tokens: Value, memory: MemoryT, state: StateT
    ) -> tuple[Value, Value, StateT]:
        """Writes a step.

        Returns:
            Logits (rows, tgt_vocab) float32, minus infinity for forbidden pieces; attention
            (sentences, beam, width) float32, width at least src_len; the next state.
        """

    def state_tensors(self, graph: Graph, state: StateT) -> list[list[StateTensor]]:
        """Lists the tensors of a state, a list for each of its signals."""

    def with_state_tensors(
        self, state: StateT, tensors: Iterator[list[StateTensor]], values: Iterator[Value]
    ) -> StateT:
        """Returns ``state`` with the next ``values`` for the next ``tensors``.

        ``tensors`` are those that ``state_tensors`` listed; no more is taken than the state has.
        """

    def memory_tensors(self, memory: MemoryT) -> list[MemoryTensor]:
        """Lists the tensors of a memory whose first axis is sentences."""

    def with_memory_tensors(self, memory: MemoryT, values: Iterator[Value]) -> MemoryT:
        """Returns ``memory`` with the next ``values`` for the tensors that were listed."""


@dataclass
class LoopDecoder(Generic[MemoryT, StateT]):
    """A decoder whose state a Loop carries from step to step."""

    writer: StepWriter[MemoryT, StateT]
    first_state: StateT
    state_tensors: list[list[StateTensor]]
    """Of the first state, a list for each of its signals."""

    @property
    def tensors(self) -> list[StateTensor]:
        """All tensors of the first state."""
        return [tensor for signal in self.state_tensors for tensor in signal]

    def state(self, values: Iterable[Value]) -> StateT:
        """Returns a state that has ``values`` for ``tensors``."""
        return self.writer.with_state_tensors(
            self.first_state, iter(self.state_tensors), iter(values)
        )


@dataclass
class HypothesisRows:
    """Values that a step hands to the next one: one row a hypothesis, sentences * beam rows."""

    token: Value  # (rows,) int64, the last piece
    history: Value  # (rows, written) int64, the begin piece first
    totals: Value  # (rows, 1) float32, log-probability
    scores: Value  # (rows, 1) float32, over length penalty; only read if finished
    stop: Value  # (rows, 1) int64: the last step, of this Loop, that extends the hypothesis
    states: list[Value]  # (rows, size) each, the tensors of the decoder's state

    def values(self) -> list[Value]:
        """Returns all values, in the order in which a Loop carries them."""
        return [self.token, self.history, self.totals, self.scores, self.stop, *self.states]

    @classmethod
    def from_values(cls, values: Iterable[Value]) -> Self:
        """Returns the rows that have such ``values()``."""
        token, history, totals, scores, stop, *states = values
        return cls(
            token=token, history=history, totals=totals, scores=scores, stop=stop, states=states
        )


def row_shapes(tensors: list[StateTensor], written: str = "written") -> list[tuple[int, Shape]]:
    """Returns types and shapes of ``HypothesisRows.values``."""
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
    """Values that every step of a Loop reads."""

    beam: Value  # (1,) int64
    by_beam: Value  # int64 shape (sentences, beam)
    by_sentence: Value  # int64 shape (sentences, beam * width)
    first_candidate: Value  # (sentences, 1) int64: the place of each sentence's first candidate
    penalties: Value  # (steps,) float32, by step
    max_unfinished: Value  # () int64: the Loop ends when no more sentences are unfinished
    candidates: CandidateInputs


def search_steps(
    graph: Graph,
    decoder: LoopDecoder[MemoryT, StateT],
    inputs: StepInputs,
    memory: MemoryT,
    rows: HypothesisRows,
) -> tuple[HypothesisRows, Trace]:
    """Writes the Loop; returns its last rows, and the notes of all steps."""
    body = graph.child("search_step")
    step = body.input("step", INT64, [])
    body.input("going", BOOL, [])
    names = ["token", "history", "totals", "scores", "stop"]
    names += [f"state_{number}" for number in range(len(rows.states))]
    before = HypothesisRows.from_values(
        body.input(name, dtype, shape)
        for name, (dtype, shape) in zip(names, row_shapes(decoder.tensors), strict=True)
    )
    state = decoder.state(before.states)
    logits, attention, state = decoder.writer.step(body, before.token, memory, state)
    states = [
        tensor.value for signal in decoder.writer.state_tensors(body, state) for tensor in signal
    ]
    going, (chosen, log_probs), after = _extend(body, inputs, step, logits, before, states)
    body.output(going, BOOL, [])
    shapes = row_shapes(decoder.tensors, "written_next")
    for value, (dtype, shape) in zip(after.values(), shapes, strict=True):
        body.output(value, dtype, shape)
    body.output(chosen, INT64, ["rows", 1])
    body.output(log_probs, FLOAT, ["rows", "width"])
    body.output(attention, FLOAT, ["sentences", "beam", "width_src"])
    # After the last step that a limit allows, no sentence is unfinished.
    max_steps = graph.op("Squeeze", graph.op("Shape", inputs.penalties))
    *last, chosen, log_probs, attention = graph.loop(body, rows.values(), max_steps)
    return HypothesisRows.from_values(last), Trace(chosen, log_probs, attention)


def _extend(
    body: Graph,
    inputs: StepInputs,
    step: Value,
    logits: Value,
    before: HypothesisRows,
    states: list[Value],
) -> tuple[Value, tuple[Value, Value], HypothesisRows]:
    """Writes the choice of the next hypotheses.

    Returns:
        The condition to go on; the chosen candidates and the log-probabilities of all, see
        ``s2s_export.search.details``; the next rows.
    """
    # First the best candidates of each hypothesis, then the best of all.
    pieces, piece_log_probs = write_candidates(
        body, inputs.candidates, step, logits, before.history, before.stop
    )
    candidate_totals = body.op("Add", before.totals, piece_log_probs)
    penalty = body.op("Gather", inputs.penalties, step)
    candidate_scores = body.op("Div", candidate_totals, penalty)
    # A finished hypothesis has one candidate, itself, and goes on with padding.
    finished = body.op("Less", before.stop, step)
    finished_scores = body.op("Add", before.scores, inputs.candidates.only_first)
    candidate_scores = body.op("Where", finished, finished_scores, candidate_scores)
    pieces = body.op("Where", finished, PAD_ID, pieces)
    by_sentence = body.op("Reshape", candidate_scores, inputs.by_sentence)
    scores, chosen = body.ops("TopK", 2, by_sentence, inputs.beam, axis=-1)

    column, flat = body.ints(-1, 1), body.ints(-1)
    chosen = body.op("Reshape", body.op("Add", chosen, inputs.first_candidate), column)
    origin = body.op("Reshape", body.op("Div", chosen, inputs.candidates.width), flat)
    piece = body.op("Gather", body.op("Reshape", pieces, flat), chosen, axis=0)
    totals = body.op("Gather", body.op("Reshape", candidate_totals, flat), chosen, axis=0)
    stop = body.op("Gather", before.stop, origin, axis=0)
    stop = body.op("Where", body.op("Equal", piece, EOS_ID), step, stop)
    last_step = body.op("ReduceMax", body.op("Reshape", stop, inputs.by_beam), axes=[1], keepdims=0)
    unfinished = body.op("Cast", body.op("Greater", last_step, step), to=INT64)
    count = body.op("ReduceSum", unfinished, keepdims=0)
    going = body.op("Greater", count, inputs.max_unfinished)
    history = body.op("Concat", body.op("Gather", before.history, origin, axis=0), piece, axis=1)
    after = HypothesisRows(
        token=body.op("Reshape", piece, flat),
        history=history,
        totals=totals,
        scores=body.op("Reshape", scores, column),
        stop=stop,
        states=[body.op("Gather", state, origin, axis=0) for state in states],
    )
    return going, (chosen, piece_log_probs), after
