"""A document is cut into parts that are, joined, the document, whatever stands in it."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from s2s.translate.markup.options import Markup
from s2s.translate.markup.tokens import read_tokens

SCRAPS = [
    *[
        "<",
        ">",
        "</",
        "/>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<![if x]>",
        "<?",
        "<!DOCTYPE html>",
    ],
    *["<b>", "</b>", "<p class='x'>", "<br/>", "<x/>", "<script>", "</script>", "<title>", "<a "],
    *[
        "&",
        "&amp;",
        "&#",
        "&#x110000;",
        '"',
        "'",
        "=",
        "\0",
        "\n",
        "\r\n",
        " ",
        "eins",
        "ß",
        "\ud800",
    ],
]


@settings(max_examples=300)
@example("</><!--", "html")
@example("<![CDATA[\n\n]]><b>\neins</b>", "xml")
@given(
    st.lists(st.sampled_from(SCRAPS), max_size=30).map("".join), st.sampled_from(["html", "xml"])
)
def test_the_parts_of_a_document_are_the_document(source, kind):
    read = read_tokens(source, Markup(kind=kind))
    assert "".join(token.raw for token in read.tokens) == source
    neighbours = zip(read.tokens, read.tokens[1:], strict=False)
    assert not any(first.kind == second.kind == "text" for first, second in neighbours)


@pytest.mark.parametrize(
    ("source", "kinds"),
    [
        ("a <b>x</b>", ["text", "open", "text", "close"]),
        ("<p>Q&#A <b>x</b>", ["open", "text", "open", "text", "close"]),
        ("1 < 2 <i>", ["text", "open"]),
        ("<br><img/><div/>", ["empty", "empty", "open"]),
        ("<x/></x>", ["empty", "close"]),
        ("<!-- <b> --><!DOCTYPE html>", ["other", "other"]),
        ("<![if IE]><b>", ["other", "open"]),
        ("<script>a<b>c</script>", ["open", "text", "close"]),
        ("<title>a<b>c</title>", ["open", "text", "close"]),
        ("</>eins", ["other", "text"]),
        ("eins <b und", ["text"]),
        ("eins <b id='>zwei</b><p>drei", ["text", "other"]),
        ("eins <!-- und", ["text", "other"]),
    ],
)
def test_a_part_of_html_has_a_kind(source, kinds):
    assert [token.kind for token in read_tokens(source, Markup()).tokens] == kinds


def test_names_of_xml_keep_their_case_and_mean_nothing():
    read = read_tokens("<X Id='1'/><Script>a<B>c</B></Script><![CDATA[<i>]]>", Markup(kind="xml"))
    assert [(token.kind, token.name) for token in read.tokens] == [
        *[("empty", "X"), ("open", "Script"), ("text", ""), ("open", "B"), ("text", "")],
        *[("close", "B"), ("close", "Script"), ("other", "")],
    ]


HOSTILE = [
    *["<", "<a", '<a b="', "<!--", "<![CDATA[", "<?", "</", "&#", "&", "<a b='", "<script>", "]]"],
    *["<a\0>", "<a b =", "< ", "--", "<!", "<div>", "</b>", "<a/", "&#9"],
]


@pytest.mark.parametrize("scrap", HOSTILE)
def test_the_time_grows_with_the_length_and_not_with_its_square(scrap):
    """A square would be 25 million steps."""
    for kind in ("html", "xml"):
        began = time.process_time()
        read_tokens(f"<p>{scrap * 5000}", Markup(kind=kind))
        assert time.process_time() - began < 1


@pytest.mark.slow
@pytest.mark.parametrize("scrap", HOSTILE)
def test_a_megabyte_of_the_same_takes_seconds(scrap):
    for kind in ("html", "xml"):
        began = time.process_time()
        read_tokens(f"<p>{scrap * (1_000_000 // len(scrap))}", Markup(kind=kind))
        assert time.process_time() - began < 30
