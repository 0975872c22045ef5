import itertools
import json
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from peepholes import with_peepholes

from s2s.config import ModelConfig
from s2s.corpus.stream import Batch
from s2s.errors import DataError, TrainingError
from s2s.model.encoder import EncoderOutput
from s2s.model.seq2seq import Seq2Seq
from s2s.train.diagnosis.decay import gradient_decay, plot, table
from s2s.train.diagnosis.unroll import unroll

VOCAB = 17
CELLS = [("lstm", "tanh"), ("gru", "tanh"), ("rnn", "tanh"), ("rnn", "relu"), ("peephole", "tanh")]
GRID = list(itertools.product(CELLS, ["parallel", "input_feeding"]))
ROUTES = ["recurrence alone", "with attention"]


def make_model(cell, context="parallel", **changes):
    torch.manual_seed(0)
    fields = {
        "src_vocab_size": VOCAB,
        "tgt_vocab_size": VOCAB,
        "embedding_size": 6,
        "hidden_size": 10,
        "cell": cell[0],
        "activation": cell[1],
        "context": context,
    }
    return with_peepholes(Seq2Seq(ModelConfig(**{**fields, **changes})))


def make_batch(src_lengths=(7, 4), tgt_lengths=(5, 8), seed=1):
    draw = np.random.default_rng(seed)
    src = draw.integers(4, VOCAB, (len(src_lengths), max(src_lengths)))
    tgt = draw.integers(4, VOCAB, (len(tgt_lengths), max(tgt_lengths)))
    for row, (src_len, tgt_len) in enumerate(zip(src_lengths, tgt_lengths, strict=True)):
        src[row, src_len:], tgt[row, tgt_len:], tgt[row, tgt_len - 1] = 0, 0, 3
    tgt_in = np.concatenate([np.full((len(tgt), 1), 2), tgt[:, :-1]], axis=1)
    return Batch(src, np.array(src_lengths), tgt_in, tgt, sum(tgt_lengths), seed)


def tensors(batch):
    """Source, its lengths, target fed in, target to predict."""
    return [torch.from_numpy(array) for array in batch[:4]]


def find(decay, where, state="hidden", route="recurrence alone"):
    (found,) = (d for d in decay.decays if (d.where, d.state, d.route) == (where, state, route))
    return found


def set_recurrence(layer, gain, bias):
    """A plain cell whose Jacobian is ``gain`` times the identity where it is linear."""
    with torch.no_grad():
        layer.weight_hh_l0.copy_(gain * torch.eye(layer.hidden_size))
        layer.weight_ih_l0.mul_(1e-3)
        layer.bias_ih_l0.fill_(bias)


@pytest.mark.parametrize("context", ["parallel", "input_feeding"])
@pytest.mark.parametrize("gain", [0.5, 1.0, 2.0])
def test_a_linear_recurrence_decays_by_its_gain(context, gain):
    model = make_model(("rnn", "relu"), context)
    layers = [*model.decoder.layers, *model.encoder.forward_layers, *model.encoder.backward_layers]
    for layer in layers:
        set_recurrence(layer, gain, 1.0)  # the bias keeps every relu open
    with torch.no_grad():  # states grow to 2**12: far from where tanh is flat
        model.decoder.bridge.weight.mul_(1e-4)
        model.decoder.readout.weight.mul_(1e-4)
    decay = gradient_decay(model, [make_batch((12, 9), (10, 12))], min_share=0)
    for where in ("decoder layer 1", "encoder layer 1 forward", "encoder layer 1 backward"):
        found = find(decay, where)
        assert len(found.relative) == 12
        # The readout that input feeding hands on is a second, tiny recurrence.
        assert found.relative == pytest.approx([gain**back for back in range(12)], rel=0.1)
        assert found.factor == pytest.approx(gain, rel=0.02)
        word = {0.5: "vanishes: falls to 1 % after 7 steps", 1.0: "keeps", 2.0: "explodes"}[gain]
        assert found.verdict.startswith(word)


def test_a_tanh_near_zero_decays_by_the_norm_of_its_orthogonal_matrix():
    model = make_model(("rnn", "tanh"))
    layer = model.decoder.layers[0]
    with torch.no_grad():
        layer.weight_hh_l0.mul_(0.5)  # starts orthogonal
        layer.weight_ih_l0.mul_(1e-3)
        model.decoder.bridge.weight.mul_(1e-3)
    found = find(gradient_decay(model, [make_batch((3,), (20,))]), "decoder layer 1")
    assert found.factor == pytest.approx(0.5, rel=1e-3)
    assert found.relative[10] == pytest.approx(0.5**10, rel=1e-3)


@pytest.mark.parametrize(("cell", "state"), [("gru", "hidden"), ("lstm", "cell")])
def test_a_gate_held_open_sets_the_factor(cell, state):
    model = make_model((cell, "tanh"))
    layer, size = model.decoder.layers[0], 10
    with torch.no_grad():
        layer.weight_hh_l0.zero_()
        layer.weight_ih_l0.zero_()
        layer.bias_ih_l0[size : 2 * size] = math.log(0.8 / 0.2)  # update gate, forget gate
    decay = gradient_decay(model, [make_batch()], min_share=0)
    found = find(decay, "decoder layer 1", state)
    # The cell's last step is also weighed by its output gate and tanh, which are the same nowhere.
    ratios = [late / early for early, late in itertools.pairwise(found.relative)]
    assert ratios[1:4] == pytest.approx([0.8] * 3)
    if cell == "lstm":
        hidden = find(decay, "decoder layer 1", "hidden")
        assert hidden.relative[1:] == (0,) * 7
        assert hidden.factor is None
        assert hidden.verdict == "vanishes: falls to 1 % after 1 step"


def last_loss(model, tgt_out, readouts):
    return torch.nn.functional.cross_entropy(model.output(readouts[:, -1]), tgt_out[:, -1])


def cut_attention(model, route):
    if route == "recurrence alone":
        model.decoder.attention.register_forward_hook(lambda m, i, out: (out[0].detach(), out[1]))


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(("cell", "context"), GRID)
def test_decoder_gradients_are_those_of_a_run_started_in_the_middle(cell, context, route):
    model, batch = make_model(cell, context).double().eval(), make_batch((6,), (9,))
    decay = gradient_decay(model, [batch])
    cut_attention(model, route)
    src, src_lengths, tgt_in, tgt_out = tensors(batch)
    memory, state = model.begin(src, src_lengths)
    for back in range(8, 0, -1):
        position = 8 - back
        _, state = model.decoder(tgt_in[:, position : position + 1], memory, state)
        hidden = state.hidden.detach().requires_grad_(True)
        cells = None if state.cell is None else state.cell.detach().requires_grad_(True)
        fed = None
        if context == "input_feeding":
            attended = model.decoder.attention(hidden[0][:, None], memory)[0][:, 0]
            fed = model.decoder.readout(torch.cat([hidden[0], attended], dim=-1)).tanh()
        begun = state._replace(hidden=hidden, cell=cells, readout=fed)
        readouts, _ = model.decoder(tgt_in[:, position + 1 :], memory, begun)
        leaves = [hidden] if cells is None else [hidden, cells]
        gradients = torch.autograd.grad(last_loss(model, tgt_out, readouts), leaves)
        found = find(decay, "decoder layer 1", route=route)
        assert found.at_end * found.relative[back] == pytest.approx(float(gradients[0].norm()))
        if cells is not None:
            found = find(decay, "decoder layer 1", "cell", route)
            gate = hidden / cells.tanh()  # h = o tanh(c)
            slope = gate * (1 - cells.tanh() ** 2)
            if cell[0] == "peephole":  # o sees c
                peephole = model.decoder.layers[0].weight_ch_l0[2]
                slope = slope + hidden * (1 - gate) * peephole
            whole = (gradients[1] + gradients[0] * slope).norm()
            assert found.at_end * found.relative[back] == pytest.approx(float(whole.detach()))
        state = state._replace(hidden=hidden, cell=cells, readout=fed)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("side", ["forward", "backward"])
@pytest.mark.parametrize(
    "cell", [cell for cell in CELLS if not ModelConfig(cell=cell[0]).has_cell_state]
)
def test_encoder_gradients_are_those_of_a_reader_started_in_the_middle(cell, side, route):
    model, batch = make_model(cell).double().eval(), make_batch((7,), (4,))
    found = find(gradient_decay(model, [batch]), f"encoder layer 1 {side}", route=route)
    cut_attention(model, route)
    encoder = model.encoder
    src, _, tgt_in, tgt_out = tensors(batch)
    embedded = encoder.embedding(src)
    readers = {"forward": encoder.forward_layers[0], "backward": encoder.backward_layers[0]}
    texts = {"forward": embedded, "backward": embedded.flip(1)}
    for back in range(7):
        outputs = {name: readers[name](texts[name])[0] for name in readers}
        start = 6 - back
        leaf = outputs[side][:, start].detach().requires_grad_(True)
        parts = [outputs[side][:, :start].detach(), leaf[:, None]]
        if back:
            parts.append(readers[side](texts[side][:, start + 1 :], leaf[None])[0])
        outputs[side] = torch.cat(parts, dim=1)
        summary = torch.cat([outputs["forward"][:, -1], outputs["backward"][:, -1]], dim=-1)
        memory = torch.cat([outputs["forward"], outputs["backward"].flip(1)], dim=-1)
        encoded = EncoderOutput(memory, torch.ones(1, 7, dtype=torch.bool), summary)
        readouts, _ = model.decoder(
            tgt_in, model.decoder.attention.prepare(encoded), model.decoder.begin(encoded)
        )
        (gradient,) = torch.autograd.grad(last_loss(model, tgt_out, readouts), leaf)
        assert found.at_end * found.relative[back] == pytest.approx(float(gradient.norm()))


@pytest.mark.parametrize(("cell", "context"), GRID)
def test_the_unrolled_copy_computes_what_the_model_computes(cell, context):
    model, batch = make_model(cell, context, encoder_layers=2, decoder_layers=2), make_batch()
    clone, layers = unroll(model)
    inputs = tensors(batch)[:3]
    torch.testing.assert_close(clone(*inputs), model.eval().double()(*inputs))
    assert len(layers) == 6
    for name, layer in layers.items():
        assert len(layer.hidden) == (8 if "decoder" in name else 7)


@pytest.mark.parametrize(("cell", "context"), GRID)
def test_padding_changes_no_figure(cell, context):
    model = make_model(cell, context, encoder_layers=2, decoder_layers=2)
    together = make_batch((7, 4, 5), (5, 8, 6))
    alone = [
        Batch(
            together.src[row : row + 1, :src_len],
            together.src_lengths[row : row + 1],
            together.tgt_in[row : row + 1, :tgt_len],
            together.tgt_out[row : row + 1, :tgt_len],
            tgt_len,
            row,
        )
        for row, (src_len, tgt_len) in enumerate([(7, 5), (4, 8), (5, 6)])
    ]
    left, right = gradient_decay(model, [together]), gradient_decay(model, alone)
    assert len(left.decays) == 2 * 6 * (2 if model.config.has_cell_state else 1)
    assert left.num_sentences == right.num_sentences == 3
    for one, other in zip(left.decays, right.decays, strict=True):
        lengths = (5, 8, 6) if "decoder" in one.where else (7, 4, 5)
        expected = tuple(sum(length > back for length in lengths) for back in range(max(lengths)))
        assert one.sentences == other.sentences == expected
        assert one.at_end == pytest.approx(other.at_end)
        assert one.relative == pytest.approx(other.relative)


def test_attention_leads_around_a_recurrence_that_forgets():
    model = make_model(("rnn", "tanh"))
    with torch.no_grad():
        model.encoder.forward_layers[0].weight_hh_l0.mul_(0.2)
    decay = gradient_decay(model, [make_batch((15,), (5,))])
    alone, around = (find(decay, "encoder layer 1 forward", route=route) for route in ROUTES)
    assert alone.relative[-1] < 1e-6
    assert around.relative[-1] > 1e-2


def test_the_model_is_left_as_it_was():
    model, batch = make_model(CELLS[0], dropout=0.5).train(), make_batch()
    model.output(model(*tensors(batch)[:3])).logsumexp(-1).sum().backward()
    before = [(p.clone(), p.grad.clone()) for p in model.parameters()]
    random = torch.get_rng_state()
    with torch.no_grad():
        first = gradient_decay(model, [batch])
    assert first == gradient_decay(model, [batch])
    assert torch.equal(torch.get_rng_state(), random)
    assert all(module.training for module in model.modules())
    for parameter, (value, gradient) in zip(model.parameters(), before, strict=True):
        assert torch.equal(parameter, value)
        assert torch.equal(parameter.grad, gradient)
        assert parameter.dtype == torch.float32


def test_figures_are_plain_values():
    decay = gradient_decay(make_model(CELLS[0]), [make_batch()])
    found = json.loads(json.dumps(decay.to_dict(), allow_nan=False))
    assert found["num_sentences"] == 2
    assert found["decays"][0]["relative"] == list(decay.decays[0].relative)
    assert found["decays"][0]["verdict"] == decay.decays[0].verdict


def test_what_cannot_be_measured_is_an_error():
    model = make_model(CELLS[0])
    with pytest.raises(DataError, match="no batch"):
        gradient_decay(model, [])
    model.output.bias.data[5] = float("nan")
    with pytest.raises(TrainingError, match="nan"):
        gradient_decay(model, [make_batch()])


def test_table_and_plot_show_every_decay():
    decay = gradient_decay(make_model(CELLS[0]), [make_batch((40,), (50,))])
    lines = table(decay).splitlines()
    assert lines[1].split() == ["at", "end", "0", "1", "2", "4", "8", "16", "32", "a", "step"]
    assert len(lines) == 2 + len(decay.decays)
    shown = plot(decay, width=30)
    for curve in decay.decays:
        assert f"{curve.where}, {curve.state}, {curve.route}: {curve.verdict}" in shown
    bars = [line.split("|")[1] for line in shown.splitlines() if "|" in line]
    assert max(map(len, bars)) == 25  # every second of 50
    assert set("".join(bars)) <= set(" ▁▂▃▄▅▆▇█")
