"""Several networks as one: the mean of their log-probabilities, whatever kinds they are."""

import math

import pytest

torch = pytest.importorskip("torch")

from s2s.config import BOS_ID, EOS_ID, FORBIDDEN_IDS, PAD_ID, ModelConfig, SearchConfig
from s2s.errors import ConfigError
from s2s.model.ensemble import Ensemble
from s2s.model.seq2seq import Seq2Seq
from s2s.search.beam import beam_search

KINDS = (
    {"cell": "lstm", "hidden_size": 16, "attention": "general"},
    {"cell": "gru", "hidden_size": 24, "attention": "multihead", "decoder_layers": 2},
    {"cell": "rnn", "hidden_size": 8, "attention": "mlp", "context": "input_feeding"},
)


def make_member(seed):
    torch.manual_seed(seed)
    sizes = {"src_vocab_size": 30, "tgt_vocab_size": 30, "embedding_size": 8}
    model = Seq2Seq(ModelConfig(**sizes, **KINDS[seed % 3])).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)  # peaked distributions: few near-ties
        model.output.bias[EOS_ID] += 3
    return model


def ragged():
    torch.manual_seed(9)
    lengths = torch.tensor([9, 4, 1, 6])
    return torch.randint(4, 30, (4, 9)) * (torch.arange(9) < lengths[:, None]), lengths


@torch.no_grad()
def spoken(model, src, tokens):
    """The log-probabilities (tgt_len, tgt_vocab) of one network, asked piece by piece."""
    memory, state = model.begin(src, torch.tensor([src.shape[1]]))
    rows = []
    for token in [BOS_ID, *tokens[:-1]]:
        logits, state = model.step(torch.tensor([token]), memory, state)
        logits[:, list(FORBIDDEN_IDS)] = float("-inf")
        rows.append(logits.log_softmax(-1)[0])
    return torch.stack(rows)


@pytest.mark.parametrize("beam", [1, 4])
@pytest.mark.parametrize("seeds", [(0, 1), (0, 1, 2)])
def test_scores_are_the_mean_of_the_members_log_probabilities_normalised(seeds, beam):
    members = [make_member(seed) for seed in seeds]
    src, lengths = ragged()
    config = SearchConfig(beam_size=beam, length_penalty=0.7)
    beams = beam_search(Ensemble(members), src, lengths, config)
    for row, length in enumerate(lengths.tolist()):
        for rank, written in enumerate(beams.lengths[row].tolist()):
            tokens = beams.tokens[row, rank, :written].tolist()
            by_member = [spoken(member, src[row : row + 1, :length], tokens) for member in members]
            total = 0.0
            for position, piece in enumerate(tokens):
                # By hand: probabilities multiplied, their root taken, and divided by their sum.
                product = [
                    math.prod(float(one[position, other].exp()) for one in by_member)
                    ** (1 / len(by_member))
                    for other in range(30)
                ]
                total += math.log(product[piece] / sum(product))
            expected = total / ((5 + written) / 6) ** 0.7
            assert float(beams.scores[row, rank]) == pytest.approx(expected, abs=1e-4)


def test_greedy_search_takes_the_piece_of_the_largest_mean():
    members = [make_member(seed) for seed in (0, 1, 2)]
    src, lengths = ragged()
    beams = beam_search(Ensemble(members), src, lengths, SearchConfig(beam_size=1))
    overruled = 0
    for row, length in enumerate(lengths.tolist()):
        tokens = beams.tokens[row, 0, : int(beams.lengths[row, 0])].tolist()
        by_member = [spoken(member, src[row : row + 1, :length], tokens) for member in members]
        assert torch.stack(by_member).mean(0).argmax(-1).tolist() == tokens
        overruled += sum(one.argmax(-1).tolist() != tokens for one in by_member)
    assert overruled > 3  # members who would have said something else


@pytest.mark.parametrize("beam", [1, 5])
def test_a_network_twice_is_the_network(beam):
    model = make_member(1)
    config = SearchConfig(beam_size=beam)
    one = beam_search(model, *ragged(), config)
    two = beam_search(Ensemble([model, model]), *ragged(), config)
    assert torch.equal(one.tokens, two.tokens)
    assert torch.equal(one.lengths, two.lengths)
    torch.testing.assert_close(one.scores, two.scores, rtol=0, atol=1e-5)


def test_the_order_of_members_changes_nothing_but_rounding():
    members = [make_member(seed) for seed in (0, 1, 2)]
    config = SearchConfig(beam_size=3)
    one = beam_search(Ensemble(members), *ragged(), config)
    other = beam_search(Ensemble(members[::-1]), *ragged(), config)
    assert torch.equal(one.tokens, other.tokens)
    torch.testing.assert_close(one.scores, other.scores, rtol=0, atol=1e-4)


@pytest.mark.parametrize("beam", [1, 3])
def test_a_sentence_does_not_depend_on_its_neighbours(beam):
    ensemble = Ensemble([make_member(0), make_member(1)])
    src, lengths = ragged()
    config = SearchConfig(beam_size=beam, length_margin=5)
    together = beam_search(ensemble, src, lengths, config)
    for row, length in enumerate(lengths.tolist()):
        alone = beam_search(ensemble, src[row : row + 1, :length], lengths[row : row + 1], config)
        width = alone.tokens.shape[2]
        assert torch.equal(alone.tokens[0], together.tokens[row, :, :width])
        assert bool((together.tokens[row, :, width:] == PAD_ID).all())


@torch.no_grad()
def test_the_whole_target_at_once_gives_the_logits_of_the_steps():
    ensemble = Ensemble([make_member(seed) for seed in (0, 1, 2)])
    src, lengths = ragged()
    tgt_in = torch.randint(4, 30, (4, 5))
    tgt_in[:, 0] = BOS_ID
    whole = ensemble(src, lengths, tgt_in)
    memory, state = ensemble.begin(src, lengths)
    for position in range(5):
        logits, state = ensemble.step(tgt_in[:, position], memory, state)
        torch.testing.assert_close(logits, whole[:, position], rtol=1e-4, atol=1e-4)


def test_an_ensemble_has_members():
    with pytest.raises(ConfigError, match="no members"):
        Ensemble([])
