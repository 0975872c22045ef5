"""What no ordinary text contains, and what comes of it: lines, or one line of error."""

import bz2
import gzip
import io
import lzma
import tarfile
import unicodedata
import zipfile
import zlib

PLAIN = "eins zwei drei\nzwölf elf\nacht\n"
PACKED = gzip.compress(PLAIN.encode(), mtime=0)
XZ, BZIP2 = lzma.compress(PLAIN.encode()), bz2.compress(PLAIN.encode())


def _archive(kind):
    file = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("text", "eins")
    else:
        with tarfile.open(fileobj=file, mode=kind) as archive:
            member = tarfile.TarInfo("text")
            member.size = 4
            archive.addfile(member, io.BytesIO(b"eins"))
    return file.getvalue()


SAME = {
    "no final newline": PLAIN.rstrip().encode(),
    "CRLF": PLAIN.replace("\n", "\r\n").encode(),
    "CR CR LF": PLAIN.replace("\n", "\r\r\n").encode(),
    "byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "two byte order marks": b"\xef\xbb\xbf" * 2 + PLAIN.encode(),
    "byte order mark on each line": PLAIN.replace("e", "\ufeffe", 1).encode(),
    "byte order mark in the middle": PLAIN.replace(" ", " \ufeff").encode(),
    "blanks around and between": PLAIN.replace(" ", " \t ").replace("\n", " \n").encode(),
    "no-break and ideographic spaces": PLAIN.replace(" ", "\xa0\u3000").encode(),
    "separators that end no line": PLAIN.replace(" ", "\u2028", 1).replace(" ", "\x0c").encode(),
    "lone carriage return": PLAIN.replace(" ", "\r").encode(),
    "NUL": PLAIN.replace(" ", "\0").encode(),
    "decomposed": unicodedata.normalize("NFD", PLAIN).encode(),
    "gzip": PACKED,
    "two gzip members": gzip.compress(PLAIN[:15].encode()) + gzip.compress(PLAIN[15:].encode()),
    "gzip padded with zeros": PACKED + bytes(512),
    "xz": XZ,
    "two xz parts, padded with zeros": lzma.compress(PLAIN[:15].encode())
    + bytes(8)
    + lzma.compress(PLAIN[15:].encode())
    + bytes(4),
    "bzip2": BZIP2,
    "two bzip2 parts": bz2.compress(PLAIN[:15].encode()) + bz2.compress(PLAIN[15:].encode()),
    "gzip of CRLF with a mark": gzip.compress(("\ufeff" + PLAIN).replace("\n", "\r\n").encode()),
}
"""Ways to write the same text."""

ODD_LINES = {
    "blank lines": "\n\neins\n\n\n",
    "kinds of blanks": " \n\t\n\xa0\n\u3000\u2003\n\u200b\n",
    "controls and escapes": "bell\x07 \x08\n\x1b[31mred\x1b[0m \x1b]0;title\x07\n\x7f \x9b31m\n",
    "NUL": "eins\n\0\0\0\nacht\n",
    "special tokens": "<s> </s> <pad> <unk>\neins </s> zwei\n▁eins @@ ￭ ｟x｠\n||| <2de> [CLS]\n",
    "bytes as pieces": "<0x41> <0x0A>\n",
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
    "UTF-7 and ISO-2022, which are ASCII": "zw+APY-lf\n\x1b$B:#F|\x1b(B\n",
    "one line many times": "eins zwei\n" * 300,
    "many short lines": "a\nb\nc\n" * 700,
}
LONG_LINES = {
    "a long line between short ones": "eins\n" + "zwei drei " * 2500 + "\nacht\n",
    "a long word": "eins\n" + "dampfschifffahrts" * 1200 + "\nacht\n",
    "one word many times": "eins " * 2000 + "\n" + "ha" * 3000 + "\n",
    "100,000 marks in disorder": "eins\na" + "\u0301\u0323\u0308\u0316" * 25_000 + "\nacht\n",
    "what becomes longer": "\u0344" * 1000 + "\n" + "\ufdfa" * 300 + "\n",
}

REFUSED = {
    "Latin-1": ("läuft\n".encode("latin-1"), "line 1: byte 2 (0xe4)"),
    "lone continuation": (b"a\n\x80\n", "line 2: byte 3 (0x80)"),
    "overlong": (b"\xc0\xaf\n", "byte 1 (0xc0)"),
    "coded surrogate": (b"\xed\xa0\x80\n", "byte 1 (0xed)"),
    "cut-off character": (b"\xe2\x82\n", "byte 1 (0xe2)"),
    "half a byte order mark": (b"\xef\xbb", "byte 1 (0xef)"),
    "beyond Unicode": (b"\xf4\x90\x80\x80\n", "byte 1 (0xf4)"),
    "UTF-16": (PLAIN.encode("utf-16"), "looks like UTF-16"),
    "UTF-16 without a mark": (PLAIN.encode("utf-16-le"), "looks like UTF-16"),
    "UTF-16, big-endian, a blank line first": ("\nacht\n".encode("utf-16-be"), "like UTF-16"),
    "UTF-32": (PLAIN.encode("utf-32"), "looks like UTF-32"),
    "UTF-32 of ASCII without a mark": ("eins\nacht\n".encode("utf-32-le"), "looks like UTF-32"),
    "UTF-32 of ASCII, big-endian": ("eins\nacht\n".encode("utf-32-be"), "looks like UTF-32"),
    "Shift-JIS": ("今日は\n".encode("shift-jis"), "byte 1 (0x8d)"),
    "GB 18030": ("今天天气\n".encode("gb18030"), "byte 1 (0xbd)"),
    "EBCDIC": (PLAIN.encode("cp500"), "byte 1 (0x85)"),
    "KOI8-R": ("Привет\n".encode("koi8-r"), "byte 1 (0xf0)"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\r", "byte 1 (0x89)"),
    "a pickle": (b"\x80\x04\x95\x05", "byte 1 (0x80)"),
    "zip": (_archive("zip"), "is not text but a zip archive; unpack it first"),
    "tar": (_archive("w"), "is not text but a tar archive; unpack it first"),
    "tar and gzip": (_archive("w:gz"), "is not text but a tar archive; unpack it first"),
    "7z": (b"7z\xbc\xaf\x27\x1c\0\4", "is not text but a 7z archive; unpack it first"),
    "lz4": (b"\x04\x22\x4d\x18\x64\x40\xa7", "is not text but lz4 data; unpack it first"),
    "truncated bzip2": (BZIP2[:-5], "bzip2 data is damaged (it ends too early)"),
    "bytes after bzip2": (BZIP2 + b"garbage\n", "bzip2 data is damaged"),
    "damaged bzip2": (BZIP2[:20] + b"\0\0\0\0" + BZIP2[24:], "bzip2 data is damaged"),
    "truncated xz": (XZ[:-5], "xz data is damaged (it ends too early)"),
    "bytes after xz": (XZ + b"garbage\n", "xz data is damaged"),
    "damaged xz": (XZ[:30] + b"\0\0\0\0" + XZ[34:], "xz data is damaged"),
    "first bytes of xz": (XZ[:6], "xz data is damaged (it ends too early)"),
    "zlib": (zlib.compress(b"eins\n"), "byte 2 (0x9c)"),
    "truncated gzip": (PACKED[:-10], "gzip data is damaged"),
    "first bytes of gzip": (PACKED[:2], "gzip data is damaged"),
    "wrong checksum": (PACKED[:-8] + bytes(8), "gzip data is damaged"),
    "wrong length": (PACKED[:-4] + b"\1\0\0\0", "gzip data is damaged"),
    "unknown method": (PACKED[:2] + b"\7" + PACKED[3:], "gzip data is damaged"),
    "bytes after gzip": (PACKED + b"garbage\n", "gzip data is damaged"),
    "one byte after gzip": (PACKED + b"\x1f", "gzip data is damaged"),
    "a second member cut off": (PACKED + PACKED[:-4], "gzip data is damaged"),
    "gzip of bad bytes": (gzip.compress(b"a\n\xff\n"), "line 2: byte 3 of the unpacked text"),
    "gzip of gzip": (gzip.compress(PACKED), "is not text but gzip data; unpack it first"),
    "xz in bzip2": (bz2.compress(XZ), "is not text but xz data; unpack it first"),
}
"""What is no text, and what the error says."""

SOME_REFUSED = {
    name: REFUSED[name]
    for name in ("Latin-1", "UTF-16", "tar", "truncated gzip", "gzip of bad bytes")
}
"""One of each kind, for commands that read text as all do."""
