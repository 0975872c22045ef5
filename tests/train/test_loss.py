import pytest

torch = pytest.importorskip("torch")

from s2s.train import loss as loss_module  # noqa: E402
from s2s.train.loss import output_loss  # noqa: E402


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("chunk_values", [1, 50, 1 << 20])
def test_the_fused_loss_is_torchs_cross_entropy(smoothing, chunk_values, monkeypatch):
    monkeypatch.setattr(loss_module, "CHUNK_VALUES", chunk_values)
    torch.manual_seed(0)
    output = torch.nn.Linear(6, 17)
    readouts = torch.randn(9, 6, requires_grad=True)
    targets = torch.randint(0, 17, (9,))
    found = output_loss(readouts, output, targets, smoothing)
    (found.smoothed * 0.5).backward()
    gradients = [readouts.grad, output.weight.grad, output.bias.grad]
    readouts.grad = output.weight.grad = output.bias.grad = None
    expected = torch.nn.functional.cross_entropy(
        output(readouts), targets, label_smoothing=smoothing, reduction="sum"
    )
    (expected * 0.5).backward()
    torch.testing.assert_close(found.smoothed, expected)
    for ours, theirs in zip(
        gradients, [readouts.grad, output.weight.grad, output.bias.grad], strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)
    nll = torch.nn.functional.cross_entropy(output(readouts), targets, reduction="sum")
    torch.testing.assert_close(found.nll, nll.detach())


def test_the_fused_loss_agrees_with_finite_differences():
    torch.manual_seed(0)
    output = torch.nn.Linear(3, 5).double()
    targets = torch.tensor([0, 4, 2])

    def value(readouts):
        # The log-likelihood is kept in float32; the minimised sum is what has a gradient.
        return output_loss(readouts, output, targets, 0.1).smoothed

    readouts = torch.randn(3, 3, dtype=torch.float64, requires_grad=True)
    value(readouts).backward()
    step, numeric = 1e-2, torch.zeros(3, 3, dtype=torch.float64)
    for index in range(9):
        shift = torch.zeros(9, dtype=torch.float64)
        shift[index] = step
        with torch.no_grad():
            up, down = (value(readouts + sign * shift.view(3, 3)) for sign in (1, -1))
        numeric.view(-1)[index] = (up - down) / (2 * step)
    torch.testing.assert_close(readouts.grad, numeric, rtol=1e-3, atol=1e-3)
