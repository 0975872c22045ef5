"""What the check of an export takes for rounding, and what it refuses."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from s2s.config import EOS_ID, SearchConfig
from s2s.errors import ConfigError, ParityError
from s2s.search.beam import beam_search
from s2s_export import Parity, build_model, check_parity
from s2s_export.parity import model as parity_module
from s2s_export.parity.model import compare
from s2s_export.parity.session import Session

SRC, SRC_LENGTHS = torch.tensor([[5, 9, 7, EOS_ID]]), torch.tensor([4])


def found_by(model, bias):
    """What torch finds if the pieces 4 and 5 differ by a bias alone."""
    model.output.weight.data[4] = model.output.weight.data[5]
    model.output.bias.data[[4, 5]] = torch.tensor([bias, 0.0]) + 9
    config = SearchConfig(beam_size=2, max_length=4)
    return config, beam_search(model, SRC, SRC_LENGTHS, config)


def test_hypotheses_that_rounding_turns_around_are_counted(make_model, tiny_config):
    model = make_model(tiny_config(tie="none"))
    _, turned = found_by(model, 1e-6)
    config, expected = found_by(model, -1e-6)
    assert not torch.equal(expected.tokens, turned.tokens)
    parity = Parity()
    compare(model, SRC, SRC_LENGTHS, config, (expected, turned), parity)
    assert parity.near_ties == 1


def test_hypotheses_that_it_cannot_turn_around_are_refused(make_model, tiny_config):
    model = make_model(tiny_config(tie="none"))
    _, turned = found_by(model, 0.01)
    config, expected = found_by(model, -0.01)
    with pytest.raises(ParityError, match="piece 0 is 4 in the graph and 5 in torch"):
        compare(model, SRC, SRC_LENGTHS, config, (expected, turned), Parity())


@pytest.mark.parametrize(
    ("precision", "batch", "added", "message"),
    [
        ("fp32", None, 0.01, r"beam 1: scores differ by 0\.01; expected at most"),
        ("int8", None, float("nan"), "beam 1: a score is not finite"),
        ("int8", 1, 0.5, "beam 1: its best scores alone and in a batch of .* differ by 0.5"),
    ],
)
def test_scores_that_differ_are_refused(
    make_model, tiny_config, monkeypatch, precision, batch, added, message
):
    class Wrong(Session):
        def search(self, src, *args):
            beams = super().search(src, *args)
            moved = batch in (None, len(src))
            return beams._replace(scores=beams.scores + added) if moved else beams

    model = make_model(tiny_config())
    serialized = build_model(model, SearchConfig(), precision).SerializeToString()
    check_parity(model, serialized, SearchConfig(), precision)
    monkeypatch.setattr(parity_module, "Session", Wrong)
    with pytest.raises(ParityError, match=message):
        check_parity(model, serialized, SearchConfig(), precision)


def test_a_vocabulary_of_large_and_small_rows_has_a_scale_for_each(make_model, tiny_config):
    model = make_model(tiny_config(tie="target"))
    table = model.decoder.embedding.table.weight.data
    table[20:] *= 0.01
    table[7] *= 3
    serialized = build_model(model, SearchConfig(), "int8").SerializeToString()
    assert check_parity(model, serialized, SearchConfig(), "int8").sentences > 0


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_a_caller_chooses_batches_and_beams(make_model, tiny_config, precision):
    model, search = make_model(tiny_config()), SearchConfig()
    serialized = build_model(model, search, precision).SerializeToString()
    shapes = {"batches": [(4, 1), (9,)], "beams": (2, 3)}
    parity = check_parity(model, serialized, search, precision, **shapes)
    assert (parity.sentences, parity.hypotheses) == (6, 15)


def test_no_model_is_no_file():
    with pytest.raises(ConfigError, match="no model to export; expected at least one"):
        build_model([], SearchConfig())
