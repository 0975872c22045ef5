"""What came about at each piece of the hypotheses that were found: read back from the search.

A step only notes its candidates, which of them it chose, and where each hypothesis looked; the way
of the last ones is followed afterwards, from the end to the beginning, if anybody asks.
"""

from dataclasses import dataclass

from s2s_export.graph.builder import BOOL, FLOAT, INT64, Graph, Value


@dataclass
class Trace:
    """Notes of all steps."""

    chosen: Value  # (steps, rows, 1) int64: each new row's place among all candidates
    log_probs: Value  # (steps, rows, width) float32: of the old rows' candidates
    attention: Value  # (steps, batch, beam, width) float32, width >= src_len: of the old rows

    def values(self) -> list[Value]:
        """Returns all values, in that order."""
        return [self.chosen, self.log_probs, self.attention]


def write_details(
    graph: Graph, trace: Trace, wanted: Value, both: Value, src: Value, is_real: Value
) -> tuple[Value, Value]:
    """Writes each piece's log-probability and attention, both empty if they are not wanted.

    Args:
        graph: The main graph.
        trace: Of the search.
        wanted: () bool.
        both: int64 shape (batch, beam).
        src: (batch, src_len).
        is_real: (batch, beam, tgt_len) bool, False on padding.

    Returns:
        (batch, beam, tgt_len) and (batch, beam, tgt_len, src_len) float32, 0 on padding.
    """
    then = graph.child("details")
    log_probs, attention = _follow(then, trace, both)
    by_piece = then.op("Concat", both, then.op("Shape", log_probs, end=1), axis=0)
    log_probs = then.op("Reshape", then.op("Transpose", log_probs, perm=[1, 0, 2]), by_piece)
    log_probs = then.op("Where", is_real, log_probs, 0.0)
    src_len = then.op("Shape", src, start=1)
    attention = then.op("Slice", attention, then.ints(0), src_len, then.ints(2))
    source = then.op("Concat", by_piece, src_len, axis=0)
    attention = then.op("Reshape", then.op("Transpose", attention, perm=[1, 0, 2]), source)
    column = then.op("Unsqueeze", is_real, then.ints(-1))
    then.output(log_probs, FLOAT, ["batch", "beam", "tgt_len"])
    then.output(
        then.op("Where", column, attention, 0.0), FLOAT, ["batch", "beam", "tgt_len", "src_len"]
    )
    other = graph.child("no_details")
    for axes in (3, 4):
        empty = other.op("Expand", 0.0, other.ints(*[0] * axes))
        other.output(empty, FLOAT, [f"empty_{axis}" for axis in range(axes)])
    found = graph.branch(wanted, then, other)
    return found[0], found[1]


def _follow(graph: Graph, trace: Trace, both: Value) -> tuple[Value, Value]:
    """Writes log_probs (steps, rows, 1) and attention (steps, rows, width) of the last rows."""
    rows = graph.op("ReduceProd", both, keepdims=1)
    width = graph.op("Shape", trace.log_probs, start=-1)
    looked_at = graph.op("Shape", trace.attention, start=-1)
    all_chosen = _by_step(graph, trace.chosen, rows, graph.ints(1))
    flat = _by_step(graph, trace.log_probs, graph.op("Mul", rows, width))
    attention = _by_step(graph, trace.attention, rows, looked_at)
    steps = graph.op("Squeeze", graph.op("Shape", all_chosen, end=1))
    body = graph.child("step_back")
    back = body.input("back", INT64, [])
    body.input("more", BOOL, [])
    row = body.input("row", INT64, ["rows"])
    step = body.op("Sub", body.op("Sub", steps, 1), back)
    chosen = body.op("Gather", body.op("Gather", all_chosen, step), row)
    origin = body.op("Reshape", body.op("Div", chosen, width), body.ints(-1))
    said = body.op("Gather", body.op("Gather", flat, step), chosen)
    body.output(body.op("Less", back, steps), BOOL, [])
    body.output(origin, INT64, ["rows"])
    body.output(said, FLOAT, ["rows", 1])
    looked = body.op("Gather", body.op("Gather", attention, step), origin)
    body.output(looked, FLOAT, ["rows", "src_len"])
    first = graph.op("Range", 0, graph.op("Squeeze", rows), 1)
    _, log_probs, attended = graph.loop(body, [first], steps)
    log_probs = _by_step(graph, log_probs, rows, graph.ints(1))
    attended = _by_step(graph, attended, rows, looked_at)
    forward = graph.op("Range", graph.op("Sub", steps, 1), -1, -1)
    return graph.op("Gather", log_probs, forward), graph.op("Gather", attended, forward)


def _by_step(graph: Graph, stack: Value, *sizes: Value) -> Value:
    """Writes what a Loop stacked as (steps, sizes ...); each size is (1,) int64.

    onnx's reference evaluator does not stack along a new axis, it joins along the first one. The
    numbers are the same, in the same order.
    """
    return graph.op("Reshape", stack, graph.op("Concat", graph.ints(-1), *sizes, axis=0))
