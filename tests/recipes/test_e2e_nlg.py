import csv
import hashlib
import io
import json
import random
import re
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

from paths import SHARED_DATA
from recipe_modules import load_recipe

from s2s.config import ModelConfig
from s2s.errors import ConfigError, DataError, FileError

SHARED = SHARED_DATA / "e2e-nlg"
FOODS = ["English", "French", "Fast food"]


@pytest.fixture
def e2e():
    return load_recipe("e2e_nlg")


def a_pair(draw, name):
    """Returns a meaning representation and a sentence."""
    food, area = draw.choice(FOODS), draw.choice(["riverside", "city centre"])
    near = draw.choice(["Café Blue", "Old Hall"])
    slots = f"name[{name}], food[{food}], area[{area}], near[{near}]"
    return slots, f"{name} near {near} serves {food} food at the {area}."


@pytest.fixture
def published(e2e, tmp_path, monkeypatch):
    """A folder with an archive like the published one, small, of text of our own."""
    draw = random.Random(3)  # noqa: S311
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as files:
        for file, size, name in zip(
            e2e.FILES.values(), (80, 8, 8), ("Ann's", "Ben's", "Cleo"), strict=True
        ):
            pairs = [a_pair(draw, name) for _ in range(size)]
            text = io.StringIO(newline="")
            csv.writer(text).writerows([("mr", "ref"), *pairs, (pairs[0][0], "Something else.")])
            files.writestr(f"e2e-dataset/{file}", text.getvalue().encode("utf-8-sig"))
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / e2e.ARCHIVE).write_bytes(packed.getvalue())
    monkeypatch.setattr(e2e, "SHA256", hashlib.sha256(packed.getvalue()).hexdigest())
    monkeypatch.setattr(e2e, "SOURCE", (folder / e2e.ARCHIVE).as_uri())
    return folder


@pytest.fixture
def run_main(e2e, published, tmp_path, monkeypatch, capfd):
    """Runs the recipe with a network of a few weights; returns what it printed."""
    monkeypatch.setattr(e2e, "MODEL", ModelConfig(embedding_size=8, hidden_size=8))
    training = replace(e2e.TRAINING, batch_tokens=200, bleu_sentences=2, workers=1)
    monkeypatch.setattr(e2e, "TRAINING", training)
    monkeypatch.setattr(
        e2e,
        "TOKENIZERS",
        {key: replace(each, vocab_size=80) for key, each in e2e.TOKENIZERS.items()},
    )

    def run(*options):
        start = ["e2e_nlg.py", "--data", str(published), "--out", str(tmp_path / "out")]
        monkeypatch.setattr(sys, "argv", [*start, "--max-updates", "4", *options])
        capfd.readouterr()
        e2e.main()
        return capfd.readouterr().out

    return run


def test_slots_are_read_and_written_with_and_without_names(e2e):
    slots = e2e.parse("name[The Mill], priceRange[£20-25], customer rating[5 out of 5]")
    assert slots == {"name": "The Mill", "priceRange": "£20-25", "customer rating": "5 out of 5"}
    source = "name=<name> priceRange=£20-25 customer_rating=5_out_of_5"
    assert e2e.write_source(slots, True) == source
    text = "name[The Mill], priceRange[£20-25], customer rating[5 out of 5]"
    assert e2e.write_source(slots, False) == text
    for text in ("", "The Mill", "name[The Mill", "name[A] food[B]"):
        with pytest.raises(DataError, match="expected a meaning representation such as name"):
            e2e.parse(text)


def test_names_are_hidden_however_they_are_capitalised_and_come_back(e2e):
    slots = {"name": "The Mill", "near": "Café Blue"}
    hidden = e2e.hide_names(slots, "the mill is near Café Blue. The Mill is cheap.")
    assert hidden == "<name> is near <near>. <name> is cheap."
    assert e2e.show_names(slots, hidden) == "The Mill is near Café Blue. The Mill is cheap."
    assert e2e.show_names({"name": "A"}, "<name> by <near> .") == "A by ."


# Sentences of our own, and whether the slot is (missing, wrong).
@pytest.mark.parametrize(
    ("slot", "value", "sentence", "unsaid"),
    [
        ("food", "Fast food", "It sells fast-food.", (0, 0)),
        ("food", "French", "It sells Italian dishes.", (0, 1)),
        ("food", "French", "It sells dishes.", (1, 0)),
        ("eatType", "coffee shop", "A place near Café Blue.", (1, 0)),  # a name says nothing
        ("eatType", "pub", "A restaurant.", (0, 1)),
        ("area", "city centre", "In the center of the city.", (0, 0)),
        ("area", "riverside", "In the city centre.", (0, 1)),
        ("priceRange", "less than £20", "Prices are under £20 and fair.", (0, 0)),
        ("priceRange", "less than £20", "Prices are £20-25.", (0, 1)),
        ("priceRange", "£20-25", "It costs 20 to 25 pounds.", (0, 0)),
        ("priceRange", "high", "It is highly priced.", (0, 0)),
        ("priceRange", "high", "A high customer rating.", (1, 0)),
        (
            "customer rating",
            "low",
            "In the low price range with a customer rating of 5 out of 5.",
            (0, 1),
        ),
        ("customer rating", "5 out of 5", "It has a customer rating of 5 out of 5.", (0, 0)),
        ("customer rating", "5 out of 5", "It has 1 out of 5 stars.", (0, 1)),
        ("customer rating", "1 out of 5", "A one-star place.", (0, 0)),
        ("familyFriendly", "yes", "It is child friendly.", (0, 0)),
        ("familyFriendly", "yes", "It is not child friendly.", (0, 1)),
        ("familyFriendly", "no", "It is not a place for families.", (0, 0)),
        ("familyFriendly", "no", "Kids are not welcome.", (0, 0)),
        ("familyFriendly", "no", "It is child friendly.", (0, 1)),
        ("familyFriendly", "no", "It is good.", (1, 0)),
    ],
)
def test_keywords_tell_what_a_sentence_says(e2e, slot, value, sentence, unsaid):
    assert e2e.find_unsaid({"near": "Café Blue", slot: value}, sentence) == unsaid


def test_the_first_hypothesis_that_says_most_is_chosen(e2e):
    slots = {"food": "French", "area": "riverside"}
    said = [
        "It is nice.",
        "French food.",
        "French food by the river.",
        "By the river, French food.",
    ]
    assert e2e.choose(slots, said) == said[2]
    assert e2e.choose(slots, said[:1]) == said[0]
    assert e2e.choose(slots, ["", ""]) == ""


def test_each_sentence_may_have_another_number_of_references(e2e):
    references = [["a b c d e", "x y z w"], ["One two three four five"]]
    found = e2e.bleu(["A B C D E", "one two three four five"], references)
    assert found.value == pytest.approx(100)
    assert e2e.bleu(["x y z w", "one two three four five"], references).value == pytest.approx(100)
    assert e2e.bleu(["x y z w", "six"], references).value < 60
    assert found.signature.startswith("nrefs:var|case:lc|eff:no|tok:13a")


def test_a_damaged_archive_is_named_and_a_missing_one_is_downloaded(e2e, published, tmp_path):
    assert e2e.fetch(tmp_path / "data") == (published / e2e.ARCHIVE).read_bytes()
    assert (tmp_path / "data" / e2e.ARCHIVE).is_file()
    (published / e2e.ARCHIVE).write_bytes(b"cut short")
    with pytest.raises(DataError, match=r"e2e-dataset\.zip is damaged: SHA.* without that file"):
        e2e.fetch(published)
    (published / e2e.ARCHIVE).unlink()
    with pytest.raises(FileError, match=r"cannot download file:.*its folder with --data$"):
        e2e.fetch(published)


def test_a_training_is_reported_with_what_its_sentences_leave_out(
    e2e, run_main, tmp_path, monkeypatch
):
    first = run_main("--seeds", "1")
    assert "train.tsv: 80 pairs; 1 left out because their names are not in the" in first
    assert "slots but the names" in first
    assert "references: " in first
    rows = [line for line in first.splitlines() if line.startswith("| run-1")]
    assert [row.split("|")[3].strip() for row in rows] == ["first", "chosen"]
    run = tmp_path / "out" / "delexicalised" / "run-1"
    asked = int(re.search(r"test set: (\d+) meaning", first)[1])
    assert len((run / "chosen.txt").read_text().splitlines()) == asked

    def train(*_, **__):
        raise AssertionError("a complete run is trained again")

    monkeypatch.setattr("common.runs.train", train)
    assert run_main("--seeds", "1") == first
    with pytest.raises(
        ConfigError, match=r"run-1 is complete, but its settings of training differ"
    ):
        run_main("--seeds", "1", "--max-updates", "5")


def test_names_can_be_left_in(run_main, tmp_path):
    printed = run_main("--no-delexicalise")
    assert "train.tsv: 81 pairs\n" in printed
    text = (tmp_path / "out" / "with-names" / "text" / "dev.src").read_text()
    assert "name[Ben's], food[" in text
    config = json.loads((tmp_path / "out" / "with-names" / "run-1" / "config.json").read_text())
    assert config["tokenizer"]["joint"] is True


def test_every_reference_has_its_own_file_and_blank_lines_are_none(e2e, tmp_path):
    said = {"name[Ann]": ["Ann is a pub.", "Ann is  there."], "name[Ben]": ["Ben serves."]}
    corpus = e2e.write_references(tmp_path, said, True)
    files = [corpus.src, corpus.tgt, *corpus.more_tgt]
    assert [Path(file).read_text(encoding="utf-8").split("\n")[:-1] for file in files] == [
        ["name=<name>", "name=<name>"],
        ["<name> is a pub.", "<name> serves."],
        ["<name> is there.", ""],
    ]


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"{SHARED} is not here")
def test_the_published_test_set_asks_for_3104_slots_but_the_names(e2e):
    parts = e2e.read_parts(e2e.fetch(SHARED))
    assert {part: len(pairs) for part, pairs in parts.items()} == {
        "train": 4862,
        "dev": 547,
        "test": 630,
    }
    slots = [e2e.parse(text) for text in parts["test"]]
    assert e2e.count(slots, [""] * len(slots)) == (3104, 0)  # all values have keywords
