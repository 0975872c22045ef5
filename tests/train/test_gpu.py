"""What only a GPU can show; `pytest -m gpu` on a machine that has one."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file
from tiny_runs import TRAINING, run
from tiny_updates import SENTENCES, losses, make_batch, make_step, make_updater

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU"),
]

STEP = make_step(make_batch(SENTENCES), make_batch([[4, 5, 6, 7, 3], [4, 3]]))


def gpu_updater(model=None, **changes):
    updater = make_updater({"dropout": 0.0, **(model or {})})
    updater.model.cuda().train()
    from s2s.train import TrainConfig
    from s2s.train.update import Updater

    return Updater(updater.model, TrainConfig(max_updates=1, device="cuda", **changes))


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_an_update_on_a_gpu_is_that_of_the_cpu(precision):
    cpu, gpu = make_updater({"dropout": 0.0}), gpu_updater(precision=precision)
    expected, actual = cpu.update(STEP, 0.1), gpu.update(STEP, 0.1)
    tolerance = 1e-4 if precision == "fp32" else 0.03
    assert losses(actual) == pytest.approx(losses(expected), rel=tolerance)
    assert actual.gradient_norm.item() == pytest.approx(
        expected.gradient_norm.item(), rel=3 * tolerance
    )


def gradients(updater, step):
    """Gradients by name; the weights stay as they are."""
    for _ in range(10):  # the scale of an fp16 loss may be too large at first
        if updater.update(step, 0.0).gradient_norm.isfinite():
            break
    return {name: p.grad.double() for name, p in updater.model.named_parameters()}


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_gradients_of_a_large_batch_are_those_of_fp32(precision, monkeypatch):
    # The loss is a mean over 10,500 tokens: in fp16, gradients so small vanish without a scale.
    sizes = {"src_vocab_size": 1000, "tgt_vocab_size": 1000, "embedding_size": 64}
    model = {**sizes, "hidden_size": 64, "encoder_layers": 2, "decoder_layers": 2}
    draw = np.random.default_rng(1)
    step = make_step(make_batch([[*draw.integers(4, 1000, 14).tolist(), 3] for _ in range(700)]))
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    exact = gradients(gpu_updater(model, precision="fp32", clip_norm=None), step)
    found = gradients(gpu_updater(model, precision=precision, clip_norm=None), step)
    errors = {name: (found[name] - exact[name]).norm() / exact[name].norm() for name in exact}
    # In bf16 on a CPU the largest error is 0.8 %.
    assert not {name: float(error) for name, error in errors.items() if not error < 0.02}


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_an_update_does_not_wait_for_the_gpu(precision):
    updater = gpu_updater(precision=precision)
    updater.update(STEP, 0.1)  # plans and workspaces are made
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        updater.update(STEP, 0.1, measure=True)
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_a_resumed_training_on_a_gpu_goes_on_as_it_would_have(corpus_folder):
    # The mean at the end is one of weights from before the stop and of weights from after it.
    training = replace(TRAINING, device="cuda", decay="constant", precision="fp32", average_last=3)
    run(corpus_folder, "whole", training=training)
    run(corpus_folder, "parts", training=replace(training, max_updates=7))
    run(corpus_folder, "parts", training=training, resume=True)
    whole, parts = (
        load_file(corpus_folder / out / "last.safetensors") for out in ("whole", "parts")
    )
    for name, value in whole.items():
        if not name.startswith("snapshot."):
            torch.testing.assert_close(value, parts[name], rtol=1e-4, atol=1e-5)


def test_a_batch_too_large_for_the_gpu_is_split(monkeypatch):
    updater = gpu_updater()
    whole = losses(updater.update(STEP, 0.0))
    free, _ = torch.cuda.mem_get_info()
    plain = updater.network.forward

    def forward(src, *rest):
        if len(src) > 1:
            torch.empty(2 * free, dtype=torch.uint8, device="cuda")  # really out of memory
        return plain(src, *rest)

    monkeypatch.setattr(updater.network, "forward", forward)
    assert losses(updater.update(STEP, 0.0)) == pytest.approx(whole, rel=1e-4)
    assert updater.splits > 0
