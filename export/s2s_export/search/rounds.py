"""Finished sentences leave the batch: a Loop of rounds around that of steps.

Sentences of a batch end at different steps: in batches of like source lengths, a third of all rows
would be computed for sentences that were done (1,000 sentences of Multi30k: 1.56 times what is
needed with 1,024 source pieces in a batch). A round ends when a quarter of its sentences are done,
and the next one has only the others. The search of a sentence is not touched by it.
"""

from dataclasses import dataclass

import numpy as np
from onnx import helper

from s2s.config import BOS_ID
from s2s_export.graph.builder import BOOL, FLOAT, INT64, Graph, Shape, Value
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
    rows_of,
    search_steps,
)

FEWEST = 4
"""Rows whose absence is worth a round."""
NOTES: list[tuple[str, int, Shape]] = [
    ("chosen", INT64, ["steps", "rows", 1]),
    ("log_probs", FLOAT, ["steps", "rows", "width"]),
    ("attention", FLOAT, ["steps", "sentences", "beam", "width_src"]),
]
"""Names, types and shapes of a ``Trace``."""


@dataclass
class RoundInputs:
    """What all rounds read."""

    options: OptionValues
    beam: Value  # (1,) int64
    both: Value  # int64 shape (batch, beam)
    sentences: Value  # (batch,) int64: 0, 1, ...
    places: Value  # (1, beam) int64: 0, 1, ...
    width: Value  # (1,) int64: candidates of a hypothesis, the beam's width or more
    only_first: Value  # (1, width) float32: 0, then minus infinity
    by_sentence: Value  # int64 shape (-1, beam * width)
    penalties: Value  # (steps,) float32, by step


def search_rounds(
    graph: Graph,
    decoding: LoopDecoder[MemoryT, StateT],
    batch: RoundInputs,
    memory: MemoryT,
    rows: HypothesisRows,
) -> tuple[Value, Value, Trace]:
    """Writes the search.

    Args:
        graph: The main graph.
        decoding: The decoder.
        batch: What all rounds read.
        memory: Of the whole batch.
        rows: Before the first step, of the whole batch.

    Returns:
        Histories (batch, beam, written) int64, the begin piece first, and scores (batch, beam),
        best hypotheses first; notes of all steps, if details are wanted.
    """
    memory_tensors = decoding.writer.memory_tensors(memory)
    body = graph.child("search_round")
    body.input("round", INT64, [])
    body.input("searching", BOOL, [])
    begun = body.input("begun", INT64, [])  # steps before this round
    live = body.input("live", INT64, ["sentences"])  # places in the batch
    names = [body.input(f"live_{name}", dtype, shape) for name, dtype, shape in _rows(decoding)]
    parts = [
        body.input(f"live_memory_{number}", FLOAT, ["sentences", *part.shape])
        for number, part in enumerate(memory_tensors)
    ]
    histories = body.input("histories", INT64, ["batch", "beam", "longest"])
    scores = body.input("best_scores", FLOAT, ["batch", "beam"])
    for name, dtype, shape in NOTES:
        body.input(f"{name}_before", dtype, shape)

    count = body.op("Shape", live)
    fixed = _fix(body, batch, begun, live, count)
    own = decoding.writer.with_memory_tensors(memory, parts)
    found, trace = search_steps(body, decoding, fixed, own, rows_of(names))

    written = body.op("Shape", found.history, start=1)
    ended = body.op("Sub", body.op("Squeeze", written), 1)
    # All sentences of the round, the unfinished ones too: their next round writes over it.
    longer = body.op("Sub", written, body.op("Shape", histories, start=2))
    pads = body.op("Concat", body.ints(0, 0, 0, 0, 0), longer, axis=0)
    where = body.op("Unsqueeze", live, body.ints(1))
    by_beam = body.op("Concat", fixed.both, written, axis=0)
    histories = body.op(
        "ScatterND",
        body.op("Pad", histories, pads),
        where,
        body.op("Reshape", found.history, by_beam),
    )
    scores = body.op("ScatterND", scores, where, body.op("Reshape", found.scores, fixed.both))

    taken = body.op("Sub", ended, begun)
    last = body.op("ReduceMax", body.op("Reshape", found.stop, fixed.both), axes=[1], keepdims=0)
    unfinished = body.op("Not", body.op("Less", last, taken))
    kept = body.op("Reshape", body.op("NonZero", unfinished), body.ints(-1))
    first = body.op("Unsqueeze", body.op("Mul", kept, batch.beam), body.ints(1))
    kept_rows = body.op("Reshape", body.op("Add", first, batch.places), body.ints(-1))
    found.stop = body.op("Sub", found.stop, taken)
    going = body.op("Greater", body.op("Squeeze", body.op("Shape", kept)), 0)
    body.output(going, BOOL, [])
    body.output(ended, INT64, [])
    body.output(body.op("Gather", live, kept), INT64, ["sentences_next"])
    for value, (_, dtype, shape) in zip(found.all(), _rows(decoding), strict=True):
        rest = body.op("Gather", value, kept_rows)
        body.output(rest, dtype, ["rows_next", *shape[1:]])
    for value, part in zip(parts, memory_tensors, strict=True):
        body.output(body.op("Gather", value, kept), FLOAT, ["sentences_next", *part.shape])
    body.output(histories, INT64, ["batch", "beam", "longest_next"])
    body.output(scores, FLOAT, ["batch", "beam"])
    for note, (_, dtype, shape) in zip(trace.all(), NOTES, strict=True):
        body.output(note, dtype, shape)

    # Each round finishes a sentence or more.
    rounds = graph.op("Squeeze", graph.op("Shape", batch.sentences))
    states = [
        graph.constant(0),
        batch.sentences,
        *rows.all(),
        *(part.name for part in memory_tensors),
        graph.op("Expand", BOS_ID, graph.op("Concat", batch.both, graph.ints(1), axis=0)),
        graph.op("Expand", 0.0, batch.both),
        *(
            graph.constant(np.zeros([0] * len(shape), helper.tensor_dtype_to_np_dtype(dtype)))
            for _, dtype, shape in NOTES
        ),
    ]
    *_, histories, scores, chosen, log_probs, attention = graph.loop(body, states, rounds)
    return histories, scores, Trace(chosen, log_probs, attention)


def _rows(decoding: LoopDecoder[MemoryT, StateT]) -> list[tuple[str, int, Shape]]:
    """Returns names, types and shapes of ``HypothesisRows.all``."""
    shapes = row_shapes(decoding.tensors)
    return [(f"row_{number}", dtype, shape) for number, (dtype, shape) in enumerate(shapes)]


def _fix(body: Graph, batch: RoundInputs, begun: Value, live: Value, count: Value) -> StepInputs:
    """Writes what every step of a round reads; ``count`` is (1,) int64, its sentences."""
    # Notes can be followed only if all steps have the same rows.
    fewest = body.op("Div", body.op("Add", batch.beam, FEWEST - 1), batch.beam)
    fewest = body.op("Max", body.op("Div", body.op("Add", count, 3), 4), fewest)
    enough = body.op("Max", body.op("Sub", count, fewest), 0)
    enough = body.op("Where", batch.options.details, 0, enough)
    per_sentence = body.op("Mul", batch.beam, batch.width)
    places = body.op("Range", 0, body.op("Squeeze", count), 1)
    return StepInputs(
        batch.beam,
        body.op("Concat", count, batch.beam, axis=0),
        batch.by_sentence,
        body.op("Unsqueeze", body.op("Mul", places, per_sentence), body.ints(1)),
        body.op(
            "Slice",
            batch.penalties,
            body.op("Unsqueeze", begun, body.ints(0)),
            body.ints(np.iinfo(np.int64).max),
        ),
        body.op("Squeeze", enough),
        CandidateInputs(batch.options, batch.beam, batch.width, batch.only_first, live, begun),
    )
