import math

import pytest

torch = pytest.importorskip("torch")

from scripted import ScriptedDecoder

from s2s.config import BOS_ID, EOS_ID, UNK_ID, ModelConfig, SearchConfig
from s2s.model.seq2seq import Seq2Seq
from s2s.search.beam import beam_search, length_penalty
from s2s.search.candidates import Constraints

SRC = (9, 3)


def log_probability(decoder, tokens):
    return sum(decoder.log_probs(SRC, tokens))


def make_model(seed=0):
    torch.manual_seed(seed)
    config = ModelConfig(src_vocab_size=30, tgt_vocab_size=30, embedding_size=8, hidden_size=16)
    model = Seq2Seq(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)  # peaked distributions: few near-ties
        model.output.bias[EOS_ID] += 3
    return model


def test_beam_of_one_is_greedy_search():
    model = make_model()
    src, lengths = torch.tensor([[5, 6, 7, 3]]), torch.tensor([4])
    beams = beam_search(model, src, lengths, SearchConfig(beam_size=1))
    memory, state = model.begin(src, lengths)
    token, greedy = torch.tensor([BOS_ID]), []
    while len(greedy) < beams.lengths[0, 0]:
        logits, state = model.step(token, memory, state)
        logits[:, [0, 1, 2]] = float("-inf")
        token = logits.argmax(-1)
        greedy.append(int(token))
    assert beams.tokens[0, 0].tolist() == greedy


@pytest.mark.parametrize("beam", [1, 3, 5])
def test_a_sentence_does_not_depend_on_its_neighbours(beam):
    model = make_model()
    torch.manual_seed(1)
    lengths = torch.tensor([9, 4, 1, 6])
    src = torch.randint(4, 30, (4, 9)) * (torch.arange(9) < lengths[:, None])
    config = SearchConfig(beam_size=beam, length_margin=5)
    together = beam_search(model, src, lengths, config)
    for row, length in enumerate(lengths.tolist()):
        alone = beam_search(model, src[row : row + 1, :length], lengths[row : row + 1], config)
        width = alone.tokens.shape[2]
        assert torch.equal(alone.tokens[0], together.tokens[row, :, :width])
        assert torch.equal(alone.lengths[0], together.lengths[row])


def test_a_search_keeps_nothing_for_gradients():
    beams = beam_search(
        make_model(), torch.tensor([[5, 3]]), torch.tensor([2]), SearchConfig(beam_size=2)
    )
    assert beams.scores.is_inference()


def test_the_limit_grows_with_the_source_up_to_max_length():
    model = make_model()
    with torch.no_grad():
        model.output.bias[EOS_ID] -= 1000  # never ends by itself
    lengths = torch.tensor([1, 3, 5])
    config = SearchConfig(beam_size=2, length_factor=2, length_margin=3, max_length=11)
    beams = beam_search(model, torch.full((3, 5), 7), lengths, config)
    assert beams.lengths.tolist() == [[5, 5], [9, 9], [11, 11]]


def test_forbidden_pieces_are_never_written():
    model = make_model()
    with torch.no_grad():
        model.output.bias[:3] += 1000
    beams = beam_search(
        model, torch.tensor([[5, 6, 3]]), torch.tensor([3]), SearchConfig(beam_size=4)
    )
    for tokens, length in zip(beams.tokens[0].tolist(), beams.lengths[0].tolist(), strict=True):
        assert min(tokens[:length]) >= EOS_ID


def test_a_beam_is_as_wide_as_the_vocabulary_at_most():
    model, src, lengths = make_model(), torch.tensor([[5, 3]]), torch.tensor([2])
    widest, wider = (beam_search(model, src, lengths, SearchConfig(beam_size=n)) for n in (27, 99))
    assert widest.scores.shape == (1, 27)
    assert all(torch.equal(*pair) for pair in zip(widest, wider, strict=True))


def test_length_penalty_is_equation_14():
    table = {(1, 0.0): 1.0, (1, 1.0): 1.0, (7, 1.0): 2.0, (7, 0.5): 2**0.5, (25, 1.0): 5.0}
    for (length, alpha), expected in table.items():
        assert math.isclose(
            float(length_penalty(torch.tensor(length), alpha)), expected, rel_tol=1e-6
        )


def ngrams(tokens, size):
    return [tuple(tokens[i : i + size]) for i in range(len(tokens) - size + 1)]


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_no_ngram_comes_twice(seed, size):
    decoder = ScriptedDecoder(seed)
    config = SearchConfig(beam_size=3, max_length=12, no_repeat=size, min_length=6)
    beams = beam_search(decoder, torch.tensor([SRC]), torch.tensor([2]), config)
    for rank, length in enumerate(beams.lengths[0].tolist()):
        written = beams.tokens[0, rank, :length].tolist()
        assert len(set(ngrams(written, size))) == len(ngrams(written, size))
    assert math.isfinite(float(beams.scores[0, 0]))


@pytest.mark.parametrize("seed", range(3))
def test_a_prefix_is_written_and_what_follows_is_searched(seed):
    decoder, prefix = ScriptedDecoder(seed), torch.tensor([[4, 5, 4, 4]])
    config = SearchConfig(beam_size=3, max_length=9, length_penalty=0.5)
    source = torch.tensor([SRC]), torch.tensor([2])
    beams = beam_search(decoder, *source, config, Constraints(prefix))
    for rank, length in enumerate(beams.lengths[0].tolist()):
        tokens = beams.tokens[0, rank, :length].tolist()
        assert tokens[:4] == [4, 5, 4, 4]
        total = log_probability(decoder, tokens)
        assert math.isclose(float(beams.log_probs[0, rank].sum()), total, abs_tol=1e-4)
        score = total / ((5 + length) / 6) ** 0.5
        assert math.isclose(float(beams.scores[0, rank]), score, abs_tol=1e-4)
    # A whole translation given as a prefix is scored, whatever the limit.
    tokens = beams.tokens[0, :1, : int(beams.lengths[0, 0])]
    short = SearchConfig(beam_size=1, max_length=2, length_penalty=0.5)
    again = beam_search(decoder, *source, short, Constraints(tokens))
    assert torch.equal(again.tokens[0], tokens)
    assert torch.allclose(again.scores[0, 0], beams.scores[0, 0], atol=1e-5)


def test_a_banned_piece_is_not_written_and_the_others_share_its_part():
    decoder = ScriptedDecoder(0)
    bias = torch.zeros(decoder.vocab)
    bias[4] = float("-inf")
    config = SearchConfig(beam_size=2, max_length=5)
    source = torch.tensor([SRC]), torch.tensor([2])
    beams = beam_search(decoder, *source, config, Constraints(None, bias))
    assert not (beams.tokens == 4).any()
    first = decoder.logits(SRC, [BOS_ID])[[EOS_ID, 5]].log_softmax(dim=0)
    piece = int(beams.tokens[0, 0, 0])
    assert math.isclose(
        float(beams.log_probs[0, 0, 0]), float(first[[3, 5].index(piece)]), abs_tol=1e-5
    )


def test_where_no_piece_may_follow_a_hypothesis_ends():
    decoder = ScriptedDecoder(0)
    config = SearchConfig(beam_size=2, max_length=9, min_length=7, no_repeat=1)
    beams = beam_search(decoder, torch.tensor([SRC]), torch.tensor([2]), config)
    assert beams.lengths.tolist() == [[3, 3]]
    assert sorted(beams.tokens[0].tolist()) == [[4, 5, EOS_ID], [5, 4, EOS_ID]]
    assert torch.equal(beams.log_probs[0, :, 1:], torch.zeros(2, 2))  # what is left is certain


def test_a_translation_is_as_long_as_asked_for():
    for seed in range(5):
        config = SearchConfig(beam_size=2, max_length=9, min_length=7)
        beams = beam_search(ScriptedDecoder(seed), torch.tensor([SRC]), torch.tensor([2]), config)
        assert (beams.lengths >= 7).all()


def test_the_padding_of_a_prefix_does_not_count_as_length():
    prefix = torch.tensor([[4, 5, 0, 0, 0]])
    config = SearchConfig(beam_size=2, max_length=3, min_length=9)
    beams = beam_search(
        ScriptedDecoder(0), torch.tensor([SRC]), torch.tensor([2]), config, Constraints(prefix)
    )
    assert beams.lengths.tolist() == [[3, 3]]


def test_where_a_prefix_leaves_no_room_the_last_hypotheses_are_empty():
    prefix = torch.tensor([[5, EOS_ID]])
    config = SearchConfig(beam_size=3, max_length=9)
    beams = beam_search(
        ScriptedDecoder(0), torch.tensor([SRC]), torch.tensor([2]), config, Constraints(prefix)
    )
    assert beams.tokens.tolist() == [[[5, EOS_ID], [0, 0], [0, 0]]]
    assert beams.lengths.tolist() == [[2, 0, 0]]
    assert beams.scores[0, 1:].tolist() == [-math.inf] * 2
    assert not beams.log_probs[0, 1:].any()


def test_a_prefix_may_hold_what_no_translation_says():
    prefix = torch.tensor([[4, UNK_ID, 5]])
    config = SearchConfig(beam_size=1, max_length=2)  # the prefix is longer
    beams = beam_search(
        ScriptedDecoder(0), torch.tensor([SRC]), torch.tensor([2]), config, Constraints(prefix)
    )
    assert beams.tokens[0, 0, :3].tolist() == [4, UNK_ID, 5]
    assert beams.lengths.tolist() == [[3]]
    assert beams.scores.tolist() == [[-math.inf]]
    assert beams.log_probs[0, 0, 1] == -math.inf
