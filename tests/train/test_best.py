"""Which weights of a training are kept."""

import json
import math
import re

import pytest

torch = pytest.importorskip("torch")

from dataclasses import replace

from made_up_pairs import make_sources, translate, write_pairs
from tiny_runs import MODEL, TRAINING, assert_same_weights, metrics, run

from s2s import Translator
from s2s.config import TokenizerConfig
from s2s.errors import ConfigError
from s2s.formats.run_folder import read_config
from s2s.model.run import load_run
from s2s.train import validate
from s2s.train.best import is_better
from s2s.train.position import Position

SHORT = 3  # words: runs of four, which BLEU counts, do not occur


@pytest.fixture(autouse=True)
def _no_translations_of_training_text(monkeypatch):
    """Saves most of the time; ``test_pace.py`` looks at them."""
    monkeypatch.setattr(validate, "LITTLE_TEXT", 0)


@pytest.mark.parametrize(
    ("measure", "best_score", "best_loss", "score", "loss", "better"),
    [
        ("bleu", None, math.inf, 0.0, 9.0, True),  # the first validation
        ("bleu", 20.0, 2.0, 20.1, 3.0, True),
        ("bleu", 20.0, 2.0, 19.9, 1.0, False),
        ("bleu", 20.0, 2.0, 20.0, 1.9, True),
        ("bleu", 20.0, 2.0, 20.0, 2.0, False),
        ("bleu", 0.0, 3.0, 0.0, 0.1, True),
        ("bleu", 0.62, 8.0, 0.0, 4.0, True),  # both are chance
        ("bleu", 0.62, 4.0, 0.9, 8.0, False),
        ("bleu", 0.62, 4.0, 1.4, 8.0, True),
        ("exact", 0.0, 4.0, 0.0, 3.0, True),
        ("exact", 0.0, 4.0, 0.2, 8.0, True),
        ("exact", 90.0, 1.0, 89.0, 0.5, False),
        ("error", 20.0, 2.0, 19.9, 3.0, True),
        ("error", 20.0, 2.0, 20.1, 1.0, False),
        ("error", 100.0, 3.0, 340.0, 2.0, True),  # nothing is right in either
        ("error", 340.0, 2.0, 99.0, 3.0, True),
        ("loss", None, 3.0, None, 2.9, True),
        ("loss", None, 3.0, None, 3.1, False),
        ("loss", 5.0, 3.0, None, 2.0, True),  # a run of an earlier release, whose targets are short
    ],
)
def test_the_score_decides_and_loss_decides_a_tie(
    measure, best_score, best_loss, score, loss, better
):
    position = Position(best_score=best_score, best_loss=best_loss)
    assert is_better(position, measure, loss=loss, score=score) is better


@pytest.mark.parametrize(
    ("measure", "score", "loss", "by_heart", "better"),
    [
        ("exact", 0.0, 3.0, 0.6, True),  # the loss of other text is no sign of learning yet
        ("exact", 0.0, 1.0, 0.4, False),
        ("exact", 0.0, 1.0, 0.5, True),
        ("exact", 50.0, 1.0, 0.4, True),
        ("exact", 50.0, 3.0, 0.6, False),
        ("bleu", 0.9, 3.0, 0.6, True),
        ("error", 150.0, 3.0, 0.6, True),
        ("error", 50.0, 3.0, 0.6, False),
    ],
)
def test_text_known_by_heart_decides_between_chance_scores_alone(
    measure, score, loss, by_heart, better
):
    position = Position(best_score=score, best_loss=2.0, best_by_heart=0.5)
    assert is_better(position, measure, loss=loss, score=score, by_heart=by_heart) is better


def write_short(folder):
    for name, count, seed in (("train", 300, 1), ("val", 30, 2)):
        sources = [
            " ".join(source.split()[: 1 + row % SHORT])
            for row, source in enumerate(make_sources(count, seed))
        ]
        write_pairs(folder, name, [(source, translate(source)) for source in sources])


def validations(folder):
    return [record for record in metrics(folder) if record["kind"] == "validation"]


def test_short_targets_are_validated_by_exact_match_and_ties_by_loss(tmp_path, capsys):
    write_short(tmp_path)
    training = replace(TRAINING, max_updates=60, learning_rate=1e-2, validate_every=20, patience=3)
    result = run(tmp_path, "run", training=training)
    told = "validated by exact match, ties by loss: 5 of 5 targets have under four words"
    assert told in capsys.readouterr().err
    assert result.stopped_by == "max_updates"
    assert (result.measure, result.best_score) == ("exact", 0)  # nothing is right yet
    losses = [record["loss"] for record in validations(tmp_path / "run")]
    assert result.best_loss == min(losses) < losses[0] - 0.5
    scores = load_run(tmp_path / "run").card["scores"]
    assert scores["measure"] == "exact"
    assert scores["validation_exact"] == 0
    assert scores["signature"].startswith("nrefs:1|case:mixed|unit:line")


def test_short_targets_without_bleu_are_validated_by_loss(tmp_path, capsys):
    write_short(tmp_path)
    result = run(tmp_path, "run", training=replace(TRAINING, validate_by="bleu"))
    told = "val.yy: no target has four words, so BLEU of any translation is 0; the best weights"
    assert told in capsys.readouterr().err
    assert (result.measure, result.best_score) == ("loss", None)
    assert {record["measure"] for record in validations(tmp_path / "run")} == {"loss"}


def test_one_target_with_four_words_is_enough_for_bleu(tmp_path, capsys):
    write_short(tmp_path)
    for side in ("xx", "yy"):
        with (tmp_path / f"val.{side}").open("a") as file:
            file.write("sun sun sun sun\n")
    training = replace(TRAINING, bleu_sentences=500, validate_by="bleu")
    result = run(tmp_path, "run", training=training)
    assert "no target has four words" not in capsys.readouterr().err
    assert result.measure == "bleu"
    assert result.best_score is not None


@pytest.mark.parametrize("measure", ["bleu", "chrf", "exact", "error", "loss"])
def test_every_measure_chooses_stops_and_is_recorded(corpus_folder, measure):
    training = replace(TRAINING, validate_by=measure, validate_every=2, patience=1)
    result = run(corpus_folder, measure, training=training)
    found = validations(corpus_folder / measure)
    assert result.measure == measure
    scores = load_run(corpus_folder / measure).card["scores"]
    assert scores["measure"] == measure
    assert {record["measure"] for record in found} == {measure}
    if measure == "loss":
        assert "signature" not in scores
        assert result.best_loss == min(record["loss"] for record in found)
        return
    best = min if measure == "error" else max
    merits = [record[measure] for record in found]
    if measure != "bleu":  # all are chance
        assert min(result.best_score, 100) == min(best(merits), 100)
    assert scores[f"validation_{measure}"] == result.best_score
    unit = {"bleu": "tok:13a", "chrf": "nc:6", "exact": "unit:line", "error": "unit:character"}
    assert unit[measure] in scores["signature"]


def test_info_shows_the_measure_that_chose_the_weights(corpus_folder, s2s):
    run(corpus_folder, "run", training=replace(TRAINING, validate_by="chrf"))
    shown = s2s("info", corpus_folder / "run").out.decode()
    assert "measure chrf, " in shown
    assert "validation_chrf " in shown


def test_a_vocabulary_of_words_has_its_errors_counted_in_words(corpus_folder):
    training = replace(TRAINING, validate_by="error")
    run(corpus_folder, "run", training=training, tokenizer=TokenizerConfig(algorithm="word"))
    assert "unit:token" in validations(corpus_folder / "run")[0]["signature"]


def test_sentences_are_validated_by_bleu_as_ever(corpus_folder, capsys):
    auto, bleu = (
        run(corpus_folder, name, training=replace(TRAINING, validate_by=name, bleu_sentences=30))
        for name in ("auto", "bleu")
    )
    told = r"validated by BLEU, ties by loss: \d+ of 30 targets have four words or more \(--valid"
    assert re.search(told, capsys.readouterr().err)
    assert (auto.measure, auto.best_score) == ("bleu", bleu.best_score)
    assert_same_weights(corpus_folder / "auto", corpus_folder / "bleu")
    assert metrics(corpus_folder / "auto") == metrics(corpus_folder / "bleu")
    assert read_config(corpus_folder / "auto")["training"]["validate_by"] == "bleu"


def test_a_run_is_resumed_with_the_measure_that_it_had(corpus_folder):
    training = replace(TRAINING, max_updates=4, validate_by="exact")
    run(corpus_folder, "run", training=training)
    longer = replace(TRAINING, max_updates=8)
    assert run(corpus_folder, "run", training=longer, resume=True).measure == "exact"
    with pytest.raises(ConfigError, match="validate_by was 'exact' and is now 'chrf'"):
        run(corpus_folder, "run", training=replace(longer, validate_by="chrf"), resume=True)


@pytest.mark.parametrize(("sentences", "measure"), [(5, "bleu"), (0, "loss")])
def test_a_run_that_knew_no_other_measure_goes_on_as_it_was(corpus_folder, sentences, measure):
    training = replace(TRAINING, max_updates=4, bleu_sentences=sentences)
    run(corpus_folder, "run", training=training)
    path = corpus_folder / "run" / "config.json"
    config = json.loads(path.read_text())
    del config["training"]["validate_by"]
    path.write_text(json.dumps(config))
    for side in ("xx", "yy"):  # one that would be validated by exact match
        (corpus_folder / f"val.{side}").write_text("sun\nmoon\n")
    (corpus_folder / "val.xx").write_text("sun sun sun sun\n")
    (corpus_folder / "val.yy").write_text("nus nus nus nus\n")
    longer = replace(training, max_updates=8)
    assert run(corpus_folder, "run", training=longer, resume=True).measure == measure


def test_a_measure_of_translations_needs_some():
    with pytest.raises(
        ConfigError, match=r"validate_by \(--validate-by\) is 'exact', but bleu_sen"
    ):
        replace(TRAINING, validate_by="exact", bleu_sentences=0)


def test_of_a_table_without_a_rule_the_weights_are_kept_that_know_it(corpus_folder, monkeypatch):
    monkeypatch.setattr(validate, "LITTLE_TEXT", 20)
    words = [f"{first}{last}" for first in "bdgkmn" for last in "aeiou"]
    table = dict(zip(words, reversed(words), strict=True))
    for part, pairs in (("train", table), ("val", {"zzz": "za", "yyy": "ya"})):
        for side, lines in (("xx", pairs), ("yy", pairs.values())):
            text = "".join(f"{line}\n" for line in lines)
            (corpus_folder / f"{part}.{side}").write_text(text)
    training = replace(
        TRAINING, max_updates=240, learning_rate=2e-2, validate_every=60, validate_by="exact"
    )
    model = replace(MODEL, hidden_size=48, dropout=0.0)
    run(corpus_folder, "table", training=training, model=model)
    validations = [r for r in metrics(corpus_folder / "table") if r["kind"] == "validation"]
    assert all(record["exact"] == 0 for record in validations)
    losses = [record["loss"] for record in validations]
    assert losses[-1] > min(losses)  # which would have chosen others
    found = Translator(corpus_folder / "table").translate(words)
    assert sum(each.text == table[word] for each, word in zip(found, words, strict=True)) >= 27


@pytest.mark.parametrize(("most", "asked"), [(10**6, True), (50, False)])
def test_of_much_text_no_validation_asks_what_is_known_by_heart(
    corpus_folder, monkeypatch, most, asked
):
    monkeypatch.setattr(validate, "LITTLE_TEXT", 20)
    monkeypatch.setattr(validate, "MUCH_TEXT", most)
    training = replace(TRAINING, max_updates=1, validate_by="exact")
    run(corpus_folder, "run", training=training, model=MODEL)
    validations = [r for r in metrics(corpus_folder / "run") if r["kind"] == "validation"]
    assert {"by_heart" in record for record in validations} == {asked}
