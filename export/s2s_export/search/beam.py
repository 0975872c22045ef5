"""Beam search as ONNX Loops: ``s2s.search`` without a Python step in between.

The same candidates in the same order as the reference, so the same tokens; what differs is what is
carried. Hypotheses are rows, (batch * beam, ...). An unfinished hypothesis has as many pieces as
the step, so one penalty serves all of them, and a finished one keeps its score: no lengths are
carried, only ``stop``, the last step that extends the hypothesis.

One Loop is over steps (``s2s_export.search.steps``), and stands in one over rounds, which takes
finished sentences out of the batch (``s2s_export.search.rounds``).
"""

from dataclasses import dataclass

import numpy as np

from s2s.config import BOS_ID, PAD_ID, SearchConfig
from s2s_export.graph.arithmetic import StateTensor
from s2s_export.graph.builder import FLOAT, INT64, Graph, Value
from s2s_export.search.candidates import NOTHING, only_first
from s2s_export.search.details import write_details
from s2s_export.search.options import OptionValues
from s2s_export.search.rounds import RoundInputs, search_rounds
from s2s_export.search.steps import HypothesisRows, LoopDecoder, MemoryT, StateT, StepWriter


@dataclass
class InputValues:
    """The model's inputs, by name."""

    src: Value  # (batch, src_len) int64
    src_lengths: Value  # (batch,) int64
    beam: Value  # (1,) int64
    max_length: Value  # () int64
    length_penalty: Value  # () float32
    options: OptionValues


@dataclass
class OutputValues:
    """The model's outputs, by name."""

    hypotheses: Value  # (batch, beam, tgt_len) int64, best first
    lengths: Value  # (batch, beam) int64
    scores: Value  # (batch, beam) float32
    log_probs: Value  # (batch, beam, tgt_len) float32, empty unless details are wanted
    attention: Value  # (batch, beam, tgt_len, src_len) float32, likewise


def beam_search(
    graph: Graph,
    decoder: StepWriter[MemoryT, StateT],
    inputs: InputValues,
    memory: MemoryT,
    first: StateT,
    config: SearchConfig,
) -> OutputValues:
    """Writes the search from the state ``first``, (batch, size) each, of the decoder."""
    batch = graph.op("Shape", inputs.src, end=1)
    both = graph.op("Concat", batch, inputs.beam, axis=0)
    last_step = _last_steps(graph, inputs, config)
    decoding = LoopDecoder(decoder, first, decoder.state_tensors(graph, first))
    rows = _first_rows(graph, inputs, both, last_step, decoding.tensors)
    fixed = _prepare(graph, inputs, both, last_step)
    histories, scores, trace = search_rounds(graph, decoding, fixed, memory, rows)

    after_begin = (graph.ints(1), graph.ints(np.iinfo(np.int64).max), graph.ints(2))
    hypotheses = graph.op("Slice", histories, *after_begin)
    # What there was no candidate for is nothing; the first is a hypothesis even so.
    leads = graph.op("Equal", only_first(graph, inputs.beam), 0.0)
    is_there = graph.op("Or", graph.op("Greater", scores, NOTHING), leads)
    hypotheses = graph.op(
        "Where", graph.op("Unsqueeze", is_there, graph.ints(2)), hypotheses, PAD_ID
    )
    is_real = graph.op("Greater", hypotheses, PAD_ID)
    log_probs, attention = write_details(
        graph, trace, inputs.options.details, both, inputs.src, is_real
    )
    return OutputValues(
        hypotheses,
        graph.op("ReduceSum", graph.op("Cast", is_real, to=INT64), graph.ints(2), keepdims=0),
        scores,
        log_probs,
        attention,
    )


def _first_rows(
    graph: Graph, inputs: InputValues, both: Value, last_step: Value, tensors: list[StateTensor]
) -> HypothesisRows:
    """Writes what the first step gets.

    Args:
        graph: The main graph.
        inputs: Its inputs.
        both: int64 shape (batch, beam).
        last_step: (batch,) int64.
        tensors: Of the decoder's first state, (batch, size) each.
    """
    rows = graph.op("ReduceProd", both, keepdims=1)
    sentence = graph.op("Div", graph.op("Range", 0, graph.op("Squeeze", rows), 1), inputs.beam)
    spread = [last_step, *(tensor.name for tensor in tensors)]
    stop, *states = (graph.op("Gather", value, sentence) for value in spread)
    # Every hypothesis starts the same: only the first may be extended in the first step, unless
    # each is drawn on its own.
    alone = only_first(graph, inputs.beam)
    alone = graph.op("Where", inputs.options.drawn, 0.0, alone)
    totals = graph.op("Expand", alone, both)
    totals = graph.op("Reshape", totals, graph.ints(-1, 1))
    token = graph.op("Expand", np.array([BOS_ID], dtype=np.int64), rows)
    return HypothesisRows(
        token,
        graph.op("Unsqueeze", token, graph.ints(1)),
        totals,
        totals,  # any number does
        graph.op("Unsqueeze", stop, graph.ints(1)),
        states,
    )


def _last_steps(graph: Graph, inputs: InputValues, config: SearchConfig) -> Value:
    """Writes (batch,) int64: the last step, from 0, that each sentence's limit allows."""
    own = graph.op("Mul", inputs.src_lengths, config.length_factor)
    limit = graph.op("Max", inputs.max_length, 1)
    own = graph.op("Min", graph.op("Add", own, config.length_margin), limit)
    # A prefix is written in full.
    given = graph.op("Cast", graph.op("Greater", inputs.options.prefix, 0), to=INT64)
    own = graph.op("Max", own, graph.op("ReduceSum", given, graph.ints(1), keepdims=0))
    return graph.op("Sub", own, 1)


def _prepare(graph: Graph, inputs: InputValues, both: Value, last_step: Value) -> RoundInputs:
    """Writes what all rounds read."""
    # The best two cost less than the best one: onnxruntime's TopK has a slow branch for 1 (160 rows
    # of 8,000 pieces: 1.4 ms for 1, 0.8 ms for 2, 1.0 ms for 5).
    width = graph.op("Max", inputs.beam, graph.ints(2))
    count = graph.op("Mul", inputs.beam, width)
    sentences = graph.op("Squeeze", graph.op("Shape", inputs.src, end=1))
    # Wu et al. (2016), equation 14, of 1, 2, ... pieces; one more than any sentence's last step.
    steps = graph.op("Add", graph.op("ReduceMax", last_step, keepdims=0), 1)
    longer = graph.op("Cast", graph.op("Range", 6, graph.op("Add", steps, 6), 1), to=FLOAT)
    beam = graph.op("Squeeze", inputs.beam)
    return RoundInputs(
        inputs.options,
        inputs.beam,
        both,
        graph.op("Range", 0, sentences, 1),
        graph.op("Unsqueeze", graph.op("Range", 0, beam, 1), graph.ints(0)),
        width,
        only_first(graph, width),
        graph.op("Concat", graph.ints(-1), count, axis=0),
        graph.op("Pow", graph.op("Div", longer, 6.0), inputs.length_penalty),
    )
