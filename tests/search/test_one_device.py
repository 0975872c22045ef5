"""What happens in a search on a GPU, as far as a machine without one can show it."""

from typing import get_args

import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings
from hypothesis import strategies as st
from one_device import DEVICE, OneDevice
from tiny_updates import make_updater

from s2s.config import Cell, ContextKind, SearchConfig
from s2s.model.alignment import read_attention
from s2s.search import beam
from s2s.search.beam import ASK_EVERY, beam_search
from s2s.search.candidates import Constraints, _top_without_asking, stable_top

SRC, LENGTHS = torch.tensor([[4, 5, 6, 3], [7, 3, 0, 0]]), torch.tensor([4, 2])


def network(**model):
    return make_updater(model).model


class EndOfSearchError(Exception):
    """Nothing on the device has a value, so a search cannot end as usual."""


@pytest.mark.parametrize(
    "options",
    [{}, {"no_repeat": 2, "min_length": 2}, {"diversity": 0.5}, {"in_step": True}],
    ids=str,
)
@pytest.mark.parametrize("context", get_args(ContextKind))
@pytest.mark.parametrize("cell", get_args(Cell))
def test_a_search_stays_on_one_device_and_waits_every_few_steps(
    cell, context, options, monkeypatch
):
    model = network(cell=cell, context=context).to(DEVICE)
    step, steps, asked_after = model.step, [], []

    def all_finished(_):
        asked_after.append(len(steps))
        if len(asked_after) == 3:
            raise EndOfSearchError
        return False

    monkeypatch.setattr(model, "step", lambda *args: steps.append(1) or step(*args))
    monkeypatch.setattr(beam, "all_finished", all_finished)
    prefix, bias = torch.tensor([[5], [0]], device=DEVICE), torch.zeros(9, device=DEVICE)
    for constraints in (None, Constraints(prefix, bias)):
        steps.clear()
        asked_after.clear()
        with OneDevice(), pytest.raises(EndOfSearchError):
            beam_search(
                model, SRC.to(DEVICE), LENGTHS.to(DEVICE), SearchConfig(**options), constraints
            )
        assert asked_after == [0, ASK_EVERY, 2 * ASK_EVERY]


@pytest.mark.parametrize("cell", get_args(Cell))
def test_attention_stays_on_one_device(cell):
    model = network(cell=cell).to(DEVICE)
    with OneDevice():
        read_attention(model, SRC.to(DEVICE), LENGTHS.to(DEVICE), SRC.to(DEVICE))


@pytest.mark.parametrize("options", [{}, {"beam_size": 1}, {"no_repeat": 2}, {"temperature": 1.0}])
def test_a_search_that_asks_now_and_then_finds_the_same(options, monkeypatch):
    model, config = network(), SearchConfig(**options)
    expected = beam_search(model, SRC, LENGTHS, config)
    monkeypatch.setattr(beam, "_is_time_to_ask", lambda step, device: step % ASK_EVERY == 0)
    late = beam_search(model, SRC, LENGTHS, config)
    written = expected.tokens.shape[2]
    assert late.tokens.shape[2] % ASK_EVERY == 0
    assert torch.equal(late.tokens[:, :, :written], expected.tokens)
    assert not late.tokens[:, :, written:].any()
    assert torch.equal(late.lengths, expected.lengths)
    assert torch.equal(late.scores, expected.scores)


@settings(deadline=None)
@given(st.lists(st.integers(-2, 2), min_size=1, max_size=30), st.data())
def test_the_best_pieces_are_found_without_asking_for_ties(values, data):
    count = data.draw(st.integers(1, len(values)))
    logits = torch.tensor([values]).float()
    logits[logits == -2] = -torch.inf
    for found, expected in zip(
        _top_without_asking(logits, count), stable_top(logits, count), strict=True
    ):
        assert torch.equal(found, expected)
