"""The limit of length by the source: of a run, of its files, and of a call."""

import json

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from s2s import Translator
from s2s.errors import ConfigError
from s2s_export import export_run

TEXTS = ["the cat sat", "dog", "", "the hen sat on the mat the owl sat on the dog"]


@pytest.fixture(scope="module")
def models(make_run, tmp_path_factory):
    """A run, and a file of it."""
    folder, file = make_run(), tmp_path_factory.mktemp("file") / "model.onnx"
    export_run(folder, file)
    return folder, file


def texts_of(translations):
    return [(each.text, each.hypotheses[0].cut) for each in translations]


def test_a_call_can_set_it_and_torch_and_onnx_agree(models):
    torch, onnx = map(Translator, models)
    for options in (
        {},
        {"length_factor": 0, "length_margin": 2},
        {"length_factor": 1, "length_margin": 1},
        {"length_margin": 3, "beam_size": 1},
        {"length_factor": 9},
    ):
        found = onnx.translate(TEXTS, **options)
        assert texts_of(found) == texts_of(torch.translate(TEXTS, **options))
        assert found == [onnx.translate([text], **options)[0] for text in TEXTS]
        factor = options.get("length_factor", 2)
        margin = options.get("length_margin", 20)
        for translation in found:
            limit = factor * translation.src_length + margin
            hypothesis = translation.hypotheses[0]
            assert len(hypothesis.pieces) <= limit
            assert hypothesis.cut == (len(hypothesis.pieces) == limit)
    assert any(
        each.hypotheses[0].cut for each in onnx.translate(TEXTS, length_factor=0, length_margin=2)
    )


@pytest.mark.parametrize("text", [False, True])
def test_an_export_can_set_it(s2s, models, tmp_path, text):
    if text:
        pytest.importorskip("onnxruntime_extensions")
    options = ["--length-factor", 1, "--length-margin", 2, *(["--text"] if text else [])]
    assert s2s("export", models[0], tmp_path / "short.onnx", *options).code == 0
    card = json.loads(s2s("info", tmp_path / "short.onnx", "--json").out)
    assert (card["search"]["length_factor"], card["search"]["length_margin"]) == (1, 2)
    if not text:
        short, asked = Translator(tmp_path / "short.onnx"), Translator(models[1])
        expected = asked.translate(TEXTS, length_factor=1, length_margin=2)
        assert texts_of(short.translate(TEXTS)) == texts_of(expected)
        back = short.translate(TEXTS, length_factor=2, length_margin=20)
        assert texts_of(back) == texts_of(asked.translate(TEXTS))


def test_an_export_checks_it(models, tmp_path):
    with pytest.raises(ConfigError, match=r"length_factor \(--length-factor\) is -1"):
        export_run(models[0], tmp_path / "no.onnx", length_factor=-1)
    assert not (tmp_path / "no.onnx").exists()
