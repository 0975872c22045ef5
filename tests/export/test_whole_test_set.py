"""All of a test set: what torch says, and the same bits alone, in any batch, by any threads."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from paths import SHARED_DATA

from s2s.config import SearchConfig, TokenizerConfig
from s2s.runtime.backend import pad
from s2s.search.beam import beam_search
from s2s.text import clean, read_lines
from s2s.tokenizer.learn import train_tokenizer
from s2s_export import build_model
from s2s_export.parity.pieces import pieces_of
from s2s_export.parity.session import Session

MULTI30K = SHARED_DATA / "multi30k"
KINDS = [{"cell": "lstm"}, {"cell": "gru", "attention": "mlp", "context": "input_feeding"}]


def searched(search, sentences, batches, config):
    """Returns pieces and scores of each sentence's beam, searched in the given batches."""
    found = {}
    for rows in batches:
        src, lengths = map(torch.from_numpy, pad([sentences[row] for row in rows]))
        beams = search(src, lengths, config)
        for line, row in enumerate(rows):
            found[row] = pieces_of(beams, line), beams.scores[line].tolist()
    return [found[row] for row in range(len(sentences))]


@pytest.mark.slow
@pytest.mark.skipif(not MULTI30K.is_dir(), reason=f"{MULTI30K} is not here")
@pytest.mark.parametrize("beam", [1, 5])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["cell"])
def test_all_of_multi30k_is_the_same_alone_and_in_any_batch(make_model, tiny_config, kind, beam):
    lines = [clean(line) for line in read_lines(MULTI30K / "test_2016_flickr.en.gz")]
    tokenizer = train_tokenizer(lines, lines, TokenizerConfig(vocab_size=1000), seed=1)
    sentences = [tuple(ids) for ids in tokenizer.encode_src(lines)]
    assert len(sentences) == 1000
    size = tokenizer.src_vocab_size
    sizes = {"src_vocab_size": size, "tgt_vocab_size": size, "hidden_size": 64}
    model = make_model(tiny_config(**sizes, **kind), seed=2)
    config = SearchConfig(beam_size=beam, max_length=60)

    def cut(order, size):
        return [order[start : start + size] for start in range(0, len(order), size)]

    usual = cut(sorted(range(1000), key=lambda row: len(sentences[row])), 32)
    rng = np.random.default_rng(3)
    ways = [(1, cut(list(range(1000)), 1)), (2, usual)]
    ways += [(threads, cut(rng.permutation(1000).tolist(), 9 * threads)) for threads in (1, 2)]
    of_torch = searched(lambda *args: beam_search(model, *args), sentences, usual, config)
    for precision in ("fp32", "int8"):
        graph = build_model(model, SearchConfig(), precision).SerializeToString()
        sessions = {threads: Session(graph, threads) for threads in (1, 2)}
        expected = searched(sessions[1].search, sentences, usual, config)
        if precision == "fp32":
            assert [pieces for pieces, _ in expected] == [pieces for pieces, _ in of_torch]
        for threads, batches in ways:
            assert searched(sessions[threads].search, sentences, batches, config) == expected
