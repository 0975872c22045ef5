"""Marks at the start of the lines of a list."""

import pytest

from s2s.writing.list_marks import list_mark


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("* Open it", "* "),
        ("- Hello", "- "),
        ("– Hello", "– "),
        ("  • Hello", "  • "),
        ("1. Open it", "1. "),
        ("10) Open it", "10) "),
        ("(2)  Open it", "(2)  "),
        ("a) Open it", "a) "),
        ("## Title", "## "),
        ("> - [x] Привет", "> - [x] "),
        ("- 5 apples", "- "),
        ("・ 水", ""),
        ("Open it", ""),
        ("-Hello", ""),
        ("- 5", ""),
        ("* * *", ""),
        ("1.5 million people", ""),
        ("1984. What a year", ""),
        ("A. Smith is here", ""),
        ("I. The island", ""),
        ("-\nHello", ""),
        ("", ""),
    ],
)
def test_a_mark_has_the_blanks_around_it_and_words_after_it(text, mark):
    assert list_mark(text, "en") == mark


@pytest.mark.parametrize("text", ["- " * 50_000, "-" + " " * 100_000, "1. " * 40_000])
def test_a_line_of_marks_alone_is_read_once(text):
    """Each took minutes if it was read again from every mark."""
    assert list_mark(text, "en") == ""
    assert list_mark(f"{text} a", "en") == f"{text} "


@pytest.mark.parametrize("language", [None, "de", "de-AT", "ces", "fi"])
def test_a_number_with_a_full_stop_may_be_an_ordinal_number(language):
    assert list_mark("3. Oktober", language) == ""
    assert list_mark("- 3. Oktober", language) == ""
    assert list_mark("3) Oktober", language) == "3) "
