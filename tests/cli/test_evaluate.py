import gzip
import json
import logging

import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("sacrebleu")

from number_words import ENGLISH, GERMAN
from pages import read_page
from paths import DATA

from s2s.errors import DataError, SentenceError
from s2s.score.metrics import compare, score


@pytest.fixture
def files(tmp_path):
    """A test set of 60 sentences, and a worse output."""
    lengths = [1 + row % 12 for row in range(60)]
    starts = [row // 12 for row in range(60)]
    texts = {
        name: [
            " ".join(words[(start + at) % len(words)] for at in range(length))
            for start, length in zip(starts, lengths, strict=True)
        ]
        for name, words in (("src", GERMAN), ("ref", ENGLISH))
    }
    texts["old"] = [text.replace("three", "tree") for text in texts["ref"]]
    for name, lines in texts.items():
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return {name: tmp_path / name for name in texts} | {"texts": texts}


def test_output_is_scored_from_standard_input_as_from_a_file(s2s, files):
    options = ["--ref", files["ref"], "--json"]
    piped = s2s("evaluate", "--hypotheses", "-", *options, stdin=files["old"].read_bytes())
    named = s2s("evaluate", "--hypotheses", files["old"], *options)
    assert json.loads(piped.out)["scores"] == json.loads(named.out)["scores"]
    short = s2s("evaluate", "--hypotheses", "-", *options, stdin=b"one\n")
    assert short.code == 2
    assert short.err.startswith("s2s: error: standard input has 1 lines but ")


def given(files, *names):
    return [word for name in names for word in (f"--{name}", files[name])]


def test_without_options_a_score_has_the_signature_that_all_know(s2s, tiny, files):
    finished = s2s("evaluate", tiny, *given(files, "src", "ref"))
    assert finished.code == 0, finished.err
    lines = finished.out.decode().splitlines()
    assert [line.split()[0] for line in lines] == ["BLEU", "chrF2", "TER", "length", "60"]
    assert "nrefs:1|case:mixed|eff:no|tok:13a" in lines[0]
    assert "length ratio" in lines[3]


def test_everything_at_once_as_text_and_as_json(s2s, tiny, files, tmp_path):
    options = [*given(files, "src", "ref"), "--baseline", files["old"], "--confidence"]
    options += ["--buckets", "--lowercase", "-o", tmp_path / "out"]
    shown = s2s("evaluate", tiny, *options)
    assert shown.code == 0, shown.err
    text = shown.out.decode()
    report = json.loads(s2s("evaluate", tiny, *options, "--json").out)
    translations = (tmp_path / "out").read_text(encoding="utf-8").splitlines()
    references, old = files["texts"]["ref"], files["texts"]["old"]
    for result in score(translations, references, lowercase=True, confidence=True):
        told = report["scores"][result.name]
        assert (told["value"], told["signature"]) == (result.value, result.signature)
        assert "case:lc" in told["signature"]
        assert told["interval"]["mean"] == result.interval.mean
        width = told["interval"]["high"] - told["interval"]["low"]
        assert width == pytest.approx(2 * result.interval.half_width)
        assert f"{result.value:.2f} (μ = {result.interval.mean:.2f} ± " in text
    for difference in compare(translations, old, references, lowercase=True):
        told = report["baseline"]["scores"][difference.name]
        assert (told["value"], told["p_value"]) == (difference.baseline, difference.p_value)
        assert told["delta"] == difference.delta
        assert f"{difference.p_value:.3f}  {difference.verdict}" in text
    assert report["baseline"]["file"] == str(files["old"])
    buckets = report["buckets"]["buckets"]
    assert [(bucket["first"], bucket["sentences"]) for bucket in buckets] == [
        (1, 25),
        (6, 25),
        (11, 10),
    ]
    assert report["buckets"]["unit"] == "words"
    assert text.count("too few sentences") == 3
    assert report["scores"]["BLEU"]["length_ratio"] > 0.5


@pytest.fixture
def sentences(tmp_path):
    """A test set of 60 sentences with capitals and end marks."""
    for name, words in (("src", GERMAN), ("ref", ENGLISH)):
        lines = [f"{words[row % 10].capitalize()} {words[row // 6 % 10]}.\n" for row in range(60)]
        (tmp_path / name).write_text("".join(lines), encoding="utf-8")
    return ["--src", tmp_path / "src", "--ref", tmp_path / "ref"]


def test_text_as_people_type_it_is_scored_beside_the_plain_text(s2s, tiny, sentences, tmp_path):
    finished = s2s("evaluate", tiny, *sentences, "--robustness", "--json")
    assert finished.code == 0, finished.err
    report = json.loads(finished.out)
    variants = report["robustness"]["variants"]
    names = ["capitals", "title case", "lower case", "no end mark", "one typo", "list mark"]
    names += ["two a line", "three a line", "five a line", "two with a line break"]
    assert list(variants) == names
    assert [variants[name]["lines"] for name in names] == [60] * 6 + [30, 20, 12, 30]
    plain = report["scores"]["chrF2"]["value"]
    assert variants["capitals"]["plain_chrF2"] == plain
    assert variants["capitals"]["chrF2_share"] == variants["capitals"]["chrF2"] / plain
    assert report["robustness"]["numbers"] == {"sentences": 0, "right": 0}
    page = tmp_path / "page.html"
    shown = s2s("evaluate", tiny, *sentences, "--robustness", "--plot", page)
    text = shown.out.decode()
    told = read_page(page.read_text(encoding="utf-8"))
    for name in names:
        assert f"{variants[name]['chrF2']:.2f}" in text
        assert name in told.texts
        assert f"{variants[name]['chrF2']:.2f}" in told.texts
    assert "numbers               left out: no reference writes the numbers" in text
    assert "lower case" not in s2s("evaluate", tiny, *sentences).out.decode()


def test_variants_need_sources_without_tags(s2s, tagged, sentences):
    finished = s2s("evaluate", tagged, *sentences, "--robustness")
    assert finished.code == 2
    assert "give --to LANGUAGE and sources without tags" in finished.err
    finished = s2s("evaluate", tagged, *sentences, "--robustness", "--to", "en")
    assert finished.code == 0, finished.err


def test_messages_about_a_variant_name_it(capsys):
    from s2s.cli import _Messages
    from s2s.cli.robustness import naming_variant

    logger = logging.getLogger("s2s")
    handler = _Messages(logging.WARNING)
    logger.addHandler(handler)
    try:
        with naming_variant("one typo"):
            logging.getLogger("s2s.translate").warning("%d of %d", 3, 4)
        logging.getLogger("s2s.translate").warning("plain")
    finally:
        logger.removeHandler(handler)
    lines = capsys.readouterr().err.splitlines()
    assert "s2s: warning: --robustness, one typo: 3 of 4" in lines
    assert "s2s: warning: plain" in lines
    error = "--robustness, one typo, line 7: the sentence is long"
    with pytest.raises(DataError, match=f"^{error}$"), naming_variant("one typo"):
        raise SentenceError(7, "is long")


def test_an_output_is_scored_without_a_model(s2s, files, tmp_path):
    packed = tmp_path / "old.gz"
    packed.write_bytes(gzip.compress(files["old"].read_bytes()))
    finished = s2s("evaluate", "--hypotheses", packed, "--baseline", packed, "--json", "--ref")
    assert finished.code == 2
    finished = s2s(
        "evaluate", *given(files, "ref"), "--hypotheses", packed, "--baseline", files["old"]
    )
    assert finished.code == 0, finished.err
    text = finished.out.decode()
    assert f"{score(files['texts']['old'], files['texts']['ref'])[0].value:.2f}" in text
    assert text.count("+0.00   1.000  no difference shown") == 3
    assert "sentences/s" not in text
    report = json.loads(s2s("evaluate", *given(files, "ref"), "--hypotheses", packed, "--json").out)
    assert report["hypotheses"] == str(packed)
    assert "seconds" not in report


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--ref", "REF"], "expected either a MODEL that translates, or --hypotheses FILE"),
        (["TINY", "--ref", "REF", "--hypotheses", "OLD"], "expected either"),
        (["TINY", "--ref", "REF"], "--src is missing"),
        (["--ref", "REF", "--hypotheses", "OLD", "--buckets"], "--buckets needs the sentences"),
        (["--ref", "REF", "--hypotheses", "OLD", "--plot", "P"], "--plot needs the sentences"),
        (["--ref", "REF", "--hypotheses", "OLD", "--beam-size", "3"], "--beam-size has no effect"),
        (["--ref", "REF", "--hypotheses", "OLD", "--with", "P"], "--with has no effect"),
        (["--ref", "REF", "--hypotheses", "OLD", "-o", "P"], "--output has no effect"),
        (["--ref", "REF", "--hypotheses", "OLD", "--robustness"], "--robustness has no effect"),
        (["--ref", "REF", "--hypotheses", "SHORT"], "SHORT has 1 lines but REF has 60"),
        (["--ref", "REF", "--hypotheses", "OLD", "--baseline", "SHORT"], "SHORT has 1 lines"),
        (["--ref", "REF", "--hypotheses", "OLD", "--baseline", "none"], "none does not exist"),
        (
            ["--ref", "EMPTY", "--hypotheses", "EMPTY"],
            "EMPTY is empty; expected one sentence per line",
        ),
        (["--ref", "SHORT", "--hypotheses", "SHORT", "--confidence"], "there is 1; leave out"),
        (["--ref", "REF", "--hypotheses", "OLD", "--tokenize", "ja"], "'ja'; expected"),
        (["TINY", "--ref", "REF", "--src", "SRC", "--plot", "no/p"], "its folder does not exist"),
    ],
)
def test_errors_are_one_line_before_any_work(s2s, tiny, files, tmp_path, options, message):
    names = {"TINY": tiny, "P": tmp_path / "P", "SHORT": tmp_path / "SHORT"}
    names |= {"EMPTY": tmp_path / "EMPTY", "REF": files["ref"], "OLD": files["old"]}
    names |= {"SRC": files["src"]}
    names["SHORT"].write_text("one\n")
    names["EMPTY"].write_text("")
    finished = s2s("evaluate", *(names.get(option, option) for option in options))
    assert finished.code == 2
    assert finished.err.startswith("s2s: error: ")
    assert finished.err.count("\n") == 1
    for name in ("SHORT", "REF", "EMPTY"):
        message = message.replace(name, str(names[name]))
    assert message in finished.err
    assert not finished.out
    assert not (tmp_path / "P").exists()


@pytest.mark.parametrize(
    ("reference", "output", "tokenizer"),
    [
        ("我们今天去学校上课。", "我们今天去学校学习。", "zh"),
        ("わたしは学校へ行きました。", "わたしは学校へ行きます。", "char"),
        ("ฉันไปโรงเรียนวันนี้", "ฉันไปโรงเรียน", "char"),
        ("나는 오늘 학교에 간다.", "나는 오늘 학교에 간다.", "13a"),
        ("We go to school.", "We go to 学校.", "13a"),
    ],
)
def test_bleu_finds_words_where_no_blanks_are_written(s2s, tmp_path, reference, output, tokenizer):
    (tmp_path / "ref").write_text(f"{reference}\n", encoding="utf-8")
    (tmp_path / "out").write_text(f"{output}\n", encoding="utf-8")
    options = ["--ref", tmp_path / "ref", "--hypotheses", tmp_path / "out", "--json"]
    finished = s2s("evaluate", *options)
    assert f"tok:{tokenizer}".encode() in finished.out
    assert b"tok:13a" in s2s("evaluate", *options, "--tokenize", "13a").out


def test_the_page_of_a_model_file_says_what_it_lacks(s2s, tiny, files, tmp_path):
    options = [*given(files, "src", "ref"), "--plot", tmp_path / "page.html"]
    finished = s2s("evaluate", tiny, *options, "--baseline", files["old"])
    assert finished.code == 0, finished.err
    assert "bs:1000|seed:12345" in finished.out.decode()
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    page = read_page(html)
    assert "A model file holds no learning curve" in page.text
    assert "A model file shows no attention" in page.text
    assert page.count("svg") == 1
    assert str(files["old"]) in page.texts
    assert s2s("evaluate", tiny, *options, "--baseline", files["old"]).code == 0
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == html


def test_the_page_of_an_output_and_of_one_sentence(s2s, tmp_path):
    for name, line in (("src", "<b>eins</b>"), ("ref", "one & only"), ("out", "")):
        (tmp_path / name).write_text(f"{line}\n")
    options = ["--src", tmp_path / "src", "--ref", tmp_path / "ref", "--plot", tmp_path / "p"]
    finished = s2s("evaluate", "--hypotheses", tmp_path / "out", *options)
    assert finished.code == 0, finished.err
    page = read_page((tmp_path / "p").read_text())
    assert {"<b>eins</b>", "one & only", "(blank)"} <= set(page.texts)
    assert "No intervals: resampling needs at least 2 sentences, but there is 1." in page.texts


@pytest.fixture
def run_folder(tmp_path, tiny):
    pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    from tiny_folder import write_run

    from s2s.formats.model_file import read_model_file

    return write_run(tmp_path / "run", read_model_file(tiny).tokenizer.src_model)


def test_the_page_of_a_run_has_its_curve_and_attention(s2s, run_folder, files, tmp_path):
    (run_folder / "metrics.jsonl").write_text(
        '{"kind": "train", "update": 20, "nll": 8.0}\n'
        '{"kind": "validation", "update": 20, "loss": 7.0, "bleu": 1.5}\n'
    )
    hostile = files["src"].read_text(encoding="utf-8").splitlines()
    hostile[0] = "<script>alert(1)</script>"
    files["src"].write_text("".join(f"{line}\n" for line in hostile), encoding="utf-8")
    options = [*given(files, "src", "ref"), "--max-length", "9", "--plot", tmp_path / "p"]
    finished = s2s("evaluate", run_folder, *options)
    assert finished.code == 0, finished.err
    html = (tmp_path / "p").read_text(encoding="utf-8")
    page = read_page(html)
    captions = [attrs for tag, attrs in page.tags if attrs.get("class") == "heat"]
    assert len(captions) == 6
    assert page.count("svg") == 1 + 2 + 6
    assert "</s>" in page.texts
    assert s2s("evaluate", run_folder, *options).code == 0
    assert (tmp_path / "p").read_text(encoding="utf-8") == html


def test_several_runs_translate_together_and_the_first_is_drawn(s2s, run_folder, files, tmp_path):
    from tiny_folder import write_run

    from s2s.formats.model_file import read_model_file

    other = tmp_path / "other"
    write_run(other, read_model_file(DATA / "tiny.onnx").tokenizer.src_model, cell="gru")
    options = [*given(files, "src", "ref"), "--max-length", "9", "--with", other]
    finished = s2s("evaluate", run_folder, *options, "--json", "--plot", tmp_path / "p")
    assert finished.code == 0, finished.err
    assert json.loads(finished.out)["with"] == [str(other)]
    page = read_page((tmp_path / "p").read_text(encoding="utf-8"))
    assert page.texts.count(f"For the first of 2 networks, {run_folder}.") == 1  # the attention
    assert f"{run_folder} has no metrics.jsonl." in page.texts  # the curve
    assert f"60 sentences, with {other}, beam size 3" in page.texts
    assert sum(attrs.get("class") == "heat" for _, attrs in page.tags) == 6


def test_a_run_without_records_or_short_sentences_says_so(s2s, run_folder, tmp_path):
    (tmp_path / "src").write_text("eins " * 50 + "\n" + "zwei " * 60 + "\n")
    (tmp_path / "ref").write_text("one\ntwo\n")
    options = ["--src", tmp_path / "src", "--ref", tmp_path / "ref", "--plot", tmp_path / "p"]
    finished = s2s("evaluate", run_folder, *options, "--max-length", "5")
    assert finished.code == 0, finished.err
    page = read_page((tmp_path / "p").read_text(encoding="utf-8"))
    assert f"{run_folder} has no metrics.jsonl." in page.texts
    assert "No sentence has at most 40 pieces on both sides." in page.texts
    assert page.count("svg") == 1
