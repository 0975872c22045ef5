"""The graph gives the pieces of the torch search: every kind of model, many shapes."""

import itertools
import sys
import time
from typing import NamedTuple

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from s2s.config import EOS_ID, PAD_ID, SearchConfig
from s2s.model.ensemble import Ensemble
from s2s.search.beam import beam_search
from s2s_export import Parity, build_model
from s2s_export.parity.model import compare
from s2s_export.parity.pieces import count_identical, pieces_of
from s2s_export.parity.session import Session

CELLS = (("lstm", "tanh"), ("gru", "tanh"), ("rnn", "tanh"), ("rnn", "relu"), ("peephole", "tanh"))
ATTENTIONS = ("dot", "general", "mlp", "multihead")
CONTEXTS = ("parallel", "input_feeding")
TIES = ("none", "target", "all")
TGT_SIZES = (40, 29)  # beside 40 of the source


def ragged(batch, vocab_size, longest, seed):
    """Returns a padded batch with lengths from 1 to ``longest``, and the lengths."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, longest + 1, (batch,), generator=generator)
    if batch > 1:
        lengths[0], lengths[-1] = longest, 1
    src = torch.randint(EOS_ID + 1, vocab_size, (batch, int(lengths.max())), generator=generator)
    src[torch.arange(src.shape[1]) >= lengths[:, None]] = PAD_ID
    return src, lengths


class Shape(NamedTuple):
    """Size of a search."""

    batch: int
    longest: int
    """Pieces of the longest source."""
    beam: int


def compare_model(model, shapes, parity, length_penalty=1.0):
    """Compares one model, or a list of members, at each ``Shape``.

    Returns the lengths that came out.
    """
    search = SearchConfig(length_penalty=length_penalty, max_length=60)
    session = Session(build_model(model, search).SerializeToString())
    model = Ensemble(model) if isinstance(model, list) else model
    seen = set()
    for number, (batch, longest, beam) in enumerate(shapes):
        src, lengths = ragged(batch, 40, longest, seed=number)
        config = SearchConfig(beam_size=beam, length_penalty=length_penalty, max_length=60)
        outcomes = beam_search(model, src, lengths, config), session.search(src, lengths, config)
        assert outcomes[0].tokens.shape[:2] == outcomes[1].tokens.shape[:2]
        # Where rounding decides, which ``compare`` looks into, lengths may differ as pieces do.
        rows = [n for n in range(batch) if pieces_of(outcomes[0], n) == pieces_of(outcomes[1], n)]
        assert torch.equal(outcomes[0].lengths[rows], outcomes[1].lengths[rows])
        assert len(rows) < batch or outcomes[0].tokens.shape == outcomes[1].tokens.shape
        parity.sentences += batch
        parity.hypotheses += batch * beam
        parity.identical += count_identical(*outcomes)
        compare(model, src, lengths, config, outcomes, parity)
        seen |= set(outcomes[1].lengths.flatten().tolist())
    return seen


@pytest.mark.parametrize(("cell", "activation"), CELLS)
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_the_graph_translates_like_torch(make_model, tiny_config, cell, activation, attention):
    number = CELLS.index((cell, activation)) + 5 * ATTENTIONS.index(attention)
    config = tiny_config(
        cell=cell,
        activation=activation,
        attention=attention,
        context=CONTEXTS[number % 2],
        encoder_layers=1 + number % 3,
        decoder_layers=1 + (number + number // 3) % 3,
        tie=TIES[number % 3],
        tgt_vocab_size=TGT_SIZES[number % 2],
    )
    parity = Parity()
    shapes = [Shape(1, 1, 1), Shape(1, 1, 5), Shape(7, 30, 1), Shape(7, 30, 5), Shape(2, 50, 8)]
    compare_model(make_model(config, number), shapes, parity, length_penalty=0.5 * (number % 3))
    assert parity.identical + 8 * parity.near_ties >= parity.hypotheses
    assert parity.near_ties <= 1


def make_kind(make_model, tiny_config, number):
    """Returns one of 20 models; cells, attentions, contexts, depths, sizes and ties take turns."""
    cell, activation = CELLS[number % 4 if number < 16 else 4]
    config = tiny_config(
        cell=cell,
        activation=activation,
        attention=ATTENTIONS[(number + number // 4) % 4],
        context=CONTEXTS[(number + number // 2) % 2],
        encoder_layers=1 + number % 2,
        decoder_layers=1 + number % 3,
        tie=TIES[number % 3],
        embedding_size=(16, 24)[number // 4 % 2],
        hidden_size=(32, 16, 48)[number % 3],
    )
    return make_model(config, number)


@pytest.mark.parametrize("number", range(6))
def test_the_graph_of_an_ensemble_translates_like_torch(make_model, tiny_config, number):
    numbers = [number, (3 * number + 5) % 16, number + 8][: 2 + number % 2]
    members = [make_kind(make_model, tiny_config, kind) for kind in numbers]
    parity = Parity()
    shapes = [Shape(1, 1, 5), Shape(7, 30, 1), Shape(5, 50, 5)]
    lengths = compare_model(members, shapes, parity, length_penalty=0.5 * (number % 3))
    assert len(lengths) > 3
    assert parity.identical + 8 * parity.near_ties >= parity.hypotheses
    assert parity.near_ties <= 1


@pytest.mark.slow
def test_every_pair_of_kinds_translates_like_torch(make_model, tiny_config, capsys):
    members = [make_kind(make_model, tiny_config, number) for number in range(20)]
    shapes = [Shape(1, 1, 5), Shape(1, 30, 1), Shape(7, 50, 5), Shape(33, 30, 2)]
    parity, start, pairs = Parity(), time.monotonic(), list(itertools.combinations(members, 2))
    for pair in pairs:
        compare_model(list(pair), shapes, parity)
    with capsys.disabled():
        print(  # noqa: T201
            f"\n{len(pairs)} pairs, {parity.sentences} sentences, {parity.hypotheses} hypotheses: "
            f"{parity.identical} identical, {parity.near_ties} sentences decided by rounding, "
            f"largest score difference {parity.largest_difference:.2g}, "
            f"{time.monotonic() - start:.0f} s",
            file=sys.stderr,
        )
    assert parity.near_ties <= parity.sentences // 1000


@pytest.mark.slow
def test_the_whole_grid_translates_like_torch(make_model, tiny_config, capsys):
    shapes = [
        Shape(batch, longest, beam)
        for batch in (1, 2, 7, 33)
        for longest, beam in ((50, 1), (50, 2), (50, 5), (50, 8), (1, 5))
    ]
    parity, lengths, models, ties, start = Parity(), set(), 0, [], time.monotonic()
    for (cell, activation), attention, context, depth in itertools.product(
        CELLS, ATTENTIONS, CONTEXTS, (1, 2, 3)
    ):
        config = tiny_config(
            cell=cell,
            activation=activation,
            attention=attention,
            context=context,
            encoder_layers=depth,
            decoder_layers=depth,
            tie=TIES[models % 3],
            tgt_vocab_size=TGT_SIZES[models % 2],
        )
        before = parity.near_ties
        lengths |= compare_model(make_model(config, models), shapes, parity)
        if parity.near_ties > before:
            ties.append(f"{cell} {activation} {attention} {context} depth {depth}")
        models += 1
    with capsys.disabled():
        print(  # noqa: T201
            f"\n{models} models, {parity.sentences} sentences, {parity.hypotheses} hypotheses of "
            f"{min(lengths)} to {max(lengths)} pieces ({len(lengths)} lengths): "
            f"{parity.identical} identical, {parity.near_ties} sentences decided by rounding "
            f"{ties}, "
            f"largest score difference {parity.largest_difference:.2g}, "
            f"{time.monotonic() - start:.0f} s",
            file=sys.stderr,
        )
    assert parity.near_ties <= parity.sentences // 1000
