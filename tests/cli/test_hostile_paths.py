"""Names and places that are hard to read from or write to, for every command that takes them."""

import gzip
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from processes import COMMAND

pytest.importorskip("onnxruntime")
pytest.importorskip("sacrebleu")

ODD_NAMES = {
    "newline and escape": b"a\n\x1b[31mb",
    "no UTF-8": b"a\xff\xfeb",
    "dash": b"-a",
}


@pytest.fixture
def texts(tmp_path, monkeypatch):
    """A working folder with two lines and their translation."""
    monkeypatch.chdir(tmp_path)
    Path("in").write_text("eins zwei\nacht\n")
    Path("ref").write_text("one two\neight\n")
    return tmp_path


def reading(tiny, path):
    """Commands that read a text, in each place where they do."""
    return [
        ("translate", tiny, "--", path),
        ("evaluate", tiny, f"--src={path}", "--ref=ref"),
        ("evaluate", tiny, "--src=in", f"--ref={path}"),
        ("evaluate", f"--hypotheses={path}", "--ref=ref"),
        ("evaluate", "--hypotheses=in", f"--baseline={path}", "--ref=ref"),
        ("score", tiny, f"--src={path}", "--tgt=ref"),
        ("score", tiny, "--src=in", f"--tgt={path}"),
    ]


def writing(tiny, path):
    """Commands that write a file."""
    return [
        ("translate", tiny, "in", f"--output={path}"),
        ("translate", tiny, "in", f"--output={path}", "--resume"),
        ("evaluate", tiny, "--src=in", "--ref=ref", f"--output={path}"),
        ("evaluate", "--hypotheses=in", "--src=in", "--ref=ref", f"--plot={path}"),
        ("score", tiny, "--src=in", "--tgt=ref", f"--output={path}"),
    ]


def names():
    """What is in the working folder."""
    return sorted(path.name for path in Path().iterdir())


def assert_one_line(finished):
    assert finished.code == 2, finished.err
    assert finished.out == b""
    assert finished.err.startswith("s2s: error: ")
    assert finished.err.count("\n") == 1
    assert "\x1b" not in finished.err


@pytest.mark.parametrize("name", ODD_NAMES.values(), ids=ODD_NAMES)
def test_odd_names_are_read_and_written(s2s, tiny, texts, name):
    (texts / os.fsdecode(name)).write_bytes(b"eins zwei\nacht\n")
    for command in reading(tiny, os.fsdecode(name)):
        assert s2s(*command).code == 0
    output = texts / os.fsdecode(name + b".out")
    for command in writing(tiny, output.name):
        assert s2s(*command).code == 0
        assert output.stat().st_size > 5
        output.unlink()
    (texts / os.fsdecode(name)).write_bytes(b"\xff\n")
    for command in reading(tiny, os.fsdecode(name)):
        assert_one_line(s2s(*command))


def test_what_cannot_be_read_is_named_by_every_command(s2s, tiny, texts):
    Path("folder").mkdir()
    Path("one").symlink_to("other")
    Path("other").symlink_to("one")
    Path("dangling").symlink_to("nothing")
    for name in ("folder", "one", "dangling", "in/x", "x" * 300, ""):
        for command in reading(tiny, name):
            finished = s2s(*command)
            assert_one_line(finished)
            assert name in finished.err


def test_where_nothing_can_be_written_is_named_by_every_command(s2s, tiny, texts):
    Path("folder").mkdir()
    Path("one").symlink_to("other")
    Path("other").symlink_to("one")
    before = names()
    full = ["/dev/full"] * Path("/dev/full").exists()
    for name in ("folder", "one", "nothing/x", "x" * 300, *full):
        for command in writing(tiny, name):
            finished = s2s(*command)
            assert_one_line(finished)
            assert name in finished.err
    assert names() == before


def test_pipes_are_read_once_and_devices_written(s2s, tiny, texts):
    os.mkfifo("pipe")
    for command in reading(tiny, "pipe"):
        with subprocess.Popen([sys.executable, "-c", "open('pipe', 'w').write('eins\\nacht\\n')"]):
            assert s2s(*command).code == 0
    for command in writing(tiny, "/dev/null"):
        if "--resume" not in command:
            assert s2s(*command).code == 0


def run(arguments, **options):
    """Runs the command in a process of its own, in the working folder."""
    finished = subprocess.run(  # noqa: S603
        [*COMMAND, *map(str, arguments)], stderr=subprocess.PIPE, check=False, **options
    )
    return finished.returncode, finished.stderr.decode()


PRINTING = [
    ("translate", "MODEL", "in"),
    ("evaluate", "MODEL", "--src=in", "--ref=ref"),
    ("info", "MODEL", "--json"),
    ("--version",),
]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("command", PRINTING, ids=lambda command: command[0])
def test_a_full_standard_output_is_one_line(tiny, texts, command):
    command = [tiny if word == "MODEL" else word for word in command]
    with Path("/dev/full").open("wb") as full:
        code, err = run(command, stdout=full)
    assert (code, err) == (
        2,
        "s2s: error: cannot write to standard output: No space left on device\n",
    )


@pytest.mark.parametrize("command", PRINTING[1::2], ids=lambda command: command[0])
def test_a_closed_standard_output_is_one_line(tiny, texts, command):
    command = [tiny if word == "MODEL" else word for word in command]
    code, err = run(command, preexec_fn=lambda: os.close(1))
    assert code == 2
    assert err == "s2s: error: standard output is closed; open it, or send it to /dev/null\n"


def test_a_disk_that_fills_up_leaves_the_old_file_and_says_how_to_go_on(s2s, tiny, texts):
    Path("many").write_text("eins\n" * 2000)
    Path("twin").write_text("one\n" * 2000)
    Path("out").write_text("old")

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    # Figures of coverage would not fit into that, either.
    unwatched = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    for command in (
        ("score", tiny, "--src=many", "--tgt=twin", "-o", "out"),
        ("evaluate", tiny, "--src=many", "--ref=twin", "-o", "out"),
        ("translate", tiny, "many", "-o", "out"),
    ):
        code, err = run(command, preexec_fn=limit, env=unwatched)
        assert (code, err.count("\n")) == (2, 1)
        assert err.startswith("s2s: error: cannot write out: File too large")
        assert Path("out").read_text() == "old"
    assert "with --resume" in err
    assert names() == ["in", "many", "out", "out.partial", "out.partial.json", "ref", "twin"]
    assert s2s("translate", tiny, "many", "-o", "out", "--resume").code == 0
    assert Path("out").read_text() == "one\n" * 2000
    assert names() == ["in", "many", "out", "ref", "twin"]


@pytest.mark.parametrize("name", ["x" * 300, "one", "a\udcff"])
def test_a_training_names_what_is_no_name_and_makes_nothing(s2s, texts, name):
    pytest.importorskip("torch")
    Path("one").symlink_to("other")
    Path("other").symlink_to("one")
    if name == "a\udcff":
        Path(name).write_text("a\nb\n")
    before = names()
    plain = {"--src": "in", "--tgt": "ref", "--val-src": "in", "--val-tgt": "ref", "--out": "run"}
    for option in (*plain, "--cache", "--tokenizer"):
        made = option in ("--out", "--cache") and name == "a\udcff"  # which is there
        options = {**plain, option: f"{name}2" if made else name}
        finished = s2s("train", *[word for pair in options.items() for word in pair])
        assert finished.code == 2, finished.err
        assert finished.err.count("\n") == 1
        assert names() == before


def pack(path, unit, mebibytes):
    with gzip.open(path, "wb") as file:
        for _ in range(mebibytes):
            file.write(unit * ((1 << 20) // len(unit)))
    return path


@pytest.mark.parametrize("unit", [b"a "], ids=["words"])
def test_a_gzip_bomb_is_read_in_less_memory_than_it_has(tmp_path, unit):
    limit = 100 << 20
    program = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit}))
from s2s.text import clean, read_lines
print(len([clean(line) for line in read_lines(sys.argv[1])]))
"""
    command = [sys.executable, "-c", program, pack(tmp_path / "bomb.gz", unit, 120)]
    finished = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    assert finished.stdout == b"1\n", finished.stderr.decode()
    assert b"is longer than 1048576 bytes; the rest of it is left out" in finished.stderr


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc here")
@pytest.mark.parametrize("unit", [b"\0", b"a ", b"ab"], ids=["zeros", "words", "one word"])
def test_a_gigabyte_in_a_megabyte_is_translated_in_bounded_memory(tiny, tmp_path, unit):
    path, out = pack(tmp_path / "bomb.gz", unit, 1024), tmp_path / "out"
    assert path.stat().st_size < 2 << 20
    program = """
import pathlib, sys
from s2s.cli import main
try:
    main(["translate", *sys.argv[1:], "--beam-size", "1"])
except SystemExit as ended:
    print(pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0], ended.code)
"""
    command = [sys.executable, "-c", program, tiny, path, "-o", out]
    finished = subprocess.run(command, capture_output=True, check=True)  # noqa: S603
    peak, code = map(int, finished.stdout.split())
    print(f"{peak >> 10} MiB")  # noqa: T201
    assert (code, peak < 500 << 10) == (0, True)
    assert out.read_bytes().count(b"\n") == 1
