"""Bulk translation with Ray Data: each row once and in order, whatever dies meanwhile.

Tests that start Ray are slow, and skipped without it. `Translate`, which other engines use as well,
is tested always.
"""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from number_words import GERMAN
from paths import RECIPES, ROOT
from recipe_modules import load_recipe

from s2s import Translator
from s2s.errors import DataError, S2SError

PART_ROWS = 100
ROWS = 3000


def test_translate_adds_two_columns_and_leaves_nulls(tiny):
    recipe = load_recipe("ray_data")
    texts = ["eins", None, "zwei drei", float("nan"), ""]
    table = {"id": np.arange(5), "german": np.array(texts, dtype=object)}
    found = recipe.Translate(tiny, "german", {"beam_size": 2})(table)
    one, two, three = Translator(tiny).translate(["eins", "zwei drei", ""], beam_size=2)
    assert found["translation"].tolist() == [one.text, None, two.text, None, three.text]
    assert found["score"].tolist() == [one.score, None, two.score, None, three.score]
    assert found["id"] is table["id"]
    assert "translation" not in table


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"en": ["eins"]}, "no column 'text'; found en"),
        ({"text": ["eins", 7]}, "row 1 of 'text' is 7"),
        ({"text": [b"eins"]}, "row 0 of 'text' is b'eins'"),
    ],
)
def test_translate_refuses_what_is_no_text(tiny, table, message):
    with pytest.raises(DataError, match=message):
        load_recipe("ray_data").Translate(tiny, "text", {})(table)


def texts_of(count):
    return [
        " ".join(GERMAN[(row * 7 + place * place) % 10] for place in range(1 + row % 9))
        for row in range(count)
    ]


@pytest.fixture
def expected(tiny):
    """Hash of row, text and score of all rows, from one plain call."""
    translator = Translator(tiny, threads=1)
    return digest(
        (row, one.text, one.score) for row, one in enumerate(translator.translate(texts_of(ROWS)))
    )


def digest(rows):
    total = hashlib.sha256()
    for row in rows:
        total.update(repr(row).encode())
    return total.hexdigest()


def digest_of(out):
    """The same of the parts of a folder, read one after the other."""
    parquet = pytest.importorskip("pyarrow.parquet")
    tables = [parquet.read_table(path) for path in sorted(out.glob("part-*.parquet"))]
    return digest(
        (row["row"], row["translation"], row["score"])
        for table in tables
        for row in table.to_pylist()
    )


@pytest.fixture
def start(tiny, tmp_path):
    """Returns a function that starts the recipe in a process of its own."""
    pytest.importorskip("ray")
    pytest.importorskip("pyarrow")
    started = []

    def run(source, out, *options):
        command = [sys.executable, RECIPES / "ray_data.py", tiny, source, out, "--workers", "2"]
        log = (tmp_path / f"{len(started)}.log").open("wb")
        paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        process = subprocess.Popen(  # noqa: S603
            [*map(str, command), "--part-rows", str(PART_ROWS), *options],
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": paths},
            start_new_session=True,
        )
        process.log = Path(log.name)
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def ended(process):
    assert process.wait(timeout=240) == 0, process.log.read_text()
    return process.log.read_text()


@pytest.fixture
def lines(tmp_path):
    """A folder with all texts, in two files."""
    folder, texts = tmp_path / "lines", texts_of(ROWS)
    folder.mkdir()
    (folder / "1.txt").write_text("".join(f"{text}\n" for text in texts[:1234]), encoding="utf-8")
    (folder / "2.txt").write_text("".join(f"{text}\n" for text in texts[1234:]), encoding="utf-8")
    return folder


def workers_of(process):
    """Process numbers of the workers below a process, which Ray names after the class."""
    parents, workers = {}, []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                status = (folder / "stat").read_text()
                name = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            parents[int(folder.name)] = int(status.rpartition(")")[2].split()[1])
            if b"TranslatePart" in name and b"ray::" in name:
                workers.append(int(folder.name))

    def is_below(number):
        while number in parents:
            number = parents[number]
            if number == process.pid:
                return True
        return False

    return [number for number in workers if is_below(number)]


def wait_for_parts(out, count, process):
    end = time.monotonic() + 200
    while len(list(out.glob("part-*.parquet"))) < count:
        assert process.poll() is None, process.log.read_text()
        assert time.monotonic() < end, process.log.read_text()
        time.sleep(0.01)


@pytest.mark.slow
def test_a_killed_worker_loses_nothing(start, lines, tmp_path, expected):
    out = tmp_path / "out"
    process = start(lines, out)
    wait_for_parts(out, 2, process)
    killed = workers_of(process)[0]
    os.kill(killed, signal.SIGKILL)
    at_the_kill = len(list(out.glob("part-*.parquet")))
    ended(process)
    assert at_the_kill < len(list(out.glob("part-*.parquet"))) == 13 + 18
    assert digest_of(out) == expected
    assert (out / "_SUCCESS").exists()
    assert not list(out.glob(".part-*"))


@pytest.mark.slow
def test_a_killed_command_goes_on_and_leaves_finished_parts(start, lines, tmp_path, expected):
    out = tmp_path / "out"
    process = start(lines, out)
    wait_for_parts(out, 3, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=60)
    time.sleep(5)  # workers that Ray has in sessions of their own end with it
    before = {path: path.stat().st_mtime_ns for path in out.glob("part-*.parquet")}
    assert 3 <= len(before) < 31
    assert not (out / "_SUCCESS").exists()
    (out / ".part-000030.parquet.left.tmp").write_bytes(b"half a part")
    log = ended(start(lines, out))
    assert f"{len(before)} of 31 parts are done" in log
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert digest_of(out) == expected
    assert not list(out.glob(".part-*"))
    refused = start(lines, out, "--beam-size", "1")
    assert refused.wait(timeout=60) == 2
    assert "was begun with another model" in refused.log.read_text()


@pytest.mark.slow
def test_parquet_keeps_its_columns_and_its_nulls(start, tmp_path, tiny):
    pa, parquet = (pytest.importorskip(name) for name in ("pyarrow", "pyarrow.parquet"))
    texts = texts_of(250)
    texts[130] = None
    table = pa.table({"id": [f"#{row}" for row in range(250)], "german": texts})
    parquet.write_table(table, tmp_path / "in.parquet", row_group_size=70)
    out = tmp_path / "out"
    log = ended(start(tmp_path / "in.parquet", out, "--column", "german"))
    assert "1 rows have no text (null) and stay null" in log
    found = pa.concat_tables([parquet.read_table(path) for path in sorted(out.glob("part*"))])
    assert found.column_names == ["row", "id", "german", "translation", "score"]
    assert found["id"].to_pylist() == table["id"].to_pylist()
    wanted = iter(Translator(tiny, threads=1).translate([text for text in texts if text]))
    pairs = [(None, None) if text is None else next(wanted) for text in texts]
    pairs = [pair if isinstance(pair, tuple) else (pair.text, pair.score) for pair in pairs]
    assert (
        list(zip(found["translation"].to_pylist(), found["score"].to_pylist(), strict=True))
        == pairs
    )


@pytest.mark.slow
def test_a_row_that_is_no_text_is_one_line_that_says_where(start, tmp_path):
    pa, parquet = (pytest.importorskip(name) for name in ("pyarrow", "pyarrow.parquet"))
    parquet.write_table(pa.table({"text": list(range(150))}), tmp_path / "in.parquet")
    process = start(tmp_path / "in.parquet", tmp_path / "out")
    assert process.wait(timeout=100) == 2
    last = process.log.read_text().splitlines()[-1]
    assert "in.parquet, of the rows from" in last
    assert "which is no text" in last
    assert not (tmp_path / "out" / "_SUCCESS").exists()


@pytest.mark.parametrize(
    ("files", "out", "message"),
    [
        (["a.txt", "b.csv"], "out", "b.csv is neither text nor parquet"),
        (["_SUCCESS", ".hidden", "_temporary/a.txt"], "out", "no folder with files"),
        (["a.txt"], "in/deep/out", "is inside the input"),
        (["a.txt"], "in", "is inside the input"),
    ],
)
def test_an_input_that_cannot_be_meant_is_refused(tmp_path, files, out, message):
    for name in files:
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text("eins\n", encoding="utf-8")
    settings = {"input": str(tmp_path / "in"), "out": str(tmp_path / out)}
    with pytest.raises(S2SError, match=message):
        load_recipe("ray_data").Parts(settings).files()


def test_files_of_subfolders_are_input_in_the_order_of_their_names(tmp_path):
    for name in ("b.txt", "a/2.txt", "a/1.parquet"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("eins\n", encoding="utf-8")
    parts = load_recipe("ray_data").Parts({"input": str(tmp_path), "out": "/elsewhere"})
    found = [path.relative_to(tmp_path).as_posix() for path in parts.files()]
    assert found == ["a/1.parquet", "a/2.txt", "b.txt"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "data", "message"),
    [("bad.txt", b"eins\n\xff\n", "line 2"), ("bad.parquet", b"PAR1", "bad.parquet")],
)
def test_a_file_that_cannot_be_read_is_one_line_before_any_work(
    start, tmp_path, name, data, message
):
    (tmp_path / name).write_bytes(data)
    process = start(tmp_path / name, tmp_path / "out")
    assert process.wait(timeout=100) == 2
    assert message in process.log.read_text().splitlines()[-1]
    assert "Traceback" not in process.log.read_text()
    assert not list((tmp_path / "out").glob("part-*"))
