import io
from collections import Counter

import numpy as np
import pytest
import sentencepiece

from s2s.config import EOS_ID, UNK_ID, TokenizerConfig
from s2s.corpus.chunks import Chunk, ChunkTokenizer, Resample, make_samplers
from s2s.corpus.sampling import Sampler
from s2s.errors import ConfigError
from s2s.tokenizer.learn import train_tokenizer

ALGORITHMS = ("bpe", "unigram")
ODD = [
    "",
    "sun",
    "Ωsun ΩΩ Ω moonΩ",
    "  sun   moon ",
    "Ⅳ ﬁre",
    "</s> <unk> <2de> ▁",
    "x" * 70,
    "日本語 sun",
]


@pytest.fixture(scope="module")
def tokenizers(pairs):
    texts = [text for pair in pairs for text in pair]
    return {
        algorithm: train_tokenizer(
            texts, [], TokenizerConfig(vocab_size=150, algorithm=algorithm), 1, ["<2de>"]
        )
        for algorithm in ALGORITHMS
    }


def encode(tokenizer, texts, sampling, seed=1):
    return _ids(Sampler(tokenizer.src_model), texts, sampling, seed)


def test_bpe_that_leaves_no_merge_out_is_sentencepieces(tokenizers, pairs):
    tokenizer, texts = tokenizers["bpe"], [*ODD, *(src for src, _ in pairs[:300])]
    assert encode(tokenizer, texts, 0.0) == tokenizer.encode_src(texts)
    src, tgt = make_samplers(tokenizer)
    assert _ids(src, texts) == tokenizer.encode_src(texts)
    assert _ids(tgt, texts) == tokenizer.encode_tgt(texts) != tokenizer.encode_src(texts)


def _ids(sampler, texts, sampling=0.0, seed=1):
    random = np.random.default_rng(seed)
    found = sampler.encode(texts, sampling, random, [None] * len(texts))
    return [found.ids[found.offsets[i] : found.offsets[i + 1]].tolist() for i in range(len(texts))]


def test_bpe_that_leaves_all_merges_out_is_characters(tokenizers):
    (ids,) = encode(tokenizers["bpe"], ["sun moon"], 1.0)
    assert tokenizers["bpe"].tgt_pieces(ids[:-1]) == list("▁sun▁moon")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_other_pieces_are_the_same_text(tokenizers, pairs, algorithm):
    tokenizer, texts = tokenizers[algorithm], [src for src, _ in pairs[:200]]
    found = encode(tokenizer, texts, 0.3)
    assert tokenizer.decode(found) == texts
    assert all(ids[-1] == EOS_ID and EOS_ID not in ids[:-1] for ids in found)
    assert found == encode(tokenizer, texts, 0.3)
    assert found != encode(tokenizer, texts, 0.3, seed=2)
    pieces = sum(map(len, found))
    assert pieces > 1.05 * sum(map(len, tokenizer.encode_tgt(texts)))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_cuts_are_as_likely_as_in_sentencepiece(tokenizers, algorithm):
    tokenizer, count = tokenizers[algorithm], 4000
    ours = Counter(map(tuple, encode(tokenizer, ["snowbird"] * count, 0.2)))
    plain = sentencepiece.SentencePieceProcessor(model_proto=tokenizer.src_model)
    options = {"enable_sampling": True, "alpha": 0.2, "nbest_size": -1}
    theirs = Counter((*plain.encode("snowbird", **options), EOS_ID) for _ in range(count))
    assert len(ours) > 1
    # Half the sum of differences; of two samples of 4,000 it comes to 0.03 by chance.
    assert sum(abs(ours[cut] - theirs[cut]) for cut in ours | theirs) / count / 2 < 0.08


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_run_of_unknown_characters_is_one_unknown_piece(tokenizers, algorithm):
    for ids in encode(tokenizers[algorithm], ["ΩΨΩΨ"] * 20, 0.5):
        assert ids.count(UNK_ID) == 1


def test_pieces_over_the_beginning_of_words_are_merged_too(pairs):
    model = io.BytesIO()
    texts = ["to be or not to be", "not to be"] * 50
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model,
        vocab_size=40,
        hard_vocab_limit=False,
        model_type="bpe",
        split_by_whitespace=False,
        pad_id=0,
        unk_id=1,
        bos_id=2,
        eos_id=3,
        minloglevel=2,
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    assert any("▁" in piece[1:] for piece in processor.encode(texts[0], out_type=str))
    found = Sampler(model.getvalue()).encode(texts[:1], 0.0, np.random.default_rng(1), [None])
    assert found.ids[:-1].tolist() == processor.encode(texts[0])


def test_user_defined_symbols_are_an_error():
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["to be or not to be"] * 9),
        model_writer=model,
        vocab_size=30,
        hard_vocab_limit=False,
        model_type="bpe",
        user_defined_symbols=["<sep>"],
        minloglevel=2,
    )
    with pytest.raises(ConfigError, match="'<sep>' is a user-defined symbol"):
        Sampler(model.getvalue())


def test_a_tag_stays_whole_and_first(tokenizers):
    tokenizer = tokenizers["bpe"]
    chunk = Chunk(b"<2de> sun moon\nsun", b"nus noom\nnus")
    found = ChunkTokenizer(tokenizer)(chunk, Resample(1.0, 3))
    tag = tokenizer.encode_src(["<2de>"])[0][0]
    plain = ChunkTokenizer(tokenizer)(Chunk(b"sun moon\nsun", chunk.tgt), Resample(1.0, 3))
    assert found.src.ids.tolist() == [tag, *plain.src.ids.tolist()]
    assert (found.src.lengths() - plain.src.lengths()).tolist() == [1, 0]
