import json
import sys
import unicodedata

import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("sacrebleu")

from number_words import ENGLISH, GERMAN
from recipe_modules import load_recipe


@pytest.fixture
def bench():
    return load_recipe("bench_robustness")


@pytest.fixture
def test_set(tmp_path):
    for name, words in (("test.de", GERMAN), ("test.en", ENGLISH)):
        lines = [f"{words[row % 10].capitalize()} {words[row // 6 % 10]}.\n" for row in range(60)]
        (tmp_path / name).write_text("".join(lines), encoding="utf-8")
    return ["--src", tmp_path / "test.de", "--ref", tmp_path / "test.en"]


def run(bench, monkeypatch, *options):
    monkeypatch.setattr(sys, "argv", ["bench_robustness.py", *map(str, options)])
    bench.main()


def test_every_target_of_a_model_is_measured(bench, monkeypatch, tiny, test_set, tmp_path, capsys):
    out = tmp_path / "figures.json"
    options = ["--model", tiny, *test_set, "--baseline", tiny, "--rounds", 2, "--numbers", 20]
    run(bench, monkeypatch, *options, "--no-vocabularies", "--json", out)
    shown = capsys.readouterr().out
    (targets,) = json.loads(out.read_text(encoding="utf-8")).values()
    measured = {target["name"]: target for target in targets}
    for name in (*bench.LOWEST_SHARE, "two a line", "three a line", "five a line", "numbers"):
        assert measured[name]["goal"]
        assert name in shown
    assert measured["capitals"]["figures"]["lines"] == 60
    numbers = measured["numbers"]["figures"]
    assert numbers["right"] + sum(numbers["wrong"].values()) == numbers["of"] == 20
    assert {"line breaks of texts", "unknown text copied", "printable ASCII"} <= set(measured)
    assert measured["placeables"]["figures"]["of"] == measured["names"]["figures"]["of"] == 200
    assert len(measured["speed of plain sentences"]["figures"]["ratios"]) == 2


def test_a_missed_target_says_so(bench, capsys):
    from robustness.targets import share

    rows = bench.show("title", iter([share("a", 98, 100, 0.99, {}), share("b", 99, 100, 0.99, {})]))
    assert [row["passed"] for row in rows] == [False, True]
    out = capsys.readouterr().out.splitlines()
    assert "MISS" in out[-2]
    assert "pass" in out[-1]


def test_a_model_that_does_not_load_ends_the_bench(bench, monkeypatch, test_set):
    with pytest.raises(SystemExit, match=r"none\.onnx ended with 1"):
        run(bench, monkeypatch, "--model", "none.onnx", *test_set, "--no-vocabularies")


def test_a_language_without_templates_has_to_be_named(bench, monkeypatch, tiny, tmp_path, capsys):
    with pytest.raises(SystemExit):
        run(bench, monkeypatch, "--model", tiny, "--src", tmp_path / "a.fr", "--ref", "b")
    assert "--language" in capsys.readouterr().err


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("domain", ["everyday", "pictures"])
def test_made_up_numbers_are_of_all_kinds_and_lengths(bench, language, domain):
    from robustness.written_numbers import KINDS, number_sentences

    from s2s.writing.numbers import find_numbers

    rows = number_sentences(language, domain, 500)
    assert rows == number_sentences(language, domain, 500)
    assert [kind for kind, _ in rows] == [*KINDS] * 100
    assert all(find_numbers(text) for _, text in rows)
    written = [
        number.text for kind, text in rows if kind == "integer" for number in find_numbers(text)
    ]
    lengths = {sum(map(str.isdigit, text)) for text in written}
    assert lengths == {1, 2, 3, 4, 5, 6}


def test_made_up_lines_hold_the_hard_characters_of_their_script(bench):
    from robustness.scripts import WORDS, made_up_lines

    hard = {"Persian": "\u200c", "Khmer": "\u200b", "Chinese": "，", "Thai": "ำ", "Lao": "ຳ"}
    hard |= {"Hindi": "\u200d", "Telugu": "\u200c", "Hebrew": "־", "Amharic": "፡", "Spanish": "º"}
    for language in WORDS:
        lines = made_up_lines(language)
        assert lines == made_up_lines(language)
        assert len(lines) == 400
        assert all(unicodedata.is_normalized("NFC", line) for line in lines)
        assert hard.get(language, "") in "".join(lines)


def test_a_line_that_a_vocabulary_writes_otherwise_is_counted(bench, monkeypatch):
    from robustness import scripts

    monkeypatch.setitem(scripts.WORDS, "Plain", (" ", "one two three four", "{}. {}?"))
    monkeypatch.setitem(scripts.WORDS, "Odd", ("  ", "one two three four", "{}. {}?"))
    assert scripts.come_back("Plain") == (400, 400)
    same, lines = scripts.come_back("Odd")
    assert same < lines == 400


def test_unknown_names_are_those_that_no_piece_writes(bench):
    from robustness.strange import STRANGE, unknown_names, unknown_sentences

    assert unknown_names(frozenset()) == []
    assert unknown_names(frozenset("Γιώργος")) == ["Γιώργος"]
    rows = unknown_sentences("de", frozenset("".join(STRANGE)))
    assert len(rows) == 100
    assert all(name in text for text, name in rows)


@pytest.mark.parametrize("language", ["en", "de"])
def test_made_up_placeables_are_placeables(bench, language):
    from robustness.strange import PLACEABLES, placeable_sentences

    from s2s.writing.placeables import find_placeables

    rows = placeable_sentences(language)
    assert all(find_placeables(text) == [name] for text, name in rows)
    assert {name for _, name in rows} == set(PLACEABLES)
