"""What a search may be asked for besides a beam: the graph does as torch does."""

import math

import pytest

torch = pytest.importorskip("torch")
onnxruntime = pytest.importorskip("onnxruntime")

from s2s import Translator
from s2s.config import EOS_ID, PAD_ID, SearchConfig
from s2s.model.alignment import read_attention
from s2s.model.ensemble import Ensemble
from s2s.search.beam import beam_search
from s2s.search.candidates import Constraints
from s2s_export import build_model
from s2s_export.parity.session import Session

VOCAB = 40
SRC_LENGTHS = torch.tensor([9, 3, 5, 9, 1])
PREFIX = torch.tensor([[7, 8, 0], [0, 0, 0], [9, 9, 9], [EOS_ID, 0, 0], [0, 0, 0]])
BIAS = torch.zeros(VOCAB).index_fill(0, torch.arange(10, 20), float("-inf"))
FEW = torch.zeros(VOCAB).index_fill(0, torch.arange(EOS_ID + 6, VOCAB), float("-inf"))
CASES = {
    "nothing": ({}, None),
    "least length": ({"min_length": 12}, None),
    "limit by the source": ({"length_factor": 1, "length_margin": 1}, None),
    "a wide limit": ({"length_factor": 0, "length_margin": 29}, None),
    "in step": ({"in_step": True, "max_length": 2}, None),
    "in step, greedy, begun": ({"in_step": True, "beam_size": 1}, Constraints(PREFIX)),
    "in step with all": (
        {"in_step": True, "no_repeat": 2, "diversity": 0.3, "min_length": 4},
        Constraints(PREFIX, BIAS),
    ),
    "in step, drawn": ({"in_step": True, "temperature": 1.0}, None),
    "no piece twice": ({"no_repeat": 1}, None),
    "no pair twice": ({"no_repeat": 2}, None),
    "no triple twice, greedy": ({"no_repeat": 3, "beam_size": 1}, None),
    "diverse": ({"diversity": 1.0}, None),
    "drawn": ({"temperature": 1.0, "seed": 5}, None),
    "drawn from five": ({"temperature": 0.7, "top_k": 5, "seed": 6, "beam_size": 1}, None),
    "prefixes": ({}, Constraints(PREFIX)),
    "banned": ({}, Constraints(None, BIAS)),
    "long prefix": ({"max_length": 2, "beam_size": 1}, Constraints(PREFIX)),
    "no piece left": ({"min_length": 12, "no_repeat": 1}, Constraints(None, FEW)),
    "no piece left to draw": (
        {"min_length": 9, "no_repeat": 1, "temperature": 1.0},
        Constraints(None, FEW),
    ),
    "no room for all": ({"max_length": 3, "beam_size": 4}, Constraints(PREFIX)),
    "most": ({"min_length": 5, "no_repeat": 2, "diversity": 0.3}, Constraints(PREFIX, BIAS)),
    "drawn with all": ({"temperature": 1.0, "top_k": 8, "no_repeat": 1}, Constraints(PREFIX, BIAS)),
}


def sources():
    generator = torch.Generator().manual_seed(1)
    src = torch.randint(EOS_ID + 1, VOCAB, (len(SRC_LENGTHS), 9), generator=generator)
    for row, length in enumerate(SRC_LENGTHS):
        src[row, length - 1], src[row, length:] = EOS_ID, PAD_ID
    return src


@pytest.fixture(scope="module")
def pairs(make_model, tiny_config):
    """Networks with their graphs: one for each kind of attention, and an ensemble."""
    kinds = [
        {"attention": "general"},
        {"attention": "multihead", "context": "input_feeding", "cell": "gru"},
        {"attention": "mlp", "decoder_layers": 2},
        {"attention": "dot", "context": "input_feeding", "decoder_layers": 2, "cell": "rnn"},
    ]
    models = [make_model(tiny_config(**kind), seed) for seed, kind in enumerate(kinds)]
    graphs = [Session(build_model(model, SearchConfig()).SerializeToString()) for model in models]
    both = Session(build_model(models[:2], SearchConfig()).SerializeToString())
    return [*zip(models, graphs, strict=True), (Ensemble(models[:2]), both)]


@pytest.mark.parametrize("kind", range(5))
@pytest.mark.parametrize("case", CASES)
def test_the_graph_does_as_torch_does(pairs, case, kind):
    options, constraints = CASES[case]
    config = SearchConfig(**{"max_length": 30, **options})
    model, session = pairs[kind]
    src = sources()
    expected = beam_search(model, src, SRC_LENGTHS, config, constraints)
    beams, attention = session.search_with_details(src, SRC_LENGTHS, config, constraints)
    assert torch.isfinite(beams.scores[:, 0]).all()
    assert torch.equal(expected.tokens, beams.tokens)
    assert torch.equal(expected.lengths, beams.lengths)
    torch.testing.assert_close(expected.scores, beams.scores, atol=2e-5, rtol=1e-4)
    torch.testing.assert_close(expected.log_probs, beams.log_probs, atol=2e-5, rtol=1e-4)
    assert attention.shape == (*beams.tokens.shape, src.shape[1])
    torch.testing.assert_close(attention.sum(dim=-1), (beams.tokens > PAD_ID).float())
    # Without details, finished sentences leave the batch.
    plain = session.search(src, SRC_LENGTHS, config, constraints)
    assert torch.equal(plain.tokens, beams.tokens)
    assert torch.equal(plain.lengths, beams.lengths)
    torch.testing.assert_close(plain.scores, beams.scores, atol=2e-5, rtol=1e-4)


def test_attention_is_that_of_the_network_over_the_hypothesis(pairs):
    src, config = sources(), SearchConfig(beam_size=4, max_length=30)
    for model, session in pairs[:4]:
        beams, attention = session.search_with_details(src, SRC_LENGTHS, config)
        for rank in range(4):
            tokens = beams.tokens[:, rank]
            begun = torch.cat([torch.full_like(tokens[:, :1], 2), tokens[:, :-1]], dim=1)
            expected = read_attention(model, src, SRC_LENGTHS, begun) * (tokens > PAD_ID)[..., None]
            torch.testing.assert_close(attention[:, rank], expected, atol=1e-5, rtol=1e-4)


def test_a_file_as_it_is_has_no_options(pairs, make_model, tiny_config, capfd):
    model = make_model(tiny_config())
    session = onnxruntime.InferenceSession(build_model(model, SearchConfig()).SerializeToString())
    assert len(session.get_inputs()) == 5
    assert [output.name for output in session.get_outputs()] == ["hypotheses", "lengths", "scores"]
    assert not session.get_overridable_initializers()
    assert capfd.readouterr().err == ""  # onnxruntime warns of constants that are inputs


def test_places_in_the_beam_that_nothing_is_left_for_are_empty(make_run):
    translator = Translator(make_run())
    options = {"beam_size": 3, "n_best": 3, "max_length": 4, "details": True}
    (translation,) = translator.translate(["the cat"], prefix="el gato se sento", **options)
    first, *others = translation.hypotheses
    assert first.text == "el gato se sento"
    assert math.isfinite(first.score)
    for other in others:
        assert (other.text, other.pieces, other.score) == ("", (), -math.inf)
        assert (other.details.log_probs, other.details.confidence) == ((-math.inf,), 0.0)


def test_int8_knows_the_options(make_model, tiny_config):
    model = make_model(tiny_config())
    session = Session(build_model(model, SearchConfig(), "int8").SerializeToString())
    config = SearchConfig(beam_size=3, max_length=30, min_length=4, no_repeat=2)
    beams, attention = session.search_with_details(
        sources(), SRC_LENGTHS, config, Constraints(PREFIX, BIAS)
    )
    assert beams.tokens[0, 0, :2].tolist() == [7, 8]
    assert (beams.lengths[[0, 1, 2, 4]] >= 4).all()
    written = beams.tokens[[1, 4]]
    assert not ((written >= 10) & (written < 20)).any()
    assert torch.isfinite(attention).all()
