import bz2
import gzip
import io
import logging
import lzma
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2s import text
from s2s.errors import DataError, FileError, printable
from s2s.text import clean, read_lines, read_pairs

ANYTHING = st.text(st.characters(codec=None))  # lone surrogates too


@pytest.fixture
def write(tmp_path):
    def write_file(data, name="text.txt"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write_file


@given(ANYTHING)
def test_cleaning_twice_changes_nothing_more(line):
    once = clean(line)
    assert clean(once) == once
    assert once == once.strip()
    assert "  " not in once
    assert not set(once) & set("\n\r\0\ufeff\u2028\x85\t")
    assert once == once.strip("\u200b")
    assert not any(pair in once for pair in (" \u200b", "\u200b ", "\u200b\u200b"))
    once.encode("utf-8")
    assert unicodedata.is_normalized("NFC", once)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("  a \t b\r", "a b"),
        ("a\u2028b\x0bc\x0cd\x85e", "a b c d e"),
        ("nul\0in\0side", "nul in side"),
        ("\ufeffword", "word"),
        ("\u200b", ""),
        ("\u200b \ufeff\u200b", ""),
        ("ខ្ញុំ\u200bឃើញ", "ខ្ញុំ\u200bឃើញ"),  # a zero-width space within a line is spelling, too
        ("\u200bone\u200b\u200btwo \u200b three\u200b", "one\u200btwo three"),
        ("a\u0308", "ä"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # a non-joiner is spelling, not a blank
        ("\ud800", "\ufffd"),
        ("</s> <unk>", "</s> <unk>"),
    ],
)
def test_cleaning_by_example(line, expected):
    assert clean(line) == expected


@given(ANYTHING)
def test_printable_text_has_no_control_characters(line):
    shown = printable(line)
    shown.encode("utf-8")
    assert not any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in shown)
    assert "\u202e" not in shown


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"])), min_size=1
    ),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([bytes, gzip.compress, bz2.compress, lzma.compress]),
)
def test_lines_come_back_as_they_were_written(tmp_path_factory, lines, last, end, pack):
    if lines[0].startswith("\ufeff") or lines[-1] == "" or "\0" in lines[0]:
        return  # a mark is dropped; what has no character and no line end is no line
    data = (end.join(lines) + (end if last else "")).encode()
    path = tmp_path_factory.mktemp("lines") / "lines.txt"
    path.write_bytes(pack(data))
    assert list(read_lines(path)) == lines


def test_gzip_is_told_by_its_bytes_also_from_standard_input(monkeypatch):
    data = gzip.compress(b"one\n") + gzip.compress(b"two\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert list(read_lines("-")) == ["one", "two"]


@pytest.mark.parametrize("data", [b"", b"\x1f", b"\n", b"\x1f\n"])
def test_standard_input_of_hardly_any_bytes(monkeypatch, data):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert list(read_lines("-")) == data.decode().splitlines()[:1]


def test_a_bad_byte_is_named_with_file_line_and_position(write):
    data = "Straße\nzwei\n".encode() + b"drei \xff vier\n"
    path = write(data)
    with pytest.raises(
        DataError, match=rf"text\.txt, line 3: byte {data.index(0xFF) + 1} \(0xff\)"
    ):
        list(read_lines(path))


def test_a_cut_off_character_at_the_end_is_an_error(write):
    with pytest.raises(DataError, match="line 2: byte 3"):
        list(read_lines(write(b"a\n\xe2\x82")))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_recognised(write, encoding):
    with pytest.raises(DataError, match="looks like UTF-16"):
        list(read_lines(write("Guten Tag\nund gute Nacht\n".encode(encoding))))


def test_some_nul_bytes_do_not_look_like_utf16(write):
    assert len(list(read_lines(write(b"a\0b\n\0\0\0\n")))) == 2


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "zero.gz"),
        (b"plain text\n", "plain.gz"),
        (gzip.compress(b"text\n" * 9)[:-9], "truncated.txt"),
        (gzip.compress(b"text\n") + b"garbage", "trailing.txt"),
        (gzip.compress(b"text\n")[:-8] + bytes(8), "checksum.txt"),
        (gzip.compress(b"text\n" * 99)[:12] + b"\xff" * 20, "stream.txt"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_damaged_gzip_is_an_error_that_names_the_file(write, data, name):
    with pytest.raises(DataError, match=rf"{name}.*gzip data is damaged"):
        list(read_lines(write(data, name)))


def test_missing_files_and_folders_are_file_errors(tmp_path):
    with pytest.raises(FileError, match="does not exist"):
        list(read_lines(tmp_path / "none"))
    with pytest.raises(FileError, match="is a folder"):
        list(read_lines(tmp_path))
    with pytest.raises(FileError, match=r"a\\x00b"):
        list(read_lines("a\0b"))


def test_file_names_cannot_send_escapes_to_a_terminal(tmp_path):
    with pytest.raises(FileError) as caught:
        list(read_lines(tmp_path / "\x1b[31mred"))
    assert "\x1b" not in str(caught.value)


def test_an_endless_line_is_cut_with_a_warning(write, monkeypatch, caplog):
    monkeypatch.setattr(text, "LINE_LIMIT", 10)
    path = write("äöüäöüäöüäöüäöü\nshort\n".encode())
    with caplog.at_level(logging.WARNING):
        assert list(read_lines(path)) == ["äöüäö", "short"]
    assert "line 1" in caplog.text


def test_a_line_just_within_the_limit_is_whole(write, monkeypatch, caplog):
    monkeypatch.setattr(text, "LINE_LIMIT", 10)
    path = write(b"123456789\n0123456789\nend")
    with caplog.at_level(logging.WARNING):
        assert list(read_lines(path)) == ["123456789", "0123456789", "end"]
    assert not caplog.records


def test_a_bad_byte_in_what_is_cut_off_is_an_error_too(write, monkeypatch):
    monkeypatch.setattr(text, "LINE_LIMIT", 10)
    data = "ä".encode() * 17 + b"\xff\n"
    with pytest.raises(DataError, match="line 1: byte 35 "):
        list(read_lines(write(data)))


def test_pairs_are_cleaned_unless_told_otherwise(write):
    src, tgt = write(b"\xef\xbb\xbf a  b\r\n\n", "a"), write(b"c \n d", "b")
    assert list(read_pairs(src, tgt)) == [("a b", "c"), ("", "d")]
    assert list(read_pairs(src, tgt, cleaned=False)) == [(" a  b", "c "), ("", " d")]


@pytest.mark.parametrize(("src_count", "tgt_count"), [(3, 2), (2, 5), (0, 1), (4, 0)])
def test_files_of_different_lengths_are_named_with_both_counts(write, src_count, tgt_count):
    src, tgt = write(b"x\n" * src_count, "train.de"), write(b"y\n" * tgt_count, "train.en")
    expected = rf"train\.de has {src_count} lines but .*train\.en has {tgt_count}; parallel"
    with pytest.raises(DataError, match=expected):
        list(read_pairs(src, tgt))


def test_one_file_for_both_sides_is_an_error(write, tmp_path):
    src = write(b"x\n", "a")
    link = tmp_path / "b"
    link.symlink_to(src)
    for tgt in (src, link):
        with pytest.raises(DataError, match="same file"):
            list(read_pairs(src, tgt))
