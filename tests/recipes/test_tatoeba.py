import gzip
import random
import re
import sys
import zipfile

import pytest

pytest.importorskip("torch")

from number_words import ENGLISH, GERMAN
from paths import SHARED_DATA
from recipe_modules import load_recipe

from s2s.config import ModelConfig, TokenizerConfig
from s2s.errors import DataError, FileError
from s2s.text import read_lines

SHARED = SHARED_DATA / "mixed-en-de"
WORDS = dict(zip(ENGLISH[:8], GERMAN[:8], strict=True))


@pytest.fixture
def tatoeba(monkeypatch):
    module = load_recipe("tatoeba")
    monkeypatch.setattr(module, "HELD_OUT", 8)
    return module


@pytest.fixture
def archive(tatoeba, tmp_path, monkeypatch):
    """An archive like the public one, of text of our own, and the address that it is at."""
    draw = random.Random(7)  # noqa: S311
    lines = ["Hi.\tHallo!\tCC-BY", "Hi.\tGrüß Gott!\tCC-BY", "Hi.\tHallo!\tCC-BY", "5!\t5!\tCC-BY"]
    for _ in range(120):
        words = draw.choices(list(WORDS), k=draw.randint(2, 6))
        english, german = " ".join(words), " ".join(WORDS[word] for word in words)
        lines += [f"{english}.\t{german}.\tCC-BY 2.0"]
    lines += ["One two three four?\tEins, zwei,\u00a0drei vier?\tCC-BY", "no tab in this line", ""]
    path = tmp_path / "public" / "deu-eng.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("deu.txt", "\n".join(lines))
        file.writestr("_about.txt", "attribution")
    monkeypatch.setattr(tatoeba, "URL", path.as_uri())
    return path


def plain(sentence):
    return " ".join(re.findall(r"\w+", sentence.casefold()))


def test_an_archive_is_read_once_each_and_counted(tatoeba, archive, capfd):
    rows = tatoeba.read_archive(archive)
    assert len(set(rows)) == len(rows)
    assert rows[:2] == [("Hi.", "Hallo!"), ("Hi.", "Grüß Gott!")]
    assert rows[-1] == ("One two three four?", "Eins, zwei, drei vier?")
    out = capfd.readouterr().out
    assert re.search(r"deu\.txt of \d{4}-\d\d-\d\d: 125 pairs", out)
    assert "left out: 1 with a side that has no letter" in out


def test_no_source_or_target_is_in_two_parts(tatoeba, archive):
    parts = tatoeba.split(tatoeba.read_archive(archive))
    assert len(parts["test"]) == len(parts["val"]) == 8
    for side in (0, 1):
        seen = {part: {plain(pair[side]) for pair in parts[part]} for part in parts}
        assert not seen["test"] & (seen["train"] | seen["val"])
        assert not seen["val"] & seen["train"]
    assert ("Hi.", "Grüß Gott!") in parts["train"]
    assert min(len(source.split()) for source, _ in parts["test"] + parts["val"]) >= 4


def test_what_a_pair_of_test_says_is_left_out_and_counted(tatoeba, capfd):
    rows = [(f"this is sentence {i // 2}", f"das ist Satz {i}") for i in range(80)]
    parts = tatoeba.split(rows)
    assert sum(map(len, parts.values())) == 80 - 16
    assert "test 8; 16 left out" in capfd.readouterr().out
    assert parts == tatoeba.split(rows)


def test_an_archive_is_downloaded_once_and_named(tatoeba, archive, tmp_path, capfd):
    folder = tmp_path / "data"
    tatoeba.prepare(folder)
    size = archive.stat().st_size
    assert f"{folder / 'deu-eng.zip'}: {size:,} bytes, SHA-256 " in capfd.readouterr().out
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert len(first) == 10
    archive.unlink()
    tatoeba.prepare(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first


def test_what_cannot_be_downloaded_is_told_in_one_line(tatoeba, archive, tmp_path):
    archive.unlink()
    with pytest.raises(
        FileError, match=r"cannot download file:.*; save it as .*/data/deu-eng\.zip"
    ):
        tatoeba.prepare(tmp_path / "data")
    assert not list((tmp_path / "data").iterdir())


@pytest.mark.parametrize("content", ["no archive", "another member", "cut"])
def test_an_archive_of_something_else_is_refused(tatoeba, archive, content):
    whole = archive.read_bytes()
    if content == "another member":
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("spa.txt", "One.\tUno.")
    else:
        archive.write_bytes(b"something else" if content == "no archive" else whole[:-40])
    with pytest.raises(DataError, match=r"zip is not an archive with UTF-8 text in deu\.txt"):
        tatoeba.read_archive(archive)


def write_test(folder, labels):
    for name, lines in (
        ("en", [f"sentence {i}" for i in range(5)]),
        ("de", [f"Satz {i}" for i in range(5)]),
        ("domain", labels),
    ):
        data = "".join(f"{line}\n" for line in lines).encode()
        (folder / f"test.{name}.gz").write_bytes(gzip.compress(data))


def test_everyday_sentences_and_help_texts_are_told_apart(tatoeba, tmp_path):
    write_test(tmp_path, ["tatoeba", "lo-help", "tatoeba", "gnome-help", "lo-help"])
    pairs, groups = tatoeba.read_test(tmp_path)
    assert pairs[1] == ("sentence 1", "Satz 1")
    assert groups == {"everyday": [0, 2], "help": [1, 3, 4], "all": [0, 1, 2, 3, 4]}


def test_a_label_for_each_pair_is_asked_for(tatoeba, tmp_path):
    write_test(tmp_path, ["tatoeba"] * 4)
    with pytest.raises(DataError, match=r"test\.domain\.gz has 4 lines; expected one for each of"):
        tatoeba.read_test(tmp_path)


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"{SHARED} is not here")
def test_the_prepared_corpus_has_two_thousand_everyday_sentences(tatoeba):
    _, groups = tatoeba.read_test(SHARED)
    assert {name: len(lines) for name, lines in groups.items()} == {
        "everyday": 2000,
        "help": 1000,
        "all": 3000,
    }


def test_a_whole_run_on_an_archive_and_on_a_prepared_corpus(
    tatoeba, archive, quick_check, tmp_path, monkeypatch, capfd
):
    monkeypatch.setattr(tatoeba, "MODEL", ModelConfig(embedding_size=8, hidden_size=8, tie="all"))
    monkeypatch.setattr(tatoeba, "TOKENIZER", TokenizerConfig(vocab_size=70))
    monkeypatch.setattr(
        tatoeba, "TRAINING", {"batch_tokens": 60, "bleu_sentences": 2, "workers": 1}
    )

    def run(*options):
        monkeypatch.setattr(sys, "argv", ["tatoeba.py", "--max-updates", "6", *map(str, options)])
        tatoeba.main()
        return capfd.readouterr().out

    out = run("--out", tmp_path / "own")
    assert "all (8)" in out
    assert "8 of 8" in out
    assert "sacreBLEU chrF2 nrefs:1|case:mixed|eff:yes" in out
    assert out.strip().splitlines()[-1].startswith("| `tatoeba.py`, seed 1 | all | ")
    assert (tmp_path / "own" / "int8.onnx").is_file()

    corpus = tmp_path / "own" / "data"
    labels = [*read_lines(corpus / "test.domain.gz")]
    (corpus / "test.domain.gz").write_bytes(
        gzip.compress("\n".join(["lo-help", *labels[1:]]).encode())
    )
    out = run("--data", corpus, "--out", tmp_path / "prepared")
    assert "everyday (7)" in out
    assert "help (1)" in out
    row = out.strip().splitlines()[-1]
    assert row.startswith("| `tatoeba.py`, seed 1 | everyday / help / all | ")
    assert row.count(" / ") == 8
    assert "| 6 (" in row
