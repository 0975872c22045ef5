"""The encoder of the graph: ``s2s.model.encoder`` with one ONNX recurrent node a layer."""

from dataclasses import dataclass

import numpy as np

from s2s.model.seq2seq import Seq2Seq
from s2s_export.arithmetic import Arithmetic, Signal, to_array
from s2s_export.builder import FLOAT, INT32, Graph
from s2s_export.layers import bidirectional, hidden_bound


@dataclass
class Encoded:
    """A source batch as the decoder reads it."""

    memory: Signal  # (batch, src_len, hidden_size), zero on padding
    mask: str  # (batch, 1, src_len) float32, 0 on tokens, -inf on padding
    summary: Signal  # (batch, hidden_size), the last state of each direction of the top layer


def encode(
    graph: Graph, arithmetic: Arithmetic, model: Seq2Seq, table_name: str, src: str, lengths: str
) -> Encoded:
    """Writes the encoder over ``src`` (batch, src_len) with ``lengths`` (batch,), both int64.

    The source's embedding table is stored under ``table_name``.
    """
    config, encoder = model.config, model.encoder
    table = to_array(encoder.embedding.table.weight)
    # Recurrent nodes are time first.
    ids = graph.op("Transpose", src, perm=[1, 0])
    inputs = arithmetic.embed(graph, table, ids, table_name, product=False).value
    lengths32 = graph.op("Cast", lengths, to=INT32)
    summary = ""
    for number in range(config.encoder_layers):
        ahead = encoder.forward_layers[number]
        back = encoder.backward_layers[number]
        name = f"encoder.layers.{number}"
        outputs, summary = bidirectional(
            graph, arithmetic, config, (ahead, back), inputs, lengths32, name
        )
        inputs = outputs if number == 0 else graph.op("Add", outputs, inputs)
    kept = token_mask(graph, src, lengths)
    batched = graph.op("Transpose", inputs, perm=[1, 0, 2])
    # The ONNX text does not say that recurrent outputs are zero on padding, so this makes them so.
    present = graph.op("Unsqueeze", graph.op("Cast", kept, to=FLOAT), graph.ints(2))
    memory = graph.op("Mul", batched, present)
    nothing = np.array(-np.inf, dtype=np.float32)
    mask = graph.op("Unsqueeze", graph.op("Where", kept, 0.0, nothing), graph.ints(1))
    size = config.hidden_size
    return Encoded(
        Signal(size, hidden_bound(config, config.encoder_layers), memory),
        mask,
        Signal(size, hidden_bound(config), summary),
    )


def token_mask(graph: Graph, src: str, lengths: str) -> str:
    """Writes (batch, src_len) bool, True on tokens."""
    src_len = graph.op("Gather", graph.op("Shape", src), 1)
    positions = graph.op("Range", 0, src_len, 1)
    return graph.op("Less", positions, graph.op("Unsqueeze", lengths, graph.ints(1)))
