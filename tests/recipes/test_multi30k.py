import gzip
import hashlib
import random
import re
import sys

import pytest

pytest.importorskip("torch")

from number_words import ENGLISH, GERMAN
from paths import SHARED_DATA
from recipe_modules import load_recipe

from s2s.config import ModelConfig, TokenizerConfig
from s2s.errors import ConfigError, DataError, FileError, MissingPackageError
from s2s.text import read_lines

SHARED = SHARED_DATA / "multi30k"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"{SHARED} is not here")

NUMBERS = dict(zip(ENGLISH[:8], GERMAN[:8], strict=True))


@pytest.fixture
def multi30k():
    return load_recipe("multi30k")


@pytest.fixture
def published(multi30k, tmp_path, monkeypatch):
    """A folder like the published one, small, of text of our own."""
    draw = random.Random(7)  # noqa: S311
    folder = tmp_path / "published"
    folder.mkdir()
    for part, size in (("train", 60), ("val", 8), ("test_2016_flickr", 8)):
        rows = [draw.choices(list(NUMBERS), k=draw.randint(2, 6)) for _ in range(size)]
        english = [" ".join(row) for row in rows]
        german = [" ".join(NUMBERS[word] for word in row) for row in rows]
        if part == "train":
            german[3], german[5], english[7] = "@@", "fünf\u00a0sechs ", " one\ttwo"
        for language, lines in (("en", english), ("de", german)):
            data = gzip.compress("".join(f"{line}\n" for line in lines).encode())
            (folder / f"{part}.{language}.gz").write_bytes(data)
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    monkeypatch.setattr(multi30k, "SHA256", sums)
    monkeypatch.setattr(multi30k, "SOURCE", folder.as_uri() + "/")
    return folder


@pytest.fixture
def run_main(multi30k, published, quick_check, tmp_path, monkeypatch, capfd):
    """Runs the recipe with a network of a few weights; returns what it printed."""
    settings = (
        ModelConfig(embedding_size=8, hidden_size=8, tie="all"),
        TokenizerConfig(vocab_size=60),
        {"batch_tokens": 60, "max_minutes": 5.0, "bleu_sentences": 2, "workers": 1},
    )
    monkeypatch.setattr(multi30k, "SETTINGS", {"cpu": settings})

    def run(*options):
        start = ["multi30k.py", "--data", str(published), "--out", str(tmp_path / "out")]
        monkeypatch.setattr(sys, "argv", [*start, "--max-updates", "6", *options])
        capfd.readouterr()
        multi30k.main()
        return capfd.readouterr().out

    return run


def test_files_are_downloaded_and_checked(multi30k, published, tmp_path):
    multi30k.fetch(tmp_path / "data", ("en", "de"))
    assert {path.name: path.read_bytes() for path in (tmp_path / "data").iterdir()} == {
        path.name: path.read_bytes() for path in published.iterdir()
    }


def test_a_damaged_download_is_named_and_not_kept(multi30k, published, tmp_path):
    (published / "val.de.gz").write_bytes(b"cut short")
    with pytest.raises(
        DataError, match=r"file:.*published/val\.de\.gz is damaged: SHA-256 \w+, exp"
    ):
        multi30k.fetch(tmp_path / "data", ("en", "de"))
    assert "val.de.gz" not in {path.name for path in (tmp_path / "data").iterdir()}


def test_a_damaged_file_is_named_and_left_alone(multi30k, published):
    (published / "val.de.gz").write_bytes(b"cut short")
    with pytest.raises(DataError, match=r"published/val\.de\.gz is damaged.*without that file"):
        multi30k.fetch(published, ("en", "de"))
    assert (published / "val.de.gz").read_bytes() == b"cut short"


def test_what_cannot_be_downloaded_is_told_in_one_line(multi30k, published, tmp_path):
    (published / "val.en.gz").unlink()
    with pytest.raises(
        FileError, match=r"cannot download file:.*val\.en\.gz: .*its folder with --data$"
    ):
        multi30k.fetch(tmp_path / "data", ("en", "de"))


def test_missing_translations_are_left_out_and_blanks_mended(multi30k, published, tmp_path, capfd):
    data = multi30k.prepare(published, tmp_path / "text", "en", "de")
    train, validation = data.train[0], data.validation[0]
    english, german = list(read_lines(train.src)), list(read_lines(train.tgt))
    assert len(english) == len(german) == 59
    assert "@@" not in german
    assert german[4] == "fünf sechs"  # its line 6, since line 4 is gone
    assert english[6] == "one two"
    assert len(list(read_lines(validation.src))) == 8
    out = capfd.readouterr().out
    assert "train: 59 pairs; 1 left out because a side has no letter (lines: [4]); blanks" in out
    assert "corrected in 2" in out


# In the manner of the tokenised files that the data set publishes.
@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "One man's T-shirt, blue.", "one man &apos;s t-shirt , blue ."),
        ("en", 'The sign: "Open 24 hours."', "the sign : &quot; open 24 hours . &quot;"),
        ("de", "„Öl“ & 3,5 Liter…", "&quot; öl &quot; &amp; 3,5 liter ..."),
        ("de", "Fünf Leute im T-Shirt.", "fünf leute im t-shirt ."),
        ("fr", "L'homme d’hier  (seul)", "l&apos; homme d&apos; hier ( seul )"),
    ],
)
def test_the_words_that_the_literature_scores(multi30k, language, text, expected):
    assert multi30k.literature(language)(text) == expected


@needs_shared
@pytest.mark.parametrize(("language", "words"), [("en", 12968), ("de", 12103), ("fr", 13988)])
def test_the_references_have_as_many_words_as_the_data_set_says(multi30k, language, words):
    make = multi30k.literature(language)
    lines = list(read_lines(SHARED / f"test_2016_flickr.{language}.gz"))
    assert sum(len(make(line).split()) for line in lines) == words


@needs_shared
def test_two_german_training_lines_are_left_out(multi30k, tmp_path, capfd):
    multi30k.fetch(SHARED, ("en", "de"))
    train = multi30k.prepare(SHARED, tmp_path, "en", "de").train[0]
    assert "(lines: [16510, 16664])" in capfd.readouterr().out
    assert sum(1 for _ in read_lines(train.tgt)) == 28998


def test_no_sacremoses_is_told_in_one_line(multi30k, monkeypatch):
    monkeypatch.setitem(sys.modules, "sacremoses", None)
    with pytest.raises(
        MissingPackageError, match=r"install sacremoses: pip install '\.\[recipes\]'"
    ):
        multi30k.literature("de")


def test_case_and_words_make_three_scores(multi30k, tmp_path, monkeypatch):
    pairs = [("a", "Ein Mann's T-Shirt, blau."), ("b", "Zwei Hunde laufen im Schnee.")]
    said = ["ein mann's T-Shirt, blau.", "zwei Hunde laufen im Schnee."]

    class Parrot:
        def __init__(self, model):
            pass

        def translate(self, texts):
            return [type("Said", (), {"text": text}) for text in said]

    monkeypatch.setattr(multi30k, "Translator", Parrot)
    (tmp_path / "model").write_bytes(b"0" * 1000)
    scored = multi30k.measure([tmp_path / "model"], pairs, multi30k.literature("de"))
    mixed, lowercased, words = scored.bleu
    assert mixed < 99
    assert lowercased == pytest.approx(100)
    assert words == pytest.approx(100)
    assert [
        str(metric.get_signature()).split("|")[1:4:2] for metric in multi30k.METRICS.values()
    ] == [
        ["case:mixed", "tok:13a"],
        ["case:lc", "tok:13a"],
        ["case:lc", "tok:none"],
    ]
    assert scored.megabytes == 0.001


def test_two_seeds_are_trained_exported_and_scored_alone_and_together(run_main, tmp_path):
    out = run_main("--seeds", "1", "2")
    assert out.count("8 of 8") >= 6  # torch and fp32, of two runs and their ensemble
    assert out.count("sacreBLEU nrefs:1|") == 3
    assert "standard deviation over 2 seeds" in out
    *_, alone, together = out.strip().splitlines()
    start = "| `multi30k.py --direction en-de --size cpu`, "
    assert alone.startswith(
        f"{start}mean of seeds [1, 2] | `test_2016_flickr`, English to German |"
    )
    assert together.startswith(f"{start}ensemble of 2 | `test_2016_flickr`, English to German |")
    assert alone.count(" / ") == together.count(" / ") == 6
    assert "| 6 (" in alone
    folder = tmp_path / "out" / "en-de-cpu"
    assert (folder / "ensemble.int8.onnx").is_file()


class ReportingError(Exception):
    """The recipe has come to where models are exported and scored."""


def test_a_complete_run_is_used_and_an_interrupted_one_goes_on(
    multi30k, run_main, tmp_path, monkeypatch, capfd
):
    def report(models, *_):
        raise ReportingError(list(models))

    monkeypatch.setattr(multi30k, "report", report)
    run = tmp_path / "out" / "en-de-cpu" / "run-1"
    for message in ("training", "is complete", "goes on"):
        if message == "goes on":
            (run / "result.json").unlink()
        with pytest.raises(ReportingError, match="run-1"):
            run_main()
        assert re.search(rf"run-1:? {message}", capfd.readouterr().out)
        weights = (run / "best.safetensors").read_bytes()
    with pytest.raises(ConfigError, match="run-1 is complete, but its settings of training differ"):
        run_main("--max-updates", "7")
    assert (run / "best.safetensors").read_bytes() == weights
    with pytest.raises(ReportingError, match=str(run).replace("/", "-")):
        run_main("--score", str(run))
