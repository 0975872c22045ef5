"""The whole way through the command line, on a made-up language."""

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from s2s import Translator
from s2s.cli import main
from s2s.cli import train as command
from s2s.train.settings import FIELDS


def s2s(*arguments):
    """Runs a command; returns its exit code."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code


def paths(folder):
    return [
        *("--src", folder / "train.xx", "--tgt", folder / "train.yy"),
        *("--val-src", folder / "val.xx", "--val-tgt", folder / "val.yy"),
    ]


SMALL = ("--embedding-size", 16, "--hidden-size", 24, "--vocab-size", 80, "--batch-tokens", 200)


def test_from_two_text_files_to_scored_translations(corpus_folder, capsys):
    run, model = corpus_folder / "run", corpus_folder / "model.onnx"
    options = (*SMALL, "--preset", "tiny", "--cell", "gru", "--dropout", 0)
    assert s2s("train", *paths(corpus_folder), "--out", run, *options, "--max-updates", 30) == 0
    assert s2s("train", "--out", run, "--resume", "--max-updates", 40) == 0
    assert "next: s2s export" in capsys.readouterr().out
    sizes = []
    for precision in ("fp32", "int8"):
        model.unlink(missing_ok=True)
        assert s2s("export", run, model, "--precision", precision) == 0
        sizes.append(model.stat().st_size)
    assert sizes[1] < sizes[0]
    capsys.readouterr()
    out = corpus_folder / "out.txt"
    assert s2s("translate", model, corpus_folder / "val.xx", "-o", out) == 0
    assert len(out.read_text().splitlines()) == 30
    capsys.readouterr()
    scored = ("--src", corpus_folder / "val.xx", "--ref", corpus_folder / "val.yy", "--json")
    assert s2s("evaluate", run, *scored) == 0
    assert json.loads(capsys.readouterr().out)
    assert s2s("info", model) == 0
    assert "src xx, tgt yy" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--cell", "lstmm"), "did you mean 'lstm'?"),
        (("--preset", "tinny"), "did you mean 'tiny'?"),
        (("--attention", "multi-head"), "did you mean 'multihead'?"),
        (("--max-update", 3), "--max-updates"),
        (("--val-tgt", "none.xx"), "none.xx does not exist"),
        (("--val-src", "none.xx"), "--val-src is given 2 times; expected one file"),
        (("--vocab-size", 2), "--vocab-size"),
        (("--algorithm", "chars"), "did you mean 'char'?"),
        (("--algorithm", "char", "--sampling", 0.1), "sampling (--sampling) is 0.1, but"),
        (("--tgt-algorithm", "word"), "set joint to False (--separate-vocabularies)"),
    ],
)
def test_a_wrong_option_is_one_line_and_makes_nothing(corpus_folder, capsys, options, message):
    run = corpus_folder / "run"
    assert s2s("train", *paths(corpus_folder), "--out", run, "--max-updates", 1, *options) == 2
    error = capsys.readouterr().err
    assert error.startswith("s2s: error: ")
    assert error.count("\n") == 1
    assert message.lower() in error.lower()
    assert not run.exists()


def test_characters_in_and_words_out(corpus_folder, capsys):
    run, model = corpus_folder / "run", corpus_folder / "model.onnx"
    cut = ("--algorithm", "char", "--tgt-algorithm", "word", "--separate-vocabularies")
    options = (*SMALL, "--preset", "tiny", *cut, "--max-updates", 2)
    assert s2s("train", *paths(corpus_folder), "--out", run, *options) == 0
    assert s2s("train", "--out", run, "--resume", "--max-updates", 4) == 0
    assert s2s("export", run, model) == 0
    tokenizer = Translator(model).tokenizer
    text = (corpus_folder / "val.xx").read_text().splitlines()[0]
    assert len(tokenizer.encode_src([text])[0]) == len(text) + 2
    assert len(tokenizer.encode_tgt([text])[0]) == len(text.split()) + 1


def test_a_preset_cannot_change_a_run_that_is_resumed(corpus_folder, capsys):
    assert s2s("train", "--out", corpus_folder / "run", "--resume", "--preset", "tiny") == 2
    assert "--preset and --resume cannot be combined" in capsys.readouterr().err


def corpora(folder, *pairs):
    options = []
    for pair in pairs:
        options += ["--train", f"{folder}/train:{pair}", "--validate", f"{folder}/val:{pair}"]
    return options


def test_one_model_for_several_languages_translates_to_each(corpus_folder, capsys):
    for part in ("train", "val"):
        text = (corpus_folder / f"{part}.xx").read_text()
        (corpus_folder / f"{part}.zz").write_text(text.upper())
    run = corpus_folder / "run"
    options = (*SMALL, "--preset", "tiny", "--max-updates", 8)
    assert s2s("train", *corpora(corpus_folder, "xx-yy", "xx-zz"), "--out", run, *options) == 0
    capsys.readouterr()
    assert s2s("info", run) == 0
    assert "<2yy> <2zz>" in capsys.readouterr().out
    assert s2s("translate", run, corpus_folder / "val.xx", "--to", "zz") == 0
    assert s2s("translate", run, corpus_folder / "val.xx") == 2
    assert "<2yy>" in capsys.readouterr().err


def test_a_run_is_fine_tuned_with_its_own_settings(corpus_folder, capsys):
    first, second = corpus_folder / "first", corpus_folder / "second"
    changes = ("--cell", "gru", "--learning-rate", 5e-3)
    options = (*SMALL, "--preset", "tiny", *changes, "--max-updates", 4)
    assert s2s("train", *paths(corpus_folder), "--out", first, *options) == 0
    command = ("train", *paths(corpus_folder), "--out", second, "--init", first)
    assert s2s(*command, "--max-updates", 3) == 0
    assert "80 copied" in capsys.readouterr().err
    config = json.loads((second / "config.json").read_text())
    assert (config["model"]["cell"], config["training"]["learning_rate"]) == ("gru", 5e-3)
    assert (config["training"]["max_updates"], config["training"]["init"]) == (3, str(first))
    wrong = ("train", *paths(corpus_folder), "--out", corpus_folder / "third", "--init", first)
    assert s2s(*wrong, "--hidden-size", 32, "--max-updates", 3) == 2
    assert "hidden_size" in capsys.readouterr().err
    assert not (corpus_folder / "third").exists()


def test_gradients_of_a_run_are_shown(corpus_folder, capsys):
    run = corpus_folder / "run"
    options = (*SMALL, "--preset", "tiny", "--max-updates", 2)
    assert s2s("train", *paths(corpus_folder), "--out", run, *options) == 0
    capsys.readouterr()
    assert s2s("train", "--out", run, "--diagnose") == 0
    shown = capsys.readouterr().out
    assert "decoder layer 1, hidden, recurrence alone" in shown
    assert "encoder layer 1 backward, cell" in shown


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--train", "a:xx-yy"), "--validate is missing"),
        (
            ("--train", "a:xx-yy", "--src", "b"),
            "--train and --validate cannot be combined with --src",
        ),
        (("--train", "news", "--validate", "news"), "expected PREFIX:SRC-TGT"),
    ],
)
def test_corpora_named_wrongly_are_one_line(corpus_folder, capsys, options, message):
    assert s2s("train", "--out", corpus_folder / "run", *options) == 2
    assert message in capsys.readouterr().err


OTHER_NAMES = {"tokenizer": "src_model", "tgt_tokenizer": "tgt_model"}
NO_FIELDS = {"preset", "more", "resume", "diagnose", "separate_vocabularies"}
TEXTS = {"out", "src", "tgt", "val_src", "val_tgt", "corpora", "val_corpora"} | {
    *("pairs", "val_pairs", "columns", "pairs_format")
}


def test_every_option_becomes_a_field_of_a_configuration(monkeypatch):
    handed_over = {}
    monkeypatch.setattr(command, "_run", lambda *_, fields, **__: handed_over.update(fields))
    options = inspect.signature(command.train).parameters.keys() - NO_FIELDS - TEXTS
    texts = {name: Path(name) for name in ("src", "tgt", "val_src")} | {
        "val_tgt": [Path("val_tgt")]
    }
    values = {name: Path(f"/{name}") for name in options} | {"in_step": "yes"}
    command.train(out=Path("out"), **texts, **values, separate_vocabularies=True)
    assert handed_over.keys() <= FIELDS
    assert handed_over["joint"] is False
    assert handed_over["train"][0]["src"] == str(Path.cwd() / "src")
    assert handed_over["in_step"] is True
    for name in options - {"in_step"}:
        assert str(handed_over[OTHER_NAMES.get(name, name)]) == f"/{name}"


@pytest.mark.parametrize(
    ("loaded", "chosen", "expected"), [(False, None, "3000"), (True, None, None), (False, "7", "7")]
)
def test_threads_spin_a_short_time_unless_torch_is_loaded_or_the_user_chose(
    monkeypatch, loaded, chosen, expected
):
    monkeypatch.setattr(os, "environ", {"GOMP_SPINCOUNT": chosen} if chosen else {})
    if not loaded:
        monkeypatch.delitem(sys.modules, "torch")
    command._limit_spinning()
    assert os.environ.get("GOMP_SPINCOUNT") == expected


def test_importing_the_training_sets_no_environment_variable():
    program = "import os; before = dict(os.environ); import s2s.train; assert os.environ == before"
    subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603


def test_cuda_that_is_absent_is_an_error(corpus_folder, capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    command = ("train", *paths(corpus_folder), "--out", corpus_folder / "run", "--device", "cuda")
    assert s2s(*command) == 2
    assert "torch finds no CUDA GPU" in capsys.readouterr().err


def test_a_missing_option_is_named(corpus_folder, capsys):
    assert s2s("train", "--out", corpus_folder / "run", "--src", "a") == 2
    assert "--tgt is missing" in capsys.readouterr().err
