"""In step: a hypothesis has a piece for each piece of its source, and ends where that ends."""

import itertools
import math

import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import ScriptedDecoder

from s2s.config import BOS_ID, EOS_ID, FORBIDDEN_IDS, PAD_ID, SearchConfig
from s2s.search.beam import beam_search
from s2s.search.candidates import Constraints

SOURCES = st.lists(
    st.lists(st.integers(4, 9), max_size=5).map(lambda words: (*words, EOS_ID)),
    min_size=1,
    max_size=4,
)
OPTIONS = st.fixed_dictionaries(
    {"beam_size": st.integers(1, 4)},
    optional={
        "length_penalty": st.sampled_from([0.0, 1.0]),
        "length_factor": st.integers(0, 2),
        "length_margin": st.integers(1, 4),
        "max_length": st.integers(1, 4),
        "min_length": st.integers(0, 9),
        "diversity": st.floats(0, 2),
        "temperature": st.floats(0.1, 3),
    },
)


def search(decoder, sources, constraints=None, **options):
    longest = max(map(len, sources))
    src = torch.tensor([[*row, *[PAD_ID] * (longest - len(row))] for row in sources])
    lengths = torch.tensor([len(row) for row in sources])
    return beam_search(decoder, src, lengths, SearchConfig(in_step=True, **options), constraints)


@settings(deadline=None)
@given(st.integers(0, 10**6), SOURCES, OPTIONS)
def test_every_hypothesis_is_as_long_as_its_source_whatever_the_limits(seed, sources, options):
    beams = search(ScriptedDecoder(seed, words=3), sources, **options)
    for row, src in enumerate(sources):
        assert beams.scores[row, 0] > -math.inf
        for tokens, length, score in zip(
            beams.tokens[row].tolist(), beams.lengths[row].tolist(), beams.scores[row], strict=True
        ):
            if score == -math.inf:
                assert not length
                continue
            assert length == len(src)
            assert tokens[length - 1] == EOS_ID
            assert EOS_ID not in tokens[: length - 1]


def worth(decoder, src, words):
    """The log-probability of words, of which the end piece is none."""
    total, history = 0.0, [BOS_ID]
    for word in words:
        logits = decoder.logits(src, history)
        logits[[*FORBIDDEN_IDS, EOS_ID]] = -math.inf
        total += float(logits.double().log_softmax(0)[word])
        history.append(word)
    return total


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 3))
def test_a_wide_beam_finds_the_best_of_that_length(seed, count):
    src, known = (*[7] * count, EOS_ID), ScriptedDecoder(seed, words=2)
    beam = 2**count
    found = search(ScriptedDecoder(seed, words=2, dead=beam), [src], beam_size=beam)
    every = {
        (*words, EOS_ID): worth(known, src, words)
        for words in itertools.product(known.words, repeat=count)
    }
    assert {tuple(tokens) for tokens in found.tokens[0].tolist()} == set(every)
    totals = (found.scores[0] * (5 + len(src)) / 6).tolist()
    assert totals == pytest.approx(sorted(every.values(), reverse=True), abs=1e-4)
    assert found.log_probs[0, :, -1].tolist() == [0.0] * beam


def test_a_given_translation_is_scored_as_without(seed=3):
    src, decoder = (7, 8, 9, EOS_ID), ScriptedDecoder(seed, words=3)
    for given_pieces in ([4, EOS_ID], [4, 5, 6, EOS_ID], [4, 5, 6, 4, 5, EOS_ID]):
        prefix = Constraints(torch.tensor([given_pieces]))
        found = search(decoder, [src], prefix, beam_size=1, length_penalty=0.0)
        assert found.tokens[0, 0].tolist() == given_pieces
        expected = sum(decoder.log_probs(src, given_pieces))
        assert float(found.scores[0, 0]) == pytest.approx(expected, abs=1e-4)


def test_a_prefix_counts_and_a_longer_one_is_written_in_full():
    src, decoder = (7, 8, EOS_ID), ScriptedDecoder(1, words=3)
    begun = search(decoder, [src], Constraints(torch.tensor([[6]])), beam_size=2)
    assert begun.tokens[0, 0, 0] == 6
    assert begun.lengths[0].tolist() == [3, 3]
    longer = search(decoder, [src], Constraints(torch.tensor([[6, 5, 6, 5]])), beam_size=1)
    assert longer.tokens[0, 0].tolist() == [6, 5, 6, 5]


def test_where_no_piece_is_left_the_hypothesis_ends():
    bias = torch.full((7,), -math.inf)
    bias[EOS_ID] = 0.0
    found = search(ScriptedDecoder(1, words=3), [(7, 8, EOS_ID)], Constraints(None, bias))
    assert found.tokens[0, 0].tolist() == [EOS_ID, PAD_ID]
