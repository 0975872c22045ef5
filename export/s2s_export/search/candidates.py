"""Which pieces may follow a hypothesis: ``s2s.search.candidates`` as a graph, in the same order.

Rare options are in a branch of their own, so that they cost other searches one node only.
"""

from dataclasses import dataclass

import numpy as np

from s2s.config import EOS_ID
from s2s.search.draw import ADDEND, FACTOR, PRIME, ROUNDS
from s2s_export.graph.builder import DOUBLE, FLOAT, INT64, Graph, Value
from s2s_export.graph.whole_numbers import append_zeros
from s2s_export.search.options import OptionValues

NOTHING = np.array(-np.inf, dtype=np.float32)


@dataclass
class CandidateInputs:
    """Values that the choice of candidates reads in every step."""

    options: OptionValues
    beam: Value  # (1,) int64
    width: Value  # (1,) int64: candidates of a hypothesis, at least the beam size
    only_first: Value  # (1, width) float32: 0, then minus infinity
    sentences: Value  # (sentences,) int64: the index of each sentence in the batch
    steps_before: Value  # () int64: steps of earlier rounds


def only_first(graph: Graph, count: Value) -> Value:
    """Writes (1, count) float32: 0, then minus infinity."""
    ranks = graph.op("Range", 0, graph.op("Squeeze", count), 1)
    first = graph.op("Where", graph.op("Equal", ranks, 0), 0.0, NOTHING)
    return graph.op("Unsqueeze", first, graph.ints(0))


def write_candidates(
    body: Graph, inputs: CandidateInputs, step: Value, logits: Value, history: Value, stop: Value
) -> list[Value]:
    """Writes the pieces (rows, width) int64 that may follow, and their log-probabilities.

    Args:
        body: The body of a step.
        inputs: Values that every step reads.
        step: () int64, from 0 in each round.
        logits: (rows, tgt_vocab), minus infinity for forbidden pieces.
        history: (rows, written) int64, the begin piece first.
        stop: (rows, 1) int64: the last step that extends the hypothesis.
    """
    plain = body.child("most_probable")
    _output_candidates(plain, best_candidates(plain, logits, inputs.width))
    special = body.child("as_asked")
    in_step = hold_in_step(special, inputs.options, special.op("Sub", stop, step), logits)
    overall = special.op("Add", step, inputs.steps_before)
    candidates = candidates_with_options(special, inputs, overall, logits, in_step, history)
    _output_candidates(special, candidates)
    return body.branch(inputs.options.alters_candidates, special, plain)


def _output_candidates(graph: Graph, candidates: list[Value]) -> None:
    for value, dtype in zip(candidates, (INT64, FLOAT), strict=True):
        graph.output(value, dtype, ["rows", "width"])


def best_candidates(graph: Graph, logits: Value, width: Value) -> list[Value]:
    """Writes the most probable pieces of logits (rows, tgt_vocab)."""
    # The best of each hypothesis first: TopK passes over the vocabulary once, and breaks ties as
    # the reference does. LogSoftmax is one kernel in onnxruntime; ReduceLogSumExp took ten times as
    # long (160 rows of 8,000 pieces: 1.0 and 10.6 ms).
    _, pieces = graph.ops("TopK", 2, logits, width, axis=-1)
    return [pieces, graph.op("GatherElements", graph.op("LogSoftmax", logits), pieces, axis=1)]


def candidates_with_options(
    graph: Graph,
    inputs: CandidateInputs,
    step: Value,
    logits: Value,
    in_step: Value,
    history: Value,
) -> list[Value]:
    """Writes the candidates of a search that has options or constraints.

    Those of a prefix are chosen by ``logits``, all others by ``in_step``, which ``hold_in_step``
    wrote.
    """
    options = inputs.options
    adjusted = adjust_logits(graph, options, step, in_step, history)
    drawn = graph.child("drawn")
    _output_candidates(drawn, draw_candidates(drawn, inputs, step, adjusted))
    best = graph.child("best")
    pieces, log_probs = best_candidates(best, adjusted, inputs.width)
    ranks = best.op("Range", 0, best.op("Squeeze", inputs.width), 1)
    handicap = best.op("Mul", options.diversity, best.op("Cast", ranks, to=FLOAT))
    _output_candidates(best, [pieces, best.op("Sub", log_probs, handicap)])
    pieces, log_probs = graph.branch(options.draws, drawn, best)

    prefix_piece = _prefix_pieces(graph, inputs, step, logits)
    has_prefix = graph.op("Greater", prefix_piece, 0)
    log_prob = graph.op("GatherElements", graph.op("LogSoftmax", logits), prefix_piece, axis=1)
    only_candidate = graph.op("Add", log_prob, inputs.only_first)
    return [
        graph.op("Where", has_prefix, prefix_piece, pieces),
        graph.op("Where", has_prefix, only_candidate, log_probs),
    ]


def hold_in_step(graph: Graph, options: OptionValues, left: Value, logits: Value) -> Value:
    """Writes logits (rows, tgt_vocab); in step, as ``s2s.search.candidates.hold_in_step``."""
    is_banned = graph.op("Equal", _is_end(graph, logits), graph.op("Greater", left, 0))
    return graph.op("Where", graph.op("And", is_banned, options.in_step), NOTHING, logits)


def _is_end(graph: Graph, logits: Value) -> Value:
    """Writes (tgt_vocab,) bool: whether each piece is the end piece."""
    size = graph.op("Squeeze", graph.op("Shape", logits, start=1))
    return graph.op("Equal", graph.op("Range", 0, size, 1), EOS_ID)


def adjust_logits(
    graph: Graph, options: OptionValues, step: Value, logits: Value, history: Value
) -> Value:
    """Writes logits (rows, tgt_vocab) with the bias, and minus infinity for banned pieces."""
    adjusted = graph.op("Add", logits, options.bias)
    is_end = _is_end(graph, logits)
    is_early = graph.op("Less", graph.op("Add", step, 1), options.min_length)
    adjusted = graph.op("Where", graph.op("And", is_end, is_early), NOTHING, adjusted)
    adjusted = forbid_repetition(graph, adjusted, history, options.no_repeat)
    # If no piece may follow, the hypothesis ends, however short it is.
    is_stuck = graph.op("Equal", graph.op("ReduceMax", adjusted, axes=[1], keepdims=1), NOTHING)
    return graph.op("Where", graph.op("And", is_end, is_stuck), 0.0, adjusted)


def _prefix_pieces(graph: Graph, inputs: CandidateInputs, step: Value, logits: Value) -> Value:
    """Writes (rows, 1) int64: the piece that each prefix has for this step, 0 for none."""
    prefix = inputs.options.prefix
    position = graph.op("Min", step, graph.op("Squeeze", graph.op("Shape", prefix, start=1)))
    one_column = graph.op("Concat", graph.op("Shape", prefix, end=1), graph.ints(1), axis=0)
    padded = append_zeros(graph, prefix, one_column)
    pieces = graph.op("Gather", padded, graph.op("Unsqueeze", position, graph.ints(0)), axis=1)
    # If there is one prefix, it is the prefix of all sentences.
    last_prefix = graph.op("Sub", graph.op("Shape", prefix, end=1), graph.ints(1))
    place = graph.op("Div", _row_numbers(graph, logits), inputs.beam)
    sentence = graph.op("Min", graph.op("Gather", inputs.sentences, place), last_prefix)
    return graph.op("Gather", pieces, sentence, axis=0)


def _row_numbers(graph: Graph, logits: Value) -> Value:
    """Writes (rows,) int64: 0, 1, ..."""
    return graph.op("Range", 0, graph.op("Squeeze", graph.op("Shape", logits, end=1)), 1)


def forbid_repetition(graph: Graph, logits: Value, history: Value, size: Value) -> Value:
    """Bans the pieces that would complete an n-gram of ``size`` for a second time."""
    banning = graph.child("no_repeat")
    written = banning.op("Squeeze", banning.op("Shape", history, start=1))
    before = banning.op("Sub", size, 1)
    count = banning.op("Max", banning.op("Sub", written, before), 0)
    starts = banning.op("Range", 0, count, 1)
    offsets = banning.op("Range", 0, before, 1)
    index = banning.op(
        "Add",
        banning.op("Unsqueeze", starts, banning.ints(1)),
        banning.op("Unsqueeze", offsets, banning.ints(0)),
    )
    ngrams = banning.op("Gather", history, index, axis=1)  # (rows, n-grams, size - 1)
    end = banning.op("Range", banning.op("Sub", written, before), written, 1)
    end = banning.op("Max", end, 0)
    last = banning.op("Unsqueeze", banning.op("Gather", history, end, axis=1), banning.ints(1))
    same = banning.op("Cast", banning.op("Equal", ngrams, last), to=INT64)
    again = banning.op("Equal", banning.op("ReduceSum", same, banning.ints(2), keepdims=0), before)
    followed = banning.op("Gather", history, banning.op("Add", starts, before), axis=1)
    penalty = banning.op("Where", again, NOTHING, 0.0)
    banning.output(
        banning.op("ScatterElements", logits, followed, penalty, axis=1, reduction="add"),
        FLOAT,
        ["rows", "tgt_vocab"],
    )
    unchanged = graph.child("repeat")
    unchanged.output(unchanged.op("Identity", logits), FLOAT, ["rows", "tgt_vocab"])
    return graph.branch(graph.op("Greater", size, 0), banning, unchanged)[0]


def draw_candidates(
    graph: Graph, inputs: CandidateInputs, step: Value, logits: Value
) -> list[Value]:
    """Draws one piece for each row, from the ``top_k`` best ones or from all."""
    options = inputs.options
    vocab_size = graph.op("Shape", logits, start=1)
    is_limited = graph.op("Greater", options.top_k, 0)
    count = graph.op("Min", graph.op("Where", is_limited, options.top_k, vocab_size), vocab_size)
    best, pieces = graph.ops("TopK", 2, logits, count, axis=-1)
    ranks = graph.op("Mod", _row_numbers(graph, logits), inputs.beam)
    noise = gumbel(graph, options.seed, step, ranks, count)
    noisy = graph.op("Add", graph.op("Div", best, options.temperature), noise)
    _, chosen = graph.ops("TopK", 2, noisy, graph.ints(1), axis=-1)
    piece = graph.op("GatherElements", pieces, chosen, axis=1)
    log_prob = graph.op("GatherElements", graph.op("LogSoftmax", logits), piece, axis=1)
    shape = graph.op("Concat", graph.ints(1), inputs.width, axis=0)
    return [graph.op("Expand", piece, shape), graph.op("Add", log_prob, inputs.only_first)]


def gumbel(graph: Graph, seed: Value, step: Value, ranks: Value, count: Value) -> Value:
    """Writes (rows, count) float32 as ``s2s.search.draw.gumbel``; ``ranks`` (rows,) in a beam."""
    state = _mix(graph, _mix(graph, graph.ints(0), seed), step)
    state = _mix(graph, state, graph.op("Unsqueeze", ranks, graph.ints(1)))
    state = _mix(graph, state, graph.op("Range", 0, graph.op("Squeeze", count), 1))
    half, prime = np.array(0.5), np.array(float(PRIME))
    uniform = graph.op("Div", graph.op("Add", graph.op("Cast", state, to=DOUBLE), half), prime)
    exponential = graph.op("Neg", graph.op("Log", uniform))
    return graph.op("Cast", graph.op("Neg", graph.op("Log", exponential)), to=FLOAT)


def _mix(graph: Graph, state: Value, value: Value) -> Value:
    """Writes ``s2s.search.draw.mix``."""
    state = graph.op("Mod", graph.op("Add", graph.op("Add", state, value), 1), PRIME)
    for _ in range(ROUNDS):
        product = graph.op("Mul", state, graph.op("Add", state, FACTOR))
        state = graph.op("Mod", graph.op("Add", product, ADDEND), PRIME)
    return state
