"""``s2s export``, killed at any moment."""

import pytest
from killing import kill_repeatedly

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from tiny_folder import write_run

NEEDED = ("s2s_export", "torch", "onnx", "onnxruntime")


def check(tmp_path, tiny, kills, *options):
    from s2s.formats.model_file import read_model_file

    run = write_run(tmp_path / "run", read_model_file(tiny.read_bytes()).tokenizer.src_model)
    out = tmp_path / "folder" / "model.onnx"
    out.parent.mkdir()
    commands = [
        ("export", run, out, "--precision", precision, *options) for precision in ("fp32", "int8")
    ]
    counts = kill_repeatedly(commands, out, kills, modules=NEEDED)
    print(*options, counts)  # noqa: T201
    assert counts["as before"] + counts["new"] == kills
    assert counts["new"] >= kills // 4


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--text",)], ids=["pieces", "text"])
def test_fifty_killed_exports_leave_whole_models(tmp_path, tiny, options):
    if options:
        pytest.importorskip("onnxruntime_extensions")
    check(tmp_path, tiny, 50, *options)
