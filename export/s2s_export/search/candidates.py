"""Which pieces may follow a hypothesis: ``s2s.search.candidates`` as a graph, in the same order.

What is rarely asked for stands in a branch that is not taken, so that it costs a step one node.
"""

from dataclasses import dataclass

import numpy as np

from s2s.config import EOS_ID
from s2s.search.draw import ADDEND, FACTOR, PRIME, ROUNDS
from s2s_export.graph.builder import DOUBLE, FLOAT, INT64, Graph, Value
from s2s_export.search.options import OptionValues

NOTHING = np.array(-np.inf, dtype=np.float32)


@dataclass
class CandidateInputs:
    """What every step reads."""

    options: OptionValues
    beam: Value  # (1,) int64
    width: Value  # (1,) int64: candidates of a hypothesis, the beam's width or more
    only_first: Value  # (1, width) float32: 0, then minus infinity
    live: Value  # (sentences,) int64: places of the sentences in the batch
    begun: Value  # () int64: steps before the first one


def only_first(graph: Graph, count: Value) -> Value:
    """Writes (1, count) float32: 0, then minus infinity."""
    ranks = graph.op("Range", 0, graph.op("Squeeze", count), 1)
    alone = graph.op("Where", graph.op("Equal", ranks, 0), 0.0, NOTHING)
    return graph.op("Unsqueeze", alone, graph.ints(0))


def candidates(
    body: Graph, steady: CandidateInputs, step: Value, logits: Value, history: Value
) -> list[Value]:
    """Writes the pieces (rows, width) int64 that may follow, and their log-probabilities."""
    plain = body.child("most_probable")
    _return(plain, _best(plain, logits, steady.width))
    special = body.child("as_asked")
    overall = special.op("Add", step, steady.begun)
    _return(special, _chosen(special, steady, overall, logits, history))
    return body.branch(steady.options.special, special, plain)


def _return(graph: Graph, found: list[Value]) -> None:
    for name, dtype in zip(found, (INT64, FLOAT), strict=True):
        graph.output(name, dtype, ["rows", "width"])


def _best(graph: Graph, logits: Value, width: Value) -> list[Value]:
    # The best of each hypothesis first: one pass over the vocabulary for TopK, and the ties fall as
    # in the reference. LogSoftmax is one kernel in onnxruntime, where ReduceLogSumExp took ten
    # times as long (160 rows of 8,000: 1.0 and 10.6 ms).
    _, pieces = graph.ops("TopK", 2, logits, width, axis=-1)
    return [pieces, graph.op("GatherElements", graph.op("LogSoftmax", logits), pieces, axis=1)]


def _chosen(
    graph: Graph, steady: CandidateInputs, step: Value, logits: Value, history: Value
) -> list[Value]:
    options = steady.options
    moved = graph.op("Add", logits, options.bias)
    vocabulary = graph.op("Range", 0, graph.op("Squeeze", graph.op("Shape", logits, start=1)), 1)
    is_end = graph.op("Equal", vocabulary, EOS_ID)
    early = graph.op("Less", graph.op("Add", step, 1), options.min_length)
    moved = graph.op("Where", graph.op("And", is_end, early), NOTHING, moved)
    moved = _without_repetition(graph, moved, history, options.no_repeat)
    is_stuck = graph.op("Equal", graph.op("ReduceMax", moved, axes=[1], keepdims=1), NOTHING)
    moved = graph.op("Where", graph.op("And", is_end, is_stuck), 0.0, moved)

    drawn = graph.child("drawn")
    _return(drawn, _drawn(drawn, steady, step, moved))
    best = graph.child("best")
    pieces, log_probs = _best(best, moved, steady.width)
    ranks = best.op("Range", 0, best.op("Squeeze", steady.width), 1)
    handicap = best.op("Mul", options.diversity, best.op("Cast", ranks, to=FLOAT))
    _return(best, [pieces, best.op("Sub", log_probs, handicap)])
    pieces, log_probs = graph.branch(options.drawn, drawn, best)

    piece = _given(graph, steady, step, logits)
    is_given = graph.op("Greater", piece, 0)
    log_prob = graph.op("GatherElements", graph.op("LogSoftmax", logits), piece, axis=1)
    alone = graph.op("Add", log_prob, steady.only_first)
    return [
        graph.op("Where", is_given, piece, pieces),
        graph.op("Where", is_given, alone, log_probs),
    ]


def _given(graph: Graph, steady: CandidateInputs, step: Value, logits: Value) -> Value:
    """Writes (rows, 1) int64: the piece that each prefix has for this step, 0 for none."""
    prefix = steady.options.prefix
    place = graph.op("Min", step, graph.op("Squeeze", graph.op("Shape", prefix, start=1)))
    ended = graph.op("Pad", prefix, graph.ints(0, 0, 0, 1))
    pieces = graph.op("Gather", ended, graph.op("Unsqueeze", place, graph.ints(0)), axis=1)
    # A prefix for one sentence is one for all of them.
    most = graph.op("Sub", graph.op("Shape", prefix, end=1), graph.ints(1))
    sentence = graph.op("Div", _numbers(graph, logits), steady.beam)
    place = graph.op("Min", graph.op("Gather", steady.live, sentence), most)
    return graph.op("Gather", pieces, place, axis=0)


def _numbers(graph: Graph, logits: Value) -> Value:
    """Writes (rows,) int64: 0, 1, ..."""
    return graph.op("Range", 0, graph.op("Squeeze", graph.op("Shape", logits, end=1)), 1)


def _without_repetition(graph: Graph, moved: Value, history: Value, size: Value) -> Value:
    """Writes logits without the pieces that would make an n-gram of ``size`` come again."""
    asked = graph.child("no_repeat")
    written = asked.op("Squeeze", asked.op("Shape", history, start=1))
    before = asked.op("Sub", size, 1)
    count = asked.op("Max", asked.op("Sub", written, before), 0)
    starts = asked.op("Range", 0, count, 1)
    places = asked.op("Range", 0, before, 1)
    index = asked.op(
        "Add",
        asked.op("Unsqueeze", starts, asked.ints(1)),
        asked.op("Unsqueeze", places, asked.ints(0)),
    )
    seen = asked.op("Gather", history, index, axis=1)  # (rows, n-grams, size - 1)
    end = asked.op("Max", asked.op("Range", asked.op("Sub", written, before), written, 1), 0)
    last = asked.op("Unsqueeze", asked.op("Gather", history, end, axis=1), asked.ints(1))
    same = asked.op("Cast", asked.op("Equal", seen, last), to=INT64)
    again = asked.op("Equal", asked.op("ReduceSum", same, asked.ints(2), keepdims=0), before)
    followed = asked.op("Gather", history, asked.op("Add", starts, before), axis=1)
    penalty = asked.op("Where", again, NOTHING, 0.0)
    asked.output(
        asked.op("ScatterElements", moved, followed, penalty, axis=1, reduction="add"),
        FLOAT,
        ["rows", "tgt_vocab"],
    )
    free = graph.child("repeat")
    free.output(free.op("Identity", moved), FLOAT, ["rows", "tgt_vocab"])
    return graph.branch(graph.op("Greater", size, 0), asked, free)[0]


def _drawn(graph: Graph, steady: CandidateInputs, step: Value, moved: Value) -> list[Value]:
    options = steady.options
    size = graph.op("Shape", moved, start=1)
    asked = graph.op("Where", graph.op("Greater", options.top_k, 0), options.top_k, size)
    count = graph.op("Min", asked, size)
    best, pieces = graph.ops("TopK", 2, moved, count, axis=-1)
    places = graph.op("Mod", _numbers(graph, moved), steady.beam)
    noise = _gumbel(graph, steady.options.seed, step, places, count)
    scaled = graph.op("Add", graph.op("Div", best, options.temperature), noise)
    _, chosen = graph.ops("TopK", 2, scaled, graph.ints(1), axis=-1)
    piece = graph.op("GatherElements", pieces, chosen, axis=1)
    log_prob = graph.op("GatherElements", graph.op("LogSoftmax", moved), piece, axis=1)
    shape = graph.op("Concat", graph.ints(1), steady.width, axis=0)
    return [graph.op("Expand", piece, shape), graph.op("Add", log_prob, steady.only_first)]


def _gumbel(graph: Graph, seed: Value, step: Value, places: Value, count: Value) -> Value:
    """Writes (rows, count) float32, as ``s2s.search.draw.gumbel``; ``places`` (rows,) in a beam."""
    state = _mix(graph, _mix(graph, graph.ints(0), seed), step)
    state = _mix(graph, state, graph.op("Unsqueeze", places, graph.ints(1)))
    state = _mix(graph, state, graph.op("Range", 0, graph.op("Squeeze", count), 1))
    half, prime = np.array(0.5), np.array(float(PRIME))
    uniform = graph.op("Div", graph.op("Add", graph.op("Cast", state, to=DOUBLE), half), prime)
    exponential = graph.op("Neg", graph.op("Log", uniform))
    return graph.op("Cast", graph.op("Neg", graph.op("Log", exponential)), to=FLOAT)


def _mix(graph: Graph, state: Value, value: Value) -> Value:
    state = graph.op("Mod", graph.op("Add", graph.op("Add", state, value), 1), PRIME)
    for _ in range(ROUNDS):
        product = graph.op("Mul", state, graph.op("Add", state, FACTOR))
        state = graph.op("Mod", graph.op("Add", product, ADDEND), PRIME)
    return state
