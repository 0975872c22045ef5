"""Finished sentences leave the batch: a Loop of rounds around the Loop of steps.

The sentences of a batch end at different steps, also if their sources are equally long: without
rounds, many rows would be computed for finished sentences. A round ends when a quarter of its
sentences are finished, and the next round has only the others. This does not change any sentence's
search.
"""

from dataclasses import dataclass, replace

import numpy as np
from onnx import helper

from s2s.config import BOS_ID
from s2s_export.graph.arithmetic import MemoryTensor
from s2s_export.graph.builder import BOOL, FLOAT, INT64, Graph, Shape, Value
from s2s_export.graph.whole_numbers import append_zeros
from s2s_export.search.candidates import CandidateInputs
from s2s_export.search.details import Trace
from s2s_export.search.options import OptionValues
from s2s_export.search.steps import (
    HypothesisRows,
    LoopDecoder,
    MemoryT,
    StateT,
    StepInputs,
    row_shapes,
    search_steps,
)

FEWEST = 4
"""A new round is worth its cost if it has at least so many rows less."""
NOTES: list[tuple[str, int, Shape]] = [
    ("chosen", INT64, ["steps", "rows", 1]),
    ("log_probs", FLOAT, ["steps", "rows", "width"]),
    ("attention", FLOAT, ["steps", "sentences", "beam", "width_src"]),
]
"""Names, types and shapes of a ``Trace``."""


@dataclass
class RoundInputs:
    """Values that all rounds read."""

    options: OptionValues
    beam: Value  # (1,) int64
    by_beam: Value  # int64 shape (batch, beam)
    sentences: Value  # (batch,) int64: 0, 1, ...
    ranks: Value  # (1, beam) int64: 0, 1, ...
    width: Value  # (1,) int64: candidates of a hypothesis, at least the beam size
    only_first: Value  # (1, width) float32: 0, then minus infinity
    by_sentence: Value  # int64 shape (-1, beam * width)
    penalties: Value  # (steps,) float32, by step


@dataclass
class RoundState:
    """Values that a round hands to the next one, besides notes."""

    steps_before: Value  # () int64: steps of earlier rounds
    sentences: Value  # (sentences,) int64: the index of each unfinished sentence in the batch
    rows: HypothesisRows  # of the unfinished sentences
    memory: list[Value]  # (sentences, ...) each
    histories: Value  # (batch, beam, longest) int64, the begin piece first
    scores: Value  # (batch, beam) float32

    def values(self) -> list[Value]:
        """Returns all values, in the order in which the Loop carries them."""
        rows, memory = self.rows.values(), self.memory
        return [self.steps_before, self.sentences, *rows, *memory, self.histories, self.scores]


def search_rounds(
    graph: Graph,
    decoder: LoopDecoder[MemoryT, StateT],
    inputs: RoundInputs,
    memory: MemoryT,
    rows: HypothesisRows,
) -> tuple[Value, Value, Trace]:
    """Writes the search.

    Args:
        graph: The main graph.
        decoder: The decoder.
        inputs: Values that all rounds read.
        memory: Memory of the whole batch.
        rows: Rows of the whole batch before the first step.

    Returns:
        Histories (batch, beam, written) int64, the begin piece first, and scores (batch, beam),
        best hypotheses first; notes of all steps, if details are wanted.
    """
    tensors = decoder.writer.memory_tensors(memory)
    body = graph.child("search_round")
    before = _open_body(body, decoder, tensors)
    step_inputs = _step_inputs(body, inputs, before)
    round_memory = decoder.writer.with_memory_tensors(memory, iter(before.memory))
    last_rows, trace = search_steps(body, decoder, step_inputs, round_memory, before.rows)
    going, after = _end_round(body, inputs, step_inputs.by_beam, before, last_rows)
    _close_body(body, decoder, tensors, going, after, trace)

    # Each round finishes a sentence or more.
    max_rounds = graph.op("Squeeze", graph.op("Shape", inputs.sentences))
    begin = graph.op("Concat", inputs.by_beam, graph.ints(1), axis=0)
    first = RoundState(
        steps_before=graph.constant(0),
        sentences=inputs.sentences,
        rows=rows,
        memory=[tensor.value for tensor in tensors],
        histories=graph.op("Expand", BOS_ID, begin),
        scores=graph.op("Expand", 0.0, inputs.by_beam),
    )
    no_notes = [
        graph.constant(np.zeros([0] * len(shape), helper.tensor_dtype_to_np_dtype(dtype)))
        for _, dtype, shape in NOTES
    ]
    *_, histories, scores, chosen, log_probs, attention = graph.loop(
        body, [*first.values(), *no_notes], max_rounds
    )
    return histories, scores, Trace(chosen, log_probs, attention)


def _open_body(
    body: Graph, decoder: LoopDecoder[MemoryT, StateT], tensors: list[MemoryTensor]
) -> RoundState:
    """Declares the inputs of a round."""
    body.input("round", INT64, [])
    body.input("searching", BOOL, [])
    steps_before = body.input("begun", INT64, [])
    sentences = body.input("live", INT64, ["sentences"])
    rows = HypothesisRows.from_values(
        body.input(f"live_row_{number}", dtype, shape)
        for number, (dtype, shape) in enumerate(row_shapes(decoder.tensors))
    )
    memory = [
        body.input(f"live_memory_{number}", tensor.dtype, ["sentences", *tensor.shape])
        for number, tensor in enumerate(tensors)
    ]
    histories = body.input("histories", INT64, ["batch", "beam", "longest"])
    scores = body.input("best_scores", FLOAT, ["batch", "beam"])
    for name, dtype, shape in NOTES:
        body.input(f"{name}_before", dtype, shape)
    return RoundState(
        steps_before=steps_before,
        sentences=sentences,
        rows=rows,
        memory=memory,
        histories=histories,
        scores=scores,
    )


def _close_body(
    body: Graph,
    decoder: LoopDecoder[MemoryT, StateT],
    tensors: list[MemoryTensor],
    going: Value,
    after: RoundState,
    trace: Trace,
) -> None:
    """Declares the outputs of a round."""
    body.output(going, BOOL, [])
    body.output(after.steps_before, INT64, [])
    body.output(after.sentences, INT64, ["sentences_next"])
    for value, (dtype, shape) in zip(after.rows.values(), row_shapes(decoder.tensors), strict=True):
        body.output(value, dtype, ["rows_next", *shape[1:]])
    for value, tensor in zip(after.memory, tensors, strict=True):
        body.output(value, tensor.dtype, ["sentences_next", *tensor.shape])
    body.output(after.histories, INT64, ["batch", "beam", "longest_next"])
    body.output(after.scores, FLOAT, ["batch", "beam"])
    for note, (_, dtype, shape) in zip(trace.values(), NOTES, strict=True):
        body.output(note, dtype, shape)


def _step_inputs(body: Graph, inputs: RoundInputs, before: RoundState) -> StepInputs:
    """Writes the values that every step of a round reads."""
    count = body.op("Shape", before.sentences)
    fewest = body.op("Div", body.op("Add", inputs.beam, FEWEST - 1), inputs.beam)
    fewest = body.op("Max", body.op("Div", body.op("Add", count, 3), 4), fewest)
    max_unfinished = body.op("Max", body.op("Sub", count, fewest), 0)
    # Notes can only be followed if all steps have the same rows.
    max_unfinished = body.op("Where", inputs.options.details, 0, max_unfinished)
    per_sentence = body.op("Mul", inputs.beam, inputs.width)
    places = body.op("Range", 0, body.op("Squeeze", count), 1)
    return StepInputs(
        beam=inputs.beam,
        by_beam=body.op("Concat", count, inputs.beam, axis=0),
        by_sentence=inputs.by_sentence,
        first_candidate=body.op("Unsqueeze", body.op("Mul", places, per_sentence), body.ints(1)),
        penalties=body.op(
            "Slice",
            inputs.penalties,
            body.op("Unsqueeze", before.steps_before, body.ints(0)),
            body.ints(np.iinfo(np.int64).max),
        ),
        max_unfinished=body.op("Squeeze", max_unfinished),
        candidates=CandidateInputs(
            options=inputs.options,
            beam=inputs.beam,
            width=inputs.width,
            only_first=inputs.only_first,
            sentences=before.sentences,
            steps_before=before.steps_before,
        ),
    )


def _end_round(
    body: Graph, inputs: RoundInputs, by_beam: Value, before: RoundState, rows: HypothesisRows
) -> tuple[Value, RoundState]:
    """Writes the condition to go on, and the values for the next round.

    Args:
        body: The body of a round.
        inputs: Values that all rounds read.
        by_beam: int64 shape (sentences, beam).
        before: The values that the round began with.
        rows: Rows of its sentences after its last step.
    """
    written = body.op("Shape", rows.history, start=1)
    steps_after = body.op("Sub", body.op("Squeeze", written), 1)
    histories, scores = _write_back(body, by_beam, before, rows, written)

    steps = body.op("Sub", steps_after, before.steps_before)
    sentences = _select_unfinished(body, by_beam, rows, steps)
    first_rows = body.op("Unsqueeze", body.op("Mul", sentences, inputs.beam), body.ints(1))
    row_numbers = body.op("Reshape", body.op("Add", first_rows, inputs.ranks), body.ints(-1))
    rows = replace(rows, stop=body.op("Sub", rows.stop, steps))
    going = body.op("Greater", body.op("Squeeze", body.op("Shape", sentences)), 0)
    after = RoundState(
        steps_before=steps_after,
        sentences=body.op("Gather", before.sentences, sentences),
        rows=HypothesisRows.from_values(
            body.op("Gather", value, row_numbers) for value in rows.values()
        ),
        memory=[body.op("Gather", value, sentences) for value in before.memory],
        histories=histories,
        scores=scores,
    )
    return going, after


def _write_back(
    body: Graph, by_beam: Value, before: RoundState, rows: HypothesisRows, written: Value
) -> tuple[Value, Value]:
    """Writes histories and scores of the whole batch, with new values for the round's sentences.

    Unfinished sentences are updated, too: their next round overwrites them.
    """
    longer = body.op("Sub", written, body.op("Shape", before.histories, start=2))
    shape_of_rest = body.op("Concat", body.op("Shape", before.histories, end=2), longer, axis=0)
    index = body.op("Unsqueeze", before.sentences, body.ints(1))
    shape = body.op("Concat", by_beam, written, axis=0)
    histories = body.op(
        "ScatterND",
        append_zeros(body, before.histories, shape_of_rest),
        index,
        body.op("Reshape", rows.history, shape),
    )
    scores = body.op("ScatterND", before.scores, index, body.op("Reshape", rows.scores, by_beam))
    return histories, scores


def _select_unfinished(body: Graph, by_beam: Value, rows: HypothesisRows, steps: Value) -> Value:
    """Writes (unfinished,) int64: the places in the round of sentences that another step extends.

    ``steps`` () int64 is the number of steps in the round.
    """
    last_step = body.op("ReduceMax", body.op("Reshape", rows.stop, by_beam), axes=[1], keepdims=0)
    unfinished = body.op("Not", body.op("Less", last_step, steps))
    return body.op("Reshape", body.op("NonZero", unfinished), body.ints(-1))
