"""Every code block of README and ``docs/`` runs, in a folder that holds what the pages name.

Commands run as they are written, but for trainings, which end after a few updates. What a block
prints is not compared: figures differ from machine to machine.
"""

import logging
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from paths import ROOT

pytest.importorskip("torch")
pytest.importorskip("onnxruntime")
pytest.importorskip("sybil")

from docs_workspace import train_models, write_texts
from sybil import Sybil
from sybil.parsers.myst import CodeBlockParser, PythonCodeBlockParser

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [page for page in PAGES if "_build" not in page.parts]
SHORT = " --max-updates 3 --set validations=1 --set bleu_sentences=5"
"""Added to each training."""
KNOWN = ("make ", "python recipes/", "git clone", "cd ", "pip install", ". .venv/")
"""Beginnings of commands that other tests run, or that need the network."""
SLOW = {
    "choose-a-preset",
    "compare-models",
    "fine-tune",
    "gpu-and-processes",
    "keep-and-require",
    "low-bleu",
    "other-tasks",
    "prepare-data",
    "own-files",
    "real-text",
    "resuming",
    "several-languages",
    "stop-and-resume",
}
"""Pages with several trainings: 8 to 19 seconds each; `make test-docs` runs them."""
MARKED = re.compile(r"(?:% not run: .+|<!-- not run: .+ -->)\s*\Z")
"""A comment above a block that nothing here can run; it says why."""


def commands(text: str, language: str) -> list[str]:
    """Returns the commands of a block, one a line; output lines of a console are left out."""
    joined = text.replace("\\\n", " ")
    lines = [line for line in joined.split("\n") if line.strip() and not line.startswith("#")]
    if language == "console":
        lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return lines


def run_command(command: str) -> None:
    """Runs one command; a training is cut short."""
    if command.startswith(KNOWN):
        return
    if (
        re.search(r"\bs2s train\b", command)
        and "--diagnose" not in command
        and "--help" not in command
    ):
        command += SHORT
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.run(  # noqa: S603
        ["/bin/bash", "-euo", "pipefail", "-c", command],
        env={**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, f"{command}\n{ended.stdout[-800:]}\n{ended.stderr[-1500:]}"


def shell_parser(language: str) -> CodeBlockParser:
    """Returns what finds and runs the shell blocks of a language."""

    def evaluate(example) -> None:
        for command in commands(str(example.parsed), language):
            run_command(command)

    return CodeBlockParser(language=language, evaluator=evaluate)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workspace")
    write_texts(folder)
    train_models(folder)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


@pytest.fixture
def as_before():
    """Takes back what a page sets for the whole process: how s2s logs."""
    loggers = [logging.getLogger(), logging.getLogger("s2s")]
    before = [(logger, logger.level, list(logger.handlers)) for logger in loggers]
    yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers


PARSERS = [PythonCodeBlockParser(), shell_parser("sh"), shell_parser("console")]


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(
            page,
            id=str(page.relative_to(ROOT)),
            marks=[pytest.mark.slow] if page.stem in SLOW else [],
        )
        for page in PAGES
    ],
)
def test_the_code_blocks_of_a_page_run(page, workspace, as_before, tmp_path, monkeypatch):
    folder = tmp_path / "w"
    shutil.copytree(workspace, folder, symlinks=True)  # each page has a folder of its own
    monkeypatch.chdir(folder)
    document = Sybil(parsers=PARSERS, path=str(page.parent), patterns=[page.name]).parse(page)
    for example in document.examples():
        if not MARKED.search(document.text[: example.region.start]):
            example.evaluate()
