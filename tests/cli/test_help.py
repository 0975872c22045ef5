"""Help pages for people, completion for their shells."""

import os
import re
import subprocess

import pytest
from processes import COMMAND

from s2s.cli import COMMANDS
from s2s.cli.train_options import OF_SMALL, PRESETS

ENVIRONMENT = {**os.environ, "COLUMNS": "80", "TERM": "dumb"}
TITLE = re.compile("^╭─ (.+?) ─", re.MULTILINE)
WITHOUT_TORCH = """
import sys
for name in ("torch", "numpy", "sentencepiece", "onnxruntime", "safetensors"):
    sys.modules[name] = None
from s2s.cli import main
main()
"""


def run(*args, **variables):
    """Runs ``s2s`` as in a terminal of 80 columns; torch and other large packages are missing."""
    return subprocess.run(  # noqa: S603
        [*COMMAND[:2], WITHOUT_TORCH, *args],
        env={**ENVIRONMENT, **variables},
        capture_output=True,
        check=False,
        encoding="utf-8",
    )


def completions(line):
    """What bash offers if the tab key is pressed at the end of ``line``."""
    words = line.split(" ")
    finished = run(COMP_WORDS=line, COMP_CWORD=str(len(words) - 1), _S2S_COMPLETE="complete_bash")
    assert (finished.returncode, finished.stderr) == (0, "")
    return finished.stdout.split()


def test_no_command_shows_the_help_and_no_error():
    finished = run()
    assert (finished.returncode, finished.stderr) == (2, "")
    assert finished.stdout == run("--help").stdout
    assert all(f"│ {name} " in finished.stdout for name in COMMANDS)


def test_the_first_screen_of_training_is_what_a_beginner_needs():
    lines = run("train", "--help").stdout.splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert [line[:15] for line in lines].index("╭─ Text ───────") <= 23  # a pager takes a line
    first = "\n".join(lines[:23])
    assert "Usage: s2s train" in first
    assert "s2s train --src train.en --tgt train.de --val-src val.en \\\n" in re.sub(
        " +\n", "\n", first
    )
    for option in ("src", "tgt", "val-src", "val-tgt", "out", "max-minutes", "preset"):
        assert re.search(f"│[ *]+--{option} ", first), option


@pytest.mark.parametrize(
    ("command", "groups"),
    [
        (
            "train",
            "Files, Limits and size, Text, Vocabulary, Network, Training, Machine",
        ),
        (
            "translate",
            "Arguments, Output, Model, Search, Words of the translation, Random draws, "
            "Source text, Documents with tags, Machine",
        ),
        ("evaluate", "Arguments, Files, Scores, Model, Search, Source text, Machine"),
        ("classify", "Arguments, Files, Output, Model, Source text, Machine"),
        ("score", "Arguments, Files, Output, Model, Machine"),
        ("export", "Arguments, Output, Model, Search, Random draws, Triton Inference Server"),
        ("serve", "Arguments, Address, Requests, Batches"),
    ],
)
def test_options_stand_in_groups_most_used_first(command, groups):
    page = run(command, "--help").stdout
    assert TITLE.findall(page) == groups.split(", ")
    assert page.index("--help") > page.index(f"╭─ {groups.split(', ')[-1]} ─")


def test_defaults_of_training_are_those_of_the_preset_small():
    pytest.importorskip("torch")
    from s2s.train import PRESETS as SETTINGS

    assert ("auto", *SETTINGS) == PRESETS
    small = SETTINGS["small"]
    fields = {**small.model.to_dict(), **small.tokenizer.to_dict(), **small.training}
    for name, shown in OF_SMALL.items():
        assert shown == str(fields[name]) or float(shown) == fields[name]


def test_completion_knows_every_command():
    assert completions("s2s ") == list(COMMANDS)
    assert completions("s2s tra") == ["train", "translate"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "s2s train --val",
            [
                "--val-src",
                "--val-tgt",
                "--val-pairs",
                "--validate",
                "--validate-every",
                "--validate-by",
            ],
        ),
        ("s2s translate model.onnx --b", ["--beam-size", "--ban"]),
        ("s2s evaluate --hyp", ["--hypotheses"]),
        ("s2s classify --t", ["--top", "--to", "--threads"]),
        ("s2s score --t", ["--tgt", "--to", "--threads"]),
        ("s2s export --pre", ["--precision"]),
        ("s2s info --j", ["--json"]),
        ("s2s train --cell ", ["lstm", "gru", "rnn", "peephole"]),
        ("s2s train --preset ", list(PRESETS)),
        ("s2s export run out.onnx --precision i", ["int8"]),
    ],
)
def test_completion_knows_options_and_their_choices(line, expected):
    assert completions(line) == expected


def test_completion_is_installed_for_bash(tmp_path):
    finished = run("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert finished.returncode == 0, finished.stderr
    assert "_S2S_COMPLETE=complete_bash" in finished.stdout
    finished = run(
        "--install-completion",
        "bash",
        HOME=str(tmp_path),
        _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1",
    )
    assert finished.returncode == 0, finished.stderr
    assert "complete_bash" in (tmp_path / ".bash_completions" / "s2s.sh").read_text()


@pytest.mark.parametrize("value", ["0", "-1", "nan"])
def test_limits_of_time_are_more_than_nothing(s2s, value):
    finished = s2s("train", "--out", "run", "--max-minutes", value)
    assert finished.code == 2
    assert "'--max-minutes': " in finished.err
    assert "is out of range; expected more than 0" in finished.err
    assert finished.err.count("\n") == 1
