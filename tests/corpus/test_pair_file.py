"""Files with both sides, as people have them."""

import gzip
import io
import json
import logging
import lzma
import sys

import pytest

from s2s import text
from s2s.corpus import pair_file
from s2s.corpus.columns import USUAL_NAMES, parse_columns
from s2s.corpus.pair_file import open_pair_file
from s2s.errors import ConfigError, DataError, FileError


@pytest.fixture
def read(tmp_path):
    """Writes a file; returns its columns and pairs."""

    def read(content, *options, name="file", **more):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        file = open_pair_file(path, *options, **more)
        return str(file.layout.columns), list(file.pairs)

    return read


@pytest.mark.parametrize(
    ("name", "content", "columns", "pairs"),
    [
        # SIGMORPHON 2020 task 1: word and phones
        ("kor.tsv", "a\tb c\nd\te\n", "1,2", [("a", "b c"), ("d", "e")]),
        # no ending; blank lines are empty pairs; the last line has no end
        ("train", "a\tb\n\n \nc\td", "1,2", [("a", "b"), ("", ""), ("", ""), ("c", "d")]),
        # more columns than two, as Tatoeba's files for Anki have
        ("deu.txt", "Hi.\tHallo!\tCC-BY 2.0\n", "1,2", [("Hi.", "Hallo!")]),
        # SIGMORPHON's inflection, both orders: features are read with the lemma
        (
            "x",
            "go\twent\tV;PST\nhe\thim\tPRO\n",
            "1+3,2",
            [("go V;PST", "went"), ("he PRO", "him")],
        ),
        ("x", "go\tV;PST\twent\n", "1+2,3", [("go V;PST", "went")]),
        # a header of usual names is found, in any order and case
        ("x.tsv", "ID\tTarget\tSource\n1\tb\ta\n", "Source,Target", [("a", "b")]),
        ("x", "lemma\tform\ttags\ngo\twent\tV;PST\n", "lemma+tags,form", [("go V;PST", "went")]),
        ("x", "de\ten\nja\tyes\n", "de,en", [("ja", "yes")]),
        # CSV: quotation marks, line breaks and delimiters in texts
        (
            "e2e.csv",
            'mr,ref\n"name[A], food[B]","It\'s ""A"".\nReally"\n\nx, "y z"\n',
            "mr,ref",
            [("name[A], food[B]", 'It\'s "A". Really'), ("", ""), ("x", "y z")],
        ),
        ("x.csv", 'Source;Target\n"a;b";c\n', "Source,Target", [("a;b", "c")]),
        ("x.csv", "one,two\n", "1,2", [("one", "two")]),
        # JSON Lines: usual keys, the only two, nested ones; numbers as written, lists joined
        ("x", '{"id": 7, "source": "a", "target": 1.10}\n', "source,target", [("a", "1.10")]),
        ("x.jsonl", '{"q": ["a", "b"], "r": true}\n', "q,r", [("a b", "true")]),
        (
            "x.json",
            '{"id": 1, "translation": {"en": "a\\nb", "de": null}}\n\n',
            "translation.en,translation.de",
            [("a b", ""), ("", "")],
        ),
        ("x", '["a", "b", 3]\n', "1,2", [("a", "b")]),
        (
            "x.ndjson",
            '{"a": "\\ud800x", "b": "\\ud83d\\ude00"}\n',
            "a,b",
            [("\ufffdx", "\U0001f600")],
        ),
        # the CMU Pronouncing Dictionary, old and new
        (
            "lexicon",
            ";;; # CMUdict\n!BANG  B AE1 NG\nA  AH0\nA(2)  EY1\n(  P AH0\n",
            "1,2",
            [("!BANG", "B AE1 NG"), ("A", "AH0"), ("A", "EY1"), ("(", "P AH0")],
        ),
        ("x.dict", "a(2) EY1\nal AO1 L # place, danish\n", "1,2", [("a", "EY1"), ("al", "AO1 L")]),
        # a byte order mark and CRLF
        ("x", "\ufeffsrc\ttgt\r\na\tb\r\n", "src,tgt", [("a", "b")]),
    ],
)
def test_files_are_read_as_people_have_them(read, name, content, columns, pairs):
    assert read(content, name=name) == (columns, pairs)
    assert read(content, columns, name=name) == (columns, pairs)


def test_columns_are_chosen_by_number_or_name(read):
    content = "id\tde\ten\ttopic\n1\tja\tyes\tz\n"
    assert read(content, "en,de") == ("en,de", [("yes", "ja")])
    assert read(content, "2,3") == (
        "2,3",
        [("ja", "yes")],
    )  # its first line is a header all the same
    assert read(content, "topic + de, EN") == ("topic+de,EN", [("z ja", "yes")])
    assert read(content, languages=("en", "deu")) == ("en,de", [("yes", "ja")])
    assert read("a\tb\tc\n", "3,1+2") == ("3,1+2", [("c", "a b")])
    line = '{"a.b": "x", "c": {"d": {"e": "y"}}}\n'
    assert read(line, "a.b,c.d.e")[1] == [("x", "y")]


def test_a_form_that_is_named_is_read_whatever_the_name_says(read):
    assert read('"a b"\tc\n', None, "csv", name="x.tsv")[1] == [("a b", "c")]
    assert read('"a b"\tc\n', name="x.tsv")[1] == [('"a b"', "c")]
    assert read("read(2)\tR EH D\n", None, "cmudict", name="x.txt")[1] == [("read", "R EH D")]


def test_words_of_three_letters_are_no_header(read):
    assert read("cat\tdog\n")[1] == [("cat", "dog")]


@pytest.mark.parametrize(
    ("name", "content", "columns", "message"),
    [
        (
            "x.tsv",
            "a\tb\nc\n",
            None,
            r"x\.tsv, line 2 has 1 column; expected at least 2 between tabs",
        ),
        ("x", "a\tb\n", "1,3", r"line 1 has 2 columns; expected at least 3 .*target: column 3"),
        ("x.csv", 'a,b\n\n"c,d\n', None, r"x\.csv, line 3: broken CSV \(unexpected end of data\)"),
        ("x.csv", 'a,b\n"c"d,e\n', None, r"line 2: broken CSV .*look for a quotation mark"),
        ("x.csv", 'a,b\n"' + "c" * 200_000, None, r"line 2: broken CSV \(field larger than"),
        (
            "x.jsonl",
            '{"a": "b"\n',
            None,
            r"line 1: broken JSON \(.*column \d+\); expected an object",
        ),
        ("x.json", '[\n{"a": 1}]\n', None, r"line 1: broken JSON .*jq -c '\.\[\]' makes"),
        ("x.json", "[" * 100_000, None, r"line 1: broken JSON \(nested too deeply\)"),
        ("x.json", '"a"\n', None, "line 1: .* is no JSON object or list"),
        (
            "x",
            '{"a": "b", "c": "d"}\n{"a": "b"}\n',
            None,
            "line 2: no key 'c'; expected it, found 'a'",
        ),
        ("x", '{"a": "b", "c": "d"}\n{}\n', None, "line 2: no key 'a'"),
        (
            "x",
            '{"a": "b", "c": "d"}\n["a", "b"]\n',
            None,
            "line 2 is a JSON list, but the first one",
        ),
        ("x", '["a", "b"]\n{"a": "b"}\n', None, "line 2 is a JSON object, but the first one"),
        ("x", '{"a": "b", "c": {"d": 1}}\n', "a,c", "line 1: 'c' is .*; expected text, a number"),
        ("x", '{"a": "b", "c": "d", "e": "f"}\n', None, "cannot be told among 'a', 'c', 'e'; name"),
        ("x.dict", "a AH0\nb\n", None, "line 2 has 1 column; .*: a word and its phones"),
        ("x", "word\tphones\na\tb\n", "word,fones", "no column 'fones'; .*did you mean 'phones'"),
        (
            "x",
            "Hello, world!\n",
            None,
            r"nor its first line, 'Hello, world!', tells its form; set ",
        ),
        ("x", b"a\tb\nc\t\xff\n", None, "line 2: byte 7 .0xff. is not UTF-8"),
    ],
)
def test_what_is_wrong_is_one_line_with_file_and_line(read, name, content, columns, message):
    with pytest.raises(DataError, match=message) as caught:
        read(content, columns, name=name)
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize("columns", ["", "1", "1,2,3", ",", "a,", "a+,b", "0,1", "00,1"])
def test_columns_of_a_wrong_form_are_refused(columns):
    with pytest.raises(ConfigError, match=r"^columns \(--columns\) is .*(expected|from 1)"):
        parse_columns(columns)


def test_packed_files_and_standard_input_are_read(read, monkeypatch):
    assert read(gzip.compress(b"a,b\n"), name="x.csv.gz")[1] == [("a", "b")]
    assert read(lzma.compress(b"a\tb\n"), name="x")[1] == [("a", "b")]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\tb\nc\td\n")))
    file = open_pair_file("-")
    assert str(file).startswith("standard input: columns between tabs; source: column 1; target")
    assert list(file.pairs) == [("a", "b"), ("c", "d")]


def test_an_empty_file_has_no_pairs(read, tmp_path):
    for content, count in ((b"", 0), (b"\n \n", 2)):
        (tmp_path / "x").write_bytes(content)
        file = open_pair_file(tmp_path / "x")
        assert (file.layout, list(file.pairs)) == (None, [("", "")] * count)
        assert str(file).endswith("x: empty")
    with pytest.raises(FileError, match="none does not exist"):
        open_pair_file(tmp_path / "none")


def test_it_is_said_what_was_found(tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text("word\tphones\n\n\x1b[31mred\t" + "r " * 50 + "\n")
    said = str(open_pair_file(path))
    assert said.endswith(
        "x.tsv: columns between tabs; source: 'word'; target: 'phones', the first line has their "
        "names; first pair: '\\x1b[31mred' -> 'r r r r r r r r r r r r r r r r r r r...'"
    )


def test_cells_that_nobody_reads_are_counted_in_one_warning(read, caplog):
    pair_file._warn.cache_clear()
    content = "a\tb\nc\td\te\n" + "f\tg\t\n" + "h\ti\tj\n"
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert read(content)[1] == [("a", "b"), ("c", "d"), ("f", "g"), ("h", "i")]
    assert [record.getMessage().partition("file")[2] for record in caplog.records] == [
        ": lines with more columns than the first one, which has 2: 2 (first: line 2); what stands "
        "there is not read"
    ]


def test_texts_of_several_lines_are_counted(read, caplog):
    pair_file._warn.cache_clear()
    lines = [{"src": "  if x:\n\ty = 1\n", "tgt": "a"}, {"src": "b\n", "tgt": "\r\nc\td "}]
    content = "".join(f"{json.dumps(line)}\n" for line in lines)
    with caplog.at_level(logging.WARNING):
        assert read(content)[1] == [("  if x: \ty = 1", "a"), ("b", "c\td ")]
    assert [record.getMessage().partition("file")[2] for record in caplog.records] == [
        ": pairs with line breaks within a text, which become blanks: 1 (first: line 1); a text is "
        "one line"
    ]


def test_a_line_over_the_limit_is_cut_with_a_warning(read, monkeypatch, caplog):
    monkeypatch.setattr(text, "LINE_LIMIT", 10)
    with caplog.at_level(logging.WARNING):
        assert read("a\tbbbbbbbbbbbbbbb\nc\td\n")[1] == [("a", "bbbbbbbb"), ("c", "d")]
    assert "line 1 is longer than 10 bytes" in caplog.text


def test_usual_names_do_not_exclude_each_other():
    assert len(set(USUAL_NAMES)) == len(USUAL_NAMES)
    assert all(len(names) == 2 and names[0] != names[1] for names in USUAL_NAMES)
