"""A vocabulary of a few pieces: no beam is wider than it."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from s2s.config import SearchConfig
from s2s.model.ensemble import Ensemble
from s2s.search.beam import beam_search
from s2s_export import build_model
from s2s_export.parity import check_parity
from s2s_export.parity.session import Session


@pytest.mark.parametrize("pieces", [5, 6, 7])
def test_every_beam_searches_as_the_widest_one_that_the_vocabulary_allows(
    make_model, tiny_config, pieces
):
    model = make_model(tiny_config(tgt_vocab_size=pieces), seed=pieces)
    serialized = build_model(model, SearchConfig()).SerializeToString()
    session = Session(serialized)
    src, lengths = torch.tensor([[7, 9, 3], [8, 3, 0]]), torch.tensor([3, 2])
    widest = beam_search(model, src, lengths, SearchConfig(beam_size=pieces - 3))
    for beam in (pieces - 3, pieces - 2, 5, 1000):
        config = SearchConfig(beam_size=beam)
        found = session.search(src, lengths, config)
        assert torch.equal(found.tokens, widest.tokens)
        assert found.scores.shape == (2, pieces - 3)
        assert torch.equal(beam_search(model, src, lengths, config).tokens, widest.tokens)
    assert check_parity(model, serialized, SearchConfig(), "fp32").sentences


def test_an_ensemble_and_an_int8_file_have_the_same_limit(make_model, tiny_config):
    models = [make_model(tiny_config(tgt_vocab_size=6), seed) for seed in (1, 2)]
    src, lengths = torch.tensor([[7, 9, 3]]), torch.tensor([3])
    together = Session(build_model(models, SearchConfig()).SerializeToString())
    found = together.search(src, lengths, SearchConfig(beam_size=9))
    expected = beam_search(Ensemble(models), src, lengths, SearchConfig(beam_size=3))
    assert torch.equal(found.tokens, expected.tokens)
    small = Session(build_model(models[0], SearchConfig(), "int8").SerializeToString())
    assert small.search(src, lengths, SearchConfig(beam_size=9)).scores.shape == (1, 3)
