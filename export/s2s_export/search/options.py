"""What a search may be asked for besides a beam, as constants of the graph.

``s2s.formats.option_inputs`` says how a loader makes inputs of them.
"""

from dataclasses import dataclass

from s2s.formats.option_inputs import DEFAULTS
from s2s_export.graph.builder import Graph, Value


@dataclass
class OptionValues:
    """Names of the constants, and what is known before the first step."""

    prefix: Value  # (batch, prefix_len) int64, or (1, 1)
    bias: Value  # (tgt_vocab,) float32, or (1,)
    min_length: Value  # () int64, like those that follow, if nothing else is said
    no_repeat: Value
    diversity: Value  # () float32
    temperature: Value  # () float32
    top_k: Value
    seed: Value
    details: Value  # () bool: whether log_probs and attention are wanted
    special: Value  # () bool: whether a step does more than take the most probable pieces
    drawn: Value  # () bool: whether pieces are drawn


def declare_options(graph: Graph) -> OptionValues:
    """Stores the constants, and writes what is known of them before the first step."""
    names = {name: graph.weight(name, default) for name, default in DEFAULTS.items()}
    drawn = graph.op("Greater", names["temperature"], 0.0)
    strongest = graph.op("ReduceMax", graph.op("Abs", names["bias"]), keepdims=0)
    asked = [
        graph.op("Greater", graph.op("ReduceMax", names["prefix"], keepdims=0), 0),
        graph.op("Greater", strongest, 0.0),
        graph.op("Greater", names["min_length"], 1),
        graph.op("Greater", names["no_repeat"], 0),
        graph.op("Greater", names["diversity"], 0.0),
        drawn,
    ]
    special = asked[0]
    for each in asked[1:]:
        special = graph.op("Or", special, each)
    return OptionValues(**names, special=special, drawn=drawn)
