"""Whatever a search is asked for, alone or together: the graph does as torch does."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from hypothesis import example, given, settings
from hypothesis import strategies as st

from s2s.config import EOS_ID, PAD_ID, UNK_ID, SearchConfig
from s2s.formats.option_inputs import constants
from s2s.search.beam import beam_search
from s2s.search.candidates import Constraints
from s2s_export import build_model
from s2s_export.parity.session import Session

VOCAB = 20
LIMITS = {"length_factor": 1, "length_margin": 4}
"""Constants of the graph."""
OPTIONS = st.fixed_dictionaries(
    {"beam_size": st.integers(1, 6), "max_length": st.integers(1, 12)},
    optional={
        "length_penalty": st.sampled_from([0.0, 0.6, 1.0, 2.5]),
        "length_factor": st.integers(0, 3),
        "length_margin": st.integers(1, 9),
        "in_step": st.booleans(),
        "min_length": st.integers(0, 9),
        "no_repeat": st.integers(1, 5),
        "diversity": st.floats(0, 2, width=32),
        "temperature": st.floats(0.125, 3, width=32),
        "top_k": st.integers(0, VOCAB + 2),
        "seed": st.integers(0, 2**31 - 3),
    },
)
PIECES = st.integers(EOS_ID + 1, VOCAB - 1)
PREFIX = st.tuples(
    st.lists(st.one_of(PIECES, st.sampled_from([PAD_ID, UNK_ID])), max_size=4),
    st.sampled_from([[], [EOS_ID]]),
).map(lambda parts: parts[0] + parts[1])
SOURCE = st.lists(PIECES, max_size=6).map(lambda pieces: [*pieces, EOS_ID])
SENTENCES = st.lists(st.tuples(SOURCE, PREFIX), min_size=1, max_size=5)
"""Sources, and how the translation of each begins."""
BIAS = st.sampled_from([0.0, 0.0, 1.5, -2.0, float("-inf")])


def padded(rows):
    longest = max(1, *map(len, rows))
    return torch.tensor([[*row, *[PAD_ID] * (longest - len(row))] for row in rows])


@pytest.fixture(scope="module")
def pair(make_model, tiny_config):
    model = make_model(tiny_config(src_vocab_size=VOCAB, tgt_vocab_size=VOCAB), seed=1)
    search = SearchConfig(**LIMITS)
    return model, Session(build_model(model, search).SerializeToString(), own=constants(search))


def check_alike(pair, options, sentences, begun, bias):
    model, session = pair
    config = SearchConfig(**LIMITS | options)
    sources, prefixes = zip(*sentences, strict=True)
    src, src_lengths = padded(sources), torch.tensor(list(map(len, sources)))
    prefix = padded(prefixes) if begun else None
    asked = None if prefix is bias is None else Constraints(prefix, bias)
    expected = beam_search(model, src, src_lengths, config, asked)
    beams, attention = session.search_with_details(src, src_lengths, config, asked)
    assert torch.equal(expected.tokens, beams.tokens)
    assert torch.equal(expected.lengths, beams.lengths)
    torch.testing.assert_close(expected.scores, beams.scores, atol=2e-5, rtol=1e-4)
    torch.testing.assert_close(expected.log_probs, beams.log_probs, atol=2e-5, rtol=1e-4)
    torch.testing.assert_close(attention.sum(dim=-1), (beams.tokens > PAD_ID).float())
    plain = session.search(src, src_lengths, config, asked)
    assert torch.equal(plain.tokens, beams.tokens)
    assert torch.equal(plain.lengths, beams.lengths)
    torch.testing.assert_close(plain.scores, beams.scores, atol=2e-5, rtol=1e-4)


BIASES = st.none() | st.lists(BIAS, min_size=VOCAB, max_size=VOCAB).map(torch.tensor)


@settings(deadline=None, max_examples=60)
@given(OPTIONS, SENTENCES, st.booleans(), BIASES)
@example({"beam_size": 2, "max_length": 9}, [([5, EOS_ID], [4, UNK_ID, 6])], True, None)
def test_the_graph_does_as_torch_does_whatever_is_asked(pair, options, sentences, begun, bias):
    check_alike(pair, options, sentences, begun, bias)


@pytest.mark.slow
@settings(deadline=None, max_examples=2000)
@given(OPTIONS, SENTENCES, st.booleans(), BIASES)
def test_there_is_nothing_that_the_graph_does_otherwise(pair, options, sentences, begun, bias):
    check_alike(pair, options, sentences, begun, bias)


@settings(deadline=None, max_examples=10)
@given(PREFIX.filter(any), st.lists(SOURCE, min_size=1, max_size=5), st.integers(1, 3))
def test_one_prefix_is_one_for_all_sentences(pair, prefix, sources, beam):
    _, session = pair
    src, src_lengths = padded(sources), torch.tensor(list(map(len, sources)))
    config, one = SearchConfig(beam_size=beam, max_length=9), padded([prefix])
    expected = session.search(src, src_lengths, config, Constraints(one.repeat(len(src), 1)))
    outputs = session.search(src, src_lengths, config, Constraints(one))
    assert all(torch.equal(*pair) for pair in zip(outputs, expected, strict=True))
