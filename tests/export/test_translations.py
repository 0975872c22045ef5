"""What a model file's translations promise, in both precisions."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnxruntime = pytest.importorskip("onnxruntime")

from s2s.config import EOS_ID, PAD_ID, SearchConfig
from s2s.search.beam import beam_search
from s2s_export import build_model
from s2s_export.parity.pieces import pieces_of
from s2s_export.parity.session import Session

KINDS = [
    {"cell": "lstm", "attention": "general"},
    {"cell": "gru", "attention": "multihead", "encoder_layers": 2, "decoder_layers": 2},
    {"cell": "rnn", "attention": "mlp", "context": "input_feeding", "tie": "all"},
    {"cell": "rnn", "activation": "relu", "attention": "dot", "tie": "none", "decoder_layers": 2},
    {"cell": "peephole", "attention": "general", "encoder_layers": 2, "decoder_layers": 2},
]


def sentences(vocab_size, lengths, seed=0):
    """Returns a padded batch of random pieces."""
    lengths = torch.tensor(lengths)
    generator = torch.Generator().manual_seed(seed)
    shape = (len(lengths), int(lengths.max()))
    src = torch.randint(EOS_ID + 1, vocab_size, shape, generator=generator)
    src[torch.arange(shape[1]) >= lengths[:, None]] = PAD_ID
    return src, lengths


@pytest.mark.parametrize("precision", ["fp32", "int8"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(map(str, kind.values())))
def test_a_translation_is_the_same_alone_and_in_any_batch(make_model, tiny_config, kind, precision):
    model = make_model(tiny_config(**kind), seed=3)
    session = Session(build_model(model, SearchConfig(), precision).SerializeToString())
    src, lengths = sentences(40, [17, 1, 30, 4, 9, 2, 23, 12, 6])
    for beam in (1, 4):
        config = SearchConfig(beam_size=beam, max_length=40)
        together = session.search(src, lengths, config)
        for row, length in enumerate(lengths.tolist()):
            own = src[row : row + 1, :length], lengths[row : row + 1]
            alone = session.search(*own, config)
            assert pieces_of(alone, 0) == pieces_of(together, row)
            if precision == "int8":
                assert torch.equal(alone.scores[0], together.scores[row])
            np.testing.assert_allclose(alone.scores[0], together.scores[row], atol=2e-5)


@pytest.mark.parametrize("cell", ["lstm", "gru", "peephole"])
def test_sentences_that_leave_the_batch_find_their_places(make_model, tiny_config, cell):
    # They end one by one, at once, and not before their limits, which differ.
    for count, ending in ((33, 0.0), (12, 3.0), (7, -1e9), (4, 50.0), (1, 0.0)):
        model = make_model(tiny_config(cell=cell), seed=7)
        model.output.bias.data[EOS_ID] += ending
        fp32, int8 = (
            Session(build_model(model, SearchConfig(), precision).SerializeToString())
            for precision in ("fp32", "int8")
        )
        lengths = [1 + 7 * row % 29 for row in range(count)]
        src, src_lengths = sentences(40, lengths, seed=count)
        for beam in (1, 2, 5):
            config = SearchConfig(beam_size=beam, max_length=45)
            expected = beam_search(model, src, src_lengths, config)
            beams = fp32.search(src, src_lengths, config)
            assert [pieces_of(beams, row) for row in range(count)] == [
                pieces_of(expected, row) for row in range(count)
            ]
            np.testing.assert_allclose(beams.scores, expected.scores, atol=2e-5)
            plain, (detailed, _) = (
                search(src, src_lengths, config)
                for search in (int8.search, int8.search_with_details)
            )
            assert torch.equal(plain.tokens, detailed.tokens)
            assert torch.equal(plain.scores, detailed.scores)


def test_states_that_grow_on_padding_leave_no_nan(make_model, tiny_config):
    model = make_model(tiny_config(cell="rnn", activation="relu"))
    for weight in (layer.weight_hh_l0 for layer in model.encoder.forward_layers):
        weight.data.fill_(10.0)
    model.encoder.embedding.table.weight.data[PAD_ID] = 1.0
    src, lengths = sentences(40, [1, 60])
    config = SearchConfig(beam_size=2, max_length=5)
    for precision in ("fp32", "int8"):
        session = Session(build_model(model, SearchConfig(), precision).SerializeToString())
        assert torch.isfinite(session.search(src, lengths, config).scores[0]).all()


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_what_padding_holds_changes_nothing(make_model, tiny_config, precision):
    model = make_model(tiny_config(encoder_layers=2), seed=4)
    session = Session(build_model(model, SearchConfig(), precision).SerializeToString())
    src, lengths = sentences(40, [3, 11, 7])
    config = SearchConfig(beam_size=3, max_length=40)
    plain = session.search(src, lengths, config)
    wide = torch.full((3, 19), 5)
    wide[:, :11] = torch.where(torch.arange(11) < lengths[:, None], src, 7)
    padded = session.search(wide, lengths, config)
    for row in range(3):
        assert pieces_of(plain, row) == pieces_of(padded, row)
    np.testing.assert_allclose(plain.scores, padded.scores, atol=2e-5)


def test_the_limits_and_the_penalty_are_inputs(make_model, tiny_config):
    model = make_model(tiny_config(), seed=5)
    model.output.bias.data[EOS_ID] = -1e9  # no sentence ends before its limit
    search = SearchConfig(length_factor=1, length_margin=3)
    session = Session(build_model(model, search).SerializeToString())
    src, lengths = sentences(40, [2, 9])
    short = session.search(src, lengths, SearchConfig(beam_size=2, max_length=7))
    assert short.lengths.tolist() == [[5, 5], [7, 7]]
    assert short.tokens.shape == (2, 2, 7)
    assert short.tokens[0, 0].tolist()[5:] == [PAD_ID, PAD_ID]
    plain = SearchConfig(beam_size=2, max_length=7, length_penalty=0.0)
    totals = session.search(src, lengths, plain).scores
    np.testing.assert_allclose(totals[1] / (12 / 6), short.scores[1], rtol=1e-5)


def test_a_limit_of_no_piece_is_one_of_a_piece(make_model, tiny_config):
    graph = build_model(make_model(tiny_config(), seed=5), SearchConfig()).SerializeToString()
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    src, lengths = sentences(40, [2, 9])
    inputs = {
        "src": src.numpy(),
        "src_lengths": lengths.numpy(),
        "beam_size": np.array(2),
        "length_penalty": np.array(1.0, np.float32),
    }
    one, *others = (
        session.run(None, {**inputs, "max_length": np.array(limit)}) for limit in (1, 0, -9)
    )
    assert one[0].shape == (2, 2, 1)
    for other in others:
        assert all(map(np.array_equal, one, other))


def test_no_translation_holds_a_forbidden_piece(make_model, tiny_config):
    model = make_model(tiny_config(), seed=6)
    model.output.bias.data[:3] = 50.0
    for precision in ("fp32", "int8"):
        session = Session(build_model(model, SearchConfig(), precision).SerializeToString())
        beams = session.search(*sentences(40, [5, 8]), SearchConfig(beam_size=4, max_length=20))
        assert all(min(pieces) >= EOS_ID for row in range(2) for pieces in pieces_of(beams, row))


def test_of_pieces_that_are_equally_probable_the_graph_takes_those_that_torch_takes(
    make_model, tiny_config
):
    model = make_model(tiny_config(tie="none"), seed=8)
    model.output.weight.data[EOS_ID + 1 :] = model.output.weight.data[-1]
    model.output.bias.data[EOS_ID + 1 :] = model.output.bias.data[-1]
    session = Session(build_model(model, SearchConfig()).SerializeToString())
    src, lengths = sentences(40, [5, 8, 1])
    for beam in (1, 3, 8):
        config = SearchConfig(beam_size=beam, max_length=6)
        expected, actual = (
            beam_search(model, src, lengths, config),
            session.search(src, lengths, config),
        )
        assert torch.equal(expected.tokens, actual.tokens)
