"""The four kinds of attention of the graph: ``s2s.model.attention``, prepared outside the Loop.

What a step reads is laid out for it once a sentence: keys scaled, and what the readout makes of a
context taken of each value beforehand, since both are linear: W (a V) = a (V W). Of ``multihead``,
where that would be a readout's width for each head, the merge is left to the layers that read the
context instead.

A sentence is to get the same bits alone and in a batch with longer ones, whatever the order in
which a processor adds. So sums over the source have one of few widths, 16, 32 and multiples of 64,
more of which only appends zeros to the lanes of a vector sum; and products with keys take 16 of
them at a time, since onnxruntime cuts their sums into blocks by the number of keys.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from s2s.config import ModelConfig
from s2s.model.attention import Attention
from s2s.model.decoder import Decoder
from s2s_export.graph.arithmetic import Arithmetic, FloatArray, MemoryTensor, Signal, to_array
from s2s_export.graph.builder import Graph, Shape, Value
from s2s_export.network.encoder import EncoderValues

BLOCK = 16
"""Keys in a product."""


@dataclass
class MemoryValues:
    """What a decoder step reads of the source; all beams of a sentence share it."""

    keys: Value  # (batch, width / 16, hidden, 16), multihead (batch, heads, width / 16, head, 16);
    # mlp (batch, 1, src_len, hidden)
    values: Value  # (batch, width, sum of _columns), multihead (batch, heads, width, head)
    mask: Value  # added to scores: (batch, 1, width), multihead (batch, 1, 1, width)
    by_beam: Value  # int64 shape of queries: (batch, 1, beam, hidden), mlp (batch, beam, hidden),
    # multihead (batch, beam, heads, head)
    extra: Value  # (1,) int64, width - src_len
    bound: float | None  # of the context


@dataclass
class Context:
    """What a step gets of the source."""

    states: Signal | None
    """Weighted mean of the encoder's states (rows, hidden), of multihead not merged, see
    ``merged``; None if no layer reads it."""
    read: Value | None
    """What it adds to the readout, bias included: (rows, embedding); None of multihead."""


def _columns(config: ModelConfig) -> list[int]:
    """Returns the widths of values side by side: states, if a layer reads them; for the readout."""
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
    """Writes what does not depend on the step; ``beam`` is an int64 vector of one."""
    attention = decoder.attention
    size, memory = config.hidden_size, encoder_values.memory
    scale = np.array(attention.scale, dtype=np.float32)
    extra = _extra(graph, encoder_values.mask)
    mask = _masked(graph, encoder_values.mask, extra)

    def project(part: str) -> Value:
        weight = to_array(getattr(attention, part).weight)
        return arithmetic.product(graph, [memory], weight, None, f"decoder.attention.{part}")

    if config.attention == "multihead":
        heads = config.attention_heads
        split = graph.ints(0, 0, heads, size // heads)
        keys = widened(graph, graph.op("Mul", project("key"), scale), extra)
        blocks = graph.op("Reshape", keys, graph.ints(0, -1, BLOCK, heads, size // heads))
        values = graph.op("Reshape", widened(graph, project("value"), extra), split)
        return MemoryValues(
            graph.op("Transpose", blocks, perm=[0, 3, 1, 4, 2]),
            graph.op("Transpose", values, perm=[0, 2, 1, 3]),
            graph.op("Unsqueeze", mask, graph.ints(1)),
            graph.op("Concat", graph.ints(-1), beam, graph.ints(heads, size // heads), axis=0),
            extra,
            None,
        )
    values = widened(graph, _values(graph, config, decoder, memory), extra)
    if config.attention == "mlp":
        keys = graph.op("Unsqueeze", project("key"), graph.ints(1))
        by_beam = graph.op("Concat", graph.ints(-1), beam, graph.ints(size), axis=0)
    else:
        keys = memory.value if config.attention == "dot" else project("key")
        keys = widened(graph, graph.op("Mul", keys, scale), extra)
        blocks = graph.op("Reshape", keys, graph.ints(0, -1, BLOCK, size))
        keys = graph.op("Transpose", blocks, perm=[0, 1, 3, 2])
        by_beam = graph.op("Concat", graph.ints(-1, 1), beam, graph.ints(size), axis=0)
    return MemoryValues(keys, values, mask, by_beam, extra, memory.bound)


def _values(graph: Graph, config: ModelConfig, decoder: Decoder, memory: Signal) -> Value:
    """Writes (batch, src_len, columns): all readers' values of each source piece."""
    weight = to_array(decoder.readout.weight)[:, config.hidden_size :]
    turned = graph.weight("decoder.readout.context", weight.T)
    read = graph.op("MatMul", memory.value, turned)
    # Weights of attention sum to 1: with the bias in each value, it is in the sum.
    read = graph.op(
        "Add", read, graph.weight("decoder.readout.bias", to_array(decoder.readout.bias))
    )
    if len(_columns(config)) == 1:
        return read
    return graph.op("Concat", memory.value, read, axis=-1)


def _extra(graph: Graph, mask: Value) -> Value:
    """Writes (1,) int64: what is missing to 16, 32, or a multiple of 64."""
    src_len = graph.op("Shape", mask, start=2)
    small = graph.op("Where", graph.op("LessOrEqual", src_len, BLOCK), BLOCK, 2 * BLOCK)
    large = graph.op("Div", graph.op("Add", src_len, 4 * BLOCK - 1), 4 * BLOCK)
    large = graph.op("Mul", large, 4 * BLOCK)
    width = graph.op("Where", graph.op("LessOrEqual", src_len, 2 * BLOCK), small, large)
    return graph.op("Sub", width, src_len)


def _masked(graph: Graph, mask: Value, extra: Value) -> Value:
    """Writes the mask (batch, 1, width), minus infinity on what was added, too."""
    pads = graph.op("Concat", graph.ints(0, 0, 0, 0, 0), extra, axis=0)
    return graph.op("Pad", mask, pads, np.array(-np.inf, dtype=np.float32))


def widened(graph: Graph, value: Value, extra: Value) -> Value:
    """Writes ``value`` (batch, src_len, features) with ``extra`` rows of zeros a sentence."""
    pads = graph.op("Concat", graph.ints(0, 0, 0, 0), extra, graph.ints(0), axis=0)
    return graph.op("Pad", value, pads)


def memory_tensors(config: ModelConfig, memory: MemoryValues) -> list[MemoryTensor]:
    """Lists the tensors of a memory that have sentences."""
    size = config.hidden_size
    keys: Shape = ["blocks", size, BLOCK]
    values: Shape = ["src_width", sum(_columns(config))]
    mask: Shape = [1, "src_width"]
    if config.attention == "mlp":
        keys = [1, "src_len", size]
    elif config.attention == "multihead":
        heads, head = config.attention_heads, size // config.attention_heads
        keys, values = [heads, "blocks", head, BLOCK], [heads, "src_width", head]
        mask = [1, *mask]
    return [
        MemoryTensor(memory.keys, keys),
        MemoryTensor(memory.values, values),
        MemoryTensor(memory.mask, mask),
    ]


def with_memory_tensors(memory: MemoryValues, names: Iterable[Value]) -> MemoryValues:
    """Returns ``memory`` with the tensors that ``memory_tensors`` lists replaced by ``names``."""
    keys, values, mask = islice(names, 3)
    return replace(memory, keys=keys, values=values, mask=mask)


def attend(
    graph: Graph,
    arithmetic: Arithmetic,
    config: ModelConfig,
    attention: Attention,
    query: Signal,
    memory: MemoryValues,
) -> tuple[Context, Value]:
    """Writes the context of ``query`` (rows, hidden_size).

    Rows are reshaped to (batch, beam): the memory is read once for all beams of a sentence. Also
    returns where the rows look, (batch, beam, width), a mean over heads.
    """
    asked = query.value
    if config.attention in ("mlp", "multihead"):
        weight, bias = to_array(attention.query.weight), to_array(attention.query.bias)
        asked = arithmetic.product(graph, [query], weight, bias, "decoder.attention.query")
    asked = graph.op("Reshape", asked, memory.by_beam)
    if config.attention == "mlp":
        hidden = graph.op(
            "Tanh", graph.op("Add", graph.op("Unsqueeze", asked, graph.ints(2)), memory.keys)
        )
        energy = graph.weight("decoder.attention.energy", to_array(attention.energy.weight)[0])
        pads = graph.op("Concat", graph.ints(0, 0, 0, 0, 0), memory.extra, axis=0)
        scores = graph.op("Pad", graph.op("MatMul", hidden, energy), pads)
    elif config.attention == "multihead":
        asked = graph.op(
            "Unsqueeze", graph.op("Transpose", asked, perm=[0, 2, 1, 3]), graph.ints(2)
        )
        blocks = graph.op("MatMul", asked, memory.keys)
        blocks = graph.op("Transpose", blocks, perm=[0, 1, 3, 2, 4])
        scores = graph.op("Reshape", blocks, graph.ints(0, 0, 0, -1))
    else:
        blocks = graph.op("MatMul", asked, memory.keys)
        blocks = graph.op("Transpose", blocks, perm=[0, 2, 1, 3])
        scores = graph.op("Reshape", blocks, graph.ints(0, 0, -1))
    weights = graph.op("Softmax", graph.op("Add", scores, memory.mask), axis=-1)
    context = graph.op("MatMul", weights, memory.values)
    if config.attention == "multihead":
        context = graph.op("Transpose", context, perm=[0, 2, 1, 3])
        flat = graph.op("Reshape", context, graph.ints(-1, config.hidden_size))
        weights = graph.op("ReduceMean", weights, axes=[1], keepdims=0)
        return Context(Signal(config.hidden_size, memory.bound, flat), None), weights
    columns = _columns(config)
    flat = graph.op("Reshape", context, graph.ints(-1, sum(columns)))
    if len(columns) == 1:
        return Context(None, flat), weights
    states, read = graph.ops("Split", 2, flat, graph.ints(*columns), axis=1)
    return Context(Signal(config.hidden_size, memory.bound, states), read), weights


def merged(
    attention: Attention, weight: FloatArray, bias: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Returns the layer that reads an unmerged context where ``weight`` reads a merged one.

    ``weight`` is (out, before + hidden_size), the context's columns last:
    W (M c + m) + b = (W M) c + (W m + b).
    """
    if attention.kind != "multihead":
        return weight, bias
    merge, shift = to_array(attention.merge.weight), to_array(attention.merge.bias)
    before = weight.shape[1] - merge.shape[0]
    own, context = weight[:, :before], weight[:, before:].astype(np.float64)
    folded = (context @ merge).astype(np.float32)
    return np.concatenate([own, folded], axis=1), (bias + context @ shift).astype(np.float32)
