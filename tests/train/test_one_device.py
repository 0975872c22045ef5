"""What happens in an update on a GPU, as far as a machine without one can show it."""

from contextlib import nullcontext
from typing import get_args

import pytest

torch = pytest.importorskip("torch")

from one_device import DEVICE, OneDevice
from tiny_updates import SENTENCES, make_batch, make_step, make_updater

from s2s.config import Cell, ContextKind
from s2s.train import TrainConfig, best, update
from s2s.train.average import MovingAverage
from s2s.train.best import Best
from s2s.train.teacher_forcing import BatchTensors, to_device

STEP = make_step(make_batch(SENTENCES), make_batch([[4, 5, 6, 7, 3], [4, 3]]))


@pytest.fixture(autouse=True)
def batches_on_the_device(monkeypatch):
    def copy(batch, device):
        tensors = to_device(batch, torch.device("cpu"))
        return BatchTensors(*(None if t is None else t.to(device) for t in tensors))

    monkeypatch.setattr(update, "to_device", copy)
    # The device has none.
    monkeypatch.setattr(update.Updater, "_autocast", lambda self: nullcontext())


def updater_on_the_device(model, **changes):
    updater = make_updater(model)
    network = updater.model.to(DEVICE).train()
    on_device = update.Updater(network, TrainConfig(max_updates=1, **changes))
    on_device.optimizer.step = lambda: None  # one fused kernel, which the device does not have
    return on_device


def run_updates(updater, *, measure=True):
    average = MovingAverage(updater.model, 0.99)
    with OneDevice():
        for number in range(2):
            updater.update(STEP, 0.1, measure=measure)
            average.update(updater.model, number + 1)


@pytest.mark.parametrize("context", get_args(ContextKind))
@pytest.mark.parametrize("cell", get_args(Cell))
def test_an_update_stays_on_one_device_and_waits_for_nothing(cell, context):
    run_updates(updater_on_the_device({"cell": cell, "context": context, "dropout": 0.1}))


@pytest.mark.parametrize(
    "model",
    [
        {"attention": "mlp"},
        {"attention": "multihead", "attention_heads": 2},
        {"encoder_layers": 2, "decoder_layers": 2},
        {"dropout": 0.2, "dropout_kind": "variational"},
        {"recurrent_dropout": 0.2},
        {"word_dropout": 0.2},
    ],
    ids=str,
)
def test_an_update_of_each_kind_of_network_stays_on_one_device(model):
    run_updates(updater_on_the_device(model))


@pytest.mark.parametrize(
    "changes",
    [{"r_drop": 5.0}, {"bptt_steps": 2}, {"optimizer": "adamw"}, {"clip_norm": None}],
    ids=str,
)
def test_an_update_of_each_kind_of_training_stays_on_one_device(changes):
    run_updates(updater_on_the_device({"dropout": 0.1}, **changes))


def test_a_mixture_and_a_wait_are_found():
    here, there = torch.ones(3), torch.ones(3, 3, device=DEVICE)
    with OneDevice():
        with pytest.raises(AssertionError, match=r"got tensors of \['cpu', 'meta'\]"):
            there @ here
        with pytest.raises(AssertionError, match="waits"):
            bool(there.any())


class OnGpu:
    """Weights of a network on a GPU."""

    def __init__(self, value):
        self.value = value

    def cpu(self):
        return self.value


def test_the_snapshots_of_a_resumed_training_are_all_on_the_cpu(monkeypatch, tmp_path):
    from_file = [{"weight": torch.tensor([1.0, 2.0])}]
    keeper = Best(
        out=tmp_path,
        validator=None,
        world=None,
        log=None,
        signals=None,
        average_last=3,
        snapshots=from_file,
    )
    on_gpu = {"weight": OnGpu(torch.tensor([3.0, 6.0]))}
    monkeypatch.setattr(best, "copy_weights", lambda model: on_gpu)
    keeper.add_snapshot(None)
    assert keeper.mean()["weight"].tolist() == [2.0, 4.0]
