"""Trainings that keep blanks and tabs, and what is translated with them."""

import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from paths import ROOT
from tiny_runs import MODEL, TRAINING, data_of

from s2s import Translator
from s2s.config import SearchConfig, TokenizerConfig
from s2s.corpus import AugmentConfig, CorpusConfig
from s2s.errors import ConfigError
from s2s.formats.run_folder import read_tokenizer
from s2s.model.run import load_run
from s2s.train import train
from s2s.train.validate import Validator
from s2s.translate.searcher import PartResult
from s2s.translate.translation import Hypothesis
from s2s_export import export_run

LINES = [
    f"{indent}{name}{gap}={gap}{number}"
    for indent in ("", "    ", "\t", "  \t ")
    for name in ("x", "y", "left")
    for gap in ("", " ", "   ")
    for number in ("1 ", "20", "3")
]
KEEP = TokenizerConfig(vocab_size=90, algorithm="char", whitespace="keep")


@pytest.fixture
def code_folder(tmp_path):
    """Lines of code, the same on both sides."""
    for part in ("train", "val"):
        for side in ("xx", "yy"):
            text = "".join(f"{line}\n" for line in [*LINES, "   "])
            (tmp_path / f"{part}.{side}").write_text(text)
    return tmp_path


def run(folder, out="run", tokenizer=KEEP, data=(), **changes):
    corpora = replace(data_of(folder), **dict(data))
    options = {"training": TRAINING, "model": MODEL, **changes}
    return train(corpora, folder / out, tokenizer=tokenizer, **options)


@pytest.fixture
def trained(code_folder):
    run(code_folder)
    return code_folder


def test_a_run_reads_and_writes_blanks_as_they_are(trained):
    tokenizer = read_tokenizer(trained / "run")
    assert tokenizer.keeps_blanks
    encoded = tokenizer.encode_src(LINES)
    assert tokenizer.decode(encoded) == LINES
    assert len({tuple(ids) for ids in encoded}) == len(LINES)
    assert export_run(trained / "run", trained / "model.onnx")
    for model in (trained / "run", trained / "model.onnx"):
        translator = Translator(model, threads=1)
        assert translator.card["whitespace"] == "keep"
        texts = ["x = 1", "  x = 1", "\tx = 1", "x  = 1", "x = 1 ", "x = 1\r\n", "  \t"]
        translations = translator.translate(texts)
        assert [one.src_length for one in translations] == [7, 9, 8, 8, 8, 7, 0]
        scores = [one.score for one in translator.score(texts[:1] * 4, texts[:4])]
        assert len(set(scores)) == 4
        begun = translator.translate(["x = 1"], prefix="  \tx  ", max_length=12)
        assert begun[0].text.startswith("  \tx  ")
        assert begun[0].parts == 1


@pytest.mark.parametrize(
    ("body", "measure", "unit"),
    [("", "exact", "line"), (" if a and b else None", "error", "character")],
)
def test_validation_and_evaluation_compare_each_blank(code_folder, s2s, body, measure, unit):
    for name in ("train.xx", "train.yy", "val.xx", "val.yy"):
        (code_folder / name).write_text("".join(f"{line}{body}\n" for line in LINES))
    result = run(code_folder, training=replace(TRAINING, max_updates=2))
    assert result.measure == measure
    scores = load_run(code_folder / "run").card["scores"]
    assert f"unit:{unit}|blanks:kept" in scores["signature"]
    test_set = ["--src", code_folder / "val.xx", "--ref", code_folder / "val.yy"]
    options = [*test_set, "--measures", "exact", "--max-length", "5"]
    assert "blanks:kept" in s2s("evaluate", code_folder / "run", *options).out.decode()
    single = s2s("evaluate", code_folder / "run", *options, "--whitespace", "single").out.decode()
    assert "unit:line" in single
    assert "blanks:kept" not in single


def test_the_example_without_s2s_keeps_them(trained):
    """It translates as s2s does, so it reads each line with its blanks."""
    export_run(trained / "run", trained / "model.onnx")
    texts = ["  x = 1 ", "x = 1", "\tleft  =  20", "", " \t ", "x\x0b= 1"]
    example = ROOT / "export" / "examples" / "translate.py"
    found = subprocess.run(  # noqa: S603
        [sys.executable, example, trained / "model.onnx"],
        input="".join(f"{text}\n" for text in texts).encode(),
        capture_output=True,
        check=True,
    )
    wanted = Translator(trained / "model.onnx", threads=1).translate(texts)
    assert found.stdout.decode().split("\n")[:-1] == [one.text for one in wanted]


def test_validation_texts_keep_their_blanks(trained):
    tokenizer = read_tokenizer(trained / "run")
    (trained / "val.yy").write_text("".join("  a b\tc  d e \n" for _ in [*LINES, ""]))
    data = data_of(trained)
    training = replace(TRAINING, validate_by="error")
    (texts,) = Validator(data, training, SearchConfig(), tokenizer, len(LINES)).texts
    assert texts[0] == (LINES[0], ["  a b\tc  d e "])


def test_lines_that_differ_in_blanks_are_different(code_folder, caplog):
    """Neither are they counted as repeated, nor as validation text in the training text."""
    for side in ("xx", "yy"):
        text = "".join(f"  {line}\n" for line in LINES)
        (code_folder / f"val.{side}").write_text(text)
    with caplog.at_level("INFO"):
        run(code_folder)
    assert "repeat an earlier pair" not in caplog.text
    found = re.search(r"(\d+) of (\d+) validation pairs stand in the training text", caplog.text)
    assert found is None or int(found[1]) < int(found[2]) / 2


def test_code_is_never_cut_into_sentences(code_folder):
    (code_folder / "train.xx").write_text("".join(f"{line}. A\n" for line in [*LINES, " "]))
    run(code_folder, tokenizer=replace(KEEP, algorithm="bpe"))
    translator = Translator(code_folder / "run", threads=1)
    (translation,) = translator.translate(["  x = 1. A = 2! B = 3? I do."])
    assert translation.parts == 1


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"keep": r"\d"}, r"keep \(--keep\)"),
        ({"required": ["x"]}, r"required \(--require\)"),
        ({"unknown": "copy"}, r"unknown \(--unknown\)"),
        ({"numbers": "keep"}, r"numbers \(--numbers\)"),
        ({"sentences": True}, r"sentences \(--sentences\)"),
        ({"rewrite": True}, r"rewrite \(--rewrite\)"),
    ],
)
def test_options_that_would_change_blanks_are_refused(trained, options, name):
    translator = Translator(trained / "run", threads=1)
    with pytest.raises(ConfigError, match=f"{name} cannot be combined with a model"):
        translator.translate(["x = 1"], **options)
    assert translator.translate(["x = 1"], unknown="drop", numbers="off", sentences=False)


def test_numbers_are_checked_but_nothing_is_advised_that_is_refused(trained, caplog):
    Translator(trained / "run", threads=1).translate(["x = 31"], numbers="check", max_length=2)
    assert "1 of 1 texts have other numbers than their source (first: line 1)" in caplog.text


def test_parts_of_a_long_input_are_joined_as_they_stand(trained, monkeypatch):
    """Each part has the blanks behind it, so that none comes in between."""
    translator = Translator(trained / "run", threads=1)

    def copy(parts, request):
        texts = translator.tokenizer.decode([part.src for part in parts])
        return [PartResult((Hypothesis(text, 0.0, ()),)) for text in texts]

    monkeypatch.setattr(translator._searcher, "run", copy)
    text = "    left =  20 " + "\tx   =    3 " * 3
    (translation,) = translator.translate([text], max_src_length=12)
    assert translation.parts > 3
    assert translation.text == text


def test_unknown_characters_are_counted(trained, caplog):
    Translator(trained / "run", threads=1).translate(["  Ω = 1"])
    assert "1 runs of unknown characters in 1 texts were left to the model" in caplog.text
    assert "byte_fallback=true" in caplog.text


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"keep": (r"\d+",)}, r"cannot be combined with keep \(--keep\)"),
        ({"augment": AugmentConfig(typos=0.1)}, r"cannot be combined with augment \(--augment\)"),
    ],
)
def test_a_training_refuses_what_would_change_blanks(code_folder, data, message):
    with pytest.raises(ConfigError, match=message):
        run(code_folder, data=data)


def test_a_training_with_tags_refuses_them(code_folder):
    paths = {"src": str(code_folder / "train.xx"), "tgt": str(code_folder / "train.yy")}
    corpora = (CorpusConfig(**paths, tag="<2py>"),)
    with pytest.raises(ConfigError, match="cannot be combined with tags"):
        run(code_folder, data={"train": corpora, "validation": corpora})


def test_a_run_that_begins_with_another_has_its_blanks(trained):
    more = replace(TRAINING, init=str(trained / "run"))
    run(trained, "more", training=more)
    run(trained, "same", tokenizer=replace(KEEP, whitespace="single"), training=more)
    for name in ("more", "same"):
        assert read_tokenizer(trained / name).keeps_blanks
    run(trained, "single", tokenizer=replace(KEEP, whitespace="single"))
    with pytest.raises(ConfigError, match="the vocabulary that the run begins with has single"):
        run(trained, "wrong", training=replace(TRAINING, init=str(trained / "single")))


def test_the_commands_keep_blanks(s2s, code_folder):
    files = [str(code_folder / f"{part}.{side}") for part in ("train", "val") for side in "xy"]
    files = [f"{path}{path[-1]}" for path in files]
    names = ("--src", "--tgt", "--val-src", "--val-tgt")
    options = [part for pair in zip(names, files, strict=True) for part in pair]
    sizes = ["--embedding-size", "16", "--hidden-size", "24", "--max-updates", "4"]
    out = code_folder / "run"
    trained = s2s(
        "train", *options, "--out", out, "--algorithm", "char", "--whitespace", "keep", *sizes
    )
    assert trained.code == 0, trained.err
    assert b"blanks and tabs are kept" in s2s("info", out).out
    found = s2s("translate", out, "--prefix", "  \tx  =", stdin=b"  x = 1\n \n")
    lines = found.out.decode().split("\n")
    assert lines[0].startswith("  \tx  =")
    assert lines[1:] == ["", ""]
    scored = s2s("score", out, "--src", files[0], "--tgt", files[1], "--json")
    written = [json.loads(line)["text"] for line in scored.out.splitlines()]
    assert written[:3] == LINES[:3]
    assert "  \t left   =   3" in written
