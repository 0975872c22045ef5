"""``s2s evaluate``: exact matches, error rates and several references."""

import json

import pytest

pytest.importorskip("sacrebleu")
pytest.importorskip("rapidfuzz")

from s2s.score.metrics import MEASURES, compare, score

WORDS = [f"walked{row}" for row in range(60)]
LONG = [f"the dog number {row} runs along the beach" for row in range(60)]


@pytest.fixture
def write(tmp_path):
    def write_lines(name, lines):
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return tmp_path / name

    return write_lines


def table(finished):
    """The scores in the table, by name."""
    assert finished.code == 0, finished.err
    lines = [line for line in finished.out.decode().splitlines() if "nrefs:" in line]
    cells = [line.split("  nrefs:")[0].rsplit(maxsplit=1) for line in lines]
    return {name.strip(): float(value) for name, value in cells}


def test_a_perfect_output_of_short_lines_says_why_its_bleu_is_0(s2s, write):
    words = write("words", WORDS)
    finished = s2s("evaluate", "--hypotheses", words, "--ref", words)
    found = table(finished)
    assert list(found) == ["BLEU", "chrF2", "TER", "exact", "token error", "character error"]
    assert list(found.values()) == [0, 100, 0, 100, 0, 0]
    assert "BLEU is 0 because no line has four words" in finished.out.decode()


def test_sentences_show_the_three_scores_that_all_know(s2s, write):
    finished = s2s("evaluate", "--hypotheses", write("a", LONG), "--ref", write("b", LONG))
    assert list(table(finished)) == ["BLEU", "chrF2", "TER"]
    assert "BLEU is 0" not in finished.out.decode()


def test_measures_are_chosen_and_ordered(s2s, write):
    options = ["evaluate", "--hypotheses", write("a", LONG), "--ref", write("b", LONG[::-1])]
    found = table(s2s(*options, "--measures", "character_error, exact"))
    assert list(found) == ["character error", "exact"]
    report = json.loads(s2s(*options, "--measures", "exact", "--json").out)
    assert list(report["scores"]) == ["exact"]
    wrong = s2s(*options, "--measures", "exact,wer")
    assert wrong.code == 2
    assert "measures (--measures) has 'wer'; expected names of bleu, chrf, ter, exact" in wrong.err


def test_json_has_all_measures_with_intervals_and_p_values(s2s, write):
    said = [text if row % 3 else text.replace("dog", "cat") for row, text in enumerate(LONG)]
    old = [text.replace("beach", "road") for text in said]
    paths = [write(name, lines) for name, lines in (("a", said), ("b", LONG), ("c", old))]
    options = ["--hypotheses", paths[0], "--ref", paths[1], "--baseline", paths[2]]
    report = json.loads(s2s("evaluate", *options, "--confidence", "--json").out)
    expected = score(said, LONG, measures=MEASURES, confidence=True)
    assert list(report["scores"]) == [each.name for each in expected]
    for each in expected:
        told = report["scores"][each.name]
        assert (told["value"], told["signature"]) == (each.value, each.signature)
        assert told["interval"]["mean"] == each.interval.mean
    for each in compare(said, old, LONG, measures=MEASURES):
        told = report["baseline"]["scores"][each.name]
        assert (told["p_value"], told["verdict"]) == (each.p_value, "better")
    shown = s2s("evaluate", *options, "--measures", "token_error,bleu").out.decode()
    rows = [line.split()[0] for line in shown.splitlines() if line.endswith("better")]
    assert rows == ["token", "BLEU"]


def test_any_of_several_references_is_right_and_blank_lines_are_none(s2s, write):
    other = [text.replace("beach", "sea") for text in LONG]
    said = [pair[row % 2] for row, pair in enumerate(zip(LONG, other, strict=True))]
    some = [text if row % 4 else "" for row, text in enumerate(other)]
    options = ["evaluate", "--hypotheses", write("said", said), "--ref", write("one", LONG)]
    options += ["--measures", "bleu,exact,token_error"]
    assert table(s2s(*options))["exact"] == 50
    finished = s2s(*options, "--ref", write("two", other))
    assert list(table(finished).values()) == [100, 100, 0]
    assert finished.out.decode().count("nrefs:2") == 3
    finished = s2s(*options, "--ref", write("some", some))
    assert finished.out.decode().count("nrefs:var") == 3
    assert table(finished)["exact"] == 100  # the blank ones are not those that were needed


def test_blanks_are_compared_if_asked_for(s2s, write):
    code = ["    return x", "def f(x):", "\tpass"]
    single = [" ".join(line.split()) for line in code]
    options = ["evaluate", "--hypotheses", write("said", single), "--ref", write("code", code)]
    assert table(s2s(*options))["exact"] == 100
    kept = s2s(*options, "--whitespace", "keep", "--measures", "exact,character_error")
    assert table(kept) == {"exact": 33.33, "character error": pytest.approx(100 * 5 / 26, abs=0.01)}
    assert kept.out.decode().count("blanks:kept") == 2


def test_references_of_another_length_are_one_line(s2s, write, tiny):
    refs = ["--ref", write("one", LONG), "--ref", write("two", LONG[1:])]
    finished = s2s("evaluate", "--hypotheses", write("said", LONG), *refs)
    assert finished.code == 2
    assert finished.err.count("\n") == 1
    assert "two has 59 lines but" in finished.err
    assert "one has 60; all files of --ref must match line by line" in finished.err


def test_variants_are_compared_with_one_reference(s2s, write, tiny):
    pytest.importorskip("onnxruntime")
    refs = ["--ref", write("one", LONG), "--ref", write("two", LONG)]
    finished = s2s("evaluate", tiny, "--src", write("src", LONG), *refs, "--robustness")
    assert finished.code == 2
    assert "--robustness compares with one reference, but --ref names 2 files" in finished.err


def test_the_page_shows_measures_and_all_references(s2s, write, tmp_path):
    from pages import read_page

    options = ["--src", write("src", WORDS), "--hypotheses", write("said", WORDS[::-1])]
    options += ["--ref", write("one", WORDS), "--ref", write("two", [f"{w}!" for w in WORDS])]
    finished = s2s("evaluate", *options, "--plot", tmp_path / "page.html")
    assert finished.code == 0, finished.err
    page = read_page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert {"exact", "token error"} <= set(page.texts)
    assert any(text.startswith("walked") and " / walked" in text for text in page.texts)
    assert any("BLEU is 0 because no line has four words" in text for text in page.texts)


def test_references_in_another_unicode_form_are_told(s2s, write):
    options = ["--hypotheses", write("said", ["é", "e"]), "--ref", write("ref", ["e\u0301", "e"])]
    finished = s2s("evaluate", *options)
    assert table(finished)["exact"] == 50
    assert "1 translations differ from a reference in Unicode form alone" in finished.out.decode()
    assert json.loads(s2s("evaluate", *options, "--json").out)["notes"]


def test_a_file_that_is_named_twice_is_an_error_and_not_the_last_one(s2s, write):
    said = write("said", LONG)
    finished = s2s("evaluate", "--ref", said, "--hypotheses", said, "--hypotheses", said)
    assert finished.code == 2
    assert finished.err == "s2s: error: --hypotheses is given 2 times; expected one file\n"
    finished = s2s("train", "--tgt", "a", "--tgt", "b", "--out", "run")
    assert finished.err == "s2s: error: --tgt is given 2 times; expected one file\n"


def test_further_validation_targets_are_in_the_settings(write):
    from pathlib import Path

    from s2s.cli.training_text import TextOptions

    files = {name: Path(name) for name in ("src", "tgt", "val_src", "val_tgt")}
    options = {"pairs": [], "val_pairs": [], "columns": None, "form": None}
    options |= {"corpora": [], "val_corpora": []}
    fields = TextOptions(files=files, more_val_tgt=[Path("second")], **options).fields(needed=True)
    (validation,) = fields["validation"]
    assert Path(validation["tgt"]).name == "val_tgt"
    assert [Path(path).name for path in validation["more_tgt"]] == ["second"]
    assert not fields["train"][0]["more_tgt"]
