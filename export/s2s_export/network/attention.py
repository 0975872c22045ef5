"""The four kinds of attention of the graph: ``s2s.model.attention``, prepared outside the Loop.

The memory is laid out once a sentence, for all steps: keys are scaled, and each value goes through
the readout's weights for the context beforehand, because both products are linear:
W (a V) = a (V W). In ``multihead`` that would take the readout's width for each head; there the
layers that read the context do the merge instead.

A sentence must get the same bits alone and in a batch with longer ones, in whatever order a
processor adds. So sums over the source have one of few widths, 16, 32 and multiples of 64: a larger
width only appends zeros to the lanes of a vector sum. And products with keys take 16 keys at a
time, because onnxruntime cuts their sums into blocks by the number of keys.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from s2s.config import ModelConfig
from s2s.model.attention import Attention
from s2s.model.decoder import Decoder
from s2s_export.graph.arithmetic import (
    Arithmetic,
    FloatArray,
    MemoryTensor,
    RealType,
    Signal,
    to_array,
)
from s2s_export.graph.builder import Graph, Shape, Value
from s2s_export.network.encoder import EncoderValues

BLOCK = 16
"""Keys in a product."""


@dataclass
class MemoryValues:
    """The source as decoder steps read it; all beams of a sentence share it."""

    keys: Value  # (batch, width / 16, hidden, 16), multihead (batch, heads, width / 16, head, 16);
    # mlp (batch, 1, src_len, hidden)
    values: Value  # (batch, width, sum of _value_sizes), multihead (batch, heads, width, head)
    mask: Value  # added to scores: (batch, 1, width), multihead (batch, 1, 1, width)
    by_beam: Value  # int64 shape of queries: (batch, 1, beam, hidden), mlp (batch, beam, hidden),
    # multihead (batch, beam, heads, head)
    extra: Value  # (1,) int64: width - src_len
    bound: float | None  # of the context


@dataclass
class Context:
    """The result of attention in a step."""

    states: Signal | None
    """Weighted mean of the encoder's states (rows, hidden); None if no layer reads it. In multihead
    the heads are not merged, see ``fold_merge``."""
    readout: Value | None
    """The context's share of the readout, bias included: (rows, embedding); None in multihead."""


def _value_sizes(config: ModelConfig) -> list[int]:
    """Returns the sizes of a value's parts: the state, if a layer reads it; the readout's share."""
    layers_read = config.context == "parallel" and config.decoder_layers > 1
    return [config.hidden_size] * layers_read + [config.embedding_size]


def prepare(
    graph: Graph,
    arithmetic: Arithmetic,
    config: ModelConfig,
    decoder: Decoder,
    encoder_values: EncoderValues,
    beam: Value,
) -> MemoryValues:
    """Writes the memory, which all steps read; ``beam`` is (1,) int64."""
    attention = decoder.attention
    size, memory = config.hidden_size, encoder_values.memory
    scale = arithmetic.real.array(attention.scale)
    extra = _extra(graph, encoder_values.mask)
    mask = _widen_mask(graph, arithmetic.real, encoder_values.mask, extra)

    def project(part: str) -> Value:
        weight = to_array(getattr(attention, part).weight)
        return arithmetic.product(graph, [memory], weight, None, f"decoder.attention.{part}")

    if config.attention == "multihead":
        heads = config.attention_heads
        split = graph.ints(0, 0, heads, size // heads)
        keys = widen(graph, graph.op("Mul", project("key"), scale), extra)
        blocks = graph.op("Reshape", keys, graph.ints(0, -1, BLOCK, heads, size // heads))
        values = graph.op("Reshape", widen(graph, project("value"), extra), split)
        queries = (graph.ints(-1), beam, graph.ints(heads, size // heads))
        return MemoryValues(
            keys=graph.op("Transpose", blocks, perm=[0, 3, 1, 4, 2]),
            values=graph.op("Transpose", values, perm=[0, 2, 1, 3]),
            mask=graph.op("Unsqueeze", mask, graph.ints(1)),
            by_beam=graph.op("Concat", *queries, axis=0),
            extra=extra,
            bound=None,
        )
    values = widen(graph, _project_values(graph, arithmetic.real, config, decoder, memory), extra)
    if config.attention == "mlp":
        keys = graph.op("Unsqueeze", project("key"), graph.ints(1))
        by_beam = graph.op("Concat", graph.ints(-1), beam, graph.ints(size), axis=0)
    else:
        keys = memory.value if config.attention == "dot" else project("key")
        keys = widen(graph, graph.op("Mul", keys, scale), extra)
        blocks = graph.op("Reshape", keys, graph.ints(0, -1, BLOCK, size))
        keys = graph.op("Transpose", blocks, perm=[0, 1, 3, 2])
        by_beam = graph.op("Concat", graph.ints(-1, 1), beam, graph.ints(size), axis=0)
    return MemoryValues(
        keys=keys, values=values, mask=mask, by_beam=by_beam, extra=extra, bound=memory.bound
    )


def _project_values(
    graph: Graph, real: RealType, config: ModelConfig, decoder: Decoder, memory: Signal
) -> Value:
    """Writes (batch, src_len, sum of _value_sizes): each source piece's values."""
    weight = to_array(decoder.readout.weight)[:, config.hidden_size :]
    transposed = graph.weight("decoder.readout.context", real.array(weight.T))
    readout = graph.op("MatMul", memory.value, transposed)
    # The weights of attention sum to 1: a bias in each value is the bias of their sum.
    bias = graph.weight("decoder.readout.bias", real.array(to_array(decoder.readout.bias)))
    readout = graph.op("Add", readout, bias)
    if len(_value_sizes(config)) == 1:
        return readout
    return graph.op("Concat", memory.value, readout, axis=-1)


def _extra(graph: Graph, mask: Value) -> Value:
    """Writes (1,) int64: how much src_len is below 16, 32, or the next multiple of 64."""
    src_len = graph.op("Shape", mask, start=2)
    small = graph.op("Where", graph.op("LessOrEqual", src_len, BLOCK), BLOCK, 2 * BLOCK)
    large = graph.op("Div", graph.op("Add", src_len, 4 * BLOCK - 1), 4 * BLOCK)
    large = graph.op("Mul", large, 4 * BLOCK)
    width = graph.op("Where", graph.op("LessOrEqual", src_len, 2 * BLOCK), small, large)
    return graph.op("Sub", width, src_len)


def _widen_mask(graph: Graph, real: RealType, mask: Value, extra: Value) -> Value:
    """Writes the mask (batch, 1, width), minus infinity on the ``extra`` places."""
    pads = graph.op("Concat", graph.ints(0, 0, 0, 0, 0), extra, axis=0)
    return graph.op("Pad", mask, pads, real.array(-np.inf))


def widen(graph: Graph, value: Value, extra: Value) -> Value:
    """Appends ``extra`` rows of zeros to each sentence of ``value`` (batch, src_len, features)."""
    pads = graph.op("Concat", graph.ints(0, 0, 0, 0), extra, graph.ints(0), axis=0)
    return graph.op("Pad", value, pads)


def memory_tensors(config: ModelConfig, real: RealType, memory: MemoryValues) -> list[MemoryTensor]:
    """Lists the tensors of a memory whose first axis is sentences."""
    size = config.hidden_size
    keys: Shape = ["blocks", size, BLOCK]
    values: Shape = ["src_width", sum(_value_sizes(config))]
    mask: Shape = [1, "src_width"]
    if config.attention == "mlp":
        keys = [1, "src_len", size]
    elif config.attention == "multihead":
        heads, head = config.attention_heads, size // config.attention_heads
        keys, values = [heads, "blocks", head, BLOCK], [heads, "src_width", head]
        mask = [1, *mask]
    return [
        MemoryTensor(memory.keys, real.dtype, keys),
        MemoryTensor(memory.values, real.dtype, values),
        MemoryTensor(memory.mask, real.dtype, mask),
    ]


def with_memory_tensors(memory: MemoryValues, values: Iterator[Value]) -> MemoryValues:
    """Returns ``memory`` with the next ``values`` for the tensors that ``memory_tensors`` lists."""
    return replace(memory, keys=next(values), values=next(values), mask=next(values))


def attend(
    graph: Graph,
    arithmetic: Arithmetic,
    config: ModelConfig,
    attention: Attention,
    query: Signal,
    memory: MemoryValues,
) -> tuple[Context, Value]:
    """Writes the context of ``query`` (rows, hidden_size).

    Rows are reshaped to (batch, beam): the memory is read once for all beams of a sentence.

    Returns:
        The context, and the attention (batch, beam, width), a mean over heads.
    """
    queries = query.value
    if config.attention in ("mlp", "multihead"):
        weight, bias = to_array(attention.query.weight), to_array(attention.query.bias)
        queries = arithmetic.product(graph, [query], weight, bias, "decoder.attention.query")
    queries = graph.op("Reshape", queries, memory.by_beam)
    if config.attention == "mlp":
        queries = graph.op("Unsqueeze", queries, graph.ints(2))
        hidden = graph.op("Tanh", graph.op("Add", queries, memory.keys))
        energies = arithmetic.real.array(to_array(attention.energy.weight)[0])
        energy = graph.weight("decoder.attention.energy", energies)
        pads = graph.op("Concat", graph.ints(0, 0, 0, 0, 0), memory.extra, axis=0)
        scores = graph.op("Pad", graph.op("MatMul", hidden, energy), pads)
    elif config.attention == "multihead":
        queries = graph.op("Transpose", queries, perm=[0, 2, 1, 3])
        queries = graph.op("Unsqueeze", queries, graph.ints(2))
        blocks = graph.op("MatMul", queries, memory.keys)
        blocks = graph.op("Transpose", blocks, perm=[0, 1, 3, 2, 4])
        scores = graph.op("Reshape", blocks, graph.ints(0, 0, 0, -1))
    else:
        blocks = graph.op("MatMul", queries, memory.keys)
        blocks = graph.op("Transpose", blocks, perm=[0, 2, 1, 3])
        scores = graph.op("Reshape", blocks, graph.ints(0, 0, -1))
    weights = graph.op("Softmax", graph.op("Add", scores, memory.mask), axis=-1)
    context = graph.op("MatMul", weights, memory.values)
    if config.attention == "multihead":
        context = graph.op("Transpose", context, perm=[0, 2, 1, 3])
        flat = graph.op("Reshape", context, graph.ints(-1, config.hidden_size))
        weights = graph.op("ReduceMean", weights, axes=[1], keepdims=0)
        return Context(Signal(config.hidden_size, memory.bound, flat), None), weights
    sizes = _value_sizes(config)
    flat = graph.op("Reshape", context, graph.ints(-1, sum(sizes)))
    if len(sizes) == 1:
        return Context(None, flat), weights
    states, readout = graph.ops("Split", 2, flat, graph.ints(*sizes), axis=1)
    return Context(Signal(config.hidden_size, memory.bound, states), readout), weights


def fold_merge(
    attention: Attention, weight: FloatArray, bias: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Returns the weight and bias of a layer for a context whose heads are not merged.

    ``weight`` is (out, before + hidden_size), the context's columns last. It reads a merged
    context: W (M c + m) + b = (W M) c + (W m + b). Other kinds of attention have no merge.
    """
    if attention.kind != "multihead":
        return weight, bias
    merge, shift = to_array(attention.merge.weight), to_array(attention.merge.bias)
    before = weight.shape[1] - merge.shape[0]
    others, context = weight[:, :before], weight[:, before:].astype(np.float64)
    folded = (context @ merge).astype(np.float32)
    return np.concatenate([others, folded], axis=1), (bias + context @ shift).astype(np.float32)
