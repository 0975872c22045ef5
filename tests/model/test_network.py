import itertools

import pytest

torch = pytest.importorskip("torch")

from peepholes import with_peepholes

from s2s.config import ModelConfig
from s2s.model import layers as layers_module
from s2s.model.attention import Attention
from s2s.model.encoder import EncoderOutput, reversal_index, reverse_rows
from s2s.model.layers import Dropout, WordEmbedding
from s2s.model.seq2seq import Seq2Seq

VOCAB = 23
CELLS = [("lstm", "tanh"), ("gru", "tanh"), ("rnn", "tanh"), ("rnn", "relu"), ("peephole", "tanh")]
ATTENTIONS = ["dot", "general", "mlp", "multihead"]
CONTEXTS = ["parallel", "input_feeding"]
GRID = list(itertools.product(CELLS, ATTENTIONS, CONTEXTS))


def make_model(cell=("lstm", "tanh"), attention="general", context="parallel", **changes):
    torch.manual_seed(0)
    fields = {
        "src_vocab_size": VOCAB,
        "tgt_vocab_size": VOCAB,
        "embedding_size": 8,
        "hidden_size": 12,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "attention_heads": 3,
        "cell": cell[0],
        "activation": cell[1],
        "attention": attention,
        "context": context,
    }
    return with_peepholes(Seq2Seq(ModelConfig(**{**fields, **changes})).eval())


def make_batch(lengths=(6, 2, 1), tgt_len=5):
    src = torch.randint(4, VOCAB, (len(lengths), max(lengths)))
    for row, length in enumerate(lengths):
        src[row, length:] = 0
    return src, torch.tensor(lengths), torch.randint(4, VOCAB, (len(lengths), tgt_len))


@pytest.mark.parametrize(("cell", "attention", "context"), GRID)
def test_padding_and_neighbours_change_nothing(cell, attention, context):
    model = make_model(cell, attention, context)
    src, lengths, tgt = make_batch()
    together = model(src, lengths, tgt)
    wider = torch.cat([src, torch.full((3, 4), 7)], dim=1)  # whatever stands in the padding
    torch.testing.assert_close(model(wider, lengths, tgt), together, rtol=1e-5, atol=1e-6)
    for row, length in enumerate(lengths.tolist()):
        alone = model(src[row : row + 1, :length], lengths[row : row + 1], tgt[row : row + 1])
        torch.testing.assert_close(alone[0], together[row], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("cell", "attention", "context"), GRID)
def test_step_by_step_equals_the_whole_target_at_once(cell, attention, context):
    model = make_model(cell, attention, context)
    src, lengths, tgt = make_batch()
    at_once = model.output(model(src, lengths, tgt))
    memory, state = model.begin(src, lengths)
    for position in range(tgt.shape[1]):
        logits, state = model.step(tgt[:, position], memory, state)
        torch.testing.assert_close(logits, at_once[:, position], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("cell", "attention", "context"), GRID)
def test_every_weight_gets_a_gradient(cell, attention, context):
    model = make_model(cell, attention, context, tie="none").train()
    src, lengths, tgt = make_batch()
    model.output(model(src, lengths, tgt)).logsumexp(-1).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_attention_sums_to_one_and_is_zero_on_padding(attention):
    config = ModelConfig(hidden_size=12, attention=attention, attention_heads=3)
    module = Attention(config)
    mask = torch.tensor([[True] * 5, [True, True, False, False, False]])
    encoded = EncoderOutput(torch.randn(2, 5, 12) * mask[..., None], mask, torch.randn(2, 12))
    context, weights = module(torch.randn(2, 4, 12), module.prepare(encoded))
    assert context.shape == (2, 4, 12)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 4))
    assert (weights[1, :, 2:] == 0).all()


def test_ties_share_one_table():
    free, target, all_three = (make_model(tie=tie) for tie in ("none", "target", "all"))
    assert free.output.weight is not free.decoder.embedding.table.weight
    assert target.output.weight is target.decoder.embedding.table.weight
    assert target.output.weight is not target.encoder.embedding.table.weight
    assert all_three.output.weight is all_three.encoder.embedding.table.weight
    assert free.num_parameters() == all_three.num_parameters() + 2 * VOCAB * 8


def test_reversal_leaves_padding_in_place_and_is_its_own_inverse():
    index = reversal_index(torch.tensor([3, 1]), 4)
    inputs = torch.arange(8.0).view(2, 4, 1)
    turned = reverse_rows(inputs, index)
    assert turned.flatten().tolist() == [2, 1, 0, 3, 4, 5, 6, 7]
    assert torch.equal(reverse_rows(turned, index), inputs)
    doubled = torch.randn(2, 4, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: reverse_rows(x, index), (doubled,))


@pytest.mark.parametrize("kind", ["plain", "variational"])
def test_dropout_keeps_the_mean_and_drops_its_rate(kind):
    torch.manual_seed(0)
    dropout = Dropout(0.25, kind)
    dropped = dropout(torch.ones(400, 20, 50))
    assert abs((dropped == 0).float().mean() - 0.25) < 0.01
    assert abs(dropped.mean() - 1) < 0.01
    same_over_time = (dropped == dropped[:, :1]).all()
    assert bool(same_over_time) is (kind == "variational")
    assert torch.equal(dropout.eval()(torch.ones(2, 3, 4)), torch.ones(2, 3, 4))


def test_word_dropout_zeroes_whole_words():
    torch.manual_seed(0)
    embedding = WordEmbedding(torch.nn.Embedding(9, 6), 0.0, "plain", 0.5)
    embedded = embedding(torch.full((30, 30), 5))
    zero = (embedded == 0).all(-1)
    assert torch.equal(zero, (embedded == 0).any(-1))
    assert abs(zero.float().mean() - 0.5) < 0.1


def test_forget_gates_start_open():
    layer = make_model().decoder.layers[0]
    assert layer.bias_ih_l0[12:24].tolist() == [1.0] * 12
    assert layer.bias_ih_l0[:12].abs().sum() == 0


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("context", CONTEXTS)
def test_recurrent_dropout_leaves_out_the_same_weights_at_every_step(cell, context, monkeypatch):
    model = make_model(cell, context=context, dropout=0.0, recurrent_dropout=0.5).train()
    drawn = []
    plain = layers_module._dropout_mask

    def draw(like, rate):
        assert rate == 0.5
        mask = plain(like, rate)
        drawn.append((like, mask))
        return mask

    monkeypatch.setattr(layers_module, "_dropout_mask", draw)
    src, lengths, tgt = make_batch()
    readouts = model(src, lengths, tgt)
    recurrent = {n: p for n, p in model.named_parameters() if "weight_hh" in n}
    assert [like.shape for like, _ in drawn] == [p.shape for p in recurrent.values()]
    # The same network without dropout, its weights masked by hand, says the same.
    model.eval()
    with torch.no_grad():
        for like, mask in drawn:
            like.mul_(mask)
    torch.testing.assert_close(model(src, lengths, tgt), readouts)


def test_recurrent_dropout_is_for_training_alone():
    dropping, plain = make_model(recurrent_dropout=0.5), make_model()
    src, lengths, tgt = make_batch()
    assert torch.equal(dropping(src, lengths, tgt), plain(src, lengths, tgt))


@pytest.mark.parametrize("context", CONTEXTS)
def test_variational_dropout_keeps_one_mask_for_all_positions_of_a_sentence(context):
    model = make_model(context=context, dropout=0.5, dropout_kind="variational").train()
    src, lengths, tgt = make_batch(tgt_len=9)
    dropped = model(src, lengths, tgt) == 0
    assert torch.equal(dropped, dropped[:, :1].expand_as(dropped))
    assert not torch.equal(dropped[0], dropped[1])
