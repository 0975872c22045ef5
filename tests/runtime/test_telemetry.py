"""Nothing is written into the home folder, and nobody is told that a model is run."""

import ast
import os
import subprocess
import sys

import pytest
from paths import ROOT
from processes import COMMAND

pytest.importorskip("onnxruntime")

from s2s.runtime.providers import TELEMETRY_SWITCH, import_onnxruntime

IN_PYTHON = """
import sys
from s2s import Translator
print(Translator(sys.argv[1]).translate(["eins"])[0].text)
"""
EXAMPLE = ROOT / "export" / "examples" / "translate.py"
PROGRAMS = {
    "command": [*COMMAND, "translate"],
    "python": [sys.executable, "-c", IN_PYTHON],
    "example": [sys.executable, str(EXAMPLE)],
}


def environment(home):
    """A user's environment: onnxruntime reports nothing by itself where it finds a build server."""
    hidden = {"CI", "GITHUB_ACTIONS", "TF_BUILD", "XDG_CACHE_HOME", TELEMETRY_SWITCH}
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return {**kept, "HOME": str(home)}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("writable", [True, False])
def test_translating_writes_nothing_at_home_and_warns_of_nothing(tiny, tmp_path, program, writable):
    home = tmp_path / "home"
    if writable:
        home.mkdir()
    else:
        home.write_bytes(b"")  # a file, because root may write into any folder
    finished = subprocess.run(  # noqa: S603
        [*PROGRAMS[program], str(tiny)],
        env=environment(home),
        input=b"eins\n",
        capture_output=True,
        check=False,
    )
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, b"one\n", b"")
    assert not writable or list(home.iterdir()) == []


@pytest.fixture
def calls(monkeypatch):
    """Calls of onnxruntime's function that turns events off."""
    calls = []
    monkeypatch.setattr(
        "onnxruntime.disable_telemetry_events", lambda: calls.append("off"), raising=False
    )
    return calls


def test_events_stop_once_if_somebody_else_loaded_onnxruntime(monkeypatch, calls):
    monkeypatch.delenv(TELEMETRY_SWITCH)
    assert import_onnxruntime() is import_onnxruntime()
    assert calls == ["off"]
    assert os.environ[TELEMETRY_SWITCH] == "1"  # for the processes that this one starts


def test_a_user_who_wants_telemetry_keeps_it(monkeypatch, calls):
    monkeypatch.setenv(TELEMETRY_SWITCH, "0")
    import_onnxruntime()
    assert calls == []
    assert os.environ[TELEMETRY_SWITCH] == "0"


def imports_onnxruntime(path):
    return any(
        name.partition(".")[0] == "onnxruntime"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    )


def test_whatever_imports_onnxruntime_turns_its_telemetry_off():
    paths = [path for part in ("s2s", "export", "recipes") for path in (ROOT / part).rglob("*.py")]
    importing = [path for path in paths if imports_onnxruntime(path)]
    assert ROOT / "s2s" / "runtime" / "providers.py" in importing
    importing += (ROOT / "export" / "examples" / "node").glob("*.mjs")
    assert not [path for path in importing if TELEMETRY_SWITCH not in path.read_text("utf-8")]
