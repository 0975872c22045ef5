"""What s2s relies on and runs: versions without known faults, no pickle, no shell, no evaluation.

``test_safety.py`` shows it at work; here the sources are read.
"""

import ast
import tomllib

import pytest
from paths import ROOT

from s2s.errors import DISTRIBUTION

SOURCES = [
    path for part in ("s2s", "export", "recipes") for path in sorted((ROOT / part).rglob("*.py"))
]

MODULES = {
    **dict.fromkeys(
        ("pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"),
        "what it reads may run code",
    ),
    "multiprocessing": "it pickles what it sends; see s2s.corpus.pool",
    "yaml": "configurations are JSON",
    "code": "it runs text",
    "pty": "it runs a shell",
    **dict.fromkeys(
        (
            "socket",
            "ssl",
            "urllib",
            "http",
            "ftplib",
            "requests",
            "httpx",
            "httpx2",
            "aiohttp",
            "webbrowser",
        ),
        "nothing is fetched that was not asked for",
    ),
}
FETCHING = {"recipes/common/download.py"}
"""Fetches the data that recipes are about, which say so."""
LISTENING = {"s2s/serve/server.py", "s2s/serve/protocol.py", "recipes/bench_serve.py"}
"""The server, and the recipe that measures it, which connect to nothing else."""
WRITING = {"recipes/rivals/make_transformer.py", "recipes/rivals/convert_ctranslate2.py"}
"""Scripts for OpenNMT-py's environment that write and read checkpoints as it has them."""
CALLS = {
    **dict.fromkeys(("eval", "exec", "compile", "__import__"), "it runs text"),
    **dict.fromkeys(("os.system", "os.popen", "subprocess.getoutput"), "it runs a shell"),
    **dict.fromkeys(("torch.load", "torch.save", "torch.hub.load"), "it pickles; use safetensors"),
}
OBJECTS = ("_object", "_object_list")
"""Ends of the names of torch.distributed's functions that pickle what they send."""


def dotted(node):
    """Returns ``a.b.c`` of a name or of attributes of one."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def imported(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def faults(source, name="source.py"):
    """Yields what is wrong in a source text, with line numbers."""
    for node in ast.walk(ast.parse(source)):
        for module in imported(node):
            why = MODULES.get(module.partition(".")[0]) or CALLS.get(module)
            if why == MODULES["urllib"] and (
                name in FETCHING | LISTENING or module.startswith("urllib.parse.")
            ):
                continue
            if why:
                yield f"{name}:{node.lineno}: {module}: {why}"
        if isinstance(node, ast.Call):
            called = dotted(node.func)
            why = CALLS.get(called) or ("it pickles" if called.endswith(OBJECTS) else None)
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            only = given.get("weights_only")
            reads_weights = isinstance(only, ast.Constant) and only.value is True
            allowed = {"torch.save": True, "torch.load": reads_weights}
            if why and not (name in WRITING and allowed.get(called)):
                yield f"{name}:{node.lineno}: {called}: {why}"
            for option in ("shell", "allow_pickle"):
                value = given.get(option)
                if value is not None and not (
                    isinstance(value, ast.Constant) and value.value is False
                ):
                    yield f"{name}:{node.lineno}: {called}: {option}"


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from torch import load",
        "import urllib.request",
        "from socket import socket",
        "def f():\n    import yaml",
        "eval('1')",
        "import os\nos.system('ls')",
        "import torch\ntorch.load('x')",
        "import numpy as np\nnp.load('x', allow_pickle=True)",
        "import subprocess\nsubprocess.run('ls', shell=True)",
        "from subprocess import run\nrun('ls', shell=bool(1))",
        "import torch.distributed as dist\ndist.all_gather_object(a, b)",
    ],
)
def test_what_is_not_wanted_is_found(source):
    assert len(list(faults(source))) == 1


def test_no_source_unpickles_evaluates_runs_a_shell_or_fetches():
    assert len(SOURCES) > 130
    found = [
        fault
        for path in SOURCES
        for fault in faults(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
    ]
    assert not found


def project():
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["project"]


def requirements():
    """Every requirement of the package and of its extras."""
    requirement = pytest.importorskip("packaging.requirements").Requirement
    extras = project()["optional-dependencies"].values()
    texts = [*project()["dependencies"], *(text for extra in extras for text in extra)]
    return [package for package in map(requirement, texts) if package.name != DISTRIBUTION]


def test_versions_with_known_faults_are_not_allowed():
    # onnx before 1.21 follows links out of a model's folder to external data (CVE-2026-27489 and
    # 34446). sentencepiece 0.2.1 crashes on long pieces and reads beyond a damaged model (its
    # issues 1263 and 1269); 0.2.2 refuses sound models (1308).
    for name, old in {"onnx": "1.20.99", "sentencepiece": "0.2.2"}.items():
        found = [package for package in requirements() if package.name == name]
        assert found
        assert not any(package.specifier.contains(old) for package in found)


def test_what_is_pinned_is_what_is_allowed():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    pinned = dict(line.lower().split("==") for line in lines)
    for package in requirements():
        assert package.specifier.contains(pinned[package.name.lower()]), package
