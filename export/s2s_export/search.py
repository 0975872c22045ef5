"""Beam search as an ONNX Loop: ``s2s.search`` without a Python step in between.

The same candidates in the same order as the reference, so the same tokens; what differs is what is
carried. Hypotheses are rows, (batch * beam, ...). An unfinished hypothesis has as many pieces as
the step, so one penalty serves all of them, and a finished one keeps its score: no lengths are
carried, only ``stop``, the last step that extends the hypothesis.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from s2s.config import BOS_ID, EOS_ID, PAD_ID, SearchConfig
from s2s_export.arithmetic import Carried
from s2s_export.builder import BOOL, FLOAT, INT64, Graph
from s2s_export.candidates import Steady, candidates, only_first, prepare
from s2s_export.details import Trace, write_details
from s2s_export.options import Options

Memory_contra = TypeVar("Memory_contra", contravariant=True)
State = TypeVar("State")


class StepWriter(Protocol[Memory_contra, State]):
    """What the search needs of a decoder, or of several: ``s2s.search.StepModel`` as a graph."""

    def step(
        self, graph: Graph, tokens: str, memory: Memory_contra, state: State
    ) -> tuple[str, str, State]:
        """Writes a step.

        Returns:
            Logits (rows, tgt_vocab), minus infinity for forbidden pieces; attention
            (batch, beam, src_len); the next state.
        """

    def carry(self, graph: Graph, state: State) -> list[list[Carried]]:
        """Lists the tensors of each of a state's signals."""

    def receive(
        self, state: State, carried: Iterable[list[Carried]], names: Iterable[str]
    ) -> State:
        """Returns ``state`` with the tensors that ``carry`` listed replaced by ``names``."""


@dataclass
class Inputs:
    """The model's inputs, by name."""

    src: str  # (batch, src_len) int64
    src_lengths: str  # (batch,) int64
    beam: str  # (1,) int64
    max_length: str  # () int64
    length_penalty: str  # () float32
    options: Options


@dataclass
class Found:
    """The model's outputs, by name."""

    hypotheses: str  # (batch, beam, tgt_len) int64, best first
    lengths: str  # (batch, beam) int64
    scores: str  # (batch, beam) float32
    log_probs: str  # (batch, beam, tgt_len) float32, empty unless details are wanted
    attention: str  # (batch, beam, tgt_len, src_len) float32, likewise


@dataclass
class _Fixed:
    """What every step of the search reads."""

    beam: str  # (1,) int64
    steady: Steady
    penalties: str  # (steps,) float32, by step
    first_candidate: str  # (batch, 1) int64: where a sentence's candidates begin
    by_sentence: str  # int64 shape (batch, beam * width)


def beam_search(
    graph: Graph,
    decoder: StepWriter[Memory_contra, State],
    inputs: Inputs,
    memory: Memory_contra,
    first: State,
    config: SearchConfig,
) -> Found:
    """Writes the search from the state ``first``, (batch, size) each, of the decoder."""
    batch = graph.op("Shape", inputs.src, end=1)
    both = graph.op("Concat", batch, inputs.beam, axis=0)
    last_step = _last_steps(graph, inputs, config)
    rows = graph.op("ReduceProd", both, keepdims=1)
    fixed = _prepare(graph, inputs, batch, rows, last_step)
    carried = decoder.carry(graph, first)
    tensors = [tensor for listed in carried for tensor in listed]
    spread = [last_step, *(tensor.name for tensor in tensors)]
    states = _first_states(graph, inputs, both, rows, spread)

    body = graph.child("search_step")
    step = body.input("step", INT64, [])
    body.input("going", BOOL, [])
    token = body.input("token", INT64, ["rows"])
    names = [
        body.input("history", INT64, ["rows", "written"]),
        body.input("totals", FLOAT, ["rows", 1]),
        body.input("scores", FLOAT, ["rows", 1]),
        body.input("stop", INT64, ["rows", 1]),
    ]
    received = [
        body.input(f"state_{number}", tensor.dtype, ["rows", tensor.size])
        for number, tensor in enumerate(tensors)
    ]
    state = decoder.receive(first, carried, received)
    logits, attention, state = decoder.step(body, token, memory, state)
    news = [tensor.name for listed in decoder.carry(body, state) for tensor in listed]
    going, (chosen, log_probs), outputs = _extend(body, fixed, step, logits, names, news)
    body.output(going, BOOL, [])
    body.output(outputs[0], INT64, ["rows"])
    body.output(outputs[1], INT64, ["rows", "written_next"])
    body.output(outputs[2], FLOAT, ["rows", 1])
    body.output(outputs[3], FLOAT, ["rows", 1])
    body.output(outputs[4], INT64, ["rows", 1])
    for name, tensor in zip(outputs[5:], tensors, strict=True):
        body.output(name, tensor.dtype, ["rows", tensor.size])
    body.output(chosen, INT64, ["rows", 1])
    body.output(log_probs, FLOAT, ["rows", "width"])
    body.output(attention, FLOAT, ["batch", "beam", "src_len"])
    _, history, _, scores, *rest = graph.loop(body, states)

    after_begin = (graph.ints(1), graph.ints(np.iinfo(np.int64).max), graph.ints(1))
    written = graph.op("Slice", history, *after_begin)
    hypotheses = graph.op("Reshape", written, graph.op("Concat", both, graph.ints(-1), axis=0))
    is_real = graph.op("Greater", hypotheses, PAD_ID)
    log_probs, attention = write_details(
        graph, Trace(*rest[-3:]), inputs.options.details, both, is_real
    )
    return Found(
        hypotheses,
        graph.op("ReduceSum", graph.op("Cast", is_real, to=INT64), graph.ints(2), keepdims=0),
        graph.op("Reshape", scores, both),
        log_probs,
        attention,
    )


def _first_states(
    graph: Graph, inputs: Inputs, both: str, rows: str, spread: list[str]
) -> list[str]:
    """Writes what the first step gets, in the order of the body's inputs.

    Args:
        graph: The main graph.
        inputs: Its inputs.
        both: int64 shape (batch, beam).
        rows: (1,) int64, their product.
        spread: Tensors (batch, ...) whose rows are repeated for each beam: last steps, states.
    """
    sentence = graph.op("Div", graph.op("Range", 0, graph.op("Squeeze", rows), 1), inputs.beam)
    stop, *states = (graph.op("Gather", value, sentence) for value in spread)
    # Every hypothesis starts the same: only the first may be extended in the first step, unless
    # each is drawn on its own.
    alone = only_first(graph, inputs.beam)
    alone = graph.op("Where", inputs.options.drawn, 0.0, alone)
    totals = graph.op("Expand", alone, both)
    totals = graph.op("Reshape", totals, graph.ints(-1, 1))
    token = graph.op("Expand", np.array([BOS_ID], dtype=np.int64), rows)
    return [
        token,
        graph.op("Unsqueeze", token, graph.ints(1)),
        totals,
        totals,  # scores are read of finished hypotheses only: any number does
        graph.op("Unsqueeze", stop, graph.ints(1)),
        *states,
    ]


def _last_steps(graph: Graph, inputs: Inputs, config: SearchConfig) -> str:
    """Writes (batch,) int64: the last step, from 0, that each sentence's limit allows."""
    own = graph.op("Mul", inputs.src_lengths, config.length_factor)
    limit = graph.op("Max", inputs.max_length, 1)
    own = graph.op("Min", graph.op("Add", own, config.length_margin), limit)
    # A prefix is written in full.
    given = graph.op("Cast", graph.op("Greater", inputs.options.prefix, 0), to=INT64)
    own = graph.op("Max", own, graph.op("ReduceSum", given, graph.ints(1), keepdims=0))
    return graph.op("Sub", own, 1)


def _prepare(graph: Graph, inputs: Inputs, batch: str, rows: str, last_step: str) -> _Fixed:
    """Writes what every step reads."""
    # The best two cost less than the best one: onnxruntime's TopK has a slow branch for 1 (160 rows
    # of 8,000 pieces: 1.4 ms for 1, 0.8 ms for 2, 1.0 ms for 5).
    width = graph.op("Max", inputs.beam, graph.ints(2))
    count = graph.op("Mul", inputs.beam, width)
    sentences = graph.op("Range", 0, graph.op("Squeeze", batch), 1)
    # Wu et al. (2016), equation 14, of 1, 2, ... pieces; one more than any sentence's last step.
    steps = graph.op("Add", graph.op("ReduceMax", last_step, keepdims=0), 1)
    longer = graph.op("Cast", graph.op("Range", 6, graph.op("Add", steps, 6), 1), to=FLOAT)
    return _Fixed(
        inputs.beam,
        prepare(graph, inputs.options, width, rows, inputs.beam),
        graph.op("Pow", graph.op("Div", longer, 6.0), inputs.length_penalty),
        graph.op("Unsqueeze", graph.op("Mul", sentences, count), graph.ints(1)),
        graph.op("Concat", graph.ints(-1), count, axis=0),
    )


def _extend(
    body: Graph, fixed: _Fixed, step: str, logits: str, names: list[str], news: list[str]
) -> tuple[str, tuple[str, str], list[str]]:
    """Writes the choice of the next hypotheses.

    Returns:
        The condition to go on; the candidates chosen and the log-probabilities of all of them, see
        ``s2s_export.details``; the next states.
    """
    history, totals, scores, stop = names
    # The best of each hypothesis first, then the best of those.
    pieces, log_probs = candidates(body, fixed.steady, step, logits, history)
    grown = body.op("Add", totals, log_probs)
    ranked = body.op("Div", grown, body.op("Gather", fixed.penalties, step))
    # A finished hypothesis has one candidate, itself, and goes on with padding.
    finished = body.op("Less", stop, step)
    ranked = body.op("Where", finished, body.op("Add", scores, fixed.steady.only_first), ranked)
    pieces = body.op("Where", finished, PAD_ID, pieces)
    by_sentence = body.op("Reshape", ranked, fixed.by_sentence)
    best, chosen = body.ops("TopK", 2, by_sentence, fixed.beam, axis=-1)

    column, flat = body.ints(-1, 1), body.ints(-1)
    chosen = body.op("Reshape", body.op("Add", chosen, fixed.first_candidate), column)
    row = body.op("Reshape", body.op("Div", chosen, fixed.steady.width), flat)
    piece = body.op("Gather", body.op("Reshape", pieces, flat), chosen, axis=0)
    total = body.op("Gather", body.op("Reshape", grown, flat), chosen, axis=0)
    kept_stop = body.op("Gather", stop, row, axis=0)
    next_stop = body.op("Where", body.op("Equal", piece, EOS_ID), step, kept_stop)
    going = body.op("Greater", body.op("ReduceMax", next_stop, keepdims=0), step)
    written = body.op("Concat", body.op("Gather", history, row, axis=0), piece, axis=1)
    return (
        going,
        (chosen, log_probs),
        [
            body.op("Reshape", piece, flat),
            written,
            total,
            body.op("Reshape", best, column),
            next_stop,
            *(body.op("Gather", new, row, axis=0) for new in news),
        ],
    )
