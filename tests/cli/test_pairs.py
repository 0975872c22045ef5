"""``--pairs``: both sides from one file, for evaluate and score."""

import json

import pytest

pytest.importorskip("onnxruntime")

WORDS = [("eins", "one"), ("", ""), ("zwölf elf", "twelve eleven"), ("acht", "eight")]


@pytest.fixture
def files(tmp_path):
    """The same test set as two files and as tables."""
    for name, side in (("src", 0), ("ref", 1)):
        (tmp_path / name).write_text("".join(f"{pair[side]}\n" for pair in WORDS))
    (tmp_path / "two.tsv").write_text("".join("\t".join(pair) + "\n" for pair in WORDS))
    rows = "".join(f"{ref},x,{src}\n" for src, ref in WORDS)
    (tmp_path / "three.csv").write_text(f"en,topic,de\n{rows}")
    return tmp_path


def test_a_table_has_the_scores_of_two_files(s2s, tiny, files):
    pytest.importorskip("sacrebleu")
    expected = json.loads(
        s2s("evaluate", tiny, "--src", files / "src", "--ref", files / "ref", "--json").out
    )
    named = ("--pairs", files / "three.csv", "--columns", "de,en")
    piped = (files / "two.tsv").read_bytes()
    for options, stdin in (
        (("--pairs", files / "two.tsv"), b""),
        (("--pairs", "-"), piped),
        (named, b""),
    ):
        finished = s2s("evaluate", tiny, *options, "--json", stdin=stdin)
        assert finished.code == 0, finished.err
        report = json.loads(finished.out)
        assert (report["scores"], report["sentences"]) == (expected["scores"], 4)
        note = "columns between tabs; source: column 1; target: column 2; first pair: 'eins'"
        assert (note in finished.err) == (options is not named)
    (files / "out").write_text("one\n\ntwelve eleven\nnine\n")
    finished = s2s("evaluate", "--hypotheses", files / "out", *named)
    assert finished.code == 0, finished.err


def test_a_table_is_scored_as_two_files_are(s2s, tiny, files):
    expected = s2s("score", tiny, "--src", files / "src", "--tgt", files / "ref")
    assert expected.out.count(b"\n") == 4
    found = s2s("score", tiny, "--pairs", files / "three.csv", "--columns", "de,en")
    assert (found.code, found.out, found.err) == (0, expected.out, "")
    piped = s2s("score", tiny, "--pairs", "-", stdin=(files / "two.tsv").read_bytes())
    assert piped.out == expected.out
    assert piped.err.startswith("s2s: note: standard input: columns between tabs; ")


def test_a_bad_pair_is_named_by_its_number(s2s, tiny, files):
    (files / "two.tsv").write_text("src\ttgt\neins\tone\nacht\t" + "eight " * 1100 + "\n")
    finished = s2s("score", tiny, "--pairs", files / "two.tsv")
    assert finished.code == 2
    assert f"error: {files}/two.tsv, pair 2: the sentence " in finished.err


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("evaluate TINY --pairs T --src S", "--pairs has sources and references; leave out --src"),
        ("evaluate --hypotheses - --pairs -", "--pairs and --hypotheses are both standard input"),
        ("evaluate TINY --src S", "--ref is missing: name the human translation, or give --pairs"),
        ("evaluate TINY --src S --ref S --columns 1,2", "--columns has no effect without --pairs"),
        ("evaluate TINY --pairs T --columns 1,3", "line 1 has 2 columns; expected at least 3"),
        ("evaluate TINY --pairs T --pairs-format tvs", "did you mean 'tsv'?"),
        ("score TINY --pairs T --tgt S", "--pairs has both sides; leave out --src and --tgt"),
        ("score TINY --src S", "--tgt is missing; scoring needs --src and --tgt, or --pairs"),
        ("score TINY --src S --tgt S --pairs-format tsv", "--pairs-format has no effect without"),
        ("score TINY --pairs none.tsv", "none.tsv does not exist"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(s2s, tiny, files, command, message):
    pytest.importorskip("sacrebleu")
    words = {"TINY": tiny, "S": files / "src", "T": files / "two.tsv"}
    finished = s2s(*[words.get(word, word) for word in command.split()], stdin=b"a\tb\n")
    assert (finished.code, finished.out) == (2, b"")
    errors = [line for line in finished.err.splitlines() if "note: " not in line]
    assert len(errors) == 1
    assert errors[0].startswith("s2s: error: ")
    assert message in errors[0]
