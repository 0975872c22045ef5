"""A survey of text: what it counts, and the sample that it draws."""

import os
from collections import Counter

import pytest

from s2s.corpus.config import CorpusConfig
from s2s.corpus.survey import survey
from s2s.errors import DataError, FileError


def test_a_small_text_is_surveyed_whole_and_in_order(write, pairs):
    first = write([*pairs[:20], ("", "blank"), ("\ufeff\u200b", "x")], "first", tag="<2de>")
    sample = survey([first, write(pairs[20:50], "second")], 50, seed=1)
    assert (sample.pairs, sample.drawn) == ((20, 30), 50)
    assert list(zip(sample.src, sample.tgt, strict=True)) == pairs[:50]


def test_a_sample_is_in_the_order_of_the_text_and_repeatable(write, pairs):
    config = write(pairs)
    found, again, other = (survey([config], 100, seed=seed) for seed in (1, 1, 2))
    numbers = [int(src.split()[-1]) for src in found.src]
    assert len(numbers) == 100
    assert numbers == sorted(set(numbers))
    assert list(zip(found.src, found.tgt, strict=True)) == [pairs[number] for number in numbers]
    assert (found.src, found.src != other.src) == (again.src, True)


def test_every_pair_has_the_same_chance_to_be_in_the_sample(write, pairs):
    corpora = [write(pairs[:4], "first"), write(pairs[4:20], "second")]
    drawn = Counter(src for seed in range(1000) for src in survey(corpora, 5, seed).src)
    assert len(drawn) == 20
    # 1,000 draws at 1/4: standard deviation 13.7
    assert all(abs(count - 250) < 4 * 13.7 for count in drawn.values())


@pytest.mark.parametrize(
    ("sizes", "weights", "most", "expected"),
    [
        # pairs of the sample, and different ones among them, for each corpus
        ((100, 10), (1.0, 3.0), 1000, ((100, 100), (30, 10))),
        ((100, 10), (1.0, 2.5), 1000, ((100, 100), (25, 10))),
        ((100, 10), (1.0, 100.0), 1000, ((91, 91), (909, 10))),
        ((100, 10), (0.5, 1.0), 1000, ((100, 100), (20, 10))),  # nothing is lost if all fits
        ((100, 10), (0.5, 0.5), 1000, ((100, 100), (10, 10))),
        ((100, 100), (1.0, 3.0), 80, ((20, 20), (60, 60))),
        ((10, 100, 100), (1.0, 1.0, 1.0), 42, ((2, 2), (20, 20), (20, 20))),
    ],
)
def test_a_corpus_has_the_share_of_its_weight(write, pairs, sizes, weights, most, expected):
    corpora, start = [], 0
    for number, (size, weight) in enumerate(zip(sizes, weights, strict=True)):
        corpora.append(write(pairs[start : start + size], f"corpus{number}", weight=weight))
        start += size
    sample = survey(corpora, most, seed=1)
    assert sample.src == survey(corpora, most, seed=1).src
    numbers = [int(src.split()[-1]) for src in sample.src]
    assert numbers == sorted(numbers)
    assert [pairs[number] for number in numbers] == list(zip(sample.src, sample.tgt, strict=True))
    start, found = 0, []
    for size in sizes:
        counts = Counter(number for number in numbers if start <= number < start + size)
        assert max(counts.values()) - min(counts.values()) <= 1
        found.append((counts.total(), len(counts)))
        start += size
    assert tuple(found) == expected
    assert sample.drawn == sum(different for _, different in expected)


def test_a_survey_without_a_sample_only_checks(write, pairs):
    sample = survey([write(pairs)], 0, seed=1)
    assert (sample.pairs, sample.src, sample.tgt) == ((3000,), [], [])


def test_text_of_blanks_is_an_error_that_says_what_for(write):
    config = write([("", "a"), ("\u200b", "b")])
    with pytest.raises(DataError, match="have no pair to train on; expected at least one line"):
        survey([config], 10, seed=1)
    with pytest.raises(DataError, match="have no pair to validate on"):
        survey([config], 10, seed=1, purpose="validate")


def test_what_is_wrong_with_text_is_told(write, pairs, tmp_path):
    config = write(pairs[:10])
    (tmp_path / "short").write_text("a\n")
    (tmp_path / "latin").write_bytes(b"\xe9\n" * 10)
    os.mkfifo(tmp_path / "pipe")
    for name, error, message in (
        ("short", DataError, "has 10 lines but .* has 1"),
        ("latin", DataError, "line 1: byte 1 .0xe9. is not UTF-8"),
        ("none", FileError, "none does not exist"),
        ("", FileError, "is not a regular file"),
        ("pipe", FileError, "pipe is not a regular file; training reads its text more than once"),
        ("\0", FileError, r"x00 does not exist"),
    ):
        bad = CorpusConfig(src=config.src, tgt=f"{tmp_path}/{name}")
        with pytest.raises(error, match=message):
            survey([config, bad], 10, seed=1)
    with pytest.raises(DataError, match="source and target are the same file"):
        survey([CorpusConfig(src=config.src, tgt=config.src)], 10, seed=1)
