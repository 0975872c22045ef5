"""The network against its equations in numpy (``tests/shared/equations.py``), in float64."""

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import equations

from s2s.config import BOS_ID, PAD_ID, ModelConfig
from s2s.corpus.stream import Batch
from s2s.model.attention import Attention
from s2s.model.encoder import EncoderOutput
from s2s.model.layers import make_layer, run_layer
from s2s.model.seq2seq import OutputLayer, Seq2Seq
from s2s.train.loss import output_loss
from s2s.train.teacher_forcing import TeacherForcing, to_device

CELLS = list(equations.CELLS)
ATTENTIONS = ["dot", "general", "mlp", "multihead"]
CONTEXTS = ["parallel", "input_feeding"]
EXACT = {"rtol": 1e-9, "atol": 1e-9}
SMOOTHING = 0.1
PAIRS = [([5, 8, 4, 6, 3], [7, 4, 3]), ([9, 3], [4, 5, 6, 7, 8, 3]), ([3], [3])]
"""Sources and targets of many lengths, one of the end piece alone."""


def drawn(shape, scale=1.0):
    return torch.randn(shape, dtype=torch.float64) * scale


def in_numpy(module):
    return {name: value.detach().numpy() for name, value in module.state_dict().items()}


def randomise(module):
    """Every weight, biases too: one that starts at 0 would hide where it is added."""
    for parameter in module.double().parameters():
        parameter.data = drawn(parameter.shape, 0.4)
    return module


def make_model(cell, attention, context, layers, tie):
    torch.manual_seed(1)
    config = ModelConfig(
        src_vocab_size=11,
        tgt_vocab_size=11 if tie == "all" else 13,
        embedding_size=5,
        hidden_size=6,
        encoder_layers=layers,
        decoder_layers=layers,
        cell=cell[0],
        activation=cell[1],
        attention=attention,
        attention_heads=3,
        context=context,
        tie=tie,
        dropout=0.0,
    )
    return randomise(Seq2Seq(config))


def make_batch(pairs):
    """A padded batch; what stands in the padding of the sources and the inputs is not 0."""
    junk = 7

    def pad(rows, padding):
        longest = max(map(len, rows)) + 1  # padding in every row
        return np.array([[*row, *[padding] * (longest - len(row))] for row in rows])

    src, tgt = zip(*pairs, strict=True)
    lengths = np.array([len(row) for row in src])
    tgt_in = pad([[BOS_ID, *row[:-1]] for row in tgt], junk)
    return Batch(pad(src, junk), lengths, tgt_in, pad(tgt, PAD_ID), sum(map(len, tgt)), 1)


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_takes_the_steps_of_its_equations(cell):
    torch.manual_seed(0)
    layer = randomise(make_layer(*cell, 4, 3))
    inputs, hidden = drawn((1, 7, 4)), drawn((1, 1, 3))
    has_cell_state = ModelConfig(cell=cell[0]).has_cell_state
    before = (hidden, drawn((1, 1, 3))) if has_cell_state else hidden
    outputs, after = run_layer(layer, inputs, before, None)
    state = tuple(tensor.flatten().numpy() for tensor in (before if has_cell_state else [before]))
    for x, output in zip(inputs[0].numpy(), outputs[0].detach().numpy(), strict=True):
        state = equations.CELLS[cell](x, state, in_numpy(layer))
        np.testing.assert_allclose(output, state[0], **EXACT)
    last = after if has_cell_state else (after,)
    for ours, theirs in zip(last, state, strict=True):
        np.testing.assert_allclose(ours.detach().numpy().flatten(), theirs, **EXACT)


def test_the_gru_differs_from_that_of_its_paper_in_where_it_resets():
    torch.manual_seed(0)
    weights = in_numpy(randomise(make_layer("gru", "tanh", 4, 3)))
    x, state = np.ones(4), (np.ones(3),)
    here, paper = (step(x, state, weights) for step in (equations.gru, equations.gru_of_cho))
    assert abs(here[0] - paper[0]).max() > 1e-3
    # A diagonal U and no bias beside it let the gate through: then both are the same.
    weights["weight_hh_l0"][6:] = np.diag([0.5, -2.0, 1.0])
    weights["bias_hh_l0"][6:] = 0
    here, paper = (step(x, state, weights) for step in (equations.gru, equations.gru_of_cho))
    np.testing.assert_allclose(here[0], paper[0], **EXACT)


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_attention_and_context_are_those_of_the_equations(attention):
    torch.manual_seed(0)
    config = ModelConfig(hidden_size=6, attention=attention, attention_heads=3)
    module = randomise(Attention(config))
    lengths = [5, 2, 1]
    mask = torch.arange(6) < torch.tensor(lengths)[:, None]
    memory, queries = drawn((3, 6, 6)), drawn((3, 4, 6))
    contexts, found = module(queries, module.prepare(EncoderOutput(memory, mask, memory[:, 0])))
    for row, length in enumerate(lengths):
        for number, s in enumerate(queries[row].numpy()):
            own = memory[row, :length].numpy()
            context, weights = equations.attend(config, in_numpy(module), s, own)
            place = row, number
            np.testing.assert_allclose(contexts[place].detach(), context, **EXACT)
            np.testing.assert_allclose(found[place].detach()[:length], weights, **EXACT)
            assert not found[place][length:].any()


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_the_memory_is_that_of_the_equations(cell, layers):
    model = make_model(cell, "dot", "parallel", layers, "none")
    batch = make_batch(PAIRS)
    encoded = model.encoder(torch.from_numpy(batch.src), torch.from_numpy(batch.src_lengths))
    for row, (src, _) in enumerate(PAIRS):
        expected = equations.encode(model.config, in_numpy(model), src)
        memory = encoded.memory[row].detach().numpy()
        np.testing.assert_allclose(memory[: len(src)], expected.memory, **EXACT)
        assert not memory[len(src) :].any()
        np.testing.assert_allclose(encoded.summary[row].detach(), expected.summary, **EXACT)


def along(model, direction, step=1e-30):
    """The weights, moved by an imaginary step; tied ones together."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    every = model.named_parameters(remove_duplicate=False)
    return {
        name: parameter.detach().numpy() + 1j * step * direction[names[id(parameter)]]
        for name, parameter in every
    }


WHOLE = [
    (*kind, layers, tie)
    for kind, (layers, tie) in zip(
        itertools.product(CELLS, ATTENTIONS, CONTEXTS),
        itertools.cycle([(1, "none"), (2, "target"), (1, "all"), (3, "none"), (2, "all")]),
        strict=False,
    )
]


@pytest.mark.parametrize(("cell", "attention", "context", "layers", "tie"), WHOLE)
def test_the_loss_and_its_gradient_are_those_of_the_equations(
    cell, attention, context, layers, tie
):
    model = make_model(cell, attention, context, layers, tie)
    network = TeacherForcing(model, label_smoothing=SMOOTHING)
    smoothed, nll = network(*to_device(make_batch(PAIRS), torch.device("cpu")))
    smoothed.backward()
    weights = in_numpy(model)
    expected = equations.loss(model.config, weights, PAIRS, SMOOTHING)
    np.testing.assert_allclose(smoothed.item(), expected, **EXACT)
    plain = equations.loss(model.config, weights, PAIRS, 0.0)
    np.testing.assert_allclose(nll.item(), plain, **EXACT)
    # The derivative along two random directions of all weights at once.
    random = np.random.default_rng(1)
    for _ in range(2):
        direction = {n: random.standard_normal(p.shape) for n, p in model.named_parameters()}
        slope = sum((p.grad.numpy() * direction[n]).sum() for n, p in model.named_parameters())
        moved = equations.loss(model.config, along(model, direction), PAIRS, SMOOTHING)
        np.testing.assert_allclose(slope, moved.imag / 1e-30, **EXACT)


@pytest.mark.parametrize("smoothing", [0.0, SMOOTHING])
@pytest.mark.parametrize("weight", [0.0, 5.0])
def test_the_loss_of_two_passes_is_that_of_the_equations(weight, smoothing):
    torch.manual_seed(0)
    output = randomise(OutputLayer(4, 7))
    readouts, targets = drawn((2, 5, 4)).requires_grad_(), [6, 0, 3, 3, 1]
    loss = output_loss(readouts, output, torch.tensor(targets), smoothing, weight)
    log_p, log_q = equations.log_softmax(
        equations.linear(
            {f"output.{k}": v for k, v in in_numpy(output).items()},
            "output",
            readouts.detach().numpy(),
        )
    )
    both = sum(
        equations.smoothed_nll(log_probs, targets, smoothing) for log_probs in (log_p, log_q)
    )
    expected = (both + weight * equations.r_drop(log_p, log_q)) / 2
    np.testing.assert_allclose(loss.smoothed.item(), expected, **EXACT)
