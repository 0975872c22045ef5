"""Gradients against finite differences, in float64, over padded batches: inputs and all weights."""

import pytest

torch = pytest.importorskip("torch")

from s2s.config import ModelConfig
from s2s.model.attention import Attention
from s2s.model.decoder import Decoder
from s2s.model.encoder import Encoder, EncoderOutput, length_mask
from s2s.model.seq2seq import OutputLayer
from s2s.train import loss as loss_module

CELLS = [("lstm", "tanh"), ("gru", "tanh"), ("rnn", "tanh"), ("rnn", "relu"), ("peephole", "tanh")]
ATTENTIONS = ["dot", "general", "mlp", "multihead"]
CONTEXTS = ["parallel", "input_feeding"]
FAST = [True, pytest.param(False, marks=pytest.mark.slow)]
SIZE = 4
LENGTHS = torch.tensor([3, 1])
MASK = length_mask(LENGTHS, 4)  # both sentences have padding
SRC = torch.tensor([[4, 5, 3, 0], [3, 0, 0, 0]])
TGT_IN = torch.tensor([[2, 5, 4], [2, 0, 0]])


def make_config(cell=("lstm", "tanh"), attention="general", context="parallel", **changes):
    fields = {
        "src_vocab_size": 6,
        "tgt_vocab_size": 6,
        "embedding_size": 3,
        "hidden_size": SIZE,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "cell": cell[0],
        "activation": cell[1],
        "attention": attention,
        "attention_heads": 2,
        "context": context,
        "dropout": 0.0,
    }
    return ModelConfig(**{**fields, **changes})


def drawn(*shape):
    return torch.randn(shape, dtype=torch.float64, requires_grad=True)


def check(module, call, *inputs, fast=False):
    """gradcheck over ``inputs`` and every weight of ``module``, which it moves in place.

    ``fast`` compares one random mean of all derivatives in place of each.
    """
    for parameter in module.double().parameters():
        parameter.data = torch.randn(parameter.shape, dtype=torch.float64) * 0.7
    assert torch.autograd.gradcheck(
        lambda *values: call(*values[: len(inputs)]),
        (*inputs, *module.parameters()),
        fast_mode=fast,
    )


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_attention(attention):
    torch.manual_seed(0)
    module = Attention(make_config(attention=attention))

    def ask(query, memory):
        return module(query, module.prepare(EncoderOutput(memory, MASK, memory[:, 0])))

    check(module, ask, drawn(2, 2, SIZE), drawn(2, 4, SIZE))


@pytest.mark.parametrize("fast", FAST)
@pytest.mark.parametrize("cell", CELLS)
def test_encoder(cell, fast):
    torch.manual_seed(0)
    module = Encoder(make_config(cell), torch.nn.Embedding(6, 3))

    def encode():
        encoded = module(SRC, LENGTHS)
        return encoded.memory, encoded.summary

    check(module, encode, fast=fast)


@pytest.mark.parametrize("fast", FAST)
@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("cell", CELLS)
def test_decoder(cell, context, attention, fast):
    torch.manual_seed(0)
    module = Decoder(make_config(cell, attention, context), torch.nn.Embedding(6, 3))

    def decode(memory, summary):
        encoded = EncoderOutput(memory * MASK[..., None], MASK, summary)
        asked = module.attention.prepare(encoded)
        readouts, state = module(TGT_IN, asked, module.begin(encoded))
        return readouts, *(tensor for tensor in state if tensor is not None)

    check(module, decode, drawn(2, 4, SIZE), drawn(2, SIZE), fast=fast)


@pytest.mark.parametrize("passes_and_r_drop", [(1, 0.0), (2, 0.0), (2, 5.0)])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("chunk_values", [1, 1 << 20])  # a token at a time, all at once
def test_fused_loss(passes_and_r_drop, smoothing, chunk_values, monkeypatch):
    monkeypatch.setattr(loss_module, "CHUNK_VALUES", chunk_values)
    torch.manual_seed(0)
    (passes, r_drop), output = passes_and_r_drop, OutputLayer(3, 5)
    targets = torch.tensor([0, 4, 2, 2])

    def smoothed(readouts):
        return loss_module.output_loss(readouts, output, targets, smoothing, r_drop).smoothed

    check(output, smoothed, drawn(passes, 4, 3))
