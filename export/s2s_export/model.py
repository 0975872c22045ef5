"""The whole graph: encoder, attention, decoder and search, written from the weights of a model."""

from collections.abc import Sequence
from typing import Literal, get_args

import onnx

from s2s.config import ModelConfig, SearchConfig, widest_beam
from s2s.errors import ConfigError, suggest
from s2s.formats.option_inputs import SEARCH_INPUTS, fixed_constants
from s2s.model.seq2seq import Seq2Seq
from s2s.version import __version__
from s2s_export.graph.arithmetic import FLOAT16_TYPE, FLOAT32_TYPE, Arithmetic, Floats
from s2s_export.graph.builder import FLOAT, INT64, MICROSOFT, Graph, Value, to_model
from s2s_export.graph.int8 import Int8
from s2s_export.network.attention import MemoryValues, prepare
from s2s_export.network.decoder import DecoderStateValues, DecoderWriter
from s2s_export.network.encoder import encode
from s2s_export.network.ensemble import EnsembleWriter, member_prefix
from s2s_export.search.beam import InputValues, OutputValues, beam_search
from s2s_export.search.options import declare_options

Precision = Literal["fp32", "fp16", "int8"]
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
        f"precision (--precision) is {precision!r}; expected one of {', '.join(PRECISIONS)}"
        f"{suggest(str(precision), PRECISIONS)}"
    )


def as_members(model: Seq2Seq | Sequence[Seq2Seq]) -> list[Seq2Seq]:
    """Returns the networks of a model: itself, or an ensemble's members."""
    return [model] if isinstance(model, Seq2Seq) else list(model)


def build_model(
    model: Seq2Seq | Sequence[Seq2Seq],
    search: SearchConfig,
    precision: Precision = "fp32",
    *,
    fixed: bool = False,
) -> onnx.ModelProto:
    """Writes a model's graph, search included.

    Args:
        model: The torch model, whose weights are copied. Or several models of one vocabulary, which
            translate together as ``s2s.model.ensemble.Ensemble`` does; their weights have that
            ensemble's names, ``members.0.decoder...``.
        search: ``length_factor``, ``length_margin`` and ``in_step`` become the graph's constants of
            these names; beam size, length penalty and ``max_length`` are its inputs.
        precision: ``fp32`` and ``fp16``: standard operators only; the search is in float32 in
            both. ``int8``: see ``s2s_export.graph.int8``.
        fixed: Whether all values of ``search`` become constants. Then ``src`` and ``src_lengths``
            are the only inputs.

    Returns:
        The model without metadata; docs/reference/model-file.md has its inputs and outputs.

    Raises:
        ConfigError: If ``precision`` is unknown, or there is no model.
        ModelError: If a weight is too large for fp16.
    """
    checked = check_precision(precision)
    graph = Graph("s2s")
    src = graph.input("src", INT64, ["batch", "src_len"])
    src_lengths = graph.input("src_lengths", INT64, ["batch"])
    members = as_members(model)
    outputs = write_search(graph, members, search, checked, (src, src_lengths), fixed=fixed)
    by_beam = ["batch", beam_axis(members, search, fixed=fixed)]
    graph.output(outputs.hypotheses, INT64, [*by_beam, "tgt_len"], "hypotheses")
    graph.output(outputs.lengths, INT64, by_beam, "lengths")
    graph.output(outputs.scores, FLOAT, by_beam, "scores")
    graph.label(outputs.log_probs, "log_probs")  # a loader can make outputs of these two
    graph.label(outputs.attention, "attention")
    return to_model(graph, __version__, domains_of(checked))


def domains_of(precision: Precision) -> list[str]:
    """Returns the domains of a precision's operators, besides ONNX's own."""
    return [MICROSOFT] if precision == "int8" else []


def beam_axis(models: Sequence[Seq2Seq], search: SearchConfig, *, fixed: bool) -> int | str:
    """Returns the size of the outputs' second axis: a number, if the search is fixed."""
    if not fixed:
        return "beam"
    return search.fitted(models[0].config.tgt_vocab_size).beam_size


def write_search(
    graph: Graph,
    models: Sequence[Seq2Seq],
    search: SearchConfig,
    precision: Precision,
    src: tuple[Value, Value],
    *,
    fixed: bool = False,
) -> OutputValues:
    """Writes networks and search, and declares the inputs of the search.

    Args:
        graph: The main graph.
        models: One model, or an ensemble's members.
        search: See ``build_model``.
        precision: Precision of all members.
        src: Pieces (batch, src_len) and lengths (batch,), both int64.
        fixed: See ``build_model``.

    Raises:
        ConfigError: If there is no model.
    """
    if not models:
        raise ConfigError("no model to export; expected at least one")
    widest = widest_beam(models[0].config.tgt_vocab_size)
    if fixed:
        values = fixed_constants(search)
        beam, max_length, penalty = (
            graph.op("Reshape", graph.weight(name, values[name]), graph.ints(1))
            for name in SEARCH_INPUTS
        )
    else:
        beam = _number_input(graph, "beam_size", INT64)
        max_length = _number_input(graph, "max_length", INT64)
        penalty = _number_input(graph, "length_penalty", FLOAT)
    inputs = InputValues(
        src=src[0],
        src_lengths=src[1],
        beam=graph.op("Min", beam, widest),
        max_length=max_length,
        length_penalty=penalty,
        options=declare_options(graph, search, fixed=fixed),
    )
    if len(models) == 1:
        decoder, memory, state = _begin(graph, models[0], precision, inputs)
        return beam_search(graph, decoder, inputs, memory, state)
    members = []
    for number, model in enumerate(models):
        with graph.prefixed(member_prefix(number)):
            members.append(_begin(graph, model, precision, inputs))
    decoders, memories, states = zip(*members, strict=True)
    return beam_search(graph, EnsembleWriter(decoders), inputs, memories, states)


def _number_input(graph: Graph, name: str, dtype: int) -> Value:
    """Declares an input of one number, () or (1,); returns it as (1,).

    Not every language and server has tensors without axes. onnxruntime does not check the rank of
    an input that is declared with shape (), so that declaration lets (1,) through as well.
    """
    return graph.op("Reshape", graph.input(name, dtype, []), graph.ints(1))


def _begin(
    graph: Graph, model: Seq2Seq, precision: Precision, inputs: InputValues
) -> tuple[DecoderWriter, MemoryValues, DecoderStateValues]:
    """Writes the part of a network before the search; returns decoder, memory and first state."""
    config = model.config
    src_table, tgt_table = "embedding.src", "embedding.tgt"
    if config.tie == "all":
        src_table = tgt_table = "embedding"
    arithmetic: Arithmetic = Floats(FLOAT16_TYPE if precision == "fp16" else FLOAT32_TYPE)
    if precision == "int8":
        arithmetic = Int8(None if config.tie == "none" else tgt_table, config.tgt_vocab_size)
    encoder_values = encode(graph, arithmetic, model, src_table, inputs.src, inputs.src_lengths)
    memory = prepare(graph, arithmetic, config, model.decoder, encoder_values, inputs.beam)
    decoder = DecoderWriter(model, arithmetic, tgt_table)
    return decoder, memory, decoder.begin(graph, encoder_values)


def kept_in_fp32(configs: Sequence[ModelConfig], precision: Precision) -> dict[str, str]:
    """Returns the parts that a file of such networks still has in fp32, and the reasons.

    An fp32 file has no such part: all of it is in fp32.
    """
    if precision == "fp32":
        return {}
    if precision == "fp16":
        return {"search": "fp16 has too few digits for sums of log-probabilities"}
    parts = {
        "attention weights and sums": "products of activations, which differ for each sentence",
        "gates, softmax and search": "no matrix of weights is in them",
        "biases and scales": "vectors",
        "decoder.readout": "its error is the first that the output layer sees, and the largest",
    }
    if any(config.attention == "mlp" for config in configs):
        parts["decoder.attention.energy"] = "a vector"
    return parts
