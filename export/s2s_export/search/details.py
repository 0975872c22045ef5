"""The log-probability and the attention of each piece, read back from the notes of the search.

A step only notes the log-probabilities of its candidates, which candidates it chose, and where each
hypothesis looked. If details are wanted, the last hypotheses are followed afterwards, from their
ends to their beginnings.
"""

from dataclasses import dataclass

from s2s_export.graph.builder import BOOL, FLOAT, INT64, Graph, Value
from s2s_export.graph.whole_numbers import num_rows


@dataclass
class Trace:
    """Notes of all steps."""

    chosen: Value  # (steps, rows, 1) int64: the place of each new row among all candidates
    log_probs: Value  # (steps, rows, width) float32, for the candidates of the old rows
    attention: Value  # (steps, batch, beam, width) float32, for the old rows; width >= src_len

    def values(self) -> list[Value]:
        """Returns all values, in that order."""
        return [self.chosen, self.log_probs, self.attention]


def write_details(
    graph: Graph, trace: Trace, wanted: Value, by_beam: Value, src: Value, is_piece: Value
) -> tuple[Value, Value]:
    """Writes each piece's log-probability and attention, both empty if they are not wanted.

    Args:
        graph: The main graph.
        trace: Notes of the search.
        wanted: () bool.
        by_beam: int64 shape (batch, beam).
        src: (batch, src_len).
        is_piece: (batch, beam, tgt_len) bool, False on padding.

    Returns:
        (batch, beam, tgt_len) and (batch, beam, tgt_len, src_len) float32, 0 on padding.
    """
    then = graph.child("details")
    log_probs, attention = _follow(then, trace, by_beam)
    by_piece = then.op("Concat", by_beam, then.op("Shape", log_probs, end=1), axis=0)
    log_probs = then.op("Reshape", then.op("Transpose", log_probs, perm=[1, 0, 2]), by_piece)
    log_probs = then.op("Where", is_piece, log_probs, 0.0)
    src_len = then.op("Shape", src, start=1)
    attention = then.op("Slice", attention, then.ints(0), src_len, then.ints(2))
    by_source = then.op("Concat", by_piece, src_len, axis=0)
    attention = then.op("Reshape", then.op("Transpose", attention, perm=[1, 0, 2]), by_source)
    column = then.op("Unsqueeze", is_piece, then.ints(-1))
    then.output(log_probs, FLOAT, ["batch", "beam", "tgt_len"])
    then.output(
        then.op("Where", column, attention, 0.0), FLOAT, ["batch", "beam", "tgt_len", "src_len"]
    )
    otherwise = graph.child("no_details")
    for axes in (3, 4):
        empty = otherwise.op("Expand", 0.0, otherwise.ints(*[0] * axes))
        otherwise.output(empty, FLOAT, [f"empty_{axis}" for axis in range(axes)])
    log_probs, attention = graph.branch(wanted, then, otherwise)
    return log_probs, attention


def _follow(graph: Graph, trace: Trace, by_beam: Value) -> tuple[Value, Value]:
    """Writes log_probs (steps, rows, 1) and attention (steps, rows, width) of the last rows."""
    rows = num_rows(graph, by_beam)
    width = graph.op("Shape", trace.log_probs, start=-1)
    src_width = graph.op("Shape", trace.attention, start=-1)
    all_chosen = _by_step(graph, trace.chosen, rows, graph.ints(1))
    all_log_probs = _by_step(graph, trace.log_probs, graph.op("Mul", rows, width))
    all_attention = _by_step(graph, trace.attention, rows, src_width)
    steps = graph.op("Squeeze", graph.op("Shape", all_chosen, end=1))
    body = graph.child("step_back")
    back = body.input("back", INT64, [])
    body.input("more", BOOL, [])
    row = body.input("row", INT64, ["rows"])
    step = body.op("Sub", body.op("Sub", steps, 1), back)
    chosen = body.op("Gather", body.op("Gather", all_chosen, step), row)
    origin = body.op("Reshape", body.op("Div", chosen, width), body.ints(-1))
    log_prob = body.op("Gather", body.op("Gather", all_log_probs, step), chosen)
    body.output(body.op("Less", back, steps), BOOL, [])
    body.output(origin, INT64, ["rows"])
    body.output(log_prob, FLOAT, ["rows", 1])
    attention = body.op("Gather", body.op("Gather", all_attention, step), origin)
    body.output(attention, FLOAT, ["rows", "src_len"])
    first = graph.op("Range", 0, graph.op("Squeeze", rows), 1)
    _, log_probs, attention = graph.loop(body, [first], steps)
    log_probs = _by_step(graph, log_probs, rows, graph.ints(1))
    attention = _by_step(graph, attention, rows, src_width)
    forward = graph.op("Range", graph.op("Sub", steps, 1), -1, -1)
    return graph.op("Gather", log_probs, forward), graph.op("Gather", attention, forward)


def _by_step(graph: Graph, stack: Value, *sizes: Value) -> Value:
    """Writes the stack of a Loop as (steps, *sizes); each size is (1,) int64.

    onnx's reference evaluator does not stack along a new axis, but joins along the first one. The
    numbers are the same, in the same order.
    """
    return graph.op("Reshape", stack, graph.op("Concat", graph.ints(-1), *sizes, axis=0))
