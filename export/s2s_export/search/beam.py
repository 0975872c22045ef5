"""Beam search as ONNX Loops: ``s2s.search`` without a Python step in between.

The same candidates in the same order as in the reference give the same pieces; the Loops only carry
other things. Hypotheses are rows, (batch * beam, ...). An unfinished hypothesis has as many pieces
as there were steps, so one penalty serves all of them, and a finished one keeps its score. So no
lengths are carried, only ``stop``, the last step that extends the hypothesis.

The Loop of steps (``s2s_export.search.steps``) is inside a Loop of rounds, which takes finished
sentences out of the batch (``s2s_export.search.rounds``).
"""

from dataclasses import dataclass

import numpy as np

from s2s.config import BOS_ID, PAD_ID
from s2s_export.graph.arithmetic import StateTensor
from s2s_export.graph.builder import FLOAT, INT64, Graph, Value
from s2s_export.graph.whole_numbers import num_rows
from s2s_export.search.candidates import NOTHING, only_first
from s2s_export.search.details import write_details
from s2s_export.search.options import OptionValues
from s2s_export.search.rounds import RoundInputs, search_rounds
from s2s_export.search.steps import HypothesisRows, LoopDecoder, MemoryT, StateT, StepWriter


@dataclass
class InputValues:
    """The model's inputs."""

    src: Value  # (batch, src_len) int64
    src_lengths: Value  # (batch,) int64
    beam: Value  # (1,) int64
    max_length: Value  # (1,) int64
    length_penalty: Value  # (1,) float32
    options: OptionValues


@dataclass
class OutputValues:
    """The model's outputs."""

    hypotheses: Value  # (batch, beam, tgt_len) int64, best first
    lengths: Value  # (batch, beam) int64
    scores: Value  # (batch, beam) float32
    log_probs: Value  # (batch, beam, tgt_len) float32, empty unless details are wanted
    attention: Value  # (batch, beam, tgt_len, src_len) float32, empty unless details are wanted


def beam_search(
    graph: Graph,
    decoder: StepWriter[MemoryT, StateT],
    inputs: InputValues,
    memory: MemoryT,
    first_state: StateT,
) -> OutputValues:
    """Writes the search from the decoder's ``first_state``, tensors of (batch, size)."""
    batch = graph.op("Shape", inputs.src, end=1)
    by_beam = graph.op("Concat", batch, inputs.beam, axis=0)
    last_steps = _last_steps(graph, inputs)
    tensors = decoder.state_tensors(graph, first_state)
    loop_decoder = LoopDecoder(decoder, first_state, tensors)
    rows = _first_rows(graph, inputs, by_beam, last_steps, loop_decoder.tensors)
    round_inputs = _round_inputs(graph, inputs, by_beam, last_steps)
    histories, scores, trace = search_rounds(graph, loop_decoder, round_inputs, memory, rows)

    after_begin = (graph.ints(1), graph.ints(np.iinfo(np.int64).max), graph.ints(2))
    hypotheses = graph.op("Slice", histories, *after_begin)
    # A row without a candidate is no hypothesis; the first row is one even so.
    is_first = graph.op("Equal", only_first(graph, inputs.beam), 0.0)
    is_there = graph.op("Or", graph.op("Greater", scores, NOTHING), is_first)
    hypotheses = graph.op(
        "Where", graph.op("Unsqueeze", is_there, graph.ints(2)), hypotheses, PAD_ID
    )
    is_piece = graph.op("Greater", hypotheses, PAD_ID)
    log_probs, attention = write_details(
        graph, trace, inputs.options.details, by_beam, inputs.src, is_piece
    )
    ones = graph.op("Cast", is_piece, to=INT64)
    return OutputValues(
        hypotheses=hypotheses,
        lengths=graph.op("ReduceSum", ones, graph.ints(2), keepdims=0),
        scores=scores,
        log_probs=log_probs,
        attention=attention,
    )


def _first_rows(
    graph: Graph,
    inputs: InputValues,
    by_beam: Value,
    last_steps: Value,
    tensors: list[StateTensor],
) -> HypothesisRows:
    """Writes the values for the first step.

    Args:
        graph: The main graph.
        inputs: The model's inputs.
        by_beam: int64 shape (batch, beam).
        last_steps: (batch,) int64.
        tensors: The decoder's first state, (batch, size) each.
    """
    rows = num_rows(graph, by_beam)
    sentence = graph.op("Div", graph.op("Range", 0, graph.op("Squeeze", rows), 1), inputs.beam)
    by_sentence = [last_steps, *(tensor.value for tensor in tensors)]
    stop, *states = (graph.op("Gather", value, sentence) for value in by_sentence)
    # Every hypothesis starts the same: only the first may be extended in the first step, unless
    # each is drawn on its own.
    totals = only_first(graph, inputs.beam)
    totals = graph.op("Where", inputs.options.draws, 0.0, totals)
    totals = graph.op("Expand", totals, by_beam)
    totals = graph.op("Reshape", totals, graph.ints(-1, 1))
    token = graph.op("Expand", np.array([BOS_ID], dtype=np.int64), rows)
    return HypothesisRows(
        token=token,
        history=graph.op("Unsqueeze", token, graph.ints(1)),
        totals=totals,
        scores=totals,  # not read: no hypothesis is finished
        stop=graph.op("Unsqueeze", stop, graph.ints(1)),
        states=states,
    )


def _last_steps(graph: Graph, inputs: InputValues) -> Value:
    """Writes (batch,) int64: the last step, from 0, that each sentence's limit allows."""
    limits = graph.op("Mul", inputs.src_lengths, inputs.options.length_factor)
    max_length = graph.op("Max", inputs.max_length, 1)
    limits = graph.op("Add", limits, inputs.options.length_margin)
    limits = graph.op("Max", graph.op("Min", limits, max_length), 1)
    limits = graph.op("Where", inputs.options.in_step, inputs.src_lengths, limits)
    # A prefix is written in full.
    in_prefix = graph.op("Cast", graph.op("Greater", inputs.options.prefix, 0), to=INT64)
    prefix_lengths = graph.op("ReduceSum", in_prefix, graph.ints(1), keepdims=0)
    return graph.op("Sub", graph.op("Max", limits, prefix_lengths), 1)


def _round_inputs(
    graph: Graph, inputs: InputValues, by_beam: Value, last_steps: Value
) -> RoundInputs:
    """Writes the values that all rounds read."""
    # At least two candidates: onnxruntime's TopK has a slow branch for one (160 rows of 8,000
    # pieces: 1.4 ms for 1, 0.8 ms for 2, 1.0 ms for 5).
    width = graph.op("Max", inputs.beam, graph.ints(2))
    count = graph.op("Mul", inputs.beam, width)
    sentences = graph.op("Squeeze", graph.op("Shape", inputs.src, end=1))
    # Wu et al. (2016), equation 14, of 1, 2, ... pieces; one more than any sentence's last step.
    steps = graph.op("Add", graph.op("ReduceMax", last_steps, keepdims=0), 1)
    longer = graph.op("Cast", graph.op("Range", 6, graph.op("Add", steps, 6), 1), to=FLOAT)
    beam = graph.op("Squeeze", inputs.beam)
    return RoundInputs(
        options=inputs.options,
        beam=inputs.beam,
        by_beam=by_beam,
        sentences=graph.op("Range", 0, sentences, 1),
        ranks=graph.op("Unsqueeze", graph.op("Range", 0, beam, 1), graph.ints(0)),
        width=width,
        only_first=only_first(graph, width),
        by_sentence=graph.op("Concat", graph.ints(-1), count, axis=0),
        penalties=graph.op("Pow", graph.op("Div", longer, 6.0), inputs.length_penalty),
    )
