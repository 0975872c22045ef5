"""What no ordinary text contains, through ``s2s evaluate`` and ``s2s score``."""

import pytest
from hostile_text import LONG_LINES, ODD_LINES, PLAIN, SAME, SOME_REFUSED
from paths import SHARED_DATA

pytest.importorskip("onnxruntime")
pytest.importorskip("sacrebleu")

SHORT = "".join(text for name, text in ODD_LINES.items() if "many" not in name)


@pytest.fixture
def files(tmp_path):
    """Returns a function that writes files, bytes or text, and names them."""

    def write(**contents):
        for name, content in contents.items():
            data = content if isinstance(content, bytes) else content.encode()
            (tmp_path / name).write_bytes(data)
        return [tmp_path / name for name in contents]

    return write


def assert_refused(finished, *parts):
    assert (finished.code, finished.out) == (2, b"")
    assert finished.err.startswith("s2s: error: ")
    assert finished.err.count("\n") == 1
    for part in parts:
        assert str(part) in finished.err


def test_ways_to_write_the_same_text_score_the_same(s2s, tiny, files):
    found = set()
    for data in (PLAIN.encode(), *SAME.values()):
        text, tgt = files(text=data, tgt="one two three\ntwelve eleven\neight\n")
        found.add(s2s("score", tiny, "--src", text, "--tgt", tgt))
    assert [finished.code for finished in found] == [0]


@pytest.mark.parametrize("asked", [(), ("--json", "--confidence", "--buckets", "--lowercase")])
def test_odd_text_is_scored_line_by_line_on_each_side(s2s, tiny, files, tmp_path, asked):
    count = SHORT.count("\n")
    lines = "eins\n" * count
    odd, other, plain, ref = files(odd=SHORT, other=SHORT, plain=lines, ref=lines)
    page = tmp_path / "page.html"
    for command in (
        (tiny, "--src", odd, "--ref", plain, "--beam-size", "1", "-o", tmp_path / "out"),
        (tiny, "--src", plain, "--ref", odd, "--beam-size", "1"),
        ("--hypotheses", odd, "--src", plain, "--ref", ref, "--baseline", plain),
        ("--hypotheses", odd, "--src", odd, "--ref", other, "--plot", page),
    ):
        finished = s2s("evaluate", *command, *asked)
        assert finished.code == 0, finished.err
        assert b"BLEU" in finished.out
    assert (tmp_path / "out").read_bytes().count(b"\n") == count
    assert page.read_text(encoding="utf-8").count("</html>") == 1
    assert "\x1b" not in page.read_text(encoding="utf-8")
    for src, tgt in ((odd, plain), (plain, odd), (odd, other)):
        for options in ([], ["--json"]):
            finished = s2s("score", tiny, "--src", src, "--tgt", tgt, *options)
            assert (finished.code, finished.out.count(b"\n")) == (0, count), finished.err


@pytest.mark.parametrize("text", LONG_LINES.values(), ids=LONG_LINES)
def test_long_lines_are_evaluated_and_where_they_are_too_long_to_score_named(
    s2s, tiny, files, text
):
    odd, plain = files(odd=text, plain="eins\n" * text.count("\n"))
    finished = s2s("evaluate", tiny, "--src", odd, "--ref", plain, "--beam-size", "1")
    assert finished.code == 0, finished.err
    finished = s2s("score", tiny, "--src", odd, "--tgt", plain)
    if finished.code:
        assert_refused(finished, f"{odd}, line ", "pieces; expected at most 200: split it")
    else:
        assert finished.out.count(b"\n") == text.count("\n")


def test_a_translation_far_longer_than_any_source_is_named(s2s, tiny, files):
    one, long = files(one="eins\n" * 2, long="one\n" + "one two " * 50_000 + "\n")
    assert_refused(
        s2s("score", tiny, "--src", one, "--tgt", long),
        f"{one}, line 2: the sentence has a target of ",
        "pieces; expected at most 1000: split it",
    )


@pytest.mark.parametrize(("data", "message"), SOME_REFUSED.values(), ids=SOME_REFUSED)
def test_what_is_no_text_is_refused_on_each_side(s2s, tiny, files, tmp_path, data, message):
    bad, plain = files(bad=data, plain="eins\n")
    output = tmp_path / "out"
    for command in (
        ("evaluate", tiny, "--src", bad, "--ref", plain, "-o", output),
        ("evaluate", tiny, "--src", plain, "--ref", bad, "-o", output),
        ("evaluate", "--hypotheses", bad, "--ref", plain),
        ("evaluate", "--hypotheses", plain, "--baseline", bad, "--ref", plain),
        ("score", tiny, "--src", bad, "--tgt", plain, "-o", output),
        ("score", tiny, "--src", plain, "--tgt", bad, "-o", output),
    ):
        assert_refused(s2s(*command), bad, message)
        assert not output.exists()


# The same over files made by others, where they are at hand.
HOSTILE = SHARED_DATA / "hostile"


@pytest.mark.skipif(not HOSTILE.is_dir(), reason=f"{HOSTILE} is not here")
@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(HOSTILE.glob("[tg]*/*")), ids=lambda path: path.name)
def test_hostile_files_on_each_side(s2s, tiny, files, path):
    from s2s.errors import DataError
    from s2s.text import read_lines

    try:
        lines = list(read_lines(path))
    except DataError as error:
        lines, refusal = ["eins"], str(error)
    else:
        refusal = None
    (plain,) = files(plain="eins\n" * len(lines))
    for command in (
        ("evaluate", tiny, "--src", path, "--ref", plain, "--beam-size", "1"),
        ("evaluate", tiny, "--src", plain, "--ref", path, "--beam-size", "1"),
        ("evaluate", "--hypotheses", path, "--ref", plain),
        ("score", tiny, "--src", path, "--tgt", plain),
        ("score", tiny, "--src", plain, "--tgt", path),
    ):
        finished = s2s(*command)
        if refusal is not None:
            assert_refused(finished, refusal)
        elif finished.code:
            assert_refused(finished)
            assert "is empty; expected" in finished.err or "pieces; expected" in finished.err
        elif command[0] == "score":
            assert finished.out.count(b"\n") == len(lines)
