"""The record of the training text in run folders and model files."""

import json
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from tiny_runs import MODEL, TOKENIZER, TRAINING, data_of, run

from s2s import Translator
from s2s.corpus import AugmentConfig, DataConfig
from s2s.corpus.survey import Survey
from s2s.errors import ModelError
from s2s.formats.card import text_facts
from s2s.formats.run_folder import read_config
from s2s.model.run import load_run
from s2s.train import CorpusConfig, text_record, train
from s2s.writing.names import NameFinder


@pytest.fixture
def two_folder(corpus_folder):
    """The corpus, in which every fourth source line has two sentences with capitals and marks."""
    for path in corpus_folder.glob("*.xx"):
        lines = path.read_text().splitlines()
        lines[::4] = [f"{line.capitalize()}. The {line}." for line in lines[::4]]
        path.write_text("".join(f"{line}\n" for line in lines))
    return corpus_folder


def facts_in(folder):
    return text_facts(read_config(folder))


def record(lines, tokenizer, **shares):
    sample = Survey((len(lines),), len(lines), lines, lines)
    corpus = (CorpusConfig(src="a", tgt="b"),)
    data = DataConfig(train=corpus, validation=corpus, augment=AugmentConfig(**shares))
    return text_record.record_text(sample, tokenizer, None, data, 1)


def test_a_run_records_how_its_source_text_is_written(two_folder, capsys):
    run(two_folder, "run")
    facts = facts_in(two_folder / "run")
    assert facts.several_sentences == 0.25
    assert facts.end_marks == 0.25
    assert facts.end_mark == "."
    assert facts.lower_start == 0.75
    assert f"\nsource text: {facts}\n" in capsys.readouterr().err
    loaded = load_run(two_folder / "run")
    assert text_facts(loaded.card) == facts
    lines = (two_folder / "train.xx").read_text().splitlines()
    lengths = sorted(map(len, loaded.tokenizer.encode_src(lines)))
    assert facts.src_length in lengths[int(0.98 * len(lengths)) :]
    assert facts.longest == lengths[-1]


def test_the_record_says_whether_numbers_stay(two_folder):
    for side, number in (("xx", "5"), ("yy", "five")):
        path = two_folder / f"train.{side}"
        lines = path.read_text().splitlines()
        lines[:4] = [f"{line} {number}" for line in lines[:4]]
        lines[4] += " 12"
        path.write_text("".join(f"{line}\n" for line in lines))
    run(two_folder, "run")
    assert facts_in(two_folder / "run").same_numbers == 1 / 5


def test_the_record_says_whether_placeables_stay(two_folder):
    run(two_folder, "none")
    assert facts_in(two_folder / "none").same_placeables == 1  # there are none
    for side, name in (("xx", "{name}"), ("yy", "{Name}")):
        path = two_folder / f"train.{side}"
        lines = path.read_text().splitlines()
        lines[:20] = [f"{line} {name}" for line in lines[:20]]
        lines[20:40] = [f"{line} %s" for line in lines[20:40]]
        path.write_text("".join(f"{line}\n" for line in lines))
    run(two_folder, "run")
    assert facts_in(two_folder / "run").same_placeables == 0.5


def test_the_record_has_the_words_that_are_no_names(two_folder):
    for side, word in (("xx", "Sun"), ("yy", "Sonne")):
        path = two_folder / f"train.{side}"
        lines = path.read_text().splitlines()
        for number in range(30):
            lines[number] += f" {word} Na{chr(97 + number)}"
        path.write_text("".join(f"{line}\n" for line in lines))
    run(two_folder, "run")
    facts = facts_in(two_folder / "run")
    assert facts.same_names == 1
    names = NameFinder(facts.known_words).find("one Bob and Sun")
    assert [name.text for name in names] == ["Bob"]


def test_the_record_is_of_all_corpora_and_a_tag_is_a_piece(two_folder):
    (two_folder / "loud.xx").write_text("SUN AND MOON AND RAIN AND TREE\n" * 100)
    (two_folder / "loud.yy").write_text("sun moon rain tree\n" * 100)
    data = data_of(two_folder)
    loud = CorpusConfig(
        src=str(two_folder / "loud.xx"), tgt=str(two_folder / "loud.yy"), tag="<2zz>"
    )
    first = replace(data.train[0], tag="<2yy>")
    one = replace(data, train=(first,), validation=(replace(data.validation[0], tag="<2yy>"),))
    both = replace(one, train=(first, loud))
    options = {"training": TRAINING, "model": MODEL, "tokenizer": TOKENIZER}
    train(both, two_folder / "both", **options)
    facts = facts_in(two_folder / "both")
    count = len((two_folder / "train.xx").read_text().splitlines())
    assert facts.capitals == pytest.approx(100 / (100 + count))
    tokenizer = load_run(two_folder / "both").tokenizer
    lines = ["sun and moon"] * 3
    assert record(lines, tokenizer).src_length == 1 + len(tokenizer.encode_src(lines[:1])[0])


def test_a_long_text_is_sampled_evenly(two_folder, monkeypatch):
    run(two_folder, "run")
    tokenizer = load_run(two_folder / "run").tokenizer
    monkeypatch.setattr(text_record, "RECORDED_LINES", 10)
    lines = ["sun moon"] * 50 + ["SUN AND MOON AND RAIN"] * 50
    assert record(lines, tokenizer).capitals == 0.5


def test_what_augmentation_adds_is_recorded(two_folder):
    data = replace(data_of(two_folder), augment=AugmentConfig(upper=0.3, merge=0.2))
    train(data, two_folder / "run", training=TRAINING, model=MODEL, tokenizer=TOKENIZER)
    facts = facts_in(two_folder / "run")
    assert facts.capitals == pytest.approx(0.3, abs=0.1)
    assert facts.several_sentences > 0.27
    tokenizer = load_run(two_folder / "run").tokenizer
    lines = ["the sun. and the moon."] * 1000
    assert record(lines, tokenizer).capitals == 0
    assert record(lines, tokenizer, upper=0.5).capitals == pytest.approx(0.5, abs=0.1)


def test_a_fine_tuned_run_records_its_own_text(two_folder):
    run(two_folder, "run")
    source = two_folder / "train.xx"
    source.write_text(source.read_text().upper())
    run(two_folder, "tuned", training=replace(TRAINING, init=str(two_folder / "run")))
    assert facts_in(two_folder / "run").capitals == 0
    assert facts_in(two_folder / "tuned").any_capitals == 1


def test_a_run_without_a_record_is_resumed_and_translates(two_folder):
    run(two_folder, "run", training=replace(TRAINING, max_updates=4))
    path = two_folder / "run" / "config.json"
    config = json.loads(path.read_text())
    del config["text"]
    path.write_text(json.dumps(config))
    run(two_folder, "run", resume=True)
    assert facts_in(two_folder / "run") is None
    assert "text" not in load_run(two_folder / "run").card
    assert Translator(two_folder / "run").translate(["sun"])[0].parts == 1


@pytest.mark.parametrize(
    "damage",
    [
        {"capitals": 2},
        {"end_mark": 3},
        {"spellings": [1]},
        [],
        "text",
        {"src_length": None},
    ],
)
def test_a_damaged_record_is_an_error_of_one_line(two_folder, damage):
    run(two_folder, "run", training=replace(TRAINING, max_updates=4))
    path = two_folder / "run" / "config.json"
    config = json.loads(path.read_text())
    config["text"] = {**config["text"], **damage} if isinstance(damage, dict) else damage
    path.write_text(json.dumps(config))
    with pytest.raises(
        ModelError, match=r"config.json is damaged: its record of the training text"
    ):
        load_run(two_folder / "run")


def test_a_model_file_has_the_record_and_an_ensemble_that_of_the_first(two_folder, capsys):
    export_run = pytest.importorskip("s2s_export").export_run
    from s2s.cli import main

    run(two_folder, "run")
    models = {"tokenizer": replace(TOKENIZER, src_model=str(two_folder / "run" / "src.model"))}
    source = two_folder / "train.xx"
    source.write_text(source.read_text().upper())
    run(two_folder, "other", **models)
    export_run(two_folder / "run", two_folder / "model.onnx", "fp32")
    facts = facts_in(two_folder / "run")
    assert text_facts(Translator(two_folder / "model.onnx").card) == facts
    together = [two_folder / "run", two_folder / "other"]
    assert text_facts(Translator(together).card) == facts
    export_run(together, two_folder / "both.onnx", "fp32")
    assert text_facts(Translator(two_folder / "both.onnx").card) == facts
    for model in ("run", "model.onnx"):
        capsys.readouterr()
        with pytest.raises(SystemExit):
            main(["info", str(two_folder / model)])
        assert f"\nsource text  {facts}\n" in capsys.readouterr().out
