import warnings

import pytest

torch = pytest.importorskip("torch")

import numpy as np
from tiny_updates import SENTENCES, losses, make_batch, make_step, make_updater

from s2s.config import EOS_ID, SearchConfig
from s2s.errors import ConfigError, TrainingError
from s2s.search.beam import beam_search
from s2s.train.config import TrainConfig
from s2s.train.precision import check_precision
from s2s.train.teacher_forcing import TeacherForcing, to_device


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn", "peephole"])
@pytest.mark.parametrize("context", ["parallel", "input_feeding"])
def test_one_batch_can_be_learned_by_heart(cell, context):
    sizes = {"src_vocab_size": 20, "tgt_vocab_size": 20, "embedding_size": 16, "hidden_size": 32}
    model = {**sizes, "cell": cell, "context": context, "dropout": 0.0}
    updater = make_updater(model, label_smoothing=0.0)
    torch.manual_seed(3)
    src, tgt = (torch.randint(4, 20, (6, 5)).numpy() for _ in range(2))
    tgt[:, -1] = EOS_ID
    step = make_step(make_batch(src.tolist(), tgt.tolist()))
    for _ in range(150):
        figures = updater.update(step, 1e-2)
    assert losses(figures)[1] < 0.05
    beams = beam_search(
        updater.model, torch.from_numpy(src), torch.full((6,), 5), SearchConfig(beam_size=2)
    )
    assert np.array_equal(beams.tokens[:, 0, :5].numpy(), tgt)


def assert_same(one, other):
    for a, b in zip(one.model.parameters(), other.model.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_accumulated_batches_equal_one_large_batch():
    one, several = make_updater(), make_updater()
    one.update(make_step(make_batch(SENTENCES)), 0.1)
    several.update(make_step(make_batch(SENTENCES[:1]), make_batch(SENTENCES[1:])), 0.1)
    assert_same(one, several)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_gradient_that_is_not_finite_leaves_everything_alone(bad):
    updater = make_updater()
    updater.update(make_step(make_batch(SENTENCES)), 0.1)
    before = [p.detach().clone() for p in updater.model.parameters()]
    moments = [
        {name: value.clone() for name, value in state.items()}
        for state in updater.optimizer.state_dict()["state"].values()
    ]
    handle = updater.model.output.bias.register_hook(lambda gradient: gradient * bad)
    figures = updater.update(make_step(make_batch(SENTENCES)), 0.1)
    handle.remove()
    assert not torch.isfinite(figures.gradient_norm)
    for a, b in zip(before, updater.model.parameters(), strict=True):
        assert torch.equal(a, b.detach())
    for old, new in zip(moments, updater.optimizer.state_dict()["state"].values(), strict=True):
        assert all(torch.equal(old[name], new[name]) for name in old)
    figures = updater.update(make_step(make_batch(SENTENCES)), 0.1)
    assert torch.isfinite(figures.gradient_norm)
    assert not torch.equal(before[0], next(updater.model.parameters()))


def test_gradients_are_clipped_to_the_limit():
    updater = make_updater(clip_norm=0.01)
    updater.update(make_step(make_batch(SENTENCES)), 0.0)
    gradients = [p.grad for p in updater.model.parameters()]
    assert torch.nn.utils.get_total_norm(gradients) <= 0.0101


def test_norms_of_layers_are_those_of_their_weights():
    updater = make_updater(clip_norm=None)
    before = {name: p.detach().clone() for name, p in updater.model.named_parameters()}
    figures = updater.update(make_step(make_batch(SENTENCES)), 0.1, measure=True)
    layers = figures.layers.figures()
    whole = sum(norms["gradient"] ** 2 for norms in layers.values()) ** 0.5
    assert whole == pytest.approx(figures.gradient_norm.item())
    readout = dict(updater.model.decoder.readout.named_parameters())
    change = torch.cat(
        [(before[f"decoder.readout.{name}"] - p).flatten() for name, p in readout.items()]
    )
    assert layers["decoder.readout"]["update"] == pytest.approx(change.norm().item(), rel=1e-5)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn", "peephole"])
@pytest.mark.parametrize("context", ["parallel", "input_feeding"])
def test_bf16_learns_what_fp32_learns(cell, context):
    try:
        check_precision(TrainConfig(max_updates=1, precision="bf16"), cell)
    except ConfigError as error:
        pytest.skip(str(error))
    norms = []
    for precision in ("fp32", "bf16"):
        sizes = {"embedding_size": 8, "hidden_size": 8}
        updater = make_updater({**sizes, "cell": cell, "context": context}, precision=precision)
        norms.append(updater.update(make_step(make_batch(SENTENCES)), 0.1).gradient_norm.item())
    assert norms[1] == pytest.approx(norms[0], rel=0.05)


LOOSE = (
    "RNN module weights are not part of single contiguous chunk of memory. This means they need "
    "to be compacted at every call, possibly greatly increasing memory usage. To compact weights "
    "again call flatten_parameters(). (Triggered internally at cudnn/RNN.cpp:1479.)"
)
"""What torch says on a GPU."""


@pytest.mark.parametrize(("rate", "says"), [(0.0, [LOOSE, "other"]), (0.2, ["other"])])
def test_copies_of_weights_are_expected_if_some_are_dropped_and_told_otherwise(rate, says):
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        make_updater({"recurrent_dropout": rate})
        for message in (LOOSE, "other"):
            warnings.warn(message, stacklevel=1)
    assert [str(each.message) for each in shown] == says


FULL = (
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB."),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
)


def out_of_memory_over(rows, updater, error=FULL[0]):
    """Makes the network fail as a GPU does on batches of more sentences than ``rows``."""
    plain = updater.network.forward
    sizes = []

    def forward(src, *rest):
        sizes.append(len(src))
        if len(src) > rows:
            raise error
        return plain(src, *rest)

    updater.network.forward = forward
    return sizes


def test_another_error_is_not_taken_for_full_memory():
    updater = make_updater()
    out_of_memory_over(2, updater, RuntimeError("CUDA error: device-side assert triggered"))
    with pytest.raises(RuntimeError, match="device-side assert"):
        updater.update(make_step(make_batch(SENTENCES)), 0.1)


@pytest.mark.parametrize("error", FULL, ids=str)
def test_a_batch_that_does_not_fit_is_split_and_counted(error):
    one, split = make_updater(), make_updater()
    sentences = [*SENTENCES, [4, 4, 4, 4, 3], [5, 3]]
    sizes = out_of_memory_over(2, split, error)
    step = make_step(make_batch(SENTENCES[:2]), make_batch(sentences))
    first, second = one.update(step, 0.1), split.update(step, 0.1)
    assert (one.splits, split.splits) == (0, 2)
    # Each failure starts the update over: the gradients of a batch that failed are in doubt.
    assert sizes == [2, 5, 2, 2, 3, 2, 2, 1, 2]
    assert losses(second) == pytest.approx(losses(first), rel=1e-5)
    assert_same(one, split)


def test_a_sentence_that_does_not_fit_ends_with_advice():
    updater = make_updater()
    out_of_memory_over(0, updater)
    with pytest.raises(
        TrainingError,
        match=r"3 source and 3 target pieces does not fit into memory: .*; lower max_pieces",
    ):
        updater.update(make_step(make_batch(SENTENCES)), 0.1)


def gradient_of(steps, cell="gru"):
    updater = make_updater({"cell": cell}, bptt_steps=steps)
    sentence = [[4, 5, 6, 7, 8, 4, 3]]
    figures = updater.update(make_step(make_batch(sentence)), 0.0)
    return losses(figures), [p.grad.clone() for p in updater.model.parameters()]


def test_truncation_changes_the_gradient_and_not_the_loss():
    whole, gradients = gradient_of(None)
    for steps in (7, 50):
        loss, same = gradient_of(steps)
        assert loss == whole
        for a, b in zip(gradients, same, strict=True):
            assert torch.equal(a, b)
    loss, truncated = gradient_of(3)
    assert loss == pytest.approx(whole, rel=1e-6)
    assert any(not torch.allclose(a, b) for a, b in zip(gradients, truncated, strict=True))


@pytest.mark.parametrize("context", ["parallel", "input_feeding"])
def test_no_gradient_passes_the_point_of_truncation(context):
    updater = make_updater({"cell": "lstm", "context": context})
    network = TeacherForcing(updater.model, label_smoothing=0.0, bptt_steps=2)
    seen = []
    plain = updater.model.decoder.forward

    def watch(tgt_in, memory, state):
        seen.append(state.hidden)
        return plain(tgt_in, memory, state)

    updater.model.decoder.forward = watch
    batch = make_batch([[4, 5, 6, 7, 3]])
    network(*to_device(batch, torch.device("cpu"))).smoothed.backward()
    assert len(seen) == 3
    assert seen[0].grad_fn is not None
    assert [state.grad_fn for state in seen[1:]] == [None, None]


def test_r_drop_without_dropout_is_one_pass():
    plain, twice = make_updater({"dropout": 0.0}), make_updater({"dropout": 0.0}, r_drop=5.0)
    step = make_step(make_batch(SENTENCES))
    figures = []
    for updater in (plain, twice):
        updater.model.train()
        figures.append(losses(updater.update(step, 0.1)))
    assert figures[0] == pytest.approx(figures[1])
    assert_same(plain, twice)


def test_r_drop_compares_two_passes_with_other_dropout_while_training_alone():
    updater = make_updater({"dropout": 0.5}, r_drop=5.0, label_smoothing=0.0)
    batch = to_device(make_batch(SENTENCES), torch.device("cpu"))
    smoothed, nll = updater.network(*batch)
    assert smoothed.item() == pytest.approx(nll.item())
    updater.network.train()
    smoothed, nll = updater.network(*batch)
    assert smoothed.item() > nll.item()


def test_dropout_depends_on_the_batch_and_not_on_what_came_before():
    losses_of = []
    for warm in (0, 3):
        updater = make_updater({"dropout": 0.5})
        updater.model.train()
        torch.rand(warm)
        losses_of.append(losses(updater.update(make_step(make_batch(SENTENCES)), 0.0)))
        other = losses(updater.update(make_step(make_batch(SENTENCES, seed=2)), 0.0))
    assert losses_of[0] == losses_of[1] != other
