import math
import random
import re
import sys
import threading

import pytest

onnxruntime = pytest.importorskip("onnxruntime")

from hypothesis import given, settings
from hypothesis import strategies as st
from number_words import ENGLISH, GERMAN

from s2s import Translator
from s2s.errors import (
    ConfigError,
    DeviceError,
    MissingPackageError,
    ModelError,
)
from s2s.formats.checksum import sealed
from s2s.runtime.backend import BatchSize
from s2s.translate.batching import SourcePart, make_batches

ODD = [
    "",
    "eins",
    "\u200b",
    "</s> <unk> <pad>",
    "世界",
    "\ud800",
    "eins\nzwei\u2028drei",
    "\x1b[31m",
]


@pytest.fixture(scope="module")
def sentences():
    rng = random.Random(3)  # noqa: S311
    return [" ".join(rng.choices(GERMAN, k=rng.randint(0, 7))) for _ in range(60)] + ODD


def test_it_translates(translator):
    texts = [f"{a} {b}" for a in GERMAN for b in GERMAN]
    expected = [f"{a} {b}" for a in ENGLISH for b in ENGLISH]
    found = [translation.text for translation in translator.translate(texts)]
    assert sum(a == b for a, b in zip(found, expected, strict=True)) >= 90


def test_order_is_kept_and_neighbours_change_nothing(translator, sentences):
    together = translator.translate(sentences, n_best=3)
    alone = [translator.translate([sentence], n_best=3)[0] for sentence in sentences]
    assert together == alone  # to the last bit of the scores
    assert together == translator.translate(sentences, n_best=3, batch_tokens=30)
    assert list(reversed(together)) == translator.translate(sentences[::-1], n_best=3)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.lists(st.sampled_from([*GERMAN, *ODD]), max_size=7).map(" ".join)
        | st.text(st.characters(codec=None), max_size=9),
        max_size=8,
    ),
    st.fixed_dictionaries(
        {"batch_tokens": st.integers(1, 80), "beam_size": st.integers(1, 4)},
        optional={"max_src_length": st.integers(2, 9), "details": st.booleans()},
    ),
    st.integers(1, 5),
)
def test_any_texts_in_any_portions_come_back_in_order(translator, texts, options, chunk_lines):
    stream = list(translator.translate_stream(iter(texts), chunk_lines, **options))
    assert stream == [translator.translate([text], **options)[0] for text in texts]


def test_a_stream_gives_the_same_in_portions_of_any_size(translator, sentences):
    together = translator.translate(sentences)
    for chunk_lines in (1, 7, 1000):
        stream = translator.translate_stream(iter(sentences), chunk_lines=chunk_lines)
        assert list(stream) == together


def test_a_stream_reads_no_further_than_its_chunk(translator):
    read = []
    texts = (read.append(i) or "eins" for i in range(100))
    next(translator.translate_stream(texts, chunk_lines=4))
    assert len(read) == 4


def test_the_number_of_threads_changes_nothing(tiny, translator, sentences):
    assert Translator(tiny, threads=3).translate(sentences) == translator.translate(sentences)


def test_several_threads_may_share_a_translator(translator, sentences):
    expected = translator.translate(sentences)
    results = []

    def work():
        results.append(translator.translate(sentences))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert results == [expected] * 4


@pytest.mark.parametrize("blank", ["", " \t", "\u200b", "\xa0\n", "\ufeff", "\0"])
def test_a_blank_line_is_a_blank_translation_and_meets_no_model(translator, monkeypatch, blank):
    def fail(*_):
        pytest.fail("the model was asked")

    monkeypatch.setattr(translator._searcher._backend, "search", fail)
    translation = translator.translate([blank], n_best=2)[0]
    assert (translation.text, translation.score, translation.pieces, translation.src_length) == (
        "",
        0.0,
        (),
        0,
    )
    assert len(translation.hypotheses) == 2


def test_nothing_in_nothing_out(translator):
    assert translator.translate([]) == []


def test_equal_sentences_have_equal_translations(translator):
    assert len(set(translator.translate(["eins zwei"] * 500))) == 1


def test_hypotheses_are_sorted_and_the_best_is_the_translation(translator):
    for translation in translator.translate(["drei vier", "zehn"], beam_size=8, n_best=8):
        scores = [hypothesis.score for hypothesis in translation.hypotheses]
        assert len(scores) == 8
        assert scores == sorted(scores, reverse=True)
        assert len({hypothesis.pieces for hypothesis in translation.hypotheses}) == 8
        assert all(math.isfinite(score) and score < 0 for score in scores)
        best = translation.hypotheses[0]
        assert (translation.text, translation.score, translation.pieces) == (
            best.text,
            best.score,
            best.pieces,
        )
        assert "".join(best.pieces).replace("▁", " ").strip() == best.text


def test_search_options_reach_the_graph(translator):
    texts = ["eins zwei drei vier fünf"]
    assert len(translator.translate(texts, max_length=2)[0].pieces) <= 2
    free, penalised = (
        translator.translate(texts, beam_size=5, length_penalty=alpha)[0].score
        for alpha in (0.0, 1.0)
    )
    assert free < penalised < 0


def test_a_translation_is_one_line(translator, sentences):
    for translation in translator.translate(sentences, n_best=5):
        for hypothesis in translation.hypotheses:
            assert len(hypothesis.text.splitlines()) <= 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beam_size": 0}, r"beam_size \(--beam-size\) is 0"),
        (
            {"beam_size": 62, "n_best": 62},
            r"n_best \(--n-best\) is 62, but beam_size \(--beam-size\) is 61; .* at most 61",
        ),
        ({"beam_size": 2.0}, r"beam_size \(--beam-size\) is 2.0"),
        ({"n_best": 6}, r"n_best \(--n-best\) is 6, but beam_size \(--beam-size\) is 5"),
        ({"n_best": 0}, r"n_best \(--n-best\) is 0"),
        ({"length_penalty": -1.0}, r"length_penalty \(--length-penalty\) is -1.0"),
        ({"length_penalty": math.nan}, r"length_penalty \(--length-penalty\) is nan"),
        ({"max_length": 0}, r"max_length \(--max-length\) is 0"),
        ({"batch_tokens": 0}, r"batch_tokens \(--batch-tokens\) is 0"),
        ({"max_src_length": 1}, r"max_src_length \(--max-src-length\) is 1"),
        ({"too_long": "spilt"}, r"too_long \(--too-long\) is 'spilt'; .* did you mean 'split'"),
        ({"prefix": 3}, r"^prefix is of type int; expected a list of strings$"),
        ({"banned": 3}, r"^banned \(--ban\) is of type int; expected a list of texts$"),
        (
            {"keep": re.compile("a")},
            r"^keep \(--keep\) is of type Pattern; expected a list of texts",
        ),
        ({"required": (c for c in "a")}, r"^required \(--require\) is of type generator; expected"),
    ],
)
def test_options_out_of_range_are_told_before_any_work(translator, options, message):
    with pytest.raises(ConfigError, match=message):
        translator.translate([], **options)
    with pytest.raises(ConfigError, match=message):
        translator.translate_stream([], **options)


def test_one_string_is_not_a_list_of_sentences(translator):
    with pytest.raises(ConfigError, match="one string"):
        translator.translate("eins")


@pytest.mark.parametrize("texts", [{"eins", "zwei"}, frozenset(["eins"])])
def test_texts_without_an_order_are_refused(translator, texts):
    """A set has another order in each process, so that nobody could tell what belongs to what."""
    with pytest.raises(ConfigError, match=r"^texts is of type \w+; expected a list of strings$"):
        translator.translate(texts)


def test_a_beam_is_as_wide_as_the_vocabulary_at_most(translator, caplog):
    widest = translator.translate(["eins"], beam_size=61, n_best=61)
    assert widest[0].text == "one"
    assert not caplog.records
    assert translator.translate(["eins"], beam_size=999, n_best=61) == widest
    assert "beam_size (--beam-size) is 999, but the target vocabulary has only 61" in caplog.text


def test_unknown_devices_and_threads_are_refused(tiny):
    with pytest.raises(ConfigError, match="did you mean 'cuda'"):
        Translator(tiny, device="cud")
    with pytest.raises(ConfigError, match=r"device \(--device\) is None; expected cpu or cuda"):
        Translator(tiny, device=None)
    with pytest.raises(ConfigError, match=r"threads \(--threads\) is 0"):
        Translator(tiny, threads=0)


@pytest.mark.skipif(
    "CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="there is CUDA"
)
def test_no_cuda_is_an_error_and_not_the_cpu(tiny):
    with pytest.raises(DeviceError, match=r"s2s-onnx\[gpu\]"):
        Translator(tiny, device="cuda")


def test_no_onnxruntime_is_one_line(tiny, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(
        MissingPackageError, match=r"install 's2s-onnx\[cpu\]' or 's2s-onnx\[gpu\]', not both"
    ):
        Translator(tiny)


def test_a_graph_that_onnxruntime_refuses_is_one_line(tiny):
    data = tiny.read_bytes()
    assert b"Sigmoid" in data
    with pytest.raises(ModelError, match="onnxruntime refuses the model") as caught:
        Translator(sealed(data.replace(b"Sigmoid", b"Reshape")))
    assert "\n" not in str(caught.value)


def test_every_worker_gets_a_batch():
    parts = [SourcePart((5,) * 30)] * 8
    assert len(list(make_batches(parts, 1, BatchSize(1024, 1024), 1))) == 1
    assert len(list(make_batches(parts, 1, BatchSize(1024, 1024), 4))) == 4


class FakeRuntime:
    """An onnxruntime with CUDA in the package, on a machine where it cannot start."""

    def __init__(self, started):
        self.started = started
        self.capi = onnxruntime.capi
        self.SessionOptions = onnxruntime.SessionOptions
        self.asked = None

    def get_available_providers(self):
        return ["CUDAExecutionProvider", "CPUExecutionProvider"]

    def set_default_logger_severity(self, level):
        assert level == 4

    def preload_dlls(self):
        print("Failed to load libcudnn.so.9")  # noqa: T201

    def InferenceSession(self, data, options, *, providers, enable_fallback):  # noqa: N802
        self.asked = providers
        assert enable_fallback == 0
        return type("Session", (), {"get_providers": lambda _: self.started})()


def test_cuda_that_does_not_start_is_an_error_and_not_the_cpu(tiny, monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "onnxruntime", FakeRuntime(["CPUExecutionProvider"]))
    with pytest.raises(DeviceError, match="could not start CUDA"):
        Translator(tiny, device="cuda")
    assert capfd.readouterr() == ("", "")


def test_cuda_is_asked_for_first(tiny, monkeypatch):
    providers = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    runtime = FakeRuntime(providers)
    monkeypatch.setitem(sys.modules, "onnxruntime", runtime)
    Translator(tiny, device="cuda")
    assert runtime.asked == [("CUDAExecutionProvider", {"use_tf32": "0"}), providers[1]]


def test_a_broken_pair_of_onnxruntime_packages_is_one_line(tiny, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", type(sys)("onnxruntime"))
    with pytest.raises(MissingPackageError, match="onnxruntime is broken"):
        Translator(tiny)


def test_every_public_name_can_be_imported():
    import s2s

    found = {name: getattr(s2s, name) for name in s2s.__all__}
    assert {name: found[name].__name__ for name in ("Hypothesis", "Translation", "Translator")} == {
        "Hypothesis": "Hypothesis",
        "Translation": "Translation",
        "Translator": "Translator",
    }
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = s2s.Nothing
