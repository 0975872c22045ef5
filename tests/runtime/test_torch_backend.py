import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("safetensors.torch")

from tiny_folder import write_run

from s2s import Translator
from s2s.errors import DeviceError, FileError
from s2s.formats.model_file import read_model_file

TEXTS = ["eins zwei drei", "", "zwölf", "elf " * 9, "</s>"]


@pytest.fixture
def run_folder(tmp_path, tiny):
    return write_run(tmp_path / "run", read_model_file(tiny).tokenizer.src_model)


def test_a_run_folder_and_its_file_translate_alike(run_folder, tmp_path, s2s):
    output = tmp_path / "model.onnx"
    exported = s2s("export", run_folder, output)
    assert exported.code == 0, exported.err
    assert b"MB" in exported.out
    torch_found = Translator(run_folder).translate(TEXTS, n_best=3)
    onnx_found = Translator(output).translate(TEXTS, n_best=3)
    for one, other in zip(torch_found, onnx_found, strict=True):
        assert [h.pieces for h in one.hypotheses] == [h.pieces for h in other.hypotheses]
        assert one.score == pytest.approx(other.score, abs=1e-4)
    required = [["two"], [], ["ten", "six"], ["one two"], []]
    torch_held, onnx_held = (
        Translator(model).translate(TEXTS, n_best=3, required=required)
        for model in (run_folder, output)
    )
    for one, other, phrases in zip(torch_held, onnx_held, required, strict=True):
        assert [h.pieces for h in one.hypotheses] == [h.pieces for h in other.hypotheses]
        assert all(phrase in h.text for h in one.hypotheses for phrase in phrases if one.parts)
    assert Translator(run_folder).card["scores"] == {"BLEU": 1.5}


def test_the_command_line_takes_a_run_folder(run_folder, s2s):
    translated = s2s("translate", run_folder, stdin=b"eins\n\nzwei\n")
    assert translated.code == 0, translated.err
    assert translated.out.count(b"\n") == 3
    told = s2s("info", run_folder)
    assert told.code == 0
    assert b"scores      BLEU 1.5" in told.out


def test_a_folder_without_a_run_is_a_file_error(tmp_path):
    with pytest.raises(FileError, match="not a run folder"):
        Translator(tmp_path)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA")
def test_no_cuda_is_an_error(run_folder):
    with pytest.raises(DeviceError, match="no CUDA"):
        Translator(run_folder, device="cuda")
