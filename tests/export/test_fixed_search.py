"""Files whose search is fixed: the same translations, and no call can change the search."""

import json
import subprocess
import sys
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")

from paths import ROOT

from s2s import Translator
from s2s.config import PAD_ID, SearchConfig
from s2s.errors import ConfigError, ModelError, ParityError
from s2s.formats.checksum import sealed
from s2s.formats.model_file import OUTPUTS, read_model_file
from s2s.model.ensemble import load_runs
from s2s.runtime.backend import pad
from s2s.runtime.onnx_backend import session_options
from s2s_export import add_metadata, build_model, export_run
from s2s_export import export as export_module
from s2s_export.export import serialize
from s2s_export.parity.model import check_parity

TEXTS = [
    "the cat sat on the mat",
    "",
    "the dog",
    "café 你好。 😀",
    "the owl 42 sat on 7",
    "the fox sat on the mat " * 20,
]
SEARCHES = {
    "recommended": {},
    "greedy": {"beam_size": 1},
    "limits": {"max_length": 9, "length_factor": 1, "length_margin": 3, "length_penalty": 0.0},
    "shortest": {"min_length": 8, "no_repeat": 2},
    "diverse": {"diversity": 0.5, "beam_size": 4},
    "drawn": {"temperature": 1.0, "top_k": 10, "seed": 3},
    "in step": {"in_step": True},
}


def write(runs, path, precision, **search):
    """Writes a fixed file that is not compared with torch, which takes seconds."""
    searched = SearchConfig(**{**runs[0].search.to_dict(), **search})
    models = [run.model for run in runs]
    graph = build_model(models, searched, precision, fixed=True)
    named = SimpleNamespace(**{**vars(runs[0]), "search": searched})
    add_metadata(graph, [named, *runs[1:]], precision, fixed=True)
    path.write_bytes(sealed(serialize(graph)))
    return path


@pytest.fixture(scope="module")
def run(make_run):
    return make_run(seed=1)


def write_plain(run, path, precision):
    graph = build_model(run.model, run.search, precision)
    add_metadata(graph, run, precision)
    path.write_bytes(sealed(serialize(graph)))
    return path


@pytest.fixture(scope="module", params=["fp32", "int8"])
def plain(request, run, tmp_path_factory):
    """Precision, and the path of the plain file."""
    path = tmp_path_factory.mktemp("plain") / "plain.onnx"
    return request.param, write_plain(*load_runs([run]), path, request.param)


def as_it_is(path):
    return ort.InferenceSession(path, session_options(), providers=["CPUExecutionProvider"])


def ids_of(translator, texts):
    return [ids for ids in map(tuple, translator.tokenizer.encode_src(texts)) if len(ids) > 1]


@pytest.mark.parametrize("name", SEARCHES)
def test_it_translates_as_the_plain_file_with_the_same_values(plain, run, tmp_path, name):
    precision, path = plain
    search = SEARCHES[name]
    fixed = Translator(write(load_runs([run]), tmp_path / "fixed.onnx", precision, **search))
    with Translator(path) as asked:
        assert fixed.translate(TEXTS) == asked.translate(TEXTS, **search)


@pytest.mark.parametrize("name", SEARCHES)
def test_as_it_is_it_gives_each_sentence_the_bits_of_the_plain_file(plain, run, tmp_path, name):
    precision, path = plain
    fixed = write(load_runs([run]), tmp_path / "fixed.onnx", precision, **SEARCHES[name])
    backend = Translator(path)
    search = SearchConfig(**{**backend.search.to_dict(), **SEARCHES[name]})
    session = as_it_is(fixed)
    ids = ids_of(backend, TEXTS)
    src, src_lengths = pad(ids)
    together = session.run(list(OUTPUTS), {"src": src, "src_lengths": src_lengths})
    batch = SimpleNamespace(src=src, src_lengths=src_lengths, prefix=None, bias=None)
    expected = backend._searcher._backend.search(batch, search)
    for actual, wanted in zip(together, expected, strict=False):
        assert np.array_equal(actual, wanted)
    for row, pieces in enumerate(ids):
        one = pad([pieces])
        alone = session.run(list(OUTPUTS), {"src": one[0], "src_lengths": one[1]})
        width = alone[0].shape[2]
        assert np.array_equal(together[0][row, :, :width], alone[0][0])
        assert (together[0][row, :, width:] == PAD_ID).all()
        assert np.array_equal(together[1][row], alone[1][0])
        assert np.array_equal(together[2][row], alone[2][0])


def test_all_inputs_and_outputs_begin_with_the_batch_and_the_beam_is_a_number(run, tmp_path):
    session = as_it_is(write(load_runs([run]), tmp_path / "fixed.onnx", "fp32", beam_size=4))
    shapes = {value.name: value.shape for value in [*session.get_inputs(), *session.get_outputs()]}
    assert shapes == {
        "src": ["batch", "src_len"],
        "src_lengths": ["batch"],
        "hypotheses": ["batch", 4, "tgt_len"],
        "lengths": ["batch", 4],
        "scores": ["batch", 4],
    }


def test_padding_that_a_client_adds_changes_nothing(run, tmp_path):
    path = write(load_runs([run]), tmp_path / "fixed.onnx", "int8")
    session, (ids, *_) = as_it_is(path), ids_of(Translator(path), TEXTS)
    src, src_lengths = pad([ids])
    wide = np.pad(src, ((0, 0), (0, 23)))
    found = [session.run(None, {"src": array, "src_lengths": src_lengths}) for array in (src, wide)]
    for one, other in zip(*found, strict=True):
        assert np.array_equal(one, other)


def test_a_beam_wider_than_the_vocabulary_is_as_wide_as_that(make_run, tmp_path):
    path = tmp_path / "wide.onnx"
    runs = load_runs([make_run(vocab_size=40, tokenizer={"algorithm": "char"})])
    write(runs, path, "fp32", beam_size=900)
    widest = read_model_file(path).search.beam_size
    assert widest < 60
    assert as_it_is(path).get_outputs()[1].shape == ["batch", widest]
    assert len(Translator(path).translate(["the cat"], n_best=widest)[0].hypotheses) == widest


def test_an_ensemble_can_have_a_fixed_search(make_run, tmp_path):
    folders = [make_run(seed=seed, cell=cell) for seed, cell in enumerate(("lstm", "gru"))]
    path = write(load_runs(folders), tmp_path / "two.onnx", "fp32", beam_size=2)
    wanted = Translator(folders).translate(TEXTS, beam_size=2)
    assert [one.text for one in Translator(path).translate(TEXTS)] == [one.text for one in wanted]


def test_another_value_is_refused_in_one_line_that_names_the_option(s2s, run, tmp_path):
    path = write(load_runs([run]), tmp_path / "fixed.onnx", "fp32")
    translator = Translator(path)
    for name, value, shown in (
        ("beam_size", 2, "--beam-size 2"),
        ("max_length", 77, "--max-length 77"),
        ("length_penalty", 0.25, "--length-penalty 0.25"),
        ("length_factor", 9, "--length-factor 9"),
        ("length_margin", 9, "--length-margin 9"),
        ("in_step", True, "--in-step yes"),
        ("min_length", 4, "--min-length 4"),
        ("no_repeat", 3, "--no-repeat 3"),
        ("diversity", 0.5, "--diversity 0.5"),
        ("temperature", 1.0, "--temperature 1.0"),
        ("top_k", 4, "--top-k 4"),
        ("seed", 4, "--seed 4"),
    ):
        with pytest.raises(ConfigError) as error:
            translator.translate(TEXTS, **{name: value})
        assert str(error.value).startswith(f"{name} ({shown.split()[0]}) is {value!r}, but this")
        assert str(error.value).endswith(f"or with --fixed-search {shown}")
    refused = s2s("translate", path, "--beam-size", 1, stdin=b"the cat\n")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "--beam-size" in refused.err


def test_its_own_values_may_be_given(run, tmp_path):
    translator = Translator(write(load_runs([run]), tmp_path / "fixed.onnx", "fp32"))
    own = {**translator.search.to_dict(), "in_step": "auto", "seed": None}
    assert translator.translate(TEXTS, **own) == translator.translate(TEXTS)


def test_what_a_translator_does_around_the_search_works_as_with_the_plain_file(run, tmp_path):
    path, fixed = tmp_path / "plain.onnx", tmp_path / "fixed.onnx"
    (loaded,) = load_runs([run])
    write_plain(loaded, path, "fp32")
    texts = TEXTS[:5]
    with Translator(path) as asked, Translator(write([loaded], fixed, "fp32")) as fixed:
        for options in (
            {"n_best": 3, "details": True},
            {"required": ["gato"]},
            {"keep": [r"\d+"]},
            {"prefix": "el "},
            {"banned": ["▁el"]},
        ):
            assert fixed.translate(texts, **options) == asked.translate(texts, **options)
        pairs = (["the cat", "the dog"], ["el gato", "perro"])
        assert fixed.score(*pairs) == asked.score(*pairs)
        labels = ["gato", "perro", "el zorro"]
        assert fixed.classify(texts, labels) == asked.classify(texts, labels)


def test_the_command_fixes_what_its_options_say_and_info_shows_it(s2s, run, tmp_path, monkeypatch):
    quick = partial(check_parity, batches=[(3, 9)], beams=[2])
    monkeypatch.setattr(export_module, "check_parity", quick)
    path = tmp_path / "fixed.onnx"
    options = ["--fixed-search", "--beam-size", 2, "--length-factor", 3, "--no-repeat", 4]
    result = s2s("export", run, path, *options)
    assert result.code == 0
    assert b"fixed search" in result.out.splitlines()[0]
    facts = json.loads(s2s("info", path, "--json").out)
    assert facts["fixed_search"] is True
    assert "its search fixed" in facts["format"]
    assert list(facts["inputs"]) == ["src", "src_lengths"]
    search = facts["search"]
    assert (search["beam_size"], search["length_factor"], search["no_repeat"]) == (2, 3, 4)
    with_options = s2s("translate", path, "--beam-size", 2, stdin=b"the cat\n")
    assert with_options.code == 0
    assert with_options.out == s2s("translate", path, stdin=b"the cat\n").out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--beam-size", 2], "add --fixed-search"),
        (["--seed", 2], "add --fixed-search"),
        (["--triton", "models"], "add --fixed-search"),
        (["--fixed-search", "--triton-name", "x"], "without --triton"),
        (["--fixed-search", "--beam-size", 5000], "beam_size"),
    ],
)
def test_options_that_have_no_effect_are_refused(s2s, run, tmp_path, options, message):
    result = s2s("export", run, tmp_path / "no.onnx", *options)
    assert result.code == 2
    assert message in result.err
    assert list(tmp_path.iterdir()) == []


def test_a_value_that_no_search_has_is_refused(run, tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'beam_size'"):
        export_run(run, tmp_path / "no.onnx", fixed_search=True, search={"beamsize": 2})


def test_the_check_of_the_export_sees_another_value_in_the_graph(run):
    (loaded,) = load_runs([run])
    wrong = SearchConfig(**{**loaded.search.to_dict(), "beam_size": 2})
    for serialized_search, checked in ((wrong, loaded.search), (loaded.search, wrong)):
        graph = build_model(loaded.model, serialized_search, fixed=True)
        with pytest.raises(ParityError, match="other hypotheses with the fixed search"):
            check_parity(
                loaded.model, serialize(graph), checked, "fp32", fixed=True, batches=[(3, 9)]
            )


def test_a_program_without_s2s_reads_it_as_it_reads_the_plain_file(run, tmp_path):
    (loaded,) = load_runs([run])
    files = [
        write_plain(loaded, tmp_path / "plain.onnx", "fp32"),
        write([loaded], tmp_path / "fixed.onnx", "fp32"),
    ]
    program = ROOT / "export" / "examples" / "translate.py"
    lines = "".join(f"{text}\n" for text in TEXTS).encode()
    one, other = (
        subprocess.run([sys.executable, program, file], input=lines, stdout=-1, check=True)  # noqa: S603
        for file in files
    )
    assert one.stdout == other.stdout
    assert one.stdout.count(b"\n") == len(TEXTS)


def test_a_server_gives_as_many_alternatives_as_the_beam_is_wide(run, tmp_path):
    service = pytest.importorskip("s2s.serve.service")
    (loaded,) = load_runs([run])
    fixed = Translator(write([loaded], tmp_path / "fixed.onnx", "fp32", beam_size=3))
    plain = Translator(write_plain(loaded, tmp_path / "plain.onnx", "fp32"))
    for translator, count in ((fixed, 3), (plain, 6)):
        (found,) = service._translate(translator, {"n_best": 6}, ["the cat"])
        assert len(found.hypotheses) == count


def test_a_card_that_does_not_fit_the_graph_is_refused(run, tmp_path):
    (loaded,) = load_runs([run])
    for in_graph, in_card in ((True, False), (False, True)):
        graph = build_model(loaded.model, loaded.search, fixed=in_graph)
        add_metadata(graph, loaded, "fp32", fixed=in_card)
        with pytest.raises(ModelError, match="its graph has inputs"):
            Translator(sealed(serialize(graph)))
