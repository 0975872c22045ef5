import pytest

torch = pytest.importorskip("torch")

from s2s.model.seq2seq import OutputLayer
from s2s.train import loss as loss_module
from s2s.train.loss import output_loss


def torchs_loss(readouts, output, targets, smoothing, r_drop):
    """Cross-entropy, and R-Drop's divergence, as torch spells them out; a mean over passes."""
    functional = torch.nn.functional
    log_probs = [output(part).log_softmax(-1) for part in readouts]
    loss = sum(
        functional.cross_entropy(part, targets, label_smoothing=smoothing, reduction="sum")
        for part in log_probs
    )
    if r_drop:
        first, second = log_probs
        for one, other in ((first, second), (second, first)):
            divergence = functional.kl_div(other, one, log_target=True, reduction="sum")
            loss = loss + r_drop * divergence / 2
    nll = sum(functional.nll_loss(part, targets, reduction="sum") for part in log_probs)
    return loss / len(readouts), nll / len(readouts)


@pytest.mark.parametrize(("passes", "r_drop"), [(1, 0.0), (2, 0.0), (2, 5.0)])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("chunk_values", [1, 80, 1 << 20])
def test_the_fused_loss_is_torchs(passes, r_drop, smoothing, chunk_values, monkeypatch):
    monkeypatch.setattr(loss_module, "CHUNK_VALUES", chunk_values)
    torch.manual_seed(0)
    output = OutputLayer(6, 17)
    readouts = torch.randn(passes, 9, 6, requires_grad=True)
    targets = torch.randint(0, 17, (9,))
    loss = output_loss(readouts, output, targets, smoothing, r_drop)
    (loss.smoothed * 0.5).backward()
    gradients = [readouts.grad, output.weight.grad, output.bias.grad]
    readouts.grad = output.weight.grad = output.bias.grad = None
    expected, nll = torchs_loss(readouts, output, targets, smoothing, r_drop)
    (expected * 0.5).backward()
    torch.testing.assert_close(loss.smoothed, expected)
    for ours, theirs in zip(
        gradients, [readouts.grad, output.weight.grad, output.bias.grad], strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(loss.nll, nll.detach())


def test_r_drop_holds_where_a_probability_vanishes():
    output = OutputLayer(1, 3)
    with torch.no_grad():
        output.bias.zero_()
        output.weight.copy_(torch.tensor([[0.0], [300.0], [-300.0]]))
    readouts = torch.tensor([[[1.0]], [[-1.0]]], requires_grad=True)
    loss = output_loss(readouts, output, torch.tensor([0]), 0.0, 1.0)
    loss.smoothed.backward()
    # All of p is on the second piece, all of q on the third: KL is 600 each way.
    assert loss.smoothed.item() == pytest.approx((300 + 300 + 600) / 2)
    assert readouts.grad.isfinite().all()


@pytest.mark.parametrize("r_drop", [0.0, 5.0])
def test_the_loss_is_the_same_whether_or_not_it_is_learned_from(r_drop):
    torch.manual_seed(0)
    output, readouts = OutputLayer(3, 5), torch.randn(2, 4, 3)
    targets = torch.tensor([0, 4, 2, 2])
    learned = output_loss(readouts, output, targets, 0.1, r_drop)
    assert learned.smoothed.requires_grad
    with torch.no_grad():
        assert output_loss(readouts, output, targets, 0.1, r_drop) == learned
    output.requires_grad_(False)
    assert output_loss(readouts, output, targets, 0.1, r_drop) == learned


def test_no_gradient_is_made_where_none_is_wanted(monkeypatch):
    output, made = OutputLayer(3, 5), []
    monkeypatch.setattr(torch, "mm", lambda *_: made.append(1) or torch.zeros(4, 3))
    for wanted in (True, False):
        with torch.set_grad_enabled(wanted):
            output_loss(torch.zeros(1, 4, 3), output, torch.tensor([0, 4, 2, 2]), 0.1)
    assert len(made) == 1
