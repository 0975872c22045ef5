"""Pairs that no careful person would train on, through ``s2s train``."""

import unicodedata

import pytest
from hostile_text import ODD_LINES, SOME_REFUSED
from paths import SHARED_DATA

pytest.importorskip("torch")

SMALL = (
    *("--preset", "tiny", "--embedding-size", 8, "--hidden-size", 8, "--vocab-size", 150),
    *("--max-updates", 1, "--precision", "fp32", "--workers", 1),
)
SRC = ["Where is the station?", "I am hungry.", "", "A dog runs.", "Good morning, everybody."]
TGT = ["Wo ist der Bahnhof?", "Ich habe Hunger.", "Nichts.", "Ein Hund läuft.", "Guten Morgen!"]
TEXT = "".join(f"{line}\n" for line in SRC), "".join(f"{line}\n" for line in TGT)
PLAIN = tuple(text.encode() for text in TEXT)
READ = "5 pairs read, 4 accepted (rejected: 1 blank, 0 too long, 0 unequal length)"

SAME = {
    "plain": PLAIN,
    "CRLF on one side": (PLAIN[0].replace(b"\n", b"\r\n"), PLAIN[1]),
    "a byte order mark on one side": (b"\xef\xbb\xbf" + PLAIN[0], PLAIN[1]),
    "no final newline": (PLAIN[0], PLAIN[1].rstrip()),
    "separators that end no line": (
        TEXT[0].replace(" is", "\u2028is").encode(),
        TEXT[1].replace(" Hund", "\x0cHund").encode(),
    ),
    "decomposed": (PLAIN[0], unicodedata.normalize("NFD", TEXT[1]).encode()),
}
ODD = {
    "copied": (PLAIN[0], PLAIN[0], "4 targets equal their source"),
    "one pair": (b"Hello, you there\n", b"Hallo, ihr da\n", "1 pairs read, 1 accepted"),
    "one pair many times": (b"Hello\n" * 200, b"Hallo\n" * 200, "200 pairs read, 200 accepted"),
    "all targets but one blank": (PLAIN[0], b"Wo?\n\n \n\t\n\n", "1 accepted (rejected: 4 blank"),
    "one word against many": (
        b"Hello there.\n" * 4,
        b"Hallo.\n" * 2 + b"lang " * 60 + b"\n" + b"zu lang " * 400 + b"\n",
        "2 accepted (rejected: 0 blank, 1 too long, 1 unequal length)",
    ),
    "odd lines": ("".join(list(ODD_LINES.values())[:15]).encode(), None, "equal their source"),
}
UNUSABLE = {
    "a line less": (PLAIN[0], PLAIN[1].replace(b"Nichts.\n", b""), "5 lines but", "has 4"),
    "two blank lines more": (PLAIN[0], PLAIN[1] + b"\n\n", "5 lines but", "has 7"),
    "nothing on one side": (PLAIN[0], b"", "5 lines but", "has 0"),
    "nothing": (b"", b"", "have no pair to", "expected at least one line"),
    "blanks": (b"\n \n", b"\n\xc2\xa0\n", "have no pair to", "blank on neither side"),
    "Latin-1 on one side": (PLAIN[0], TEXT[1].encode("latin-1"), "line 4: byte", "not UTF-8"),
    "long lines only": (
        b"word " * 500 + b"\n",
        b"Wort " * 500 + b"\n",
        "no pair was accepted",
        "1 too",
    ),
}


@pytest.fixture
def train(s2s, tmp_path):
    """Returns a function that trains on a pair of texts, or validates on it."""

    def run(src, tgt, *, validate=False):
        contents = {"pair.en": src, "pair.de": tgt, "plain.en": PLAIN[0], "plain.de": PLAIN[1]}
        for name, data in contents.items():
            (tmp_path / name).write_bytes(data)
        paths = [tmp_path / name for name in contents]
        names = ("--val-src", "--val-tgt", "--src", "--tgt")
        ordered = zip(names if validate else (*names[2:], *names[:2]), paths, strict=True)
        options = [word for pair in ordered for word in pair]
        return s2s("train", *options, "--out", tmp_path / "run", *SMALL)

    return run


def vocabulary(folder):
    return (folder / "run" / "src.model").read_bytes()


def assert_refused(finished, folder, *parts):
    assert finished.code == 2
    assert "Traceback" not in finished.err
    assert finished.err.splitlines()[-1].startswith("s2s: error: ")
    for part in parts:
        assert part in finished.err.splitlines()[-1]
    assert {path.name.partition(".")[0] for path in folder.iterdir()} <= {"pair", "plain", "copy"}


def test_ways_to_write_the_same_pairs_are_the_same_training(train, tmp_path):
    found = set()
    for number, data in enumerate(SAME.values()):
        finished = train(*data)
        assert finished.code == 0, finished.err
        assert f"training: {READ}" in finished.err
        found.add(vocabulary(tmp_path))
        (tmp_path / "run").rename(tmp_path / f"run{number}")
    assert len(found) == 1


@pytest.mark.parametrize(("src", "tgt", "said"), ODD.values(), ids=ODD)
def test_odd_pairs_train_and_what_is_left_out_is_counted(train, tmp_path, src, tgt, said):
    finished = train(src, src if tgt is None else tgt)
    assert finished.code == 0, finished.err
    assert said in finished.err
    assert (tmp_path / "run" / "best.safetensors").exists()


@pytest.mark.parametrize("validate", [False, True], ids=["train", "validate"])
@pytest.mark.parametrize(("src", "tgt", "said", "more"), UNUSABLE.values(), ids=UNUSABLE)
def test_pairs_that_do_not_fit_are_refused_before_any_training(
    train, tmp_path, src, tgt, said, more, validate
):
    assert_refused(train(src, tgt, validate=validate), tmp_path, said, more, "pair.")


@pytest.mark.parametrize(("data", "message"), SOME_REFUSED.values(), ids=SOME_REFUSED)
def test_what_is_no_text_is_not_trained_on(train, tmp_path, data, message):
    assert_refused(train(data, PLAIN[1]), tmp_path, message, "pair.en")
    assert_refused(train(b"a\n", data, validate=True), tmp_path, message, "pair.de")


# The same over files made by others, where they are at hand.
HOSTILE = SHARED_DATA / "hostile"
needs_shared = pytest.mark.skipif(not HOSTILE.is_dir(), reason=f"{HOSTILE} is not here")
UNPAIRED = ("shorter-target", "longer-target", "empty-target", "both-empty", "latin1-target")


@needs_shared
@pytest.mark.slow
@pytest.mark.parametrize("validate", [False, True], ids=["train", "validate"])
@pytest.mark.parametrize("path", sorted(HOSTILE.glob("pair/*.en")), ids=lambda path: path.stem)
def test_hostile_pairs(train, tmp_path, path, validate):
    tgt = path.with_suffix(".de")
    finished = train(path.read_bytes(), tgt.read_bytes(), validate=validate)
    if path.stem in UNPAIRED:
        assert_refused(finished, tmp_path, "pair.")
        return
    assert finished.code == 0, finished.err
    left_out = {"blank-targets": "4 blank", "blank-both": "1 blank", "ratio": "1 too long"}
    assert left_out.get(path.stem, "") in finished.err
    assert ("12 are copies" in finished.err) == (path.stem == "copied")


@needs_shared
@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(HOSTILE.glob("[tg]*/*")), ids=lambda path: path.name)
def test_hostile_texts_as_both_sides(s2s, tmp_path, path):
    copy = tmp_path / f"copy.{path.name}"
    copy.write_bytes(path.read_bytes())
    plain = ("--val-src", HOSTILE / "pair/plain.en", "--val-tgt", HOSTILE / "pair/plain.de")
    out = tmp_path / "run"
    finished = s2s("train", "--src", path, "--tgt", copy, *plain, "--out", out, *SMALL)
    assert finished.code in (0, 2), finished.err
    if finished.code == 2:
        assert_refused(finished, tmp_path)
    assert out.exists() == (finished.code == 0)
