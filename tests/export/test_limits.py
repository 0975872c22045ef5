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


def test_in_step_torch_and_onnx_agree_and_a_call_can_turn_it_on_and_off(s2s, models, tmp_path):
    file = tmp_path / "in_step.onnx"
    assert s2s("export", models[0], file, "--in-step", "yes").code == 0
    assert json.loads(s2s("info", file, "--json").out)["search"]["in_step"] is True
    torch, onnx, held = map(Translator, (*models, file))
    expected = torch.translate(TEXTS, in_step=True, beam_size=3, n_best=3)
    for found in (
        expected,
        onnx.translate(TEXTS, in_step=True, beam_size=3, n_best=3),
        held.translate(TEXTS, beam_size=3, n_best=3),
    ):
        for one, other in zip(found, expected, strict=True):
            for hypothesis, same in zip(one.hypotheses, other.hypotheses, strict=True):
                assert hypothesis.pieces == same.pieces
                assert not hypothesis.cut
            assert len(one.pieces) == max(0, one.src_length - 1)
    assert texts_of(held.translate(TEXTS, in_step=False)) == texts_of(onnx.translate(TEXTS))
    assert texts_of(held.translate(TEXTS, in_step="auto")) == texts_of(held.translate(TEXTS))


@pytest.mark.parametrize("options", [["--precision", "int8"], ["--text"]])
def test_a_file_of_another_kind_can_be_in_step(s2s, models, tmp_path, options):
    if "--text" in options:
        pytest.importorskip("onnxruntime_extensions")
    file = tmp_path / "model.onnx"
    finished = s2s("export", models[0], file, "--in-step", "yes", *options)
    assert finished.code == 0, finished.err
    if "int8" in options:
        for found in Translator(file).translate(TEXTS):
            assert len(found.pieces) == max(0, found.src_length - 1)


def test_in_step_nothing_is_cut_but_by_a_prefix_and_limits_are_refused(models, caplog):
    onnx = Translator(models[1])
    (longer,) = onnx.translate(["dog"], in_step=True, prefix="el gato se sento en el gato")
    assert longer.hypotheses[0].cut
    assert caplog.messages == [
        "1 of 1 translations begin with more pieces than their source has, and have no end "
        "(first: line 1; --prefix)"
    ]
    for name, value in {"max_length": 9, "length_factor": 3, "required": ["gato"]}.items():
        with pytest.raises(ConfigError, match=rf"{name} \(--.* is set, but .*--in-step no"):
            onnx.translate(["dog"], in_step=True, **{name: value})
    with pytest.raises(ConfigError, match=r"in_step \(--in-step\) is 1; expected True or False"):
        onnx.translate(["dog"], in_step=1)
