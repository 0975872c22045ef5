"""Placeables: addresses, placeholders, tags, names of files and code, found in any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2s.writing.placeables import (
    FEW,
    find_placeables,
    placeable_spans,
    same_placeables,
    share_with_same_placeables,
)


@pytest.mark.parametrize(
    ("text", "placeables"),
    [
        ("See https://a.org/b?c=d&e=1#f, ok.", ["https://a.org/b?c=d&e=1#f"]),
        ("(http://en.wiki.org/Foo_(bar))", ["http://en.wiki.org/Foo_(bar)"]),
        ("请访问https://a.org/x。谢谢", ["https://a.org/x"]),
        ("ไปที่www.a.orgวันนี้", ["www.a.org"]),
        ("Write to jo.do+x@a-b.co.uk!", ["jo.do+x@a-b.co.uk"]),
        ("请写信给jo@a.org谢谢", ["jo@a.org"]),
        ("打开report.pdf看%s个", ["report.pdf", "%s"]),
        ("Ask example.com, or shop.example.co.uk.", ["example.com"]),
        ("Thanks @tom_b for #Müller and #été.", ["@tom_b", "#Müller", "#été"]),
        (r"Open C:\Users\me\a.txt now.", [r"C:\Users\me\a.txt"]),
        ("In /usr/local/bin/ and ~/x/y.", ["/usr/local/bin/", "~/x/y"]),
        ("Attach Report-2.PDF or a.tar.gz.", ["Report-2.PDF", "a.tar.gz"]),
        ("{} {0} {name} ${x} {{ user.name }} {v:,.2f}",
         ["{}", "{0}", "{name}", "${x}", "{{ user.name }}", "{v:,.2f}"]),
        ("%s, %d %1$s %(name)s %.2f %1 %n", ["%s", "%d", "%1$s", "%(name)s", "%.2f", "%1", "%n"]),
        ("Set $HOME to [X5X].", ["$HOME", "[X5X]"]),
        ('<b>x</b> <a href="x y">l</a><br/>', ["<b>", "</b>", '<a href="x y">', "</a>", "<br/>"]),
        ("Type `make test` :smile:", ["`make test`", ":smile:"]),
        ("Use --max-length or beam_size.", ["--max-length", "beam_size"]),
    ],
)  # fmt: skip
def test_placeables_are_found(text, placeables):
    assert find_placeables(text) == placeables


@pytest.mark.parametrize(
    "text",
    [
        "and/or, he/she, 1/2, 24/7, 12/05/2024",
        "U.S.A., e.g. this, at 5 p.m., Mr. Bean",
        "This is the end.Then it was over.",
        "It costs $5, 10 US$, 50 % or 50% discount, 100%.",
        "a < b and c > d; R&D; AT&T",
        "At 10:30:15, a ratio of 3:1. Note: this.",
        "#1 and C# and item 7",
        "well-known -- or not -- and {more than one word}",
        "a@b and @ home",
        "...and so on... wait...what?",
        "Straße",
        "",
    ],
)
def test_words_numbers_and_signs_are_no_placeables(text):
    assert find_placeables(text) == []


def test_a_translation_has_each_placeable_as_often():
    assert same_placeables("Hello {name}, see {name}.", "{name} und {name}")
    assert not same_placeables("Hello {name}, see {name}.", "{name}")
    assert not same_placeables("Hello {name}.", "{name} {name}")
    assert not same_placeables("See www.a.org.", "Siehe www.b.org.")
    assert same_placeables("Hello.", "Hallo {name}.")


def test_few_pairs_say_nothing_of_a_training_text():
    wrong = [("See {a}.", "Siehe {b}.")]
    assert share_with_same_placeables([*wrong * (FEW - 1), *[("Hello.", "Hallo.")] * 100]) == 1
    assert share_with_same_placeables(wrong * FEW) == 0
    assert share_with_same_placeables(wrong * FEW + [("{a}", "{a}")] * FEW) == 0.5
    assert share_with_same_placeables([]) == 1


SIGNS = st.text(st.sampled_from("ab1 _-./:@#%{}()[]<>=&$`\\~s您,\u00e9"), max_size=40)


@given(SIGNS)
def test_spans_are_in_order_and_are_no_blanks(text):
    end = 0
    for start, stop in placeable_spans(text):
        assert end <= start < stop <= len(text)
        assert text[start:stop].strip()
        end = stop
    assert same_placeables(text, text)


@given(SIGNS, st.sampled_from(["https://a.org/b", "jo@a.org", "{name}", "%(x)s", "a_b", "<br/>"]))
def test_a_placeable_between_blanks_is_found_in_any_text(text, placeable):
    around = text.replace("`", "").replace("{", "").replace("<", "")  # which may open a longer one
    assert placeable in find_placeables(f"{around} {placeable} {around}")


@pytest.mark.parametrize("unit", ["a", "a.", "_", "a_", "/a", "<a ", "<a =", "@", "{", "a-", "a@"])
def test_hostile_texts_take_time_in_proportion(unit):
    text = unit * (100_000 // len(unit))
    assert len(placeable_spans(text)) <= 1  # minutes, if a pattern backtracked over the text


def test_a_long_address_with_many_brackets_at_its_end():
    assert find_placeables("http://a" + ")" * 100_000) == ["http://a"]
