"""What is kept: found, marked, and put into a translation where the attention looked."""

import numpy as np
import pytest

from s2s.errors import ConfigError
from s2s.tokenizer.keep import SILENT, STAND_IN, Keep, make_keep
from s2s.tokenizer.marks import BLANK_ID, MARK_IDS
from s2s.translate.keep.placement import carry
from s2s.translate.sources import MarkedPart
from s2s.translate.translation import Details, Hypothesis

KEEP = Keep([r"</?\w+>", r"\{\w+\}", r"\d+", r"https?://\S+"])


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        ("(a", r"keep has '\(a', which is no regular expression: missing \)"),
        (["a", "b*"], r"keep has 'b\*', which matches the empty string; write what it has to"),
        (r"\b", "matches the empty string"),
        (["a", ""], "keep has '', which matches the empty string"),
        ([3], "keep has 3; expected a regular expression as text"),
    ],
)
def test_patterns_that_find_nothing_are_one_line(patterns, message):
    with pytest.raises(ConfigError, match=message) as caught:
        make_keep(patterns)
    assert "\n" not in str(caught.value)


def test_an_empty_match_is_told_where_it_is_met():
    with pytest.raises(ConfigError, match="matches the empty string"):
        make_keep("(?=q)").texts("a q")


def test_no_pattern_keeps_nothing():
    assert [make_keep(each) for each in ((), [], "", [""])] == [None] * 4


def test_matches_that_touch_or_overlap_are_one():
    keep = Keep([r"\d+", r"<b>", r"3k\w", r" x ", r"\s+"])
    assert keep.texts("<b>12<b> 3kg 4 a x b") == ["<b>12<b>", "3kg", "4", "x"]


def test_a_tag_is_silent_and_other_texts_have_a_stand_in():
    marked = KEEP.mark("<b>ja</b> zu {x}, <i>7</i>", silent_tags=True)
    assert marked.text == f"{SILENT}ja{SILENT} zu {STAND_IN}, {STAND_IN}"
    assert [each.text for each in marked.kept] == ["<b>", "</b>", "{x}", "<i>7</i>"]
    assert [(each.after_blank, each.before_blank) for each in marked.kept] == [
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
        ids = tokenizer.encode_marked([KEEP.mark(text, silent_tags=True).text])[0][:-1]
        return [tokenizer.src_piece(each) if each >= 0 else each for each in ids]

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


def carried(translator, text, pieces, looks, keep=KEEP, begun=0):
    """Carries the texts of a source into a translation.

    ``looks`` has, for each piece, the place among the pieces that the network reads.
    """
    tokenizer = translator.tokenizer
    marked = keep.mark(text, silent_tags=True)
    ids = tokenizer.encode_marked([marked.text])[0]
    part = MarkedPart(tuple(ids[:-1]), marked.kept)
    attention = np.full((len(pieces), len(tokenizer.read_marks(ids))), 0.01, np.float32)
    for row, place in zip(attention, looks, strict=True):
        row[place] = 0.9
    hypothesis = Hypothesis("".join(pieces), -1.0, tuple(pieces), Details((), ()))
    found = carry(hypothesis, attention, part, keep, tokenizer, begun)
    assert (found.hypothesis.pieces, found.hypothesis.score) == (tuple(pieces), -1.0)
    return found


TEN, FIVE, NINE = "▁ten", "▁five", "▁nine"


@pytest.mark.parametrize(
    ("text", "pieces", "looks", "expected", "inserted"),
    [
        # zehn is piece 0; a stand-in has two, the blank's and the unknown one.
        ("zehn {x} fünf", [TEN, NINE, FIVE], [0, 2, 3], "ten {x} five", 0),
        ("zehn {x} fünf", [NINE, NINE, TEN], [2, 2, 0], "{x} ten", 0),
        ("zehn {x} fünf", [TEN, FIVE], [0, 3], "ten {x} five", 1),
        ("zehn {x} fünf", [FIVE, TEN], [3, 0], "five ten {x}", 1),
        ("{x} zehn", [FIVE, TEN], [2, 2], "{x} five ten", 1),
        ("zehn {x}", [TEN, FIVE], [0, 0], "ten five {x}", 1),
        ("zehn {x} fünf {y}", [NINE, TEN, NINE], [2, 0, 5], "{x} ten {y}", 0),
        ("zehn 7 fünf 7", [TEN, NINE, FIVE, NINE], [0, 2, 3, 5], "ten 7 five 7", 0),
        ("<b>zehn</b> fünf", [FIVE, TEN], [1, 0], "five <b>ten</b>", 2),
        ("zehn <b>fünf</b>", [FIVE, TEN], [1, 0], "<b>five</b> ten", 2),
        ("<i> zehn </i> fünf", [TEN, FIVE], [0, 1], "<i> ten </i> five", 2),
        ("zehn{x}fünf", [TEN, FIVE], [0, 0], "ten five{x}", 1),
        ("3zehn", [TEN], [2], "3 ten", 1),
        ("<b>{x}</b> zehn", [NINE, TEN], [1, 2], "<b>{x}</b> ten", 0),
    ],
)
def test_a_text_goes_where_the_attention_looks(translator, text, pieces, looks, expected, inserted):
    found = carried(translator, text, pieces, looks)
    assert (found.hypothesis.text, found.inserted) == (expected, inserted)


def test_words_of_the_text_are_aligned(translator):
    keep = Keep(["New York"])
    found = carried(translator, "zehn New York fünf", [FIVE, NINE, TEN], [3, 2, 0], keep)
    assert found.hypothesis.text == "five New York ten"
    assert found.hypothesis.details.alignment == ((3, 0), (1, 1), (2, 2), (0, 3))
    found = carried(translator, "<b>zehn</b> fünf", [FIVE, TEN], [1, 0])
    assert found.hypothesis.details.alignment == ((1, 0), (0, 1))


def test_a_pattern_finds_what_is_kept_once_more(translator):
    """An address that came before a full stop was another one."""
    text = "zehn http://a.b ."
    found = carried(translator, text, [TEN, "."], [0, 4])
    assert KEEP.texts(found.hypothesis.text) == KEEP.texts(text) == ["http://a.b"]
    assert found.hypothesis.text == "ten http://a.b ."


def test_a_prefix_stays_and_what_it_has_is_not_put_in_again(translator):
    found = carried(translator, "zehn {x}", [NINE, TEN], [2, 0], begun=1)
    assert found.hypothesis.text == "nine ten {x}"
    found = carried(translator, "zehn s", ["▁", "s", TEN], [2, 2, 0], Keep(["s$"]), begun=2)
    assert (found.hypothesis.text, found.inserted) == ("s ten", 0)
