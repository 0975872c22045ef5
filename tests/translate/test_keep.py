"""What is kept: found, marked, and put into a translation where the attention looked."""

from collections import Counter
from typing import NamedTuple

import numpy as np
import pytest

from s2s.errors import ConfigError
from s2s.tokenizer.keep import SILENT, STAND_IN, KeepPatterns, compile_keep
from s2s.tokenizer.marks import BLANK_ID, MARK_IDS
from s2s.translate.keep.finder import Finder
from s2s.translate.keep.placement import place_texts
from s2s.translate.sources import MarkedPart
from s2s.translate.translation import Details, Hypothesis

KEEP = KeepPatterns([r"</?\w+>", r"\{\w+\}", r"\d+", r"https?://\S+"])


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        ("(a", r"keep \(--keep\) has '\(a', which is not a regular expression: missing \)"),
        (
            ["a", "b*"],
            r"keep \(--keep\) has 'b\*', which matches the empty string; write",
        ),
        (r"\b", "matches the empty string"),
        (["a", ""], r"keep \(--keep\) has '', which matches the empty string"),
        ([3], r"keep \(--keep\) has 3; expected a regular expression as text"),
    ],
)
def test_patterns_that_find_nothing_are_one_line(patterns, message):
    with pytest.raises(ConfigError, match=message) as caught:
        compile_keep(patterns)
    assert "\n" not in str(caught.value)


def test_an_empty_match_is_told_where_it_is_met():
    with pytest.raises(ConfigError, match="matches the empty string"):
        compile_keep("(?=q)").texts("a q")


def test_no_pattern_keeps_nothing():
    assert [compile_keep(each) for each in ((), [], "", [""])] == [None] * 4


def test_matches_that_touch_or_overlap_are_one():
    keep = KeepPatterns([r"\d+", r"<b>", r"3k\w", r" x ", r"\s+"])
    assert keep.texts("<b>12<b> 3kg 4 a x b") == ["<b>12<b>", "3kg", "4", "x"]


def test_a_tag_is_silent_and_other_texts_have_a_stand_in(translator):
    marked = Finder(translator.tokenizer, KEEP).mark("<b>ja</b> zu {x}, <i>7</i>")
    assert marked.text == f"{SILENT}ja{SILENT} zu {STAND_IN}, {STAND_IN}"
    assert [kept.text for kept in marked.kept] == ["<b>", "</b>", "{x}", "<i>7</i>"]
    assert [(kept.after_blank, kept.before_blank) for kept in marked.kept] == [
        (True, False),
        (False, True),
        (True, False),
        (True, True),
    ]


def test_what_is_between_marks_is_cut_as_in_a_sentence(translator):
    tokenizer = translator.tokenizer
    texts = ["eins zwei drei", "", "zwölf!", "▁ vier", "一 eins"]
    assert tokenizer.encode_marked(texts) == tokenizer.encode_src(texts)

    def pieces(text):
        ids = tokenizer.encode_marked([Finder(tokenizer, KEEP).mark(text).text])[0][:-1]
        return [tokenizer.src_piece(piece) if piece >= 0 else piece for piece in ids]

    (eins,), (zwei,) = (
        [tokenizer.src_pieces(ids) for ids in tokenizer.encode_src([text])]
        for text in ("eins", "zwei")
    )
    tag, word = MARK_IDS[SILENT], MARK_IDS[STAND_IN]
    assert pieces("<b>eins</b> {n} zwei") == [tag, *eins, tag, BLANK_ID, word, *zwei]
    assert pieces("eins<br>zwei") == [*eins, tag, *zwei]
    glued = pieces("eins{n}zwei")
    assert glued[: len(eins) + 1] == [*eins, word]
    assert not glued[len(eins) + 1].startswith("▁")


def columns(tokenizer, marked):
    """Names the pieces that the network reads: kept texts by themselves, tags not at all."""
    marks = [char for char in marked.text if char in (SILENT, STAND_IN)]
    stand_ins = iter(
        kept.text for mark, kept in zip(marks, marked.kept, strict=True) if mark == STAND_IN
    )
    names = []
    for piece in tokenizer.encode_marked([marked.text])[0][:-1]:
        if piece == MARK_IDS[STAND_IN]:
            names.append(next(stand_ins))
        elif piece == BLANK_ID:
            names.append("▁")
        elif piece != MARK_IDS[SILENT]:
            names.append(tokenizer.src_piece(piece).removeprefix("▁"))
    return names


def carried(translator, source, writes, keep=KEEP, begun=0):
    """Carries the texts of a source into a translation.

    ``writes`` has each piece of the translation with the source piece that it looks at most. If the
    source has that piece several times, the first look is at the first of them, and so on.
    """
    tokenizer = translator.tokenizer
    finder = Finder(tokenizer, keep)
    marked = finder.mark(source)
    ids = tokenizer.encode_marked([marked.text])[0]
    part = MarkedPart(tuple(ids[:-1]), marked.kept)
    names = columns(tokenizer, marked)
    assert len(names) + 1 == len(tokenizer.read_marks(ids))  # and the end piece
    pieces = tuple(piece for piece, _ in writes)
    attention = np.full((len(pieces), len(names) + 1), 0.01, np.float32)
    looks = Counter()
    for row, (_, name) in zip(attention, writes, strict=True):
        places = [place for place, column in enumerate(names) if column == name]
        row[places[min(looks[name], len(places) - 1)]] = 0.9
        looks[name] += 1
    hypothesis = Hypothesis("".join(pieces), -1.0, pieces, Details((), ()))
    result = place_texts(hypothesis, attention, part, finder, tokenizer, begun)
    assert (result.hypothesis.pieces, result.hypothesis.score) == (pieces, -1.0)
    return result


TEN, FIVE, NINE = "▁ten", "▁five", "▁nine"


class Case(NamedTuple):
    """A source with kept texts and a translation."""

    source: str
    writes: list[tuple[str, str]]
    """Each piece of the translation, and the source piece that it looks at most."""
    expected: str
    inserted: int
    """Number of kept texts that replace no word."""


CASES = [
    Case("zehn {x} fünf", [(TEN, "zehn"), (NINE, "{x}"), (FIVE, "fünf")], "ten {x} five", 0),
    Case("zehn {x} fünf", [(NINE, "{x}"), (NINE, "{x}"), (TEN, "zehn")], "{x} ten", 0),
    Case("zehn {x} fünf", [(TEN, "zehn"), (FIVE, "fünf")], "ten {x} five", 1),
    Case("zehn {x} fünf", [(FIVE, "fünf"), (TEN, "zehn")], "five ten {x}", 1),
    Case("{x} zehn", [(FIVE, "zehn"), (TEN, "zehn")], "{x} five ten", 1),
    Case("zehn {x}", [(TEN, "zehn"), (FIVE, "zehn")], "ten five {x}", 1),
    Case("zehn {x} fünf {y}", [(NINE, "{x}"), (TEN, "zehn"), (NINE, "{y}")], "{x} ten {y}", 0),
    Case(
        "zehn 7 fünf 7",
        [(TEN, "zehn"), (NINE, "7"), (FIVE, "fünf"), (NINE, "7")],
        "ten 7 five 7",
        0,
    ),
    Case("<b>zehn</b> fünf", [(FIVE, "fünf"), (TEN, "zehn")], "five <b>ten</b>", 2),
    Case("zehn <b>fünf</b>", [(FIVE, "fünf"), (TEN, "zehn")], "<b>five</b> ten", 2),
    Case("<i> zehn </i> fünf", [(TEN, "zehn"), (FIVE, "fünf")], "<i> ten </i> five", 2),
    Case("zehn{x}fünf", [(TEN, "zehn"), (FIVE, "zehn")], "ten five{x}", 1),
    Case("3zehn", [(TEN, "z")], "3 ten", 1),  # without a blank before it, zehn is z and ehn
    Case("<b>{x}</b> zehn", [(NINE, "<b>{x}</b>"), (TEN, "zehn")], "<b>{x}</b> ten", 0),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.source} to {case.expected}")
def test_a_text_goes_where_the_attention_looks(translator, case):
    result = carried(translator, case.source, case.writes)
    assert (result.hypothesis.text, result.num_inserted) == (case.expected, case.inserted)


def test_words_of_the_text_are_aligned(translator):
    keep = KeepPatterns(["New York"])
    writes = [(FIVE, "fünf"), (NINE, "New York"), (TEN, "zehn")]
    result = carried(translator, "zehn New York fünf", writes, keep)
    assert result.hypothesis.text == "five New York ten"
    assert result.hypothesis.details.alignment == ((3, 0), (1, 1), (2, 2), (0, 3))
    result = carried(translator, "<b>zehn</b> fünf", [(FIVE, "fünf"), (TEN, "zehn")])
    assert result.hypothesis.details.alignment == ((1, 0), (0, 1))


def test_a_pattern_finds_what_is_kept_once_more(translator):
    """An address that came before a full stop was another one."""
    text = "zehn http://a.b ."
    result = carried(translator, text, [(TEN, "zehn"), (".", "<unk>")])
    assert KEEP.texts(result.hypothesis.text) == KEEP.texts(text) == ["http://a.b"]
    assert result.hypothesis.text == "ten http://a.b ."


def test_a_prefix_stays_and_what_it_has_is_not_put_in_again(translator):
    result = carried(translator, "zehn {x}", [(NINE, "{x}"), (TEN, "zehn")], begun=1)
    assert result.hypothesis.text == "nine ten {x}"
    writes = [("▁", "s"), ("s", "s"), (TEN, "zehn")]
    result = carried(translator, "zehn s", writes, KeepPatterns(["s$"]), begun=2)
    assert (result.hypothesis.text, result.num_inserted) == ("s ten", 0)


A_WORD_FOR_EACH_NUMBER = {
    "clear": ([{"3": 0.9}, {"5": 0.9}], "3 ten 5"),
    "clear, in another order": ([{"5": 0.9}, {"3": 0.9}], "5 ten 3"),
    "the second word attends more to both": (
        [{"zehn": 0.5, "3": 0.25, "5": 0.2}, {"zehn": 0.5, "3": 0.3, "5": 0.2}],
        "3 ten 5",
    ),
}


@pytest.mark.parametrize("case", A_WORD_FOR_EACH_NUMBER)
def test_numbers_come_in_the_order_of_the_source_unless_another_is_clear(translator, case):
    looks, expected = A_WORD_FOR_EACH_NUMBER[case]
    tokenizer = translator.tokenizer
    finder = Finder(tokenizer, None)
    marked = finder.mark("3 zehn 5", ["number"])
    part = MarkedPart(tuple(tokenizer.encode_marked([marked.text])[0][:-1]), marked.kept)
    names = columns(tokenizer, marked)
    pieces = (NINE, TEN, FIVE)
    attention = np.full((3, len(names) + 1), 0.01, np.float32)
    for row, look in zip(attention, (looks[0], {"zehn": 0.9}, looks[1]), strict=True):
        for name, weight in look.items():
            row[names.index(name)] = weight
    result = place_texts(Hypothesis("", -1.0, pieces), attention, part, finder, tokenizer)
    assert (result.hypothesis.text, result.num_inserted) == (expected, 0)
