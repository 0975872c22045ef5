"""Derivatives that are cut inside the cell while a network learns."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from peepholes import with_peepholes
from tiny_runs import MODEL, TRAINING, assert_same_weights, run
from tiny_updates import SENTENCES, make_batch, make_step, make_updater

from s2s.errors import ConfigError
from s2s.model.peephole import PeepholeLSTM
from s2s.train.settings import parse_fields


def gradients(step, context="parallel", scale=None, **changes):
    """Gradients of one update of a peephole network, each multiplied by the tokens of the step."""
    updater = make_updater({"cell": "peephole", "context": context}, clip_norm=None, **changes)
    torch.manual_seed(2)
    with_peepholes(updater.model)
    with torch.no_grad():
        for weight in updater.model.parameters():
            weight.mul_(2)
    if scale is not None:
        updater.scaler = torch.amp.GradScaler("cpu", init_scale=scale)
    updater.update(step, 0.0)
    return [p.grad * step.tokens for p in updater.model.parameters()]


def differ(one, other):
    return any(not torch.allclose(a, b, rtol=1e-3) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("changes", [{}, {"bptt_steps": 2}], ids=str)
@pytest.mark.parametrize("context", ["parallel", "input_feeding"])
def test_the_limit_holds_for_each_sentence_whatever_its_batch(context, changes):
    settings = {"context": context, "clip_gates": 0.05, **changes}
    together = gradients(make_step(make_batch(SENTENCES)), **settings)
    alone = [gradients(make_step(make_batch([sentence])), **settings) for sentence in SENTENCES]
    accumulated = make_step(make_batch(SENTENCES[:1]), make_batch(SENTENCES[1:]))
    for whole, *parts in zip(together, *alone, strict=True):
        torch.testing.assert_close(whole, sum(parts), rtol=1e-4, atol=1e-5)
    for whole, parts in zip(together, gradients(accumulated, **settings), strict=True):
        torch.testing.assert_close(whole, parts, rtol=1e-4, atol=1e-5)
    free = gradients(make_step(make_batch(SENTENCES)), context, **changes)
    assert differ(together, free)


def test_a_limit_that_nothing_reaches_changes_nothing():
    step = make_step(make_batch(SENTENCES))
    for wide, free in zip(gradients(step, clip_gates=1e3), gradients(step), strict=True):
        torch.testing.assert_close(wide, free)


def test_the_limit_grows_with_the_scale_of_the_loss():
    step = make_step(make_batch(SENTENCES))
    plain = gradients(step, clip_gates=0.05)
    for a, b in zip(plain, gradients(step, clip_gates=0.05, scale=1024.0), strict=True):
        torch.testing.assert_close(a, b)
    assert differ(plain, gradients(step, scale=1024.0))


def test_the_limit_holds_at_the_gates_themselves():
    updater = make_updater({"cell": "peephole"}, clip_gates=0.01)
    largest = []

    def watch(layer, inputs, outputs):
        # The bias is added to a gate's input: with one sentence of one step, its gradient is that
        # derivative.
        layer.bias_ih_l0.register_hook(lambda gradient: largest.append(gradient.abs().max()))

    for module in updater.model.modules():
        if isinstance(module, PeepholeLSTM):
            module.register_forward_hook(watch)
    step = make_step(make_batch([[3]]))
    updater.update(step, 0.0)
    assert len(largest) == 3
    assert max(largest).item() == pytest.approx(0.01 / step.tokens)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_other_cells_are_refused_before_anything_is_made(corpus_folder, cell):
    training = replace(TRAINING, clip_gates=1.0)
    with pytest.raises(ConfigError, match=rf"clip_gates.* is 1.0, but cell .* is '{cell}', whose"):
        run(corpus_folder, "run", training=training, model=replace(MODEL, cell=cell))
    assert not (corpus_folder / "run").exists()


def test_the_command_line_sets_it():
    assert parse_fields(["clip_gates=1.5"]) == {"clip_gates": 1.5}


def test_a_run_with_peepholes_is_trained_resumed_and_exported(corpus_folder):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from s2s_export import export_run

    model = replace(MODEL, cell="peephole", recurrent_dropout=0.2)
    training = replace(TRAINING, clip_gates=1.0, bptt_steps=4, decay="constant")
    run(corpus_folder, "whole", model=model, training=training)
    for limit in (5, 12):
        stop = replace(training, max_updates=limit)
        run(corpus_folder, "stopped", model=model, training=stop, resume=limit == 12)
    assert_same_weights(corpus_folder / "whole", corpus_folder / "stopped")
    for precision in ("fp32", "int8"):
        report = export_run(corpus_folder / "whole", corpus_folder / "model.onnx", precision)
        assert report.parity.hypotheses > 0
