"""Random numbers that torch and a graph draw alike."""

import math

import pytest

torch = pytest.importorskip("torch")

from s2s.config import SearchConfig
from s2s.search import draw
from s2s.search.candidates import Constraints, candidates_with_options
from s2s.search.draw import gumbel


def test_noise_is_gumbel_noise():
    noise = gumbel(seed=3, step=5, beam=7, count=20_000).flatten().double()
    assert torch.isfinite(noise).all()
    assert abs(noise.mean() - 0.5772) < 0.01  # Euler's constant
    assert abs(noise.var() - torch.pi**2 / 6) < 0.02
    ordered = (-(-noise).exp()).exp().sort().values  # uniform, if it is
    expected = torch.arange(1, len(noise) + 1) / len(noise)
    assert (ordered - expected).abs().max() < 1.95 / len(noise) ** 0.5  # Kolmogorov, p = 0.001


def test_noise_is_what_its_whole_numbers_say():
    def mix(state, value):
        state = (state + value + 1) % (2**31 - 1)
        for _ in range(3):
            state = (state * (state + 48271) + 12345) % (2**31 - 1)
        return state

    # The last one has a number so small, 102, that half a one more can be seen.
    for seed, step in [(0, 0), (5, 2), (2**31 - 3, 300), (13400, 0)]:
        for place, row in enumerate(gumbel(seed, step, 2, 50).tolist()):
            states = (mix(mix(mix(mix(0, seed), step), place), rank) for rank in range(50))
            expected = [-math.log(-math.log((state + 0.5) / (2**31 - 1))) for state in states]
            assert row == pytest.approx(expected, rel=1e-6)
    last = 2**31 - 2  # a sum that is larger than the prime
    for value in (0, 1, 77, last):
        assert int(draw.mix(torch.tensor(last), torch.tensor(value))) == mix(last, value)


@pytest.mark.parametrize("change", [{"seed": 4}, {"step": 6}, {"beam": 8}], ids=str)
def test_seeds_steps_and_places_draw_on_their_own(change):
    where = {"seed": 3, "step": 5, "beam": 7}
    one = gumbel(**where, count=2000)[:7].flatten()
    two = gumbel(**{**where, **change}, count=2000)[-7:].flatten()
    assert abs(torch.corrcoef(torch.stack([one, two]))[0, 1]) < 0.04
    rows = gumbel(3, 5, 2, 14_000)
    assert abs(torch.corrcoef(rows)[0, 1]) < 0.04


def test_a_seed_draws_the_same_again():
    assert torch.equal(gumbel(1, 2, 3, 4), gumbel(1, 2, 5, 9)[:3, :4])


@pytest.mark.parametrize(("temperature", "top_k"), [(1.0, 0), (0.5, 0), (1.0, 2)])
def test_pieces_are_drawn_as_often_as_they_are_probable(temperature, top_k):
    logits = torch.tensor([float("-inf")] * 3 + [0.0, 1.0, 2.0, -1.0])
    expected = (logits / temperature).softmax(dim=0)
    if top_k:
        expected = torch.where(expected >= expected.sort().values[-top_k], expected, 0.0)
        expected /= expected.sum()
    tokens = torch.full((1, 4000, 1), 2)
    counts = torch.zeros(7)
    for seed in range(5):
        config = SearchConfig(temperature=temperature, top_k=top_k, seed=seed)
        candidates = candidates_with_options(
            logits.repeat(4000, 1), tokens, 3, config, Constraints()
        )
        counts += torch.bincount(candidates.pieces[:, 0], minlength=7)
        log_probs = logits.log_softmax(dim=0)[candidates.pieces[:, 0]]
        torch.testing.assert_close(candidates.log_probs[:, 0], log_probs)
        assert (candidates.log_probs[:, 1:] == float("-inf")).all()
    assert (counts / 20_000 - expected).abs().max() < 0.015


def test_a_single_hypothesis_is_drawn_from_all_pieces():
    logits = torch.tensor([[float("-inf")] * 3 + [0.0] * 5])
    drawn = {
        int(
            candidates_with_options(
                logits,
                torch.full((1, 1, 1), 2),
                1,
                SearchConfig(temperature=1.0, seed=seed),
                Constraints(),
            ).pieces
        )
        for seed in range(100)
    }
    assert drawn == {3, 4, 5, 6, 7}
