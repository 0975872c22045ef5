"""The four kinds of attention of the graph: ``s2s.model.attention``, prepared outside the Loop.

What a step reads is laid out for it once a sentence: keys scaled and transposed, and the merge of
``multihead``, which is linear and follows a linear sum, left to the layers that read the context.
"""

from dataclasses import dataclass

import numpy as np

from s2s.config import ModelConfig
from s2s.model.attention import Attention
from s2s_export.arithmetic import Arithmetic, FloatArray, Signal, to_array
from s2s_export.builder import Graph
from s2s_export.encoder import Encoded


@dataclass
class Memory:
    """What a decoder step reads of the source; all beams of a sentence share it."""

    keys: str  # transposed: (batch, hidden, src_len), multihead (batch, heads, head, src_len);
    # mlp (batch, 1, src_len, hidden)
    values: str  # (batch, src_len, hidden), multihead (batch, heads, src_len, head)
    mask: str  # added to scores: (batch, 1, src_len), multihead (batch, 1, 1, src_len)
    by_beam: str  # int64 shape (batch, beam, hidden), multihead (batch, beam, heads, head)
    bound: float | None  # of the context


def prepare(
    graph: Graph,
    arithmetic: Arithmetic,
    config: ModelConfig,
    attention: Attention,
    encoded: Encoded,
    beam: str,
) -> Memory:
    """Writes what does not depend on the step; ``beam`` is an int64 vector of one."""
    size, memory = config.hidden_size, encoded.memory
    scale = np.array(attention.scale, dtype=np.float32)

    def project(part: str) -> str:
        weight = to_array(getattr(attention, part).weight)
        return arithmetic.product(graph, [memory], weight, None, f"decoder.attention.{part}")

    if config.attention == "multihead":
        heads = config.attention_heads
        split = graph.ints(0, 0, heads, size // heads)
        keys = graph.op("Reshape", graph.op("Mul", project("key"), scale), split)
        values = graph.op("Reshape", project("value"), split)
        return Memory(
            graph.op("Transpose", keys, perm=[0, 2, 3, 1]),
            graph.op("Transpose", values, perm=[0, 2, 1, 3]),
            graph.op("Unsqueeze", encoded.mask, graph.ints(1)),
            graph.op("Concat", graph.ints(-1), beam, graph.ints(heads, size // heads), axis=0),
            None,
        )
    by_beam = graph.op("Concat", graph.ints(-1), beam, graph.ints(size), axis=0)
    keys = memory.value if config.attention == "dot" else project("key")
    if config.attention == "mlp":
        keys = graph.op("Unsqueeze", keys, graph.ints(1))
    else:
        keys = graph.op("Transpose", graph.op("Mul", keys, scale), perm=[0, 2, 1])
    return Memory(keys, memory.value, encoded.mask, by_beam, memory.bound)


def attend(
    graph: Graph,
    arithmetic: Arithmetic,
    config: ModelConfig,
    attention: Attention,
    query: Signal,
    memory: Memory,
) -> tuple[Signal, str]:
    """Writes the context (rows, hidden_size) of ``query`` (rows, hidden_size).

    Rows are reshaped to (batch, beam): the memory is read once for all beams of a sentence. The
    context of ``multihead`` is not merged; see ``merged``. Also returns where the rows look,
    (batch, beam, src_len), a mean over heads.
    """
    asked = query.value
    if config.attention in ("mlp", "multihead"):
        weight, bias = to_array(attention.query.weight), to_array(attention.query.bias)
        asked = arithmetic.product(graph, [query], weight, bias, "decoder.attention.query")
    asked = graph.op("Reshape", asked, memory.by_beam)
    if config.attention == "multihead":
        asked = graph.op("Transpose", asked, perm=[0, 2, 1, 3])
    if config.attention == "mlp":
        hidden = graph.op(
            "Tanh", graph.op("Add", graph.op("Unsqueeze", asked, graph.ints(2)), memory.keys)
        )
        energy = graph.weight("decoder.attention.energy", to_array(attention.energy.weight)[0])
        scores = graph.op("MatMul", hidden, energy)
    else:
        scores = graph.op("MatMul", asked, memory.keys)
    weights = graph.op("Softmax", graph.op("Add", scores, memory.mask), axis=-1)
    context = graph.op("MatMul", weights, memory.values)
    if config.attention == "multihead":
        context = graph.op("Transpose", context, perm=[0, 2, 1, 3])
        weights = graph.op("ReduceMean", weights, axes=[1], keepdims=0)
    flat = graph.op("Reshape", context, graph.ints(-1, config.hidden_size))
    return Signal(config.hidden_size, memory.bound, flat), weights


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
