"""Text models: the same translations as the model file, from strings and as strings."""

import json
import sys
import unicodedata

import numpy as np
import pytest

pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
extensions = pytest.importorskip("onnxruntime_extensions")

from s2s import Translator
from s2s.errors import MissingPackageError, ModelError, ParityError
from s2s.formats.checksum import sealed
from s2s.model.ensemble import load_runs
from s2s.model.run import load_run
from s2s.text import clean, clean_but_blanks
from s2s_export import add_metadata, build_model, export_run
from s2s_export import export as export_module
from s2s_export.export import serialize
from s2s_export.graph.builder import EXTENSIONS, STRING, Graph, to_model
from s2s_export.parity.text import _check_cuts, check_texts
from s2s_export.text_model import _clean, build_text_model

TEXTS = [
    "the cat sat on the mat",
    "",
    "the dog",
    "  the \t cow\u00a0sat\u3000",
    " \t\u200b ",
    "the owl </s> sat <unk> <pad> <s>",
    "<2es> the hen <2pt> sat",
    "caf\u00e9 na\u00efve \u4f60\u597d\u3002 \U0001f600 \U0001f468\u200d\U0001f469",
    "\ufeffthe\u2028cat\x0b\x1csat\r\n",
    "\u200bthe\u200b\u200bcat \u200b sat\u200b",
    "\u2581the\u2581cat",
    "the fox sat on the mat " * 60,
    "x" * 400,
    "mat",
]
RUNS = {
    "joint": {},
    "separate": {"joint": False},
    "unigram": {"tokenizer": {"algorithm": "unigram"}},
    "char": {"tokenizer": {"algorithm": "char"}},
    "bytes": {"tokenizer": {"byte_fallback": True}, "vocab_size": 300},
    "identity": {"tokenizer": {"normalization": "identity"}},
    "blanks": {"tokenizer": {"whitespace": "keep"}},
}


def load(model):
    options = ort.SessionOptions()
    options.register_custom_ops_library(extensions.get_library_path())
    options.log_severity_level = 4
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def translate(session, texts, beam=5, **more):
    """Returns the outputs by name; ``more`` are inputs of strings."""
    strings = {"text": texts, **more}
    inputs = {name: np.array(value, dtype=object) for name, value in strings.items()}
    inputs["beam_size"] = np.array(beam)
    inputs["max_length"] = np.array(30)
    inputs["length_penalty"] = np.array(0.6, np.float32)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))


def expected(path, texts, beam, **options):
    """What s2s says with the model file, without what it does around a search."""
    plain = {"max_src_length": 10**6, "unknown": "drop", "numbers": "off"}
    return Translator(path, threads=1).translate(
        texts, beam_size=beam, n_best=beam, max_length=30, **plain, **options
    )


def assert_same(found, wanted):
    """All hypotheses of all sentences, their scores, and how long the sentences are."""
    nfc = np.vectorize(lambda text: unicodedata.normalize("NFC", text), otypes=[object])
    assert nfc(found["translations"]).tolist() == [[h.text for h in w.hypotheses] for w in wanted]
    scores = [[h.score for h in one.hypotheses] for one in wanted]
    np.testing.assert_allclose(found["scores"], scores, rtol=0, atol=1e-5)
    sources = [length if length > 1 else 0 for length in found["src_lengths"]]
    assert sources == [one.src_length for one in wanted]


def write(folders, out, precision="fp32"):
    """Writes model file and text model of runs, not compared with torch, which takes seconds."""
    runs = load_runs(folders)
    models, search, tokenizer = [run.model for run in runs], runs[0].search, runs[0].tokenizer
    of_ids = build_model(models, search, precision)
    of_text = build_text_model(models, search, tokenizer, precision)
    for name, model in (("ids", of_ids), ("text", of_text)):
        add_metadata(model, runs, precision, text=name == "text")
        (out / f"{name}.onnx").write_bytes(sealed(serialize(model)))
    written = [(out / name).read_bytes() for name in ("text.onnx", "ids.onnx")]
    parity = check_texts(*written, tokenizer, search)
    assert (parity.sentences, parity.ties) == (34, 0)
    return out


@pytest.fixture(scope="module", params=[*RUNS])
def written(request, make_run, tmp_path_factory):
    """A folder with model file and text model of a run."""
    run = make_run(seed=1, **RUNS[request.param])
    return write([run], tmp_path_factory.mktemp("out"))


def assert_translates_alike(folder):
    session = load(folder / "text.onnx")
    for beam in (1, 5):
        wanted = expected(folder / "ids.onnx", TEXTS, beam)
        together = translate(session, TEXTS, beam)
        assert_same(together, wanted)
        assert (together["lengths"] > 0).all(axis=1).tolist() == [clean(t) != "" for t in TEXTS]
        for text, one in zip(TEXTS, wanted, strict=True):
            assert_same(translate(session, [text], beam), [one])


def test_a_text_model_translates_as_the_model_file(written):
    assert_translates_alike(written)


def test_an_int8_text_model_translates_as_the_model_file(make_run, tmp_path):
    assert_translates_alike(write([make_run(joint=False, seed=1)], tmp_path, "int8"))


def test_an_ensembles_text_model_translates_as_its_file(make_run, tmp_path):
    runs = [make_run(seed=seed, cell=cell) for seed, cell in enumerate(("lstm", "gru"))]
    assert_translates_alike(write(runs, tmp_path))


def test_an_empty_batch_is_an_empty_answer(written):
    for name, value in translate(load(written / "text.onnx"), [], 3).items():
        assert value.shape == ((0,) if name == "src_lengths" else (0, 3))


@pytest.fixture(scope="module", params=[True, False], ids=["joint", "separate"])
def tagged(request, make_run, with_tags, tmp_path_factory):
    """Paths of the model file and the text model of a run with tags."""
    folder = make_run(joint=request.param)
    model, config = folder / "src.model", folder / "config.json"
    model.write_bytes(with_tags(model.read_bytes(), "<2es>", "<2pt>"))
    settings = json.loads(config.read_text(encoding="utf-8"))
    config.write_text(json.dumps({**settings, "tags": ["<2es>", "<2pt>"]}), encoding="utf-8")
    out = tmp_path_factory.mktemp("out")
    write([folder], out)
    return out / "ids.onnx", out / "text.onnx"


def test_the_language_of_each_sentence_is_an_input_of_its_own(tagged):
    of_ids, of_text = tagged
    languages = ["es", "pt", "pt"] * 5
    outputs = translate(load(of_text), TEXTS, to=languages[: len(TEXTS)])
    by_language = {code: expected(of_ids, TEXTS, 5, to=code) for code in ("es", "pt")}
    wanted = [by_language[code][i] for i, code in enumerate(languages[: len(TEXTS)])]
    assert outputs["translations"].tolist() == [[h.text for h in w.hypotheses] for w in wanted]
    assert outputs["src_lengths"][0] == wanted[0].src_length


def test_an_unknown_language_or_one_too_few_is_an_error(tagged):
    session = load(tagged[1])
    with pytest.raises(Exception, match="to has a code that is none of es, pt"):
        translate(session, ["the cat", "the dog"], to=["es", "fr"])
    for texts, to in ((["a", "b"], ["es"]), (["a"], ["es", "es"]), (["a"], []), ([], ["es"])):
        with pytest.raises(Exception, match="to has not one code for each sentence"):
            translate(session, texts, to=to)
    assert translate(session, [], to=[])["translations"].shape == (0, 5)


def test_a_nul_is_an_error_not_the_end_of_the_sentence(written):
    session = load(written / "text.onnx")
    for text in ("the cat\0sat", "the cat\0", "\0"):
        with pytest.raises(Exception, match="a sentence in text has a NUL"):
            translate(session, ["the dog", text])


@pytest.mark.parametrize("keep_blanks", [False, True])
def test_blanks_are_those_of_clean(keep_blanks):
    graph = Graph("clean")
    cleaned = _clean(graph, graph.input("text", STRING, ["batch"]), keep_blanks=keep_blanks)
    graph.output(cleaned, STRING, ["batch"])
    session = load(to_model(graph, "", [EXTENSIONS]).SerializeToString())
    points = [chr(point) for point in range(1, 0x10000) if not 0xD800 <= point < 0xE000]
    texts = [unicodedata.normalize("NFC", f"{c}a{c}{c}b{c}") for c in points]
    texts += [" \t a\r\n", "\r\n", " \u200b\t "]
    (found,) = session.run(None, {"text": np.array(texts, dtype=object)})
    expected = map(clean_but_blanks if keep_blanks else clean, texts)
    assert found.tolist() == [*expected]


def test_a_text_model_says_what_it_is(make_run, tmp_path):
    run = make_run()
    report = export_run(run, tmp_path / "text.onnx", "int8", text=True)
    assert "strings in and out" in str(report)
    model = onnx.load(tmp_path / "text.onnx", load_external_data=False)
    assert [value.name for value in model.graph.input] == [
        "text",
        "beam_size",
        "max_length",
        "length_penalty",
    ]
    assert {opset.domain for opset in model.opset_import} == {"", EXTENSIONS, "com.microsoft"}
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert metadata.keys() == {"s2s.text", "s2s.config", "s2s.checksum"}
    assert "options" not in json.loads(metadata["s2s.config"])
    assert report.bytes == (tmp_path / "text.onnx").stat().st_size


def test_the_commands_write_and_describe_text_models(make_run, tmp_path, s2s):
    path = tmp_path / "text.onnx"
    written = s2s("export", make_run(), path, "--text")
    assert written.code == 0, written.err
    assert b"checked against the graph without strings: 34 sentences, 34 with" in written.out
    told = s2s("info", path).out.decode()
    assert "s2s text model 1, for onnxruntime-extensions, ONNX IR version 8" in told
    assert "text string [batch]" in told
    assert "40 source and 32 target pieces" in told
    refused = s2s("translate", path, stdin=b"the cat\n")
    assert (refused.code, refused.out, refused.err.count("\n")) == (2, b"", 1)
    assert "is a text model; run it with onnxruntime" in refused.err
    with pytest.raises(ModelError, match="export the run again without --text"):
        Translator(path.read_bytes())


def test_without_the_extensions_nothing_is_written(make_run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime_extensions", None)
    with pytest.raises(MissingPackageError, match=r"install 's2s-onnx\[text\]'$"):
        export_run(make_run(), tmp_path / "text.onnx", text=True)
    assert not list(tmp_path.iterdir())


def test_a_text_model_that_translates_otherwise_is_not_written(make_run, tmp_path, monkeypatch):
    runs = [make_run(joint=False, seed=seed) for seed in (1, 2)]
    other, larger = make_run(), make_run(joint=False, tokenizer={"algorithm": "char"})
    path = tmp_path / "text.onnx"

    def of(network, vocabulary):
        def build(models, search, tokenizer, precision, *, fixed):
            chosen = load_run(vocabulary).tokenizer if vocabulary else tokenizer
            model = load_run(network).model if network else models
            return build_text_model(model, search, chosen, precision, fixed=fixed)

        return build

    for build, message in (
        (of(runs[1], None), "its (translations|scores) are"),
        (of(None, other), "its pieces are"),
        (of(None, larger), "onnxruntime cannot run the text model: "),
    ):
        monkeypatch.setattr(export_module, "build_text_model", build)
        with pytest.raises(ParityError, match=message) as caught:
            export_run(runs[0], path, text=True)
        assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_only_a_unigram_model_may_cut_otherwise_and_only_as_probably(make_run):
    for algorithm in ("unigram", "bpe"):
        tokenizer = load_run(make_run(tokenizer={"algorithm": algorithm})).tokenizer
        (ids,) = map(tuple, tokenizer.encode_src(["the cat sat"]))
        swapped = (ids[1], ids[0], *ids[2:])
        assert _check_cuts(["the cat sat"], [], [ids], tokenizer) == 0
        if algorithm == "unigram":
            assert _check_cuts(["the cat sat"], [], [swapped], tokenizer) == 1
        for wrong in (ids[1:], *([swapped] if algorithm == "bpe" else [])):
            with pytest.raises(ParityError, match="sentence 'the cat sat': its pieces are"):
                _check_cuts(["the cat sat"], [], [wrong], tokenizer)


def test_operators_that_refuse_a_vocabulary_are_one_line(make_run):
    run = load_run(make_run())
    model = build_text_model(run.model, run.search, run.tokenizer)
    for node in model.graph.node:
        if node.op_type == "SentencepieceTokenizer":
            node.attribute[0].s = b"no model"
    with pytest.raises(ModelError, match="onnxruntime refuses the text model: ") as caught:
        check_texts(model.SerializeToString(), b"", run.tokenizer, run.search)
    assert "\n" not in str(caught.value)
