"""What holds for every search, over scripted networks; in tiny ones all hypotheses are known.

A wider beam is not better in general: it may keep a hypothesis that leads nowhere, which pushes out
the one that a narrower beam had gone on with. What holds is that a beam with room for all
hypotheses finds the best one there is, so that no narrower beam finds a better one.
"""

import math

import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import ScriptedDecoder

from s2s.config import BOS_ID, EOS_ID, FORBIDDEN_IDS, PAD_ID, SearchConfig
from s2s.search.beam import beam_search
from s2s.search.candidates import Constraints

SRC = (9, 3)
SEEDS = st.integers(0, 10**6)
ALPHAS = st.sampled_from([0.0, 0.6, 1.0, 2.5])
NEAR = 1e-4
"""Of scores, which the search adds up in float32."""


def search(decoder, constraints=None, sources=(SRC,), **options):
    longest = max(map(len, sources))
    src = torch.tensor([[*row, *[PAD_ID] * (longest - len(row))] for row in sources])
    lengths = torch.tensor([len(row) for row in sources])
    return beam_search(decoder, src, lengths, SearchConfig(**options), constraints)


def hypotheses_of(found, row=0):
    """Tokens and score of each, without padding; those that cannot be written are left out."""
    return [
        (tuple(tokens[:length]), score)
        for tokens, length, score in zip(
            found.tokens[row].tolist(),
            found.lengths[row].tolist(),
            found.scores[row].tolist(),
            strict=True,
        )
        if score > -math.inf
    ]


def exhaustive(seed, words, limit):
    """A network and all its hypotheses, and a beam that has room for them."""
    every = list(ScriptedDecoder(seed, words).every_hypothesis(limit))
    return ScriptedDecoder(seed, words, dead=len(every)), every, len(every)


@settings(deadline=None)
@given(SEEDS, st.integers(2, 4), st.integers(1, 12), st.integers(1, 7), ALPHAS)
def test_hypotheses_are_sorted_distinct_and_worth_their_score(seed, words, limit, beam, alpha):
    beam = min(beam, words + 1)
    decoder = ScriptedDecoder(seed, words)
    beams = search(decoder, beam_size=beam, max_length=limit, length_penalty=alpha)
    scores = beams.scores[0].tolist()
    assert scores == sorted(scores, reverse=True)
    hypotheses = hypotheses_of(beams)
    assert len({tokens for tokens, _ in hypotheses}) == len(hypotheses)
    assert len(hypotheses) == beam
    for rank, (tokens, score) in enumerate(hypotheses):
        assert EOS_ID not in tokens[:-1]
        assert tokens[-1] == EOS_ID or len(tokens) == limit
        assert set(tokens) <= {EOS_ID, *decoder.words}
        assert not beams.tokens[0, rank, len(tokens) :].any()
        assert not beams.log_probs[0, rank, len(tokens) :].any()
        log_probs = beams.log_probs[0, rank, : len(tokens)].tolist()
        assert log_probs == pytest.approx(decoder.log_probs(SRC, tokens), abs=NEAR)
        assert score == pytest.approx(decoder.score(SRC, tokens, alpha), abs=NEAR)


@settings(deadline=None)
@given(SEEDS, st.integers(2, 4), st.integers(1, 12))
def test_a_beam_of_one_takes_the_best_piece_each_time(seed, words, limit):
    decoder = ScriptedDecoder(seed, words)
    ((tokens, _),) = hypotheses_of(search(decoder, beam_size=1, max_length=limit))
    greedy = []
    while len(greedy) < limit and EOS_ID not in greedy:
        logits = decoder.logits(SRC, [BOS_ID, *greedy])
        logits[list(FORBIDDEN_IDS)] = -math.inf
        greedy.append(int(logits.argmax()))
    assert tokens == tuple(greedy)


def check_exhaustive(seed, words, limit, alpha):
    decoder, every, beam = exhaustive(seed, words, limit)
    options = {"max_length": limit, "length_penalty": alpha}
    hypotheses = hypotheses_of(search(decoder, beam_size=beam, **options))
    assert {tokens for tokens, _ in hypotheses} == set(every)
    worth = {tokens: decoder.score(SRC, tokens, alpha) for tokens in every}
    best = sorted(worth.values(), reverse=True)
    assert [score for _, score in hypotheses] == pytest.approx(best, abs=NEAR)
    assert [worth[tokens] for tokens, _ in hypotheses] == pytest.approx(best, abs=NEAR)
    for narrow in (1, 2, words, beam // 2):
        for tokens, score in hypotheses_of(search(decoder, beam_size=max(1, narrow), **options)):
            assert tokens in worth
            assert score <= best[0] + NEAR


@settings(deadline=None, max_examples=25)
@given(SEEDS, st.integers(2, 3), st.integers(1, 3), ALPHAS)
def test_a_beam_with_room_for_all_finds_the_best_there_is(seed, words, limit, alpha):
    check_exhaustive(seed, words, limit, alpha)


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(SEEDS, st.integers(2, 4), st.integers(1, 4), ALPHAS)
def test_a_beam_with_room_for_all_finds_the_best_of_longer_ones(seed, words, limit, alpha):
    check_exhaustive(seed, words, limit, alpha)


@settings(deadline=None)
@given(SEEDS, st.integers(2, 4), ALPHAS)
def test_two_steps_need_no_more_beams_than_pieces(seed, words, alpha):
    decoder, beam = ScriptedDecoder(seed, words), words + 1
    beams = search(decoder, beam_size=beam, max_length=2, length_penalty=alpha)
    every = decoder.every_hypothesis(2)
    best = sorted((decoder.score(SRC, tokens, alpha) for tokens in every), reverse=True)
    assert beams.scores[0].tolist() == pytest.approx(best[:beam], abs=NEAR)


class GardenPath(ScriptedDecoder):
    """4 leads to the best hypothesis past an even choice, 5 to nothing past a clear one."""

    def logits(self, src, history):
        table = {  # of the end piece, 4 and 5
            (): (0.1, 0.5, 0.4),
            (4,): (0.33, 0.34, 0.33),
            (5,): (0.04, 0.48, 0.48),
            (4, 4): (0.98, 0.01, 0.01),
        }
        logits = torch.full((self.vocab,), -math.inf)
        logits[EOS_ID:] = torch.tensor(table.get(tuple(history[1:]), (1 / 3, 1 / 3, 1 / 3))).log()
        return logits


def test_a_wider_beam_may_find_less():
    best = [
        hypotheses_of(search(GardenPath(0), beam_size=beam, max_length=3, length_penalty=0.0))[0]
        for beam in (1, 2)
    ]
    assert best[0][0] == (4, 4, EOS_ID)
    assert math.exp(best[0][1]) == pytest.approx(0.5 * 0.34 * 0.98)
    assert math.exp(best[1][1]) == pytest.approx(0.4 * 0.48 / 3)


@settings(deadline=None, max_examples=25)
@given(SEEDS, st.lists(st.floats(0, 5), min_size=2, max_size=4))
def test_a_stronger_penalty_never_shortens_the_best_hypothesis(seed, alphas):
    decoder, _, beam = exhaustive(seed, 2, 4)
    lengths = []
    for alpha in sorted(alphas):
        beams = search(decoder, beam_size=beam, max_length=4, length_penalty=alpha)
        lengths.append(int(beams.lengths[0, 0]))
    assert lengths == sorted(lengths)


OPTIONS = st.fixed_dictionaries(
    {"beam_size": st.integers(1, 4), "length_margin": st.integers(1, 4)},
    optional={
        "length_penalty": ALPHAS,
        "length_factor": st.integers(0, 2),
        "max_length": st.integers(1, 12),
        "in_step": st.booleans(),
        "min_length": st.integers(0, 6),
        "no_repeat": st.integers(1, 3),
        "diversity": st.floats(0, 2),
        "temperature": st.floats(0.1, 3),
        "top_k": st.integers(0, 3),
        "seed": st.integers(0, 9),
    },
)
SENTENCES = st.lists(
    st.tuples(
        st.lists(st.integers(4, 9), max_size=5).map(lambda words: (*words, EOS_ID)),
        st.lists(st.integers(4, 6), max_size=3),
    ),
    min_size=1,
    max_size=4,
)
"""Sources, and how the translation of each begins."""


@settings(deadline=None)
@given(SEEDS, SENTENCES, OPTIONS, st.booleans())
def test_scores_are_sums_of_what_the_pieces_are_worth(seed, sentences, options, begun):
    sources, prefixes = zip(*sentences, strict=True)
    longest = max(map(len, prefixes))
    padded = [[*prefix, *[PAD_ID] * (longest - len(prefix))] for prefix in prefixes]
    prefix = torch.tensor(padded, dtype=torch.int64).view(len(sources), longest)
    beams = search(
        ScriptedDecoder(seed, words=3), Constraints(prefix) if begun else None, sources, **options
    )
    alpha = options.get("length_penalty", SearchConfig().length_penalty)
    for row in range(len(sources)):
        hypotheses = zip(hypotheses_of(beams, row), beams.log_probs[row].tolist(), strict=False)
        for (tokens, score), log_probs in hypotheses:
            worth = sum(log_probs) / ((5 + len(tokens)) / 6) ** alpha
            assert score == pytest.approx(worth, abs=NEAR)


def check_alone(seed, sentences, options, begun):
    decoder = ScriptedDecoder(seed, words=3)
    sources, prefixes = zip(*sentences, strict=True)
    longest = max(map(len, prefixes))
    padded = [[*prefix, *[PAD_ID] * (longest - len(prefix))] for prefix in prefixes]
    prefix = torch.tensor(padded, dtype=torch.int64).view(len(sources), longest)
    all_prefixes = Constraints(prefix) if begun else None
    together = search(decoder, all_prefixes, sources, **options)
    for row, (src, own) in enumerate(sentences):
        own_prefix = (
            Constraints(torch.tensor([own], dtype=torch.int64).view(1, -1)) if begun else None
        )
        alone = search(decoder, own_prefix, [src], **options)
        width = alone.tokens.shape[2]
        assert not any(tensor.isnan().any() for tensor in alone)
        for one, other in zip(alone, together, strict=True):
            assert torch.equal(one[0], other[row][..., :width] if one.dim() == 3 else other[row])
        assert not together.tokens[row, :, width:].any()


@settings(deadline=None, max_examples=60)
@given(SEEDS, SENTENCES, OPTIONS, st.booleans())
def test_a_sentence_does_not_depend_on_its_batch(seed, sentences, options, begun):
    check_alone(seed, sentences, options, begun)


@pytest.mark.slow
@settings(deadline=None, max_examples=2000)
@given(SEEDS, SENTENCES, OPTIONS, st.booleans())
def test_no_sentence_depends_on_its_batch(seed, sentences, options, begun):
    check_alone(seed, sentences, options, begun)
