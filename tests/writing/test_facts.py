"""What is recorded of a training text."""

import json

import pytest

from s2s.errors import ConfigError
from s2s.writing.facts import SPELLINGS, TextFacts, facts_of

LINES = [
    "The dog sees Tom.",
    "A dog sees Tom. Tom sees it.",
    "I know that Tom and I see it!",
    "STOP THE OLD DOG NOW!",
    "The Old Dog And The Cat",
    "and I see Tom.",
    "12 + 3",
    "Is it I?",
]


def test_shares_are_counted_over_the_lines_that_they_are_about():
    facts = facts_of(LINES, [len(line) for line in LINES])
    assert facts.several_sentences == 1 / 8
    assert facts.capitals == 1 / 8
    assert facts.title_case == 1 / 8
    assert facts.lower_start == 1 / 7  # one line begins with no letter
    assert facts.any_capitals == 1.0
    assert facts.end_marks == 6 / 8
    assert facts.end_mark == "."
    assert facts.src_length == 28
    assert facts.spellings == ("Tom", "I")


@pytest.mark.parametrize(
    ("lines", "share"),
    [
        (["The old dog sees Tom.", "NATO and the EU"], 0.0),
        (["An tUachtarán i mBaile Átha Cliath", "L'Italie de Jean-Paul", "(Ein Hund)"], 4 / 11),
        (["CC(=O)Oc1ccccc1C(=O)O", "OCC", "getUserName(theId)"], 1.0 - 1 / 10),
        (["ja", "你好"], 0.0),
    ],
)
def test_capitals_within_words_are_counted(lines, share):
    """Words all in capitals say nothing: they may be abbreviations."""
    assert facts_of(lines, [5] * len(lines)).inner_capitals == pytest.approx(share)


def test_facts_survive_json():
    facts = facts_of(LINES, [9] * len(LINES))
    assert TextFacts.from_dict(json.loads(json.dumps(facts.to_dict()))) == facts


def test_there_are_no_facts_without_a_line_and_none_of_case_without_case():
    assert facts_of([], []) is None
    facts = facts_of(["你好。", "再见。你好。"], [3, 5])
    assert (facts.lower_start, facts.any_capitals, facts.end_marks) == (0.0, 0.0, 1.0)
    assert (facts.end_mark, facts.several_sentences, facts.spellings) == ("。", 0.5, ())


def test_the_most_frequent_spellings_are_recorded():
    words = [chr(65 + n % 26) + "abcdefghij"[n // 26 % 10] + "x" * (n // 260) for n in range(1300)]
    lines = [f"see {word} and {word} and {word}" for word in words] + ["see Zz Zz Zz Zz Zz"]
    facts = facts_of(lines, [5] * len(lines))
    assert len(facts.spellings) == SPELLINGS
    assert facts.spellings[0] == "Zz"


@pytest.mark.parametrize(
    "values",
    [{"end_marks": 1.5}, {"src_length": 1}, {"spellings": ("x",) * 1001}, {"capitals": "0"}],
)
def test_nonsense_is_an_error(values):
    facts = facts_of(LINES, [9] * len(LINES)).to_dict()
    with pytest.raises(ConfigError):
        TextFacts.from_dict(facts | values)


def test_marks_of_lists_and_lines_without_letters_are_counted():
    facts = facts_of(["- one", "2. two", "7.5 %", "three"], [3] * 4, "en")
    assert (facts.list_marks, facts.without_letters) == (0.5, 0.25)


def test_a_record_is_said_in_one_line():
    facts = TextFacts(
        several_sentences=0.0112, src_length=24, capitals=0, title_case=0.001, lower_start=0,
        any_capitals=1, end_marks=0.99, end_mark=".", spellings=("I",), list_marks=0.02,
        without_letters=0,
    )  # fmt: skip
    assert str(facts) == (
        "at most 24 pieces in 99 % of the lines; several sentences 1.1 %, capitals 0.0 %, Title "
        "Case 0.1 %, small first letter 0.0 %, list marks 2.0 %, no letters 0.0 %, "
        "same numbers 100.0 %, same placeables 0.0 %, same names 0.0 %, end mark 99.0 % (mostly .)"
    )
