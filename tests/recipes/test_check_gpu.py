import sys

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from recipe_modules import load_recipe


@pytest.fixture
def check(quick_check, monkeypatch, tmp_path, capsys):
    """The recipe with little to do, and a call of it that returns its exit status and lines."""
    recipe = load_recipe("check_gpu")
    monkeypatch.setattr(recipe, "ROWS", 4)
    monkeypatch.setattr(recipe, "PAIRS", 100)
    monkeypatch.setattr(recipe, "TESTED", 4)

    def call(*options):
        arguments = ["check_gpu.py", "--out", str(tmp_path / "out"), "--updates", "20", *options]
        monkeypatch.setattr(sys, "argv", arguments)
        with pytest.raises(SystemExit) as ended:
            recipe.main()
        return ended.value.code, capsys.readouterr().out.splitlines()

    return recipe, call


def test_a_cpu_gives_what_a_cpu_gives(check):
    _, call = check
    code, lines = call("--device", "cpu")
    said = [line.partition(":")[0] for line in lines[1:]]
    assert said[:-1] == [
        "right  gradients in fp32",
        "right  a resumed training",
        "right  translations of torch",
        "right  translations of onnxruntime in fp32",
        "right  translations of onnxruntime in fp16",
    ]
    assert said[-1].startswith("right  the ")
    assert code == 0


def test_other_gradients_translations_and_places_are_wrong(check, monkeypatch):
    recipe, call = check
    plain = recipe.translate
    monkeypatch.setattr(recipe, "translate", lambda *args: [*plain(*args)[1:], f"{args[0]}"])
    monkeypatch.setattr(recipe, "PROVIDERS", {"cpu": "CUDAExecutionProvider"})
    exact = recipe.gradients
    calls = []

    def gradients(made, step):
        calls.append(1)
        return {name: value * len(calls) for name, value in exact(made, step).items()}

    monkeypatch.setattr(recipe, "gradients", gradients)
    code, lines = call("--device", "cpu")
    assert code == 1
    assert lines[1].startswith("WRONG  gradients in fp32: error of at most 1.0e+00")
    assert lines[2].startswith("right  a resumed training: weights 0.0e+00 off")
    assert lines[4] == (
        "WRONG  translations of onnxruntime in fp32: 3 of 4 as on the CPU; limit 99%"
    )
    assert "not in CUDAExecutionProvider: " in lines[6]
    assert "TopK" in lines[6]


def test_a_check_that_fails_does_not_stop_the_next_one(check, monkeypatch):
    recipe, call = check

    def fail(options):
        raise RuntimeError("CUDA error: first line\nsecond line")

    monkeypatch.setattr(recipe, "CHECKS", (fail, recipe.check_gradients))
    code, lines = call("--device", "cpu")
    assert code == 1
    assert lines[1] == "WRONG  fail: RuntimeError: CUDA error: first line"
    assert lines[2].startswith("right  gradients in fp32")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA GPU")
def test_without_a_gpu_there_is_one_line(check):
    _, call = check
    assert call() == (
        "check_gpu: error: torch finds no CUDA GPU; rehearse with --device cpu",
        [],
    )
