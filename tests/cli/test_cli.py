import json
import os
import subprocess
import sys

import pytest
import typer
from processes import COMMAND, start

from s2s import cli
from s2s.cli.info import _readable
from s2s.errors import OPTIONS

pytest.importorskip("onnxruntime")


def assert_one_line(finished):
    """What every error that a user can cause looks like."""
    assert finished.code == 2
    assert finished.err.startswith("s2s: error: ")
    assert finished.err.count("\n") == 1
    assert finished.err.endswith("\n")
    assert not finished.out


def test_standard_input_to_standard_output(s2s, tiny):
    assert s2s("translate", tiny, stdin="fünf\n\nzwölf".encode()) == (0, b"five\n\ntwelve\n", "")


def test_files_plain_and_gzip(s2s, tiny, tmp_path):
    import gzip

    source, output = tmp_path / "in.gz", tmp_path / "out"
    source.write_bytes(gzip.compress(b"acht\r\nneun\r\n"))
    assert s2s("translate", tiny, source, "-o", output) == (0, b"", "")
    assert output.read_bytes() == b"eight\nnine\n"
    assert s2s("translate", tiny, output, "-o", "-").out.count(b"\n") == 2


def test_a_file_may_be_replaced_by_its_translation(s2s, tiny, tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"eins\nzwei\n")
    assert s2s("translate", tiny, path, "-o", path).code == 0
    assert path.read_bytes() == b"one\ntwo\n"


def test_n_best_prints_as_many_lines_a_sentence_with_scores(s2s, tiny):
    finished = s2s("translate", tiny, "--n-best", "3", "--scores", stdin=b"eins\n\n")
    lines = finished.out.decode().splitlines()
    assert len(lines) == 6
    scores = [float(line.split("\t")[0]) for line in lines]
    assert scores[:3] == sorted(scores[:3], reverse=True)
    assert lines[0].endswith("\tone")
    assert lines[3:] == ["0.0000\t"] * 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["tranlate"], "No such command 'tranlate'. Did you mean 'translate'"),
        (["translate"], "MODEL"),
        (["translate", "TINY", "--beam-sise", "3"], "--beam-size"),
        (["translate", "TINY", "--beam-size", "x"], "--beam-size"),
        (["translate", "TINY", "--beam-size", "0"], "--beam-size"),
        (
            ["translate", "TINY", "--beam-size", "99", "--n-best", "70"],
            "beam_size (--beam-size) is 61; the vocabulary allows at most 61",
        ),
        (
            ["translate", "TINY", "--n-best", "9"],
            "n_best (--n-best) is 9, but beam_size (--beam-size) is 5",
        ),
        (["translate", "TINY", "--device", "cudda"], "did you mean 'cuda'?"),
        (["translate", "TINY", "--device", "gpu"], "did you mean 'cuda'?"),
        (["translate", "none.onnx"], "none.onnx does not exist"),
        (["translate", "FOLDER"], "is not a run folder"),
        (["translate", __file__], "not a valid s2s model file"),
        (["translate", "TINY", "none.txt"], "none.txt does not exist"),
        (["translate", "TINY", "FOLDER"], "is a folder"),
        (["translate", "TINY", "-o", "FOLDER"], "is a folder"),
        (["translate", "TINY", "-o", "FOLDER/none/out"], "folder does not exist"),
        (["info", "none.onnx"], "none.onnx does not exist"),
        (["info", "none\x1b[31m.onnx"], r"none\x1b[31m.onnx does not exist"),
        (["evaluate", "TINY", "--src", "a"], "--ref"),
        (["evaluate", "TINY", "--src", "a", "--ref", "a"], "same file"),
        (["evaluate", "TINY", "--src", "a", "--ref", "b"], "a does not exist"),
        (["export", "FOLDER", "out.onnx", "--precision", "int4"], "expected fp32 or fp16 or int8"),
    ],
)
def test_errors_are_one_line_and_exit_with_2(s2s, tiny, tmp_path, options, message):
    names = {"TINY": str(tiny), "FOLDER": str(tmp_path), "FOLDER/none/out": f"{tmp_path}/none/out"}
    finished = s2s(*(names.get(option, option) for option in options), stdin=b"eins\n")
    assert_one_line(finished)
    assert message in finished.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(
    "CUDAExecutionProvider" in sys.modules["onnxruntime"].get_available_providers(),
    reason="there is CUDA",
)
def test_no_cuda_is_one_line(s2s, tiny):
    finished = s2s("translate", tiny, "--device", "cuda", stdin=b"eins\n")
    assert_one_line(finished)
    assert "s2s-onnx[gpu]" in finished.err


def test_bad_input_half_way_leaves_the_old_output(s2s, tiny, tmp_path):
    output = tmp_path / "out"
    output.write_bytes(b"old")
    finished = s2s("translate", tiny, "-o", output, stdin=b"eins\n" * 5000 + b"\xff\n")
    assert_one_line(finished)
    assert "standard input, line 5001: byte 25001 (0xff)" in finished.err
    assert output.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("split", "translated in parts, 1 of them within a sentence"),
        ("truncate", "cut there"),
    ],
)
def test_what_is_too_long_is_translated_and_said(s2s, tiny, policy, said):
    options = ("--max-src-length", "5", "--too-long", policy)
    finished = s2s("translate", tiny, *options, stdin=b"eins\n" + b"zwei " * 9)
    assert finished.code == 0
    assert finished.out.count(b"\n") == 2
    start = "s2s: warning: 1 of 2 sentences had over 5 pieces and were"
    assert finished.err == f"{start} {said} (first: line 2)\n"


def test_what_is_too_long_is_refused_if_that_is_asked_for(s2s, tiny, tmp_path):
    options = ("--max-src-length", "5", "--too-long", "error", "-o", tmp_path / "out")
    finished = s2s("translate", tiny, *options, stdin=b"eins\n" + b"zwei " * 9)
    assert finished.code == 2
    assert finished.err.startswith("s2s: error: standard input, line 2: the sentence has ")
    assert finished.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_evaluation_says_scores_with_signatures_and_speed(s2s, tiny, tmp_path):
    pytest.importorskip("sacrebleu")
    src, ref, output = tmp_path / "src", tmp_path / "ref", tmp_path / "out"
    src.write_text("eins zwei drei vier\nacht neun zehn elf\n")
    ref.write_text("one two three four\neight nine ten eleven\n")
    finished = s2s("evaluate", tiny, "--src", src, "--ref", ref, "--json", "-o", output)
    assert finished.code == 0, finished.err
    report = json.loads(finished.out)
    assert report["sentences"] == 2
    assert report["scores"]["BLEU"]["value"] == pytest.approx(100)
    assert report["scores"]["TER"]["value"] == 0
    assert "tok:13a" in report["scores"]["BLEU"]["signature"]
    assert report["sentences_per_second"] > 0
    assert output.read_text() == ref.read_text()
    shown = s2s("evaluate", tiny, "--src", src, "--ref", ref, "--beam-size", "1")
    assert shown.out.decode().startswith("BLEU  100.00  nrefs:1|")
    assert b"sentences/s" in shown.out


@pytest.mark.parametrize(
    ("src", "ref", "message"),
    [
        ("a\nb\n", "c\n", "2 lines but"),
        ("", "", "is empty; expected one sentence per line"),
        ("\n \n", "a\nb\n", "is empty; expected one sentence per line"),
    ],
)
def test_nothing_to_evaluate_is_one_line(s2s, tiny, tmp_path, src, ref, message):
    (tmp_path / "src").write_text(src)
    (tmp_path / "ref").write_text(ref)
    finished = s2s("evaluate", tiny, "--src", tmp_path / "src", "--ref", tmp_path / "ref")
    assert_one_line(finished)
    assert message in finished.err


def test_what_a_model_is(s2s, tiny):
    text = s2s("info", tiny).out.decode()
    assert "languages    src de, tgt en" in text
    assert "64 source and 64 target pieces" in text
    assert "characters   identity\n" in text
    assert "src int64 [batch, src_len]" in text
    facts = json.loads(s2s("info", tiny, "--json").out)
    assert facts["precision"] == "fp32"
    assert facts["search"]["beam_size"] == 5


def test_what_nobody_knows_is_left_out_of_a_description():
    """Files of other endings than languages' codes: ``src None, tgt None`` said less."""
    assert _readable({"src": None, "tgt": "en"}) == "tgt en"
    assert _readable({"src": None, "tgt": None}) == "unknown"


def test_help_teaches_with_examples(s2s):
    for command in ("train", "translate", "evaluate", "export", "info"):
        finished = s2s(command, "--help")
        assert finished.code == 0
        assert f"s2s {command} ".encode() in finished.out
    assert s2s("--version").out.startswith(b"s2s ")


def test_neither_torch_nor_scores_nor_progress_are_imported_to_translate(tiny):
    program = f"""
import sys
sys.modules["torch"] = sys.modules["onnx"] = sys.modules["safetensors"] = None
import s2s
assert "numpy" not in sys.modules and "onnxruntime" not in sys.modules
from s2s.cli import main
try:
    main(["translate", {str(tiny)!r}])
except SystemExit as ended:
    unwanted = {{"sacrebleu", "rich.progress", "sentencepiece.missing", "s2s.model"}}
    print(sorted(unwanted & set(sys.modules)), file=sys.stderr)
    raise
"""
    finished = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program], input=b"sieben\n", capture_output=True, check=False
    )
    assert finished.stdout == b"seven\n", finished.stderr
    assert finished.stderr == b"[]\n"


def test_help_of_training_loads_neither_torch_nor_the_tokenizer():
    program = """
import sys
for name in ("torch", "numpy", "sentencepiece", "onnxruntime", "safetensors"):
    sys.modules[name] = None
from s2s.cli import main
main(["train", "--help"])
"""
    finished = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program], capture_output=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    assert b"s2s train --src" in finished.stdout


def test_messages_need_no_particular_locale(tiny, tmp_path):
    finished = subprocess.run(  # noqa: S603
        [*COMMAND, "translate", str(tiny), "fünf.txt"],
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert finished.returncode == 2
    assert finished.stderr.count(b"\n") == 1
    assert b"does not exist" in finished.stderr


def test_a_reader_that_has_enough_is_no_error(tiny):
    process = start(
        "translate", tiny, "--line-buffered", stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    process.stdin.write(b"eins\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"one\n"  # at once, with more to come
    process.stdout.close()
    _, err = process.communicate(b"zwei\n" * 3)
    assert err == b""
    assert process.returncode in (1, 141)


def test_closed_standard_streams_are_one_line(tiny):
    for closed in ("<&-", ">&-"):
        finished = subprocess.run(  # noqa: S602
            f"{sys.executable} -c 'from s2s.cli import main; main()' translate {tiny} {closed}",
            shell=True,
            capture_output=True,
            stdin=subprocess.DEVNULL if closed == ">&-" else None,
            check=False,
        )
        assert finished.returncode == 2
        assert finished.stderr.count(b"\n") == 1
        assert b"is closed" in finished.stderr


def test_details_as_columns_and_as_json(s2s, tiny):
    finished = s2s("translate", tiny, "--alignments", "--scores", stdin=b"zwei eins\n\n")
    first, second = finished.out.decode().splitlines()
    score, text, alignment = first.split("\t")
    assert (float(score) < 0, text, alignment) == (True, "two one", "0-0 1-1")
    assert second == "0.0000\t\t"
    finished = s2s("translate", tiny, "--json", "--n-best", "2", stdin=b"zwei eins\n")
    best, other = map(json.loads, finished.out.decode().splitlines())
    assert best["text"] == "two one"
    assert best["alignment"] == [[0, 0], [1, 1]]
    assert len(best["log_probs"]) == len(best["pieces"]) + 1
    assert best["score"] > other["score"]


def test_given_translations_are_scored(s2s, tiny, tmp_path):
    (tmp_path / "src").write_text("eins\nzwei\nzwei\n")
    (tmp_path / "tgt").write_text("one\nnine\n€\n")
    files = ("--src", tmp_path / "src", "--tgt", tmp_path / "tgt")
    finished = s2s("score", tiny, *files)
    rows = [list(map(float, line.split("\t"))) for line in finished.out.decode().splitlines()]
    assert rows[0][0] > rows[1][0]
    assert 1 > rows[0][1] > rows[1][1] > 0
    assert rows[2] == [float("-inf"), 0]
    last = json.loads(s2s("score", tiny, *files, "--json").out.decode().splitlines()[2])
    assert last["score"] is None
    (tmp_path / "tgt").write_text("one\n")
    finished = s2s("score", tiny, *files, "-o", tmp_path / "out")
    assert (finished.code, finished.out) == (2, b"")
    assert not (tmp_path / "out").exists()


def test_errors_name_settings_by_options_that_exist():
    pytest.importorskip("torch")
    from s2s.train.settings import FIELDS

    for name in ("train", "translate", "classify", "export"):
        cli._register(name)
    commands = typer.main.get_command(cli.app).commands
    params = [param for name in ("train", "translate") for param in commands[name].params]
    of_all = [*params, *commands["classify"].params, *commands["export"].params]
    assert set(OPTIONS.values()) <= {option for param in of_all for option in param.opts}
    assert FIELDS & {param.name for param in params} <= OPTIONS.keys()


def test_an_export_to_a_name_without_onnx_is_refused(s2s, tmp_path):
    refused = s2s("export", tmp_path, tmp_path / "model")
    assert "model; expected a name that ends in .onnx" in refused.err
    assert not (tmp_path / "model").exists()
