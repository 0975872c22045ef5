"""The whole graph: encoder, attention, decoder and search, written from the weights of a model."""

from typing import Literal, get_args

import onnx

from s2s import __version__
from s2s.config import ModelConfig, SearchConfig
from s2s.errors import ConfigError, suggest
from s2s.model.seq2seq import Seq2Seq
from s2s_export.arithmetic import Arithmetic, Float32
from s2s_export.attention import prepare
from s2s_export.builder import FLOAT, INT64, Graph, to_model
from s2s_export.decoder import DecoderWriter
from s2s_export.encoder import encode
from s2s_export.quantise import Int8
from s2s_export.search import Inputs, beam_search

Precision = Literal["fp32", "int8"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)


def check_precision(precision: str) -> Precision:
    """Returns ``precision``.

    Raises:
        ConfigError: If there is no such precision.
    """
    for known in PRECISIONS:
        if precision == known:
            return known
    raise ConfigError(
        f"precision is {precision!r}; expected one of {', '.join(PRECISIONS)}"
        f"{suggest(str(precision), PRECISIONS)}"
    )


def build_model(
    model: Seq2Seq, search: SearchConfig, precision: Precision = "fp32"
) -> onnx.ModelProto:
    """Writes a model's graph, search included.

    Args:
        model: The torch model, whose weights are copied.
        search: ``length_factor`` and ``length_margin`` become constants of the graph; beam size,
            length penalty and ``max_length`` are its inputs.
        precision: ``fp32``: standard operators only. ``int8``: see ``s2s_export.quantise``.

    Returns:
        The model, with inputs and outputs as in the README, without metadata.
    """
    config = model.config
    src_table, tgt_table = "embedding.src", "embedding.tgt"
    if config.tie == "all":
        src_table = tgt_table = "embedding"
    arithmetic: Arithmetic = Float32()
    if check_precision(precision) == "int8":
        arithmetic = Int8(None if config.tie == "none" else tgt_table)
    graph = Graph("s2s")
    src = graph.input("src", INT64, ["batch", "src_len"])
    lengths = graph.input("src_lengths", INT64, ["batch"])
    beam_size = graph.input("beam_size", INT64, [])
    max_length = graph.input("max_length", INT64, [])
    length_penalty = graph.input("length_penalty", FLOAT, [])
    beam = graph.op("Unsqueeze", beam_size, graph.ints(0))
    encoded = encode(graph, arithmetic, model, src_table, src, lengths)
    memory = prepare(graph, arithmetic, config, model.decoder.attention, encoded, beam)
    decoder = DecoderWriter(model, arithmetic, tgt_table)
    first = decoder.begin(graph, encoded)
    inputs = Inputs(src, lengths, beam, max_length, length_penalty)
    found = beam_search(graph, decoder, inputs, memory, first, search)
    graph.output(found.hypotheses, INT64, ["batch", "beam", "tgt_len"], "hypotheses")
    graph.output(found.lengths, INT64, ["batch", "beam"], "lengths")
    graph.output(found.scores, FLOAT, ["batch", "beam"], "scores")
    return to_model(graph, __version__, arithmetic.microsoft)


def kept_in_fp32(config: ModelConfig) -> dict[str, str]:
    """Returns what an int8 file of such a model still computes in fp32, and why."""
    kept = {
        "attention weights and sums": "products of activations, which differ for each sentence",
        "gates, softmax and search": "no matrix of weights is in them",
        "biases and scales": "vectors",
    }
    if config.attention == "mlp":
        kept["decoder.attention.energy"] = "a vector"
    return kept
