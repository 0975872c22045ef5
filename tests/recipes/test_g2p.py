import gzip
import hashlib
import json
import random
import sys
from dataclasses import replace
from statistics import mean

import pytest

pytest.importorskip("torch")
pytest.importorskip("rapidfuzz", reason="needs the extra 'score'")

from paths import SHARED_DATA
from recipe_modules import load_recipe

from s2s.config import ModelConfig
from s2s.errors import ConfigError, DataError, FileError, MissingPackageError
from s2s.text import clean

SHARED = SHARED_DATA / "g2p-sigmorphon2020"
PHONES = {"a": "ɑ", "b": "b", "c": "k ʰ", "é": "e ː", " ": "|"}
SIZES = {"train": 60, "dev": 8, "test": 8}


@pytest.fixture
def g2p():
    return load_recipe("g2p")


@pytest.fixture
def published(g2p, tmp_path, monkeypatch):
    """A folder of two languages like the published ones, small, of words of our own."""
    draw = random.Random(5)  # noqa: S311
    folder = tmp_path / "published"
    folder.mkdir()
    sums = {}
    for language in ("fre", "lit"):
        texts = []
        for part, size in SIZES.items():
            words = ["".join(draw.choices("abcé", k=draw.randint(1, 4))) for _ in range(size)]
            lines = [f"{word}\t{' '.join(map(PHONES.get, word))}\n" for word in words]
            texts.append("".join(lines).encode())
            (folder / f"{language}_{part}.tsv").write_bytes(texts[-1])
        sums[language] = hashlib.sha256(b"".join(texts)).hexdigest()
    monkeypatch.setattr(g2p, "SIZES", SIZES)
    monkeypatch.setattr(g2p, "SHA256", {"fre": sums["fre"]})
    return folder


@pytest.fixture
def run_main(g2p, published, tmp_path, monkeypatch, capfd):
    """Runs the recipe with a network of a few weights; returns what it printed."""
    monkeypatch.setattr(g2p, "MODEL", ModelConfig(embedding_size=8, hidden_size=8))
    training = replace(g2p.TRAINING, batch_tokens=100, max_epochs=None, workers=1)
    monkeypatch.setattr(g2p, "TRAINING", training)

    def run(*options):
        start = ["g2p.py", "--data", str(published), "--out", str(tmp_path / "out")]
        monkeypatch.setattr(sys, "argv", [*start, "--max-updates", "4", *options])
        capfd.readouterr()
        g2p.main()
        return capfd.readouterr().out

    return run


# NFD, after the Unicode standard, sections 3.11 and 3.12.
@pytest.mark.parametrize(
    ("word", "characters"),
    [
        ("abc", "a b c"),
        ("한", "\u1112 \u1161 \u11ab"),
        ("가", "\u1100 \u1161"),
        ("né", "n e \u0301"),
        ("an táng", "a n _ t a \u0301 n g"),
    ],
)
def test_characters_stay_apart_when_text_is_cleaned(g2p, word, characters):
    assert g2p.spell(word) == characters
    assert clean(characters) == characters


@pytest.mark.parametrize("packed", [False, True])
def test_parts_are_read_plain_and_packed(g2p, published, packed):
    if packed:
        for path in list(published.glob("fre_*.tsv")):
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
    parts = g2p.read_language(published, "fre")
    assert {part: len(words) for part, words in parts.items()} == SIZES
    assert all(
        phones == " ".join(PHONES[each] for each in word.replace(" ", "").replace("e\u0301", "é"))
        for word, phones in parts["train"]
    )


def test_what_is_missing_is_downloaded(g2p, published, tmp_path, monkeypatch):
    for path in published.glob("*.tsv"):
        part = path.stem.split("_")[1]
        (tmp_path / "web" / part).mkdir(parents=True, exist_ok=True)
        (tmp_path / "web" / part / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(g2p, "SOURCE", (tmp_path / "web").as_uri() + "/")
    assert g2p.read_language(tmp_path / "data", "lit") == g2p.read_language(published, "lit")
    assert len(list((tmp_path / "data").iterdir())) == 3
    (tmp_path / "web" / "dev" / "fre_dev.tsv").unlink()
    with pytest.raises(FileError, match=r"dev/fre_dev\.tsv: .*with --data, or leave out fre with"):
        g2p.read_language(tmp_path / "data", "fre")


def test_a_changed_file_is_refused_and_left_alone(g2p, published):
    path = published / "fre_dev.tsv"
    path.write_bytes(path.read_bytes().replace(b"a", b"b", 1))
    with pytest.raises(DataError, match=r"fre_\*\.tsv in .* are damaged: SHA-256 \w+ of all three"):
        g2p.read_language(published, "fre")
    assert path.is_file()


def test_lines_are_counted_if_no_checksum_is_known(g2p, published):
    path = published / "lit_test.tsv"
    path.write_bytes(path.read_bytes() + b"ab\tk\n")
    with pytest.raises(DataError, match=r"lit_test\.tsv in .* expected 8 lines, .* found 9 lines"):
        g2p.read_language(published, "lit")


def test_a_word_is_wrong_once_and_its_phones_as_often_as_they_differ(g2p):
    words = [("a b", "p b"), ("a", "ɑ ː"), ("c", "k"), ("d", "d")]
    said = ["p b", "ɑ", "k ʰ x", ""]
    assert g2p.count_errors(said, words) == (75.0, 100 * (0 + 1 + 2 + 1) / 6)
    assert g2p.count_errors([phones for _, phones in words], words) == (0.0, 0.0)


def test_the_published_figures_of_the_languages_have_the_published_means(g2p):
    assert len(g2p.PUBLISHED) == 15
    lstm, transformer = (mean(each) for each in zip(*g2p.PUBLISHED.values(), strict=True))
    assert round(lstm, 2) == 16.84
    assert round(transformer, 2) == 17.51


def test_models_are_trained_once_and_measured_alone_and_together(
    g2p, run_main, tmp_path, monkeypatch
):
    options = ("--languages", "fre", "lit", "--models", "2")
    first = run_main(*options)
    assert "lit: no checksum is known" in first
    assert "fre: no checksum" not in first
    assert "mean of 2: " in first
    assert "without kor" not in first
    out = tmp_path / "out"
    names = {path.name for path in (out / "fre").glob("*.json")}
    assert names == {"run-1.json", "run-2.json", "ensemble-2.json"}
    row = next(line for line in first.splitlines() if line.startswith("| lit "))
    ensemble = json.loads((out / "lit" / "ensemble-2.json").read_text())["dev"]
    cells = [cell.strip() for cell in row.split("|")]
    assert cells[6:8] == [f"{figure:.2f}" for figure in ensemble]

    def train(*_, **__):
        raise AssertionError("a complete run is trained again")

    monkeypatch.setattr("common.runs.train", train)
    assert run_main(*options) == first
    with pytest.raises(
        ConfigError, match=r"run-1 is complete, but its settings of training differ"
    ):
        run_main(*options, "--max-updates", "5")


def test_one_model_leaves_the_columns_of_the_ensemble_empty(run_main):
    printed = run_main("--languages", "fre").splitlines()
    row = next(line for line in printed if line.startswith("| fre "))
    assert [cell.strip() for cell in row.split("|")][6:8] == ["", ""]
    assert row.count("|") == 9


def test_a_missing_package_is_told_before_the_work_with_what_installs_it(
    g2p, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "rapidfuzz.distance.Levenshtein", None)
    monkeypatch.setattr(sys, "argv", ["g2p.py", "--out", str(tmp_path)])
    with pytest.raises(MissingPackageError, match=r"needs rapidfuzz.*s2s-onnx\[score\]"):
        g2p.main()
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"{SHARED} is not here")
def test_ten_published_languages_are_as_they_were_measured(g2p):
    for language in g2p.SHA256:
        parts = g2p.read_language(SHARED, language)
        assert {part: len(words) for part, words in parts.items()} == g2p.SIZES
