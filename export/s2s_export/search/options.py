"""The options of a search, as constants of the graph.

``s2s.formats.option_inputs`` says how a loader turns them into inputs.
"""

from dataclasses import dataclass

from s2s.config import SearchConfig
from s2s.formats.option_inputs import SEARCH_INPUTS, constants, fixed_constants
from s2s_export.graph.builder import Graph, Value


@dataclass
class OptionValues:
    """The options, and two conditions on them."""

    prefix: Value  # (batch, prefix_len) int64, or (1, 1)
    bias: Value  # (tgt_vocab,) float32, or (1,)
    length_factor: Value  # () int64
    length_margin: Value  # () int64
    in_step: Value  # () bool: whether hypotheses are as long as their sources
    min_length: Value  # () int64
    no_repeat: Value  # () int64
    diversity: Value  # () float32
    temperature: Value  # () float32
    top_k: Value  # () int64
    seed: Value  # () int64
    details: Value  # () bool: whether log_probs and attention are wanted
    alters_candidates: Value  # () bool: whether a step does more than take the best pieces
    draws: Value  # () bool: whether pieces are drawn


def declare_options(graph: Graph, search: SearchConfig, *, fixed: bool = False) -> OptionValues:
    """Stores the constants, and writes the conditions before the first step.

    Args:
        graph: The main graph.
        search: Has what the model learned of lengths.
        fixed: Whether all values of ``search`` become constants.
    """
    own = fixed_constants(search) if fixed else constants(search)
    values = {
        name: graph.weight(name, value) for name, value in own.items() if name not in SEARCH_INPUTS
    }
    draws = graph.op("Greater", values["temperature"], 0.0)
    largest_bias = graph.op("ReduceMax", graph.op("Abs", values["bias"]), keepdims=0)
    reasons = [
        graph.op("Greater", graph.op("ReduceMax", values["prefix"], keepdims=0), 0),
        graph.op("Greater", largest_bias, 0.0),
        graph.op("Greater", values["min_length"], 1),
        graph.op("Greater", values["no_repeat"], 0),
        values["in_step"],
        graph.op("Greater", values["diversity"], 0.0),
        draws,
    ]
    alters_candidates = reasons[0]
    for reason in reasons[1:]:
        alters_candidates = graph.op("Or", alters_candidates, reason)
    return OptionValues(**values, alters_candidates=alters_candidates, draws=draws)
