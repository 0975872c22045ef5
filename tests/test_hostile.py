"""What no ordinary text contains, and what must come of it: lines, or one line of error."""

import gzip
import unicodedata
from pathlib import Path

import pytest

pytest.importorskip("onnxruntime")

from s2s.errors import DataError
from s2s.text import clean, read_lines, read_pairs

PLAIN = "eins zwei drei\nzwölf elf\nacht\n"
PACKED = gzip.compress(PLAIN.encode(), mtime=0)

SAME = {
    "no final newline": PLAIN.rstrip().encode(),
    "CRLF": PLAIN.replace("\n", "\r\n").encode(),
    "byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "byte order mark on each line": PLAIN.replace("e", "\ufeffe", 1).encode(),
    "blanks around and between": PLAIN.replace(" ", " \t ").replace("\n", " \n").encode(),
    "no-break and ideographic spaces": PLAIN.replace(" ", "\xa0\u3000").encode(),
    "separators that end no line": PLAIN.replace(" ", "\u2028", 1).replace(" ", "\x0c").encode(),
    "lone carriage return": PLAIN.replace(" ", "\r").encode(),
    "NUL": PLAIN.replace(" ", "\0").encode(),
    "decomposed": unicodedata.normalize("NFD", PLAIN).encode(),
    "gzip": PACKED,
    "two gzip members": gzip.compress(PLAIN[:15].encode()) + gzip.compress(PLAIN[15:].encode()),
}

ODD_LINES = {
    "blank lines": "\n\neins\n\n\n",
    "kinds of blanks": " \n\t\n\xa0\n\u3000\u2003\n\u200b\n",
    "controls and escapes": "bell\x07 \x08\n\x1b[31mred\x1b[0m \x1b]0;title\x07\n\x7f \x9b31m\n",
    "special tokens": "<s> </s> <pad> <unk>\neins </s> zwei\n▁eins @@ ￭ ｟x｠\n||| <2de> [CLS]\n",
    "scripts never seen": "你好，世界。\nสวัสดีชาวโลก\nمرحبا\n𒀀𒁀𒂀\n\u202eabc\u202c \u2067מה\u2069\n",
    "emoji": "👩‍👩‍👧‍👦\n🇩🇪🇫🇷\n👍🏽\n❤️ 1️⃣\n",
    "stacked marks": "z" + "\u0301\u0308\u0323" * 30 + "\n\u0301x\n\u1100\u1161\u11a8\n",
    "look-alikes": "Тhе\nＴｈｅ\nﬁ\n𝐓𝐡𝐞\nI\u00adn\u2060v\n",
    "cases": "STRASSE Straße STRAẞE\nİı\nǆ ǅ ŉ\n",
    "no characters": "\ue000\uf8ff\n\ufdd0 \ufffe \uffff\n\ufffd\n\U0010ffff\n",
    "escaped surrogates": '{"text": "\\ud800"}\n',
    "tabs": "a\tb\n\tc\nd\t\n\t\t\n",
    "options": "--help\n-\n@file\n$(echo x) `id`\n%n %(name)s {0!r}\n",
    "markup": "<b>{0}</b> &amp; %d\n\\n \\t \\u00e4\n",
    "one line many times": "eins zwei\n" * 300,
    "many short lines": "a\nb\nc\n" * 700,
    "a long line between short ones": "eins\n" + "zwei drei " * 2500 + "\nacht\n",
    "a long word": "eins\n" + "dampfschifffahrts" * 1200 + "\nacht\n",
    "one word many times": "eins " * 2000 + "\n" + "ha" * 3000 + "\n",
}

REFUSED = {
    "Latin-1": ("läuft\n".encode("latin-1"), "line 1: byte 2 (0xe4)"),
    "lone continuation": (b"a\n\x80\n", "line 2: byte 3 (0x80)"),
    "overlong": (b"\xc0\xaf\n", "byte 1 (0xc0)"),
    "coded surrogate": (b"\xed\xa0\x80\n", "byte 1 (0xed)"),
    "cut-off character": (b"\xe2\x82\n", "byte 1 (0xe2)"),
    "UTF-16": (PLAIN.encode("utf-16"), "looks like UTF-16"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\r", "byte 1 (0x89)"),
    "truncated gzip": (PACKED[:-10], "gzip data is damaged"),
    "wrong checksum": (PACKED[:-8] + bytes(8), "gzip data is damaged"),
    "bytes after gzip": (PACKED + b"garbage\n", "gzip data is damaged"),
    "gzip of bad bytes": (gzip.compress(b"a\n\xff\n"), "line 2: byte 3 of the unpacked text"),
}


@pytest.mark.parametrize("data", SAME.values(), ids=SAME)
def test_ways_to_write_the_same_text_have_the_same_translation(s2s, tiny, tmp_path, data):
    path = tmp_path / "text"
    path.write_bytes(data)
    assert s2s("translate", tiny, path) == s2s("translate", tiny, stdin=PLAIN.encode())


@pytest.mark.parametrize("text", ODD_LINES.values(), ids=ODD_LINES)
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
    assert all(line.startswith("s2s: warning: ") for line in finished.err.splitlines())


@pytest.mark.parametrize(("data", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_text_is_refused_in_one_line(s2s, tiny, tmp_path, data, message):
    source, output = tmp_path / "text", tmp_path / "out"
    source.write_bytes(data)
    finished = s2s("translate", tiny, source, "-o", output)
    assert finished.code == 2
    assert finished.err.startswith(f"s2s: error: {source}")
    assert message in finished.err
    assert finished.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["text"]


def test_a_typed_end_piece_ends_nothing(translator):
    whole, typed = translator.translate(["eins </s> zwei", "eins"])
    assert whole.src_length > typed.src_length + 2
    assert whole.text != typed.text


# The same over files made by others, where they are at hand.
SHARED = Path(__file__).parents[2] / "shared" / "data" / "hostile"
NO_TEXT = ("utf16", "latin1", "invalid-utf8", "binary", "png")
NO_GZIP = ("zero-bytes", "truncated", "trailing-garbage", "bad-checksum", "not-gzip")
LINES_LIKE_PLAIN = ("plain", "members", "gzip-named", "crlf", "bom.", "surrounding-", "no-final-")
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"{SHARED} is not here")


@needs_shared
@pytest.mark.parametrize("path", sorted(SHARED.glob("[tg]*/*")), ids=lambda path: path.name)
def test_hostile_files(s2s, tiny, tmp_path, path):
    output = tmp_path / "out"
    finished = s2s("translate", tiny, path, "-o", output, "--beam-size", "2")
    if path.name.startswith((*NO_TEXT, *NO_GZIP)):
        assert finished.code == 2
        assert path.name in finished.err
        assert finished.err.count("\n") == 1
        assert not output.exists()
        return
    assert finished.code == 0, finished.err
    data = path.read_bytes()
    data = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    count = data.count(b"\n") + (not data.endswith(b"\n") and data != b"")
    assert output.read_bytes().count(b"\n") == count
    if path.name.startswith(LINES_LIKE_PLAIN):
        plain = [clean(line) for line in read_lines(SHARED / "text" / "plain.txt")]
        assert [clean(line) for line in read_lines(path)] == plain


@needs_shared
@pytest.mark.parametrize("path", sorted(SHARED.glob("pair/*.en")), ids=lambda path: path.stem)
def test_hostile_pairs(path):
    def read(name):
        return list(read_pairs(SHARED / "pair" / f"{name}.en", SHARED / "pair" / f"{name}.de"))

    if path.stem in ("shorter-target", "longer-target", "empty-target", "latin1-target"):
        with pytest.raises(DataError, match=r"lines but|no UTF-8"):
            read(path.stem)
    elif path.stem in (
        "crlf-source",
        "bom-source",
        "no-final-newline",
        "separators",
        "decomposed-target",
    ):
        assert read(path.stem) == read("plain")
    else:
        assert len(read(path.stem)) == path.read_bytes().count(b"\n")
