"""A run that was trained with tags, and its file."""

import base64
import json

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")

from s2s import Translator
from s2s.errors import DataError, ModelError
from s2s.model.run import load_run
from s2s_export import export_run

TEXTS = ["the cat sat", "", "the dog <2es> sat on the mat", "mat"]


@pytest.fixture(scope="module", params=[True, False], ids=["joint", "separate"])
def run(request, make_run, with_tags):
    folder = make_run(joint=request.param)
    path = folder / "src.model"
    path.write_bytes(with_tags(path.read_bytes(), "<2es>", "<2pt>"))
    change(folder, tags=["<2es>", "<2pt>"], languages={"src": ["en"], "tgt": ["es", "pt"]})
    return folder


def change(folder, **settings):
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**config, **settings}), encoding="utf-8")


def test_run_folder_and_file_take_tags_alike(run, tmp_path, s2s):
    export_run(run, tmp_path / "model.onnx")
    of_run, of_file = Translator(run), Translator(tmp_path / "model.onnx", threads=1)
    assert of_run.card["tags"] == of_file.card["tags"] == ["<2es>", "<2pt>"]
    for to in ("es", "pt"):
        translations, expected = of_file.translate(TEXTS, to=to), of_run.translate(TEXTS, to=to)
        assert [translation.pieces for translation in translations] == [
            translation.pieces for translation in expected
        ]
        assert [translation.src_length for translation in translations] == [
            translation.src_length for translation in expected
        ]
    for translator in (of_run, of_file):
        with pytest.raises(DataError, match="<2es>, <2pt>"):
            translator.translate(TEXTS)
    for model in (run, tmp_path / "model.onnx"):
        shown = s2s("info", model).out.decode()
        assert "<2es> <2pt>\n" in shown
        assert "src en, tgt es pt\n" in shown


def test_the_file_is_usable_without_s2s_as_described(run, tmp_path):
    """Follows ``docs/reference/model-file.md``."""
    import numpy as np
    import sentencepiece

    path = tmp_path / "model.onnx"
    export_run(run, path)
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    tags = json.loads(metadata["s2s.config"])["tags"]
    tokenizer = sentencepiece.SentencePieceProcessor()
    tokenizer.LoadFromSerializedProto(base64.b64decode(metadata["s2s.tokenizer"]))
    src = [tokenizer.piece_to_id(tags[1]), *tokenizer.encode(TEXTS[2]), 3]
    outputs = session.run(
        ["hypotheses", "lengths"],
        {
            "src": np.array([src]),
            "src_lengths": np.array([len(src)]),
            "beam_size": np.array(3),
            "max_length": np.array(512),
            "length_penalty": np.array(0.6, np.float32),
        },
    )
    best = [int(piece) for piece in outputs[0][0, 0, : outputs[1][0, 0]] if piece != 3]
    (expected,) = Translator(path, threads=1).translate([TEXTS[2]], to="pt")
    assert tuple(load_run(run).tokenizer.tgt_pieces(best)) == expected.pieces


def test_a_vocabulary_without_the_runs_tags_is_refused(make_run, with_tags):
    folder = make_run()
    change(folder, tags=["<2es>"])
    with pytest.raises(ModelError, match=r"no control piece <2es>; it has no tags") as caught:
        load_run(folder)
    assert str(caught.value).startswith(str(folder))
    path = folder / "src.model"
    path.write_bytes(with_tags(path.read_bytes(), "<2es>", "<2pt>"))
    assert load_run(folder).card["tags"] == ["<2es>"]
    change(folder, tags=[])
    assert "tags" not in load_run(folder).card
