"""Peepholes in the graph: onnxruntime applies them, and the graph translates like torch."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

import equations
from graphs import every_node

from s2s.config import SearchConfig
from s2s_export import build_model
from s2s_export.graph.arithmetic import Floats
from s2s_export.parity.model import check_parity

ATTENTIONS = ("dot", "general", "mlp", "multihead")
CONTEXTS = ("parallel", "input_feeding")
SEARCH = SearchConfig(max_length=40)
SMALL = {"batches": ((1,), (20,), (1, 30, 7), (3, 1, 12, 25, 2)), "beams": (1, 3)}


def node_of(weights, hidden_size):
    """An ONNX LSTM whose gates are i, o, f, g, and whose peepholes are to i, o, f."""
    names = ("inputs", "W", "R", "B", "lengths", "", "", "P")
    node = onnx.helper.make_node(
        "LSTM", names, ["outputs", "last"], hidden_size=hidden_size, direction="bidirectional"
    )

    def of_node(weight, order):
        blocks = np.split(weight, len(order))
        return np.concatenate([blocks[gate] for gate in order]).astype(np.float32)

    def stack(name, order):
        return np.stack([of_node(side[name], order) for side in weights])

    gates = (0, 3, 1, 2)
    both = [stack(f"bias_{kind}_l0", gates) for kind in ("ih", "hh")]
    peepholes = stack("weight_ch_l0", (0, 2, 1)).reshape(2, -1)
    stored = {"W": stack("weight_ih_l0", gates), "R": stack("weight_hh_l0", gates)}
    stored |= {"B": np.concatenate(both, axis=1), "P": peepholes}
    values = [onnx.numpy_helper.from_array(array, name) for name, array in stored.items()]
    kinds = {"inputs": onnx.TensorProto.FLOAT, "lengths": onnx.TensorProto.INT32}
    shapes = {"inputs": ["time", "batch", 5], "lengths": ["batch"]}
    inputs = [onnx.helper.make_tensor_value_info(n, kinds[n], shapes[n]) for n in kinds]
    outputs = [onnx.helper.make_tensor_value_info("outputs", onnx.TensorProto.FLOAT, None)]
    graph = onnx.helper.make_graph([node], "layer", inputs, outputs, values)
    opsets = [onnx.helper.make_opsetid("", 17)]
    return onnx.helper.make_model(graph, ir_version=8, opset_imports=opsets).SerializeToString()


@pytest.mark.parametrize("size", [3, 16])
def test_onnxruntime_applies_peepholes_as_the_equations_do(size):
    draw = np.random.default_rng(1)
    shapes = {"weight_ih_l0": (4 * size, 5), "weight_hh_l0": (4 * size, size)}
    shapes |= {"bias_ih_l0": (4 * size,), "bias_hh_l0": (4 * size,), "weight_ch_l0": (3, size)}
    sides = [
        {name: 0.7 * draw.standard_normal(shape) for name, shape in shapes.items()}
        for _ in range(2)
    ]
    session = onnxruntime.InferenceSession(node_of(sides, size))
    lengths = np.array([9, 1, 4, 6], np.int32)
    inputs = draw.standard_normal((9, 4, 5)).astype(np.float32)
    (found,) = session.run(["outputs"], {"inputs": inputs, "lengths": lengths})
    for row, length in enumerate(lengths):
        own = inputs[:length, row]
        ahead = equations.read(equations.peephole, own, sides[0])
        back = equations.read(equations.peephole, own[::-1], sides[1])[::-1]
        np.testing.assert_allclose(found[:length, 0, row], ahead, atol=1e-5)
        np.testing.assert_allclose(found[:length, 1, row], back, atol=1e-5)
        without = equations.read(equations.lstm, own, sides[0])
        assert abs(without - ahead).max() > 1e-2


@pytest.fixture(scope="module")
def models(make_model, tiny_config):
    """Returns a function that makes one model for each attention and context."""
    made = {}

    def model(attention, context):
        number = 2 * ATTENTIONS.index(attention) + CONTEXTS.index(context)
        if number not in made:
            config = tiny_config(
                cell="peephole",
                attention=attention,
                context=context,
                encoder_layers=1 + number % 2,
                decoder_layers=1 + (number + number // 2) % 2,
                tie=("none", "target", "all")[number % 3],
            )
            made[number] = make_model(config, number)
        return made[number]

    return model


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_the_graph_translates_like_torch(models, attention, context):
    model = models(attention, context)
    graph = build_model(model, SEARCH).SerializeToString()
    parity = check_parity(model, graph, SEARCH, "fp32", **SMALL)
    assert parity.identical + 3 * parity.near_ties >= parity.hypotheses > 30


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_the_encoder_of_int8_graphs_translates_like_torch_but_for_rounding(
    models, attention, context, monkeypatch
):
    model = models(attention, context)
    graph = build_model(model, SEARCH, "int8").SerializeToString()
    assert check_parity(model, graph, SEARCH, "int8", **SMALL).batch_dependent == 0
    # The same Scan with products in fp32 has no rounding.
    monkeypatch.setattr(Floats, "recurrent_nodes", False)
    exact = build_model(model, SEARCH)
    kinds = {node.op_type for node in every_node(exact.graph)}
    assert "Scan" in kinds
    assert "LSTM" not in kinds
    parity = check_parity(model, exact.SerializeToString(), SEARCH, "fp32", **SMALL)
    assert parity.identical + 3 * parity.near_ties >= parity.hypotheses > 30


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_peepholes_of_each_direction_and_of_the_decoder_matter(make_model, tiny_config, precision):
    model = make_model(tiny_config(cell="peephole"))
    layers = [model.encoder.forward_layers[0], model.encoder.backward_layers[0]]
    graphs = [build_model(model, SEARCH, precision).SerializeToString()]
    for layer in (*layers, model.decoder.layers[0]):
        for gate in range(3):
            kept = layer.weight_ch_l0[gate].clone()
            with torch.no_grad():
                layer.weight_ch_l0[gate] = 0.0
            graphs.append(build_model(model, SEARCH, precision).SerializeToString())
            with torch.no_grad():
                layer.weight_ch_l0[gate] = kept
    sessions = [onnxruntime.InferenceSession(graph) for graph in graphs]
    inputs = {
        "src": np.array([[5, 9, 30, 22, 7, 3]]),
        "src_lengths": np.array([6]),
        "beam_size": np.array(2),
        "max_length": np.array(12),
        "length_penalty": np.array(1.0, np.float32),
    }
    scores = [tuple(session.run(["scores"], inputs)[0][0].tolist()) for session in sessions]
    assert len(set(scores)) == len(graphs)


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_an_ensemble_with_other_cells_translates_like_torch(make_model, tiny_config, precision):
    members = [
        make_model(tiny_config(cell="peephole", context="input_feeding"), 1),
        make_model(tiny_config(cell="lstm", attention="multihead", decoder_layers=2), 2),
        make_model(tiny_config(cell="peephole", attention="mlp", hidden_size=16), 3),
        make_model(tiny_config(cell="gru", tie="all"), 4),
    ]
    graph = build_model(members, SEARCH, precision).SerializeToString()
    parity = check_parity(members, graph, SEARCH, precision, **SMALL)
    if precision == "fp32":
        assert parity.identical + 3 * parity.near_ties >= parity.hypotheses > 30
