"""Pairs changed into what people type."""

from contextlib import closing
from itertools import islice

import numpy as np
import pytest

from s2s.config import UNK_ID, TokenizerConfig
from s2s.corpus import AugmentConfig, DataConfig, buffers, pool
from s2s.corpus.augment import augment, change_texts, join_texts
from s2s.corpus.chunks import Chunk, ChunkTokenizer, Resample
from s2s.corpus.shards import open_shards
from s2s.corpus.stream import START, BatchStream, Place
from s2s.errors import ConfigError
from s2s.tokenizer.extend import with_keep
from s2s.tokenizer.keep import STAND_IN
from s2s.tokenizer.learn import train_tokenizer
from s2s.writing.case import is_capitals

ALL = AugmentConfig(upper=0.1, title=0.1, typos=0.1, merge=0.1, noend=0.1)
MOST = 60


@pytest.fixture(scope="module")
def sentences(pairs):
    """1,000 pairs with capitals and end marks, all of them different."""
    return [(f"{src.capitalize()}.", f"{tgt.capitalize()}!") for src, tgt in pairs[:1000]]


@pytest.fixture(scope="module")
def tokenizer(sentences):
    """A vocabulary that knows capitals."""
    both = sentences + [(src.upper(), tgt.upper()) for src, tgt in sentences]
    config = TokenizerConfig(vocab_size=150)
    return train_tokenizer(*zip(*both, strict=True), config, 1, ["<2de>", "<2fr>"])


def change(tokenizer, pairs, shares, *, tags=None, seed=1, most=MOST):
    return augment(tokenizer, pairs, tags or [None] * len(pairs), shares, most, seed)


def changed(tokenizer, pairs, **shares):
    """The pairs after a change, each beside the pair before it."""
    found = change(tokenizer, pairs, AugmentConfig(**shares))
    return [(pairs[row], pair) for row, pair in zip(found.rows, found.pairs, strict=True)]


def test_each_modifier_changes_its_share_of_the_pairs(tokenizer, sentences):
    made = change(tokenizer, sentences, ALL).made
    assert set(made) == {"upper", "title", "typos", "merge", "noend"}
    assert all(60 < count < 130 for count in made.values())
    found = change(tokenizer, sentences, AugmentConfig(typos=1.0))
    assert found.made == {"typos": len(found.rows)}
    assert len(found.rows) > 990  # a sentence of one short word has no letter to spare


def test_capitals_and_title_case_are_on_both_sides(tokenizer, sentences):
    for before, after in changed(tokenizer, sentences, upper=0.5):
        assert after == (before[0].upper(), before[1].upper())
    for before, after in changed(tokenizer, sentences, title=0.5):
        assert after == (before[0].title(), before[1].title())


def test_a_pair_gets_capitals_or_title_case(tokenizer, sentences):
    found = change(tokenizer, sentences, AugmentConfig(upper=0.5, title=0.5))
    assert found.made.total() == len(found.rows)
    assert min(found.made.values()) > 300


def test_typos_and_end_marks_are_the_sources(tokenizer, sentences):
    typed = changed(tokenizer, sentences, typos=0.5)
    assert all(after[0] != before[0] and after[1] == before[1] for before, after in typed)
    for before, after in changed(tokenizer, sentences, noend=0.5):
        assert after == (before[0].removesuffix("."), before[1])


def test_an_end_mark_stays_if_the_target_has_none(tokenizer, sentences):
    pairs = [(src, tgt.removesuffix("!")) for src, tgt in sentences]
    assert changed(tokenizer, pairs, noend=1.0) == []


def test_two_pairs_are_joined_and_the_number_of_pairs_stays(tokenizer, sentences):
    found = change(tokenizer, sentences, AugmentConfig(merge=0.3))
    assert len(set(found.rows)) == len(found.rows) == len(found.pairs)
    for row, pair in zip(found.rows, found.pairs, strict=True):
        (src, tgt), (next_src, next_tgt) = sentences[row : row + 2]
        assert pair == (f"{src} {next_src}", f"{tgt} {next_tgt}")
    last = change(tokenizer, sentences[:1], AugmentConfig(merge=1.0))
    assert last.rows == []


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("Hello.", "Bye.", "Hello. Bye."),
        ("你好。", "再见！", "你好。再见！"),
        ("こんにちは。", "「さようなら」", "こんにちは。「さようなら」"),
        ("你好。", "Bye.", "你好。 Bye."),
        ("สวัสดี", "ลาก่อน", "สวัสดี ลาก่อน"),
        ("...", "!", "... !"),
    ],
)
def test_sentences_are_joined_as_their_script_joins_them(first, second, joined):
    assert join_texts(first, second) == joined


def test_modifiers_combine(tokenizer, sentences):
    shares = AugmentConfig(upper=1.0, merge=1.0, noend=1.0, typos=1.0)
    found = change(tokenizer, sentences, shares, most=1000)
    assert len(found.rows) > 990
    row, (src, tgt) = found.rows[3], found.pairs[3]
    assert src.isupper()
    assert not src.endswith(".")
    assert tgt == f"{sentences[row][1]} {sentences[row + 1][1]}".upper()


def test_what_would_be_too_long_stays(tokenizer, sentences):
    few = 16
    found = change(tokenizer, sentences, AugmentConfig(merge=1.0), most=few)
    assert found.too_long > 100
    assert found.too_long + len(found.rows) == len(sentences) - 1
    assert max(len(ids) - 1 for ids in found.src + found.tgt) == few
    tags = ["<2de>"] * len(sentences)
    tagged = change(tokenizer, sentences, AugmentConfig(merge=1.0), most=few, tags=tags)
    assert (tagged.rows, tagged.too_long) == (found.rows, found.too_long)


def test_what_would_get_unknown_pieces_stays(pairs):
    small = train_tokenizer(*zip(*pairs, strict=True), TokenizerConfig(vocab_size=100), 1)
    found = change(small, pairs[:200], AugmentConfig(upper=0.5, typos=0.3))
    assert found.unknown > 70
    assert not any(is_capitals(src) for src, _ in found.pairs)
    assert not any(UNK_ID in ids for ids in found.src + found.tgt)
    unknown = [("żółw sun", "nus"), ("sun żółw", "nus")]  # as it was before
    assert len(change(small, unknown, AugmentConfig(merge=1.0)).rows) == 1


def test_a_source_without_case_leaves_the_target_as_it_is(tokenizer):
    pairs = [("你好。", "Hello there."), ("123", "Hello there.")]
    assert changed(tokenizer, pairs, upper=1.0) == []
    assert changed(tokenizer, pairs, title=1.0) == []


def test_stand_ins_and_tags_stay(sentences, tokenizer):
    kept = with_keep(tokenizer, [r"\{\w+\}"])
    pairs = [(f"{src} {STAND_IN}a", f"{STAND_IN}a {tgt}") for src, tgt in sentences]
    tags = ["<2de>", "<2fr>"] * (len(pairs) // 2)
    shares = AugmentConfig(upper=0.5, title=0.5, typos=1.0)
    found = change(kept, pairs, shares, tags=tags, most=1000)
    assert len(found.rows) > 900
    for row, (src, tgt), ids in zip(found.rows, found.pairs, found.src, strict=True):
        assert (src.count(STAND_IN), tgt.count(STAND_IN)) == (1, 1)
        assert kept.src_piece(ids[0]) == tags[row]
        assert sum(kept.src_piece(number) == "<keep>" for number in ids) == 1
    assert change(kept, pairs, AugmentConfig(merge=1.0), tags=tags).rows == []


def test_the_seed_decides_what_is_changed(tokenizer, sentences):
    first, again, other = (change(tokenizer, sentences, ALL, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.rows != other.rows
    texts = change_texts(sentences, ALL, 1)
    assert [texts[row] for row in first.rows] == first.pairs


def test_nothing_is_changed_if_all_shares_are_0(tokenizer, sentences):
    assert not AugmentConfig()
    assert change(tokenizer, sentences, AugmentConfig()).rows == []


# The stream of a training


@pytest.fixture
def corpora(tmp_path, tokenizer, sentences, write):
    """Two corpora with weights, of several blocks."""

    def open_it(pairs, name, **settings):
        return open_shards(
            write(pairs, name, **settings),
            tokenizer,
            tmp_path / "cache",
            max_pieces=MOST,
            max_ratio=4.0,
            keep_text=True,
            report=lambda line: None,
        )

    first, second = open_it(sentences[:700], "first"), open_it(sentences[700:], "second")
    tagged = open_it(sentences[:100], "third", tag="<2de>")
    return [(first, 1.0), (second, 1.5), (tagged, 2.0)]


@pytest.fixture
def make(tokenizer, corpora, monkeypatch):
    """Makes a stream of small blocks and chunks."""
    monkeypatch.setattr(buffers, "CHUNK_PAIRS", 50)

    def make(**settings):
        usual = {"batch_tokens": 300, "accumulate": 3, "seed": 1, "tokenizer": tokenizer}
        usual |= {"block_pairs": 64, "buffer_blocks": 4, "workers": 1, "augment": ALL}
        return BatchStream(corpora, **(usual | {"max_pieces": MOST} | settings))

    return make


def take(stream, place=START, *, count):
    with closing(stream.steps(place)) as steps:
        return list(islice(steps, count))


def same(a, b):
    return a[1:] == b[1:] and all(
        all(np.array_equal(x, y) for x, y in zip(one, other, strict=True))
        for one, other in zip(a.batches, b.batches, strict=True)
    )


def texts(steps, tokenizer):
    batches = [batch for step in steps for batch in step.batches]
    return [text for batch in batches for text in tokenizer.decode(batch.src)]


def test_each_epoch_shows_every_pair_once_and_changes_others(make, tokenizer, sentences):
    stream = make()
    epochs = []
    for epoch in range(2):
        steps = take(stream, Place(epoch), count=200)
        epochs.append([step for step in steps if step.next_position <= Place(epoch + 1)])
        assert sum(step.pairs for step in epochs[-1]) == stream.pairs_in_epoch
    before = {src for src, _ in sentences}
    shown = [texts(steps, tokenizer) for steps in epochs]
    new = [{text for text in epoch if text not in before} for epoch in shown]
    shares = [len(changed) / stream.pairs_in_epoch for changed in new]
    assert all(0.3 < share < 0.5 for share in shares)  # 1 - 0.8 * 0.9 ** 3 is 0.42
    assert len(new[0] & new[1]) < 0.3 * len(new[0])


@pytest.mark.parametrize("sampling", [0.0, 0.2])
def test_the_sequence_does_not_depend_on_where_it_is_entered(make, sampling):
    whole = take(make(sampling=sampling), count=60)
    assert whole[-1].next_position.epoch >= 1
    for number in (0, 7, 18, 50):
        rest = take(make(sampling=sampling), whole[number].next_position, count=3)
        assert all(same(a, b) for a, b in zip(whole[number + 1 : number + 4], rest, strict=True))


def test_neither_training_nor_encoding_processes_change_it(make, monkeypatch):
    whole = take(make(), count=12)
    monkeypatch.setattr(pool, "SMALL", 1)
    assert all(same(a, b) for a, b in zip(whole, take(make(workers=3), count=12), strict=True))
    parts = [take(make(rank=rank, world=2), count=12) for rank in range(2)]
    for step, *shares in zip(whole, *parts, strict=True):
        mixed = [shares[n % 2].batches[n // 2] for n in range(len(step.batches))]
        assert same(step, step._replace(batches=mixed))


@pytest.mark.parametrize("sampling", [0.0, 0.2])
def test_source_and_target_stay_together(make, tokenizer, sampling):
    shares = AugmentConfig(upper=0.2, merge=0.3)
    for step in take(make(augment=shares, sampling=sampling), count=20):
        for batch in step.batches:
            for src, tgt in zip(
                tokenizer.decode(batch.src), tokenizer.decode(batch.tgt_out), strict=True
            ):
                words = src.lower().replace(".", "").split()
                assert tgt.lower().replace("!", "") == " ".join(word[::-1] for word in words)


def test_with_sampling_the_same_pairs_are_changed(tokenizer, sentences):
    chunk = Chunk(*("\n".join(side).encode() for side in zip(*sentences, strict=True)))
    encode = ChunkTokenizer(tokenizer)
    plain = encode(chunk, Resample(0.0, 5, ALL, MOST))
    sampled = encode(chunk, Resample(0.3, 5, ALL, MOST))
    assert len(sampled.rows) == len(sentences)

    def decode(side, rows):
        return tokenizer.decode([side.ids[slice(*side.offsets[row : row + 2])] for row in rows])

    assert decode(sampled.tgt, plain.rows) == decode(plain.tgt, range(len(plain.rows)))


def test_a_stream_needs_text_and_tokenizer_to_change_pairs(make):
    with pytest.raises(ConfigError, match="augment needs a tokenizer, and corpora with their text"):
        make(tokenizer=None)


# Settings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("uper=0.1", r"has 'uper=0.1'; expected NAME=SHARE.*did you mean 'upper'"),
        ("upper", "has 'upper'; expected NAME=SHARE"),
        ("upper=much", "has 'upper=much'"),
        ("upper=0.1,upper=0.2", "has 'upper=0.2'; expected NAME=SHARE, each name once"),
        ("upper=1.5", r"upper of augment \(--augment\) is 1.5; expected 0 to 1"),
        ("typos=-0.1", "typos of .* is -0.1"),
        ("typos=nan", "typos of .* is nan"),
        ("upper=0.6,title=0.6", "has upper=0.6 and title=0.6; expected at most 1"),
    ],
)
def test_wrong_shares_are_one_line(text, message):
    with pytest.raises(ConfigError, match=message) as caught:
        AugmentConfig.parse(text)
    assert "\n" not in str(caught.value)


def test_shares_are_read_from_text_and_json():
    shares = AugmentConfig.parse(" upper=0.07, typos=5e-2 ,")
    assert shares == AugmentConfig(upper=0.07, typos=0.05)
    assert str(shares) == "upper 7 %, typos 5 %"
    assert AugmentConfig.parse("") == AugmentConfig()
    paths = [{"src": "a", "tgt": "b"}]
    for given in ({"upper": 0.07, "typos": 0.05}, "upper=0.07,typos=0.05"):
        data = DataConfig.from_dict({"train": paths, "validation": paths, "augment": given})
        assert data.augment == shares
        assert DataConfig.from_dict(data.to_dict()) == data
