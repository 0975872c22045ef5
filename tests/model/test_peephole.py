"""The peephole LSTM: its loop over steps, and derivatives that are cut inside of it."""

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import equations

from s2s.model.layers import make_layer, run_layer
from s2s.model.peephole import PeepholeLSTM, bound_derivatives

EXACT = {"rtol": 1e-9, "atol": 1e-9}
BOUNDS = [np.inf, 0.3, 0.05]


def drawn(*shape):
    return torch.randn(shape, dtype=torch.float64)


def make_drawn_layer(input_size=4, hidden_size=3):
    torch.manual_seed(0)
    layer = PeepholeLSTM(input_size, hidden_size).double()
    for parameter in layer.parameters():
        parameter.data = drawn(*parameter.shape)
    return layer


def weights_of(layer):
    return {name: weight.detach().numpy() for name, weight in layer.named_parameters()}


def derivatives(layer, inputs, state, errors):
    """What back-propagation finds for ``sum(errors * outputs)``."""
    leaves = [tensor.clone().requires_grad_() for tensor in (inputs, *state)]
    outputs, _ = layer(leaves[0], (leaves[1], leaves[2]))
    wanted = [*leaves, *layer.parameters()]
    inputs, *rest = torch.autograd.grad((errors * outputs).sum(), wanted)
    names = [name for name, _ in layer.named_parameters()]
    return dict(zip(names, rest[2:], strict=True)), inputs, rest[:2]


def test_a_fresh_layer_is_an_lstm():
    fresh, lstm = (make_layer(cell, "tanh", 5, 4).double() for cell in ("peephole", "lstm"))
    lstm.load_state_dict({n: w for n, w in fresh.state_dict().items() if n != "weight_ch_l0"})
    inputs, state = drawn(3, 7, 5), (drawn(1, 3, 4), drawn(1, 3, 4))
    (one, after), (other, found) = (run_layer(each, inputs, state, None) for each in (fresh, lstm))
    torch.testing.assert_close(one, other)
    torch.testing.assert_close(after, found)
    grads = [
        torch.autograd.grad(outputs.square().sum(), list(layer.parameters())[:4])
        for layer, outputs in ((fresh, one), (lstm, other))
    ]
    torch.testing.assert_close(*grads)


def test_the_equations_backward_are_those_forward():
    layer = make_drawn_layer()
    weights = weights_of(layer)
    inputs, state, errors = drawn(6, 4), (drawn(3), drawn(3)), drawn(6, 3)
    inputs, *state, errors = (tensor.numpy() for tensor in (inputs, *state, errors))
    found, by_inputs, by_state = equations.peephole_backward(inputs, state, weights, errors)
    random, step = np.random.default_rng(1), 1e-30

    def moved(value, direction):
        return value + 1j * step * direction

    for _ in range(3):
        ways = {name: random.standard_normal(weight.shape) for name, weight in weights.items()}
        by_time, *first = (random.standard_normal(value.shape) for value in (inputs, *state))
        current = tuple(map(moved, state, first))
        along = {name: moved(weights[name], ways[name]) for name in weights}
        total = 0
        for x, error in zip(moved(inputs, by_time), errors, strict=True):
            current = equations.peephole(x, current, along)
            total += error @ current[0]
        slope = sum((found[name] * ways[name]).sum() for name in weights)
        slope += (by_inputs * by_time).sum()
        slope += sum((a * b).sum() for a, b in zip(by_state, first, strict=True))
        np.testing.assert_allclose(total.imag / step, slope, **EXACT)


@pytest.mark.parametrize("bound", BOUNDS)
@pytest.mark.parametrize("as_tensor", [False, True])
def test_derivatives_are_cut_as_in_the_equations(bound, as_tensor):
    layer = make_drawn_layer()
    inputs, state, errors = drawn(2, 6, 4), (drawn(1, 2, 3), drawn(1, 2, 3)), drawn(2, 6, 3)
    value = torch.tensor(bound, dtype=torch.float64) if as_tensor else bound
    bound_derivatives(torch.nn.ModuleList([layer]), value)
    found, by_inputs, (by_hidden, by_cell) = derivatives(layer, inputs, state, errors)
    bound_derivatives(layer, None)
    free, *_ = derivatives(layer, inputs, state, errors)
    expected = dict.fromkeys(found, 0)
    for row in range(2):
        own = (tensor[0, row].numpy() for tensor in state)
        rows = inputs[row].numpy(), tuple(own), weights_of(layer), errors[row].numpy()
        by_weight, *by_others = equations.peephole_backward(*rows, bound)
        np.testing.assert_allclose(by_inputs[row], by_others[0], **EXACT)
        np.testing.assert_allclose(by_hidden[0, row], by_others[1][0], **EXACT)
        np.testing.assert_allclose(by_cell[0, row], by_others[1][1], **EXACT)
        expected = {name: expected[name] + by_weight[name] for name in expected}
    for name, gradient in found.items():
        np.testing.assert_allclose(gradient, expected[name], **EXACT)
        assert torch.allclose(gradient, free[name]) is (bound == np.inf)


def test_every_part_of_the_result_gives_a_gradient():
    layer = make_drawn_layer()
    inputs = drawn(2, 5, 4).requires_grad_()
    state = drawn(1, 2, 3).requires_grad_(), drawn(1, 2, 3).requires_grad_()

    def run(inputs, hidden, cell, *weights):
        outputs, (last_hidden, last_cell) = layer(inputs, (hidden, cell), list(weights))
        return outputs, last_hidden, last_cell

    assert torch.autograd.gradcheck(run, (inputs, *state, *layer.parameters()))
    for part in range(3):  # alone: the others then give no gradient at all
        assert torch.autograd.gradcheck(
            lambda *values, part=part: run(*values)[part], (inputs, *state, *layer.parameters())
        )


def test_steps_may_be_taken_in_any_number_of_calls():
    layer = make_drawn_layer()
    inputs = drawn(2, 5, 4)
    outputs, after = layer(inputs)
    state, parts = None, []
    for part in inputs.split((1, 3, 1), dim=1):
        found, state = layer(part, state)
        parts.append(found)
    torch.testing.assert_close(torch.cat(parts, dim=1), outputs)
    torch.testing.assert_close(state, after)


def test_no_tensor_of_the_caller_is_changed():
    layer = make_drawn_layer()
    values = [drawn(2, 5, 4), drawn(1, 2, 3), drawn(1, 2, 3), drawn(2, 5, 3)]
    kept = copy.deepcopy([*values, *layer.parameters()])
    first, second = (derivatives(layer, values[0], values[1:3], values[3]) for _ in range(2))
    for before, after in zip(kept, [*values, *layer.parameters()], strict=True):
        assert torch.equal(before, after)
    assert all(torch.equal(first[0][name], second[0][name]) for name in first[0])


@pytest.mark.parametrize("bound", [None, 0.05])
def test_with_autocast_products_are_in_bf16_and_the_cell_in_fp32(bound):
    layer = make_drawn_layer(16, 16).float()
    for parameter in layer.parameters():
        parameter.data *= 0.3
    inputs, errors = torch.randn(4, 9, 16), torch.randn(4, 9, 16)
    state = torch.randn(1, 4, 16).bfloat16(), torch.randn(1, 4, 16)
    bound_derivatives(layer, bound)
    found = []
    for enabled in (False, True):
        given = inputs.clone().requires_grad_()
        layer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            outputs, (hidden, cell) = layer(given, (state[0].to(torch.float32), state[1]))
        (errors * outputs).sum().backward()
        assert outputs.dtype == hidden.dtype == (torch.bfloat16 if enabled else torch.float32)
        assert cell.dtype == torch.float32
        found.append([outputs, cell, given.grad, *(p.grad for p in layer.parameters())])
    for exact, rounded in zip(*found, strict=True):
        assert rounded.dtype in (torch.float32, torch.bfloat16)
        error = (exact - rounded.float()).norm() / exact.norm()
        assert 0 < error < 0.02
