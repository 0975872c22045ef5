import pytest

pytest.importorskip("sacrebleu")

from s2s.errors import DataError
from s2s.score.by_length import LONGEST, length_unit, score_by_length
from s2s.score.metrics import FEW_SENTENCES, score


def words(count):
    return " ".join(f"w{number}" for number in range(count))


def test_every_sentence_is_in_one_bucket_and_scored_with_its_like():
    lengths = [0, 1, 5, 6, 10, 11, 500, 501, 502] + [7] * FEW_SENTENCES
    sources = [words(length) for length in lengths]
    hypotheses = [f"{source} end" for source in sources]
    references = [f"{source} stop" for source in sources]
    buckets = score_by_length(sources, hypotheses, references)
    assert buckets.unit == "words"
    labels = [bucket.label for bucket in buckets.buckets]
    assert labels == ["0", "1-5", "6-10", "11-15", "201-500", "501+"]
    assert [bucket.sentences for bucket in buckets.buckets] == [1, 2, FEW_SENTENCES + 2, 1, 1, 2]
    assert [bucket.few for bucket in buckets.buckets] == [True, True, False, True, True, True]
    bucket = buckets.buckets[1]
    alone = score(hypotheses[1:3], references[1:3])
    assert (bucket.bleu, bucket.chrf) == (alone[0], alone[1])


@pytest.mark.parametrize("last", LONGEST)
def test_a_bucket_ends_where_the_next_one_begins(last):
    sources = [words(last), words(last + 1), "two words"]
    buckets = score_by_length(sources, ["a"] * 3, ["a"] * 3)
    ends = [bucket.last for bucket in buckets.buckets]
    assert last in ends
    assert buckets.buckets[ends.index(last) + 1].first in (1, last + 1)


@pytest.mark.parametrize(
    ("texts", "unit"),
    [
        (["Good morning.", "Hi"], "words"),
        (["我们今天去学校上课。", "好"], "characters"),
        (["私は iPhone が好きです。"], "characters"),
        (["ฉันรักคุณ และ คุณรักฉัน"], "characters"),
        (["나는 학교에 간다"], "words"),  # Korean has blanks
        (["hello", "world", "two words"], "characters"),  # spellings
        (["HH AH L OW", "W ER L D"], "words"),  # phonemes
        (["مرحبا بالعالم"], "words"),
        (["", " "], "words"),
    ],
)
def test_length_is_counted_in_what_is_written(texts, unit):
    assert length_unit(texts) == unit


def test_characters_are_counted_without_blanks():
    buckets = score_by_length(["我 们 今 天", "我们今天去学"], ["a", "b"], ["a", "b"])
    assert [bucket.label for bucket in buckets.buckets] == ["1-5", "6-10"]


def test_sources_must_match():
    with pytest.raises(DataError, match="2 source sentences but 1 translations"):
        score_by_length(["a", "b"], ["a"], ["a"])
