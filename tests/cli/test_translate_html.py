"""``s2s translate --format html`` translates one document, whole or not at all."""

import gzip

import pytest

PAGE = (
    "\ufeff<!DOCTYPE html>\r\n<title>eins</title>\r\n"
    "<p>zwei <b>drei</b><p class=x>vier &amp; fünf\r\n"
)


def test_a_page_keeps_its_tags_and_line_ends(s2s, tiny):
    done = s2s("translate", tiny, "--format", "html", stdin=PAGE.encode())
    assert done.code == 0
    page = done.out.decode()
    assert page.startswith("\ufeff<!DOCTYPE html>\r\n<title>one</title>\r\n<p>two <b>")
    assert page.endswith("\r\n")
    assert "<p class=x>four" in page
    assert "&amp;" in page


def test_a_page_goes_from_file_to_file(s2s, tiny, tmp_path):
    source, target = tmp_path / "page.html.gz", tmp_path / "out.html"
    source.write_bytes(gzip.compress(b"<p>eins</p>"))
    assert s2s("translate", tiny, source, "-o", target, "--format", "html").code == 0
    assert target.read_bytes() == b"<p>one</p>"


def test_xml_has_elements_to_ignore(s2s, tiny):
    source = b"<p>eins</p> <x>zwei</x>"
    done = s2s("translate", tiny, "--format", "xml", "--ignore-tag", "x", stdin=source)
    assert done.out == b"<p>one</p> <x>zwei</x>"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--format", "html", "--json"], "--json is about lines of text; leave it out with"),
        (["--format", "xml", "--scores"], "--scores is about lines of text"),
        (["--format", "html", "--n-best", "2"], "n_best (--n-best) is 2, but a document has one"),
        (["--format", "html", "--require", "one"], "cannot be combined with HTML"),
        (["--ignore-tag", "x"], "--ignore-tag is about documents; add --format html"),
        (["--format", "htm"], "html"),
    ],
)
def test_options_about_lines_are_refused_for_documents(s2s, tiny, options, message):
    done = s2s("translate", tiny, *options, stdin=b"<p>eins</p>")
    assert done.code == 2
    assert message in done.err
    assert done.out == b""


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (b"<p>\neins \xff", "standard input, line 2: byte 10 (0xff) is not UTF-8"),
        ("<p>eins".encode("utf-16"), "looks like UTF-16"),
        (b"PK\3\4", "is not text but a zip archive"),
    ],
)
def test_a_page_that_is_no_text_leaves_no_output(s2s, tiny, tmp_path, page, message):
    target = tmp_path / "out.html"
    done = s2s("translate", tiny, "-", "-o", target, "--format", "html", stdin=page)
    assert done.code == 2
    assert message in done.err
    assert not target.exists()


def test_a_page_that_is_too_large_is_refused(s2s, tiny, monkeypatch):
    monkeypatch.setattr("s2s.text.DOCUMENT_LIMIT", 5)
    done = s2s("translate", tiny, "--format", "html", stdin=b"<p>eins")
    assert done.code == 2
    assert "standard input has more than 5 bytes" in done.err
