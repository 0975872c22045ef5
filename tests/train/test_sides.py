"""Corpora whose sides look swapped, and validation pairs that the training text has."""

import random
from dataclasses import replace

import pytest

pytest.importorskip("torch")

from made_up_pairs import write_pairs
from tiny_runs import TOKENIZER, run

from s2s.corpus import CorpusConfig
from s2s.train.overlap import Overlap
from s2s.train.sides import LEAST_GROUPS, Sides, look_swapped

NORTH = ("the tree stands beside a river", "an owl sleeps in that barn", "who has seen my brother")
SOUTH = (
    "el arbol esta junto al rio",
    "un buho duerme en ese granero",
    "quien ha visto a mi hermano",
)


def sentence(words, seed):
    return " ".join(random.Random(seed).sample(words, 5))  # noqa: S311


def pairs(start, stop):
    """Made-up pairs in two languages; no line is drawn twice."""
    north, south = (" ".join(lines).split() for lines in (NORTH, SOUTH))
    return [(sentence(north, row), sentence(south, row)) for row in range(start, stop)]


def swapped(some):
    return [(tgt, src) for src, tgt in some]


def upside_down(start, stop, kinds):
    """Pairs of one symbol, of which each has another one as its translation."""
    row = random.Random(start)  # noqa: S311
    numbers = [row.randrange(kinds) for _ in range(start, stop)]
    return [(chr(0x4E00 + n), chr(0x4E00 + (7 * n + 3) % kinds)) for n in numbers]


def numbers(start, stop):
    row = random.Random(start)  # noqa: S311
    texts = [str(row.randrange(10 ** row.randint(1, 6))) for _ in range(start, stop)]
    return [(text, text[::-1]) for text in texts]


@pytest.mark.parametrize("count", [8, 20, 300])
@pytest.mark.parametrize("others", [20, 1000])
def test_swapped_sides_are_found_in_few_pairs_and_in_many(count, others):
    assert look_swapped(swapped(pairs(0, count)), pairs(5000, 5000 + others))
    assert not look_swapped(pairs(0, count), pairs(5000, 5000 + others))


@pytest.mark.parametrize(
    "make",
    [
        lambda start, stop: [(src, src) for src, _ in pairs(start, stop)],
        lambda start, stop: [(src, src.upper()) for src, _ in pairs(start, stop)],
        lambda start, stop: [
            (src, other)
            for (src, _), (other, _) in zip(
                pairs(start, stop), pairs(start + 9000, stop + 9000), strict=True
            )
        ],
        numbers,
        lambda start, stop: upside_down(start, stop, 26),
        lambda start, stop: upside_down(start, stop, 500),
        lambda start, stop: [(src.split()[0], tgt.split()[0]) for src, tgt in pairs(start, stop)],
    ],
    ids=["copies", "capitals", "one language", "numbers", "symbols", "many symbols", "words"],
)
@pytest.mark.parametrize("count", [8, 50, 1000])
def test_straight_sides_are_no_alarm(make, count):
    assert not look_swapped(make(0, count), make(5000, 6000))


@pytest.mark.parametrize(
    "make",
    [lambda a, b: [(src, src) for src, _ in pairs(a, b)], numbers],
    ids=["copies", "numbers"],
)
def test_sides_that_are_alike_cannot_be_swapped(make):
    assert not look_swapped(swapped(make(0, 300)), make(5000, 6000))


def test_a_few_symbols_are_not_compared():
    assert not look_swapped([("a", "b")] * 50, [("b", "a")] * LEAST_GROUPS)


def warnings(training, validation):
    """Warnings of corpora, each given as (names and tag, pairs)."""
    sides = Sides()
    for add, corpora in ((sides.add_validation, validation), (sides.add_training, training)):
        for config, some in corpora:
            for src, tgt in some:
                add(config, src, tgt)
    return list(sides.warnings())


def corpus(src, tgt, tag=None):
    return CorpusConfig(src=src, tgt=tgt, tag=tag)


TRAIN = (corpus("train.en", "train.es"), pairs(1000, 1300))


@pytest.mark.parametrize(
    ("name", "some", "names", "text"),
    [
        (("val.en", "val.es"), pairs(0, 50), False, False),
        (("val.es", "val.en"), swapped(pairs(0, 50)), True, True),
        (("val.spa.gz", "val.eng.gz"), swapped(pairs(0, 50)), True, True),
        (("val.es", "val.en"), pairs(0, 50), True, False),
        (("val.en", "val.es"), swapped(pairs(0, 50)), False, True),
        (("val.src", "val.tgt"), swapped(pairs(0, 50)), False, True),
        (("val.src", "val.tgt"), pairs(0, 50), False, False),
    ],
)
def test_names_and_text_are_two_signs(name, some, names, text):
    found = warnings([TRAIN], [(corpus(*name), some)])
    if not (names or text):
        assert not found
        return
    (line,) = found
    assert line.startswith(f"source and target look swapped in {name[0]} and {name[1]}: ")
    assert ("their names say es to en, those of the other text en to es" in line) is names
    assert ("each side reads like the opposite side" in line) is text
    assert line.endswith("exchange them (--val-src, --val-tgt, --validate)")
    assert "\n" not in line


def test_a_corpus_that_is_swapped_beside_another_is_named_once():
    other = (corpus("more.es", "more.en"), swapped(pairs(2000, 2300)))
    (line,) = warnings([TRAIN, other], [(corpus("val.en", "val.es"), pairs(0, 5))])
    assert line.startswith("source and target look swapped in more.es and more.en: ")
    assert line.endswith("(--train)")
    three = [TRAIN, (corpus("a.en", "a.es"), pairs(3000, 3300)), other]
    (line,) = warnings(three, [])
    assert "more.es" in line


def test_the_other_direction_with_a_tag_of_its_own_is_no_alarm():
    there = (corpus("a.en", "a.es", "<2es>"), pairs(1000, 1300))
    back = (corpus("a.es", "a.en", "<2en>"), swapped(pairs(1000, 1300)))
    validation = [
        (corpus("v.en", "v.es", "<2es>"), pairs(0, 50)),
        (corpus("v.es", "v.en", "<2en>"), swapped(pairs(0, 50))),
    ]
    assert not warnings([there, back], validation)
    assert len(warnings([there, back], [(validation[0][0], validation[1][1])])) == 1


def overlap(training, validation, tags=(None, None)):
    found = Overlap()
    for src, tgt in validation:
        found.add_validation(corpus("v.en", "v.es", tags[1]), src, tgt)
    for src, tgt in training:
        found.add_training(corpus("t.en", "t.es", tags[0]), src, tgt)
    return found


def test_validation_pairs_in_the_training_text_are_counted_after_cleaning():
    training = [("a  b", "c"), ("e\u0301", "x"), ("d", "other"), *pairs(0, 100)]
    validation = [("a b ", "c"), ("a b", "c"), ("\u00e9", "x"), ("d", "f"), *pairs(200, 296)]
    found = overlap(training, validation)
    assert (found.pairs, found.sources) == (3, 4)
    line = "3 of 100 validation pairs stand in the training text, and the sources of 1 others"
    assert str(found) == line
    assert not found.is_large
    some = overlap(pairs(0, 5), pairs(0, 100))
    assert some.is_large
    assert str(some).startswith("5 of 100 validation pairs stand in the training text; the valid")
    assert str(overlap(pairs(0, 100), pairs(100, 200))) == ""


def test_text_of_another_target_language_is_no_overlap():
    assert overlap(pairs(0, 9), pairs(0, 9), ("<2es>", "<2pt>")).sources == 0
    assert overlap(pairs(0, 9), pairs(0, 9), ("<2es>", "<2es>")).pairs == 9


def test_a_training_says_both(tmp_path, caplog):
    write_pairs(tmp_path, "train", pairs(0, 100))
    write_pairs(tmp_path, "val", swapped(pairs(200, 230)))
    tokenizer = replace(TOKENIZER, vocab_size=150)
    run(tmp_path, "run", tokenizer=tokenizer)
    assert [r.message.partition(":")[0] for r in caplog.records if "swapped" in r.message] == [
        f"source and target look swapped in {tmp_path}/val.xx and {tmp_path}/val.yy"
    ]
    caplog.clear()
    write_pairs(tmp_path, "val", pairs(90, 120))
    run(tmp_path, "again", tokenizer=tokenizer)
    messages = [record.message for record in caplog.records]
    assert any(line.startswith("10 of 30 validation pairs stand") for line in messages)
    assert not any("swapped" in line for line in messages)
