"""Commands at work: no code of a file runs, nothing is fetched, no shell is started."""

import json
import os
import pickle
import subprocess
import sys
import zipfile

import pytest

pytest.importorskip("onnxruntime")

SMALL = (
    *("--preset", "tiny", "--embedding-size", "8", "--hidden-size", "8", "--vocab-size", "60"),
    *("--max-updates", "2", "--precision", "fp32", "--workers", "1"),
)
EVENTS = """
import json, os, sys
seen = []
WATCHED = ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostby", "urllib.",
           "http.", "ftplib.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork",
           "pickle.")
def watch(event, details):
    if event.startswith(WATCHED):
        seen.append([event, str(details[1] if event == "subprocess.Popen" else details)])
sys.addaudithook(watch)
from s2s.cli import main
for command in json.loads(sys.argv[1]):
    try:
        main(command)
    except SystemExit as ended:
        assert ended.code == 0, command
print("SEEN", json.dumps(seen))
"""


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.fixture
def sprung(tmp_path):
    """The folder that appears if a trap is loaded."""
    path = tmp_path / "sprung"
    pickle.loads(pickle.dumps(Trap(path)))  # noqa: S301
    assert path.is_dir(), "the trap does not work"
    path.rmdir()
    return path


def make_trap(kind, sprung, tmp_path):
    """Returns a pickle, plain or as torch saves one."""
    data = pickle.dumps(Trap(sprung), protocol=2)
    if kind == "torch":
        with zipfile.ZipFile(tmp_path / "zip", "w") as archive:
            archive.writestr("archive/data.pkl", data)
            archive.writestr("archive/version", "3\n")
        data = (tmp_path / "zip").read_bytes()
    return data


def assert_refused(finished):
    assert finished.code == 2, finished.err
    assert finished.err.splitlines()[-1].startswith("s2s: error: ")
    assert "Traceback" not in finished.err


@pytest.mark.parametrize("kind", ["pickle", "torch"])
def test_a_pickle_in_place_of_a_model_or_a_text_is_refused_and_not_run(
    s2s, tiny, tmp_path, sprung, kind
):
    data = make_trap(kind, sprung, tmp_path)
    bad, plain, other = (tmp_path / name for name in ("bad.onnx", "plain", "other"))
    bad.write_bytes(data)
    plain.write_text("eins\n")
    other.write_text("one\n")
    for command in (
        ("info", bad),
        ("translate", bad, plain),
        ("translate", tiny, bad),
        ("evaluate", bad, "--src", plain, "--ref", other),
        ("evaluate", tiny, "--src", bad, "--ref", plain),
        ("evaluate", tiny, "--src", plain, "--ref", bad),
        ("evaluate", "--hypotheses", bad, "--ref", plain),
        ("score", bad, "--src", plain, "--tgt", other),
        ("score", tiny, "--src", plain, "--tgt", bad),
    ):
        assert_refused(s2s(*command))
    # What an interrupted run left: begun anew.
    (tmp_path / "out.partial.json").write_bytes(data)
    assert s2s("translate", tiny, plain, "-o", tmp_path / "out", "--resume").code == 0
    assert not sprung.exists()


@pytest.fixture
def run(s2s, tmp_path):
    """A trained run, and the options that trained it."""
    pytest.importorskip("torch")
    src, tgt = tmp_path / "train.en", tmp_path / "train.de"
    src.write_text("one two three\nfour five\nsix seven\n" * 5)
    tgt.write_text("eins zwei drei\nvier fünf\nsechs sieben\n" * 5)
    texts = ("--src", src, "--tgt", tgt, "--val-src", src, "--val-tgt", tgt)
    finished = s2s("train", *texts, "--out", tmp_path / "run", *SMALL)
    assert finished.code == 0, finished.err
    return tmp_path / "run", texts


@pytest.mark.parametrize("kind", ["torch", pytest.param("pickle", marks=pytest.mark.slow)])
def test_a_pickle_in_place_of_any_file_of_a_run_is_not_run(s2s, run, tmp_path, sprung, kind):
    data = make_trap(kind, sprung, tmp_path)
    folder, texts = run
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    assert {path.suffix for path in files} >= {".json", ".jsonl", ".model", ".safetensors"}
    (tmp_path / "bad").write_bytes(data)
    for path in files:
        content = path.read_bytes()
        path.write_bytes(data)
        for command in (
            ("info", folder),
            ("translate", folder, texts[1]),
            ("evaluate", folder, "--src", texts[1], "--ref", texts[3], "--plot", tmp_path / "page"),
            ("train", "--out", folder, "--resume", "--max-updates", "3"),
            ("train", *texts, "--out", tmp_path / "tuned", "--init", folder, "--max-updates", "1"),
        ):
            assert s2s(*command).code in (0, 2)
        path.write_bytes(content)
    assert_refused(s2s("train", *texts, "--out", tmp_path / "new", "--tokenizer", tmp_path / "bad"))
    assert not sprung.exists()


def watch(commands):
    """Runs commands in one process; returns what they did that is watched."""
    texts = json.dumps([[str(word) for word in command] for command in commands])
    finished = subprocess.run(  # noqa: S603
        [sys.executable, "-c", EVENTS, texts], capture_output=True, check=False
    )
    assert finished.returncode == 0, finished.stderr.decode()
    return json.loads(finished.stdout.decode().split("SEEN", 1)[1])


def test_translating_and_scoring_fetch_nothing_and_start_nothing(tiny, tmp_path):
    pytest.importorskip("sacrebleu")
    src, ref, out = (tmp_path / name for name in ("src", "ref", "out"))
    src.write_text("eins zwei drei vier\nacht\n")
    ref.write_text("one two three four\neight\n")
    both = ("--src", src, "--ref", ref)
    assert not watch(
        [
            ("info", tiny),
            ("translate", tiny, src, "-o", out, "--json"),
            ("evaluate", tiny, *both, "--plot", out, "--confidence", "--buckets"),
            ("evaluate", "--hypotheses", ref, "--ref", ref, "--tokenize", "intl"),
            ("score", tiny, "--src", src, "--tgt", ref),
        ]
    )


@pytest.mark.parametrize("exported", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_training_and_exporting_fetch_nothing_and_start_tokenisers_alone(tmp_path, exported):
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    src, tgt, out = (tmp_path / name for name in ("train.en", "train.de", "run"))
    src.write_text("one two three\nfour five\nsix seven\n" * 5)
    tgt.write_text("eins zwei drei\nvier fünf\nsechs sieben\n" * 5)
    texts = ("--src", src, "--tgt", tgt, "--val-src", src, "--val-tgt", tgt)
    seen = watch(
        [
            ("train", *texts, "--out", out, *SMALL, "--workers", "2"),
            *[("export", out, tmp_path / "model.onnx")] * exported,
            ("translate", out, src, "-o", tmp_path / "out"),
        ]
    )
    assert not [event for event in seen if "s2s.corpus.worker" not in event[1]]
