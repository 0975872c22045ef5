"""What no ordinary text contains, through ``s2s translate`` and ``Translator``."""

import gzip

import pytest
from hostile_text import LONG_LINES, ODD_LINES, PACKED, REFUSED, SAME, SOME_REFUSED

pytest.importorskip("onnxruntime")

from paths import SHARED_DATA

from s2s.errors import ConfigError
from s2s.text import clean, read_lines

OPTIONS = {
    "the model's search": (),
    "greedy": ("--beam-size", "1"),
    "JSON and two each": ("--json", "--n-best", "2", "--beam-size", "2"),
    "columns": ("--scores", "--alignments", "--beam-size", "2"),
    "kept texts": ("--keep", r"[^\w\s]", "--keep", "z[a-z]+", "--beam-size", "2"),
    "a prefix": ("--prefix", "two", "--beam-size", "2"),
    "required words": ("--require", "one", "--beam-size", "2", "--max-length", "8"),
    "in parts": ("--max-src-length", "3", "--beam-size", "1"),
    "cut": ("--max-src-length", "2", "--too-long", "truncate", "--beam-size", "1"),
    "drawn": ("--temperature", "1", "--beam-size", "2", "--seed", "1"),
}


def assert_refused(finished, name, message):
    assert finished.code == 2
    assert finished.out == b""
    assert finished.err.startswith(f"s2s: error: {name}")
    assert message in finished.err
    assert finished.err.count("\n") == 1


@pytest.mark.parametrize("data", SAME.values(), ids=SAME)
def test_ways_to_write_the_same_text_have_the_same_translation(s2s, tiny, tmp_path, data):
    path = tmp_path / "text"
    path.write_bytes(data)
    same = (0, b"one two three\ntwelve eleven\neight\n", "")
    assert s2s("translate", tiny, path) == same
    assert s2s("translate", tiny, "-", stdin=data) == same


@pytest.mark.parametrize(
    "text", [*ODD_LINES.values(), *LONG_LINES.values()], ids=[*ODD_LINES, *LONG_LINES]
)
def test_one_line_out_for_each_line_in(s2s, tiny, text):
    finished = s2s("translate", tiny, "--beam-size", "2", stdin=text.encode())
    assert finished.code == 0, finished.err
    lines = finished.out.decode().split("\n")
    sources = text.split("\n")
    assert len(lines) == len(sources)
    for source, line in zip(sources, lines, strict=True):
        assert not (line and not clean(source)), "a made-up sentence"
        if source in ("eins", "acht"):
            assert line == {"eins": "one", "acht": "eight"}[source]
    said = ("s2s: warning: ", "s2s: note: ")
    assert all(line.startswith(said) for line in finished.err.splitlines())
    assert b"\x1b" not in finished.out, "a terminal obeys it"


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_as_many_lines_whatever_is_asked_for(s2s, tiny, options):
    text = "".join(text for name, text in ODD_LINES.items() if "many" not in name)
    finished = s2s("translate", tiny, *options, stdin=text.encode())
    assert finished.code == 0, finished.err
    n_best = 2 if "--n-best" in options else 1
    assert finished.out.count(b"\n") == n_best * text.count("\n")
    said = ("s2s: warning: ", "s2s: note: ")
    assert all(line.startswith(said) for line in finished.err.splitlines())
    assert b"\x1b" not in finished.out, "a terminal obeys it"


@pytest.mark.parametrize(("data", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_text_is_refused_in_one_line(s2s, tiny, tmp_path, data, message):
    source, output = tmp_path / "text", tmp_path / "out"
    source.write_bytes(data)
    assert_refused(s2s("translate", tiny, source, "-o", output), source, message)
    assert [path.name for path in tmp_path.iterdir()] == ["text"]


@pytest.mark.parametrize(("data", "message"), SOME_REFUSED.values(), ids=SOME_REFUSED)
def test_it_is_refused_from_standard_input_too(s2s, tiny, data, message):
    assert_refused(s2s("translate", tiny, stdin=data), "standard input", message)


@pytest.mark.parametrize("data", [b"", b"eins\n", PACKED[2:]])
def test_a_name_in_gz_is_a_promise(s2s, tiny, tmp_path, data):
    path = tmp_path / "text.gz"
    path.write_bytes(data)
    assert_refused(s2s("translate", tiny, path), path, "it has no gzip header")


def test_strings_with_lone_surrogates_are_translated(translator):
    texts = ["\ud800 eins \udfff", "\ud83d\ude00", "eins\0zwei", "eins\nzwei", "\0", "\ud800" * 500]
    translations = translator.translate(texts, beam_size=2, details=True)
    assert len(translations) == len(texts)
    assert [translation.text for translation in translations[2:5]] == ["one two", "one two", ""]
    for translation in translations:
        translation.text.encode()
    (with_kept,) = translator.translate(["eins {a\udc80} \ud800"], keep=r"\{\w+\W?\}")
    with_kept.text.encode()
    with pytest.raises(ConfigError, match="the prefix '\ufffd' cannot be written"):
        translator.translate(["eins"], prefix="\ud800")


@pytest.mark.parametrize("options", [{}, {"details": True, "keep": r"\W"}, {"max_src_length": 3}])
def test_a_stream_in_any_portions_is_the_same_translation(translator, options):
    texts = "".join(text for name, text in ODD_LINES.items() if "many" not in name).split("\n")
    whole = translator.translate(texts, beam_size=2, **options)
    assert len(whole) == len(texts)
    for portion in (1, 7):
        assert list(translator.translate_stream(texts, portion, beam_size=2, **options)) == whole


def test_a_typed_end_piece_ends_nothing(translator):
    whole, typed = translator.translate(["eins </s> zwei", "eins"])
    assert whole.src_length > typed.src_length + 2
    assert whole.text != typed.text


# The same over files made by others, where they are at hand.
HOSTILE = SHARED_DATA / "hostile"
NO_TEXT = ("utf16", "latin1", "invalid-utf8", "binary", "png")
NO_GZIP = ("zero-bytes", "truncated", "trailing-garbage", "bad-checksum", "not-gzip")
LINES_LIKE_PLAIN = ("plain", "members", "gzip-named", "crlf", "bom.", "surrounding-", "no-final-")
needs_shared = pytest.mark.skipif(not HOSTILE.is_dir(), reason=f"{HOSTILE} is not here")


def count_lines(data):
    data = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    return data.count(b"\n") + (not data.endswith(b"\n") and data != b"")


@needs_shared
@pytest.mark.parametrize("path", sorted(HOSTILE.glob("[tg]*/*")), ids=lambda path: path.name)
def test_hostile_files(s2s, tiny, tmp_path, path):
    output = tmp_path / "out"
    finished = s2s("translate", tiny, path, "-o", output, "--beam-size", "1")
    typed = s2s("translate", tiny, "--beam-size", "1", stdin=path.read_bytes())
    if path.name.startswith(("zero-bytes", "not-gzip")):  # only the name says what it should be
        assert (typed.code, typed.out.count(b"\n")) == (0, count_lines(path.read_bytes()))
    elif path.name.startswith((*NO_TEXT, *NO_GZIP)):
        assert_refused(typed, "standard input", "")
    if path.name.startswith((*NO_TEXT, *NO_GZIP)):
        assert_refused(finished, path, "")
        assert not output.exists()
        return
    assert finished.code == 0, finished.err
    assert output.read_bytes().count(b"\n") == count_lines(path.read_bytes())
    assert typed == (0, output.read_bytes(), finished.err)
    if path.name.startswith(LINES_LIKE_PLAIN):
        plain = [clean(line) for line in read_lines(HOSTILE / "text" / "plain.txt")]
        assert [clean(line) for line in read_lines(path)] == plain
