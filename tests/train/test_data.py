import numpy as np
import pytest

pytest.importorskip("torch")

from s2s.config import BOS_ID, EOS_ID, PAD_ID, TokenizerConfig
from s2s.errors import DataError
from s2s.tokenizer import train_tokenizer
from s2s.train.data import SRC_SHARE, make_batch, plan_batches, read_corpus

LIMITS = {"max_pieces": 60, "max_ratio": 4.0}


@pytest.fixture
def tokenizer(corpus_folder):
    sides = [(corpus_folder / f"train.{x}").read_text().splitlines() for x in ("xx", "yy")]
    return train_tokenizer(*sides, TokenizerConfig(vocab_size=80), seed=1)


def read(folder, tokenizer, **options):
    paths = (folder / "train.xx", folder / "train.yy")
    return read_corpus(*paths, tokenizer, **{**LIMITS, **options})


def test_pairs_left_out_are_counted_by_reason(corpus_folder, tokenizer):
    long = "sun " * 90 + "\n"
    (corpus_folder / "train.xx").write_text("sun\n\nsun\nmoon\n" + long + "sun\n")
    (corpus_folder / "train.yy").write_text("nus\nnus\n \nnoom\n" + long + "sun\n")
    counts = read(corpus_folder, tokenizer).counts
    assert (counts.read, counts.kept, counts.blank, counts.too_long) == (6, 3, 2, 1)
    assert counts.copied == 1
    assert "6 pairs read, 3 kept" in str(counts)


def test_wild_ratios_are_left_out(corpus_folder, tokenizer):
    (corpus_folder / "train.xx").write_text("sun\nsun\n")
    (corpus_folder / "train.yy").write_text("nus\n" + "nus " * 40 + "\n")
    counts = read(corpus_folder, tokenizer, max_pieces=1000).counts
    assert (counts.kept, counts.ratio) == (1, 1)


def test_no_pair_left_is_an_error_with_the_counts(corpus_folder, tokenizer):
    (corpus_folder / "train.xx").write_text("\n\n")
    (corpus_folder / "train.yy").write_text("a\nb\n")
    with pytest.raises(DataError, match="no sentence left to use; 2 pairs read, 0 kept"):
        read(corpus_folder, tokenizer)


def test_every_sentence_is_in_one_batch_within_the_budget(corpus_folder, tokenizer):
    corpus = read(corpus_folder, tokenizer)
    plan = plan_batches(corpus, batch_tokens=100, seed=3)
    assert sorted(np.concatenate(plan).tolist()) == list(range(300))
    padding = total = 0
    for rows in plan:
        batch = make_batch(corpus, rows)
        assert batch.tgt_out.numel() <= 100
        assert batch.src.numel() <= SRC_SHARE * 100
        padding += batch.tgt_out.numel() - batch.num_tokens
        total += batch.num_tokens
    assert total == corpus.tgt.ids.size
    assert padding < 0.06 * total  # in random order, half of it would be padding


def test_the_seed_fixes_the_order_of_batches(corpus_folder, tokenizer):
    corpus = read(corpus_folder, tokenizer)
    first, again, other = (plan_batches(corpus, 100, seed) for seed in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=False))


def test_a_batch_is_shifted_by_one_and_padded(corpus_folder, tokenizer):
    corpus = read(corpus_folder, tokenizer)
    batch = make_batch(corpus, np.arange(5))
    for row in range(5):
        length = int((batch.tgt_out[row] != PAD_ID).sum())
        assert batch.tgt_in[row, 0] == BOS_ID
        assert batch.tgt_in[row, 1:length].tolist() == batch.tgt_out[row, : length - 1].tolist()
        assert batch.tgt_out[row, length - 1] == EOS_ID
        assert batch.src[row, batch.src_lengths[row] - 1] == EOS_ID
        assert (batch.src[row, batch.src_lengths[row] :] == PAD_ID).all()


def test_sampling_keeps_the_sentences_and_is_repeatable(corpus_folder, tokenizer):
    plain = read(corpus_folder, tokenizer)
    once, again, other = (
        read(corpus_folder, tokenizer, sampling=0.3, sampling_seed=seed) for seed in (1, 1, 2)
    )
    assert len(once) == len(plain)
    assert np.array_equal(once.src.ids, again.src.ids)
    assert not np.array_equal(once.src.ids, other.src.ids)
    assert once.tgt.ids.size > plain.tgt.ids.size  # merges left out make more pieces
    texts = [
        tokenizer.decode([c.tgt.ids[c.tgt.offsets[9] : c.tgt.offsets[10]]]) for c in (plain, once)
    ]
    assert texts[0] == texts[1]
