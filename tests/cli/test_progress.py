"""The bar that people see who translate at a terminal."""

import gzip

import pytest

from s2s.cli.progress import count_lines, show_progress


@pytest.mark.parametrize("content", [b"", b"one", b"one\ntwo\n", b"one\n\n" * 300_000])
def test_lines_are_counted_without_being_read_as_text(tmp_path, content):
    (tmp_path / "text").write_bytes(content)
    assert count_lines(str(tmp_path / "text")) == content.count(b"\n")


def test_what_would_have_to_be_read_is_not_counted(tmp_path):
    (tmp_path / "text.gz").write_bytes(gzip.compress(b"one\n"))
    for path in (tmp_path / "text.gz", tmp_path, tmp_path / "absent", "-"):
        assert count_lines(str(path)) is None


@pytest.mark.parametrize("total", [None, 3])
def test_what_is_shown_goes_through_one_by_one_and_not_to_standard_output(total, capfd):
    taken = []
    items = (taken.append(number) or number for number in range(3))
    for number, item in enumerate(show_progress(items, total)):
        assert item == number
        assert taken == list(range(number + 1))
    assert capfd.readouterr().out == ""
