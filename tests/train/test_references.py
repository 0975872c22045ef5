"""Validation with several references."""

import json

import pytest

torch = pytest.importorskip("torch")

from dataclasses import replace

from tiny_runs import MODEL, TOKENIZER, TRAINING, data_of, metrics

from s2s.corpus import CorpusConfig
from s2s.corpus.pairs import raw_references
from s2s.errors import ConfigError, DataError, FileError
from s2s.train import train, validate


@pytest.fixture(autouse=True)
def _no_translations_of_training_text(monkeypatch):
    """Saves most of the time; ``test_pace.py`` looks at them."""
    monkeypatch.setattr(validate, "LITTLE_TEXT", 0)


def with_more(folder, *names):
    data = data_of(folder)
    paths = tuple(str(folder / name) for name in names)
    return replace(data, validation=(replace(data.validation[0], more_tgt=paths),))


def validations(folder, out, data):
    training = replace(TRAINING, validate_by="error", bleu_sentences=30)
    train(data, folder / out, training=training, model=MODEL, tokenizer=TOKENIZER)
    return [record for record in metrics(folder / out) if record["kind"] == "validation"]


def test_the_score_compares_with_all_references_and_the_loss_with_the_first(corpus_folder):
    lines = (corpus_folder / "val.yy").read_text().splitlines()
    (corpus_folder / "other.yy").write_text("".join(f"{line[:3]}\n" for line in lines))
    (corpus_folder / "blank.yy").write_text("\n" * len(lines))
    one = validations(corpus_folder, "one", data_of(corpus_folder))
    same = validations(corpus_folder, "same", with_more(corpus_folder, "blank.yy"))
    two = validations(corpus_folder, "two", with_more(corpus_folder, "blank.yy", "other.yy"))
    assert same == one
    assert [record["loss"] for record in two] == [record["loss"] for record in one]
    assert [record["error"] for record in two] != [record["error"] for record in one]
    assert two[0]["signature"].startswith("nrefs:2|")
    config = json.loads((corpus_folder / "two" / "config.json").read_text())
    assert len(config["data"]["validation"][0]["more_tgt"]) == 2


def test_references_of_another_length_leave_no_run(corpus_folder):
    (corpus_folder / "short.yy").write_text("sun\n")
    with pytest.raises(DataError, match=r"short\.yy has 1 lines but .*val\.yy has 30; further"):
        validations(corpus_folder, "run", with_more(corpus_folder, "short.yy"))
    with pytest.raises(FileError, match=r"none\.yy does not exist"):
        validations(corpus_folder, "run", with_more(corpus_folder, "none.yy"))
    assert not (corpus_folder / "run").exists()


def test_the_translations_of_a_line_come_together(tmp_path):
    for name, text in (("a", "x\ny\n"), ("b", "1\n2\n"), ("c", "3\n\n")):
        (tmp_path / name).write_text(text)
    src, tgt, more = (str(tmp_path / name) for name in "abc")
    config = CorpusConfig(src=src, tgt=tgt, more_tgt=(more,))
    assert list(raw_references(config)) == [("x", ("1", "3")), ("y", ("2", ""))]
    assert list(raw_references(replace(config, more_tgt=()))) == [("x", ("1",)), ("y", ("2",))]


def test_training_text_has_one_translation(corpus_folder):
    data = with_more(corpus_folder, "other.yy")
    with pytest.raises(ConfigError, match=r"CorpusConfig\.more_tgt of .* repeat the source lines"):
        replace(data, train=data.validation)
    with pytest.raises(ConfigError, match="set src and tgt, or pairs"):
        CorpusConfig(pairs="x.tsv", more_tgt=("y",))
