"""Labels and their probabilities, from a model that translates numbers."""

import json
import math

import pytest
from number_words import ENGLISH, GERMAN

from s2s import Translator
from s2s.errors import ConfigError, DataError, ModelError
from s2s.translate import scoring
from s2s.translate.scoring import labels_of


def log_probs_of(translator, text, labels):
    scored = translator.score([text] * len(labels), labels)
    return [sum(hypothesis.details.log_probs) for hypothesis in scored]


def test_the_most_probable_label_comes_first(translator):
    for found, expected in zip(translator.classify(GERMAN, ENGLISH), ENGLISH, strict=True):
        assert found[0].text == expected
        probabilities = [label.probability for label in found]
        assert probabilities == sorted(probabilities, reverse=True)
        assert sorted(label.text for label in found) == sorted(ENGLISH)


def test_probabilities_are_the_labels_shares_of_forced_decoding(translator):
    labels = ["one two", "two", "three two one", "seven"]
    for text in ("zwei", "eins zwei", "drei zwei eins"):
        found = {label.text: label for label in translator.classify([text], labels)[0]}
        log_probs = log_probs_of(translator, text, labels)
        total = sum(map(math.exp, log_probs))
        assert sum(label.probability for label in found.values()) == pytest.approx(1)
        for label, log_prob in zip(labels, log_probs, strict=True):
            assert found[label].log_prob == pytest.approx(log_prob, abs=1e-4)
            assert found[label].probability == pytest.approx(math.exp(log_prob) / total, abs=1e-6)


def test_a_text_has_the_same_probabilities_in_any_company(translator, monkeypatch):
    texts = [*GERMAN, "eins zwei drei vier", "acht"]
    together = translator.classify(texts, ENGLISH)
    assert together == [translator.classify([text], ENGLISH)[0] for text in texts]
    monkeypatch.setattr(scoring, "SEARCHED_TOGETHER", 25)
    assert translator.classify(texts, ENGLISH) == together


def test_a_blank_text_has_no_label(translator):
    found = translator.classify(["", "eins", " \u200b"], ["one", "two"])
    assert [len(labels) for labels in found] == [0, 2, 0]


def test_very_improbable_labels_still_have_probabilities(translator):
    labels = ["one " * 60, "two " * 60]
    found = translator.classify(["zwei"], labels)[0]
    assert all(label.log_prob < -100 for label in found)
    assert sum(label.probability for label in found) == pytest.approx(1)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([], "has 0; expected at least two different labels"),
        (["one"], "has 1; expected at least two different labels"),
        (["one", "two", "one "], "has 'one' more than once; expected"),
        (["one", "Ω"], "has 'Ω', which the target vocabulary cannot write"),
        (["one", " "], "has '', which the target vocabulary cannot write"),
        (["one", "two " * 1000], r"has 'two two .*, which has 2001 pieces; expected at most 1000"),
        ("one", "labels is one string; expected a list"),
    ],
)
def test_unfit_labels_are_one_line(translator, labels, message):
    with pytest.raises(ConfigError, match=message):
        translator.classify(["eins"], labels)


def test_a_long_text_names_the_option_that_allows_it(translator):
    text = "eins " * 300
    with pytest.raises(DataError, match=r"sentence 2 has 901 pieces.*raise max_src_length \(--max"):
        translator.classify(["eins", text], ["one", "two"])
    assert len(translator.classify([text], ["one", "two"], max_src_length=1000)[0]) == 2


def test_a_model_without_a_record_of_labels_needs_them(translator):
    with pytest.raises(ConfigError, match=r"no record of labels: .*name the labels \(labels, --la"):
        translator.classify(["eins"])
    with pytest.raises(ModelError, match="its labels are 'a'; expected a list of strings"):
        labels_of({"labels": "a"})


def test_a_language_is_chosen_as_in_translate(tagged):
    translator = Translator(tagged, threads=1)
    found = translator.classify(["eins"], ["one", "two"], to="en")
    assert found == translator.classify(["<2en> eins"], ["one", "two"])
    with pytest.raises(DataError, match="does not begin with a tag of the model"):
        translator.classify(["eins"], ["one", "two"])


def test_the_command_prints_a_line_for_each_text(s2s, tiny, tmp_path):
    labels = tmp_path / "labels"
    labels.write_text("one\n\ntwo\nthree\n")
    ended = s2s("classify", tiny, "--labels", labels, stdin=b"zwei\n\ndrei\n")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.decode().split("\n")
    assert [line.split("\t")[0] for line in lines] == ["two", "", "three", ""]
    assert 0.5 < float(lines[0].split("\t")[1]) <= 1

    ended = s2s("classify", tiny, "--labels", labels, "--top", "2", stdin=b"zwei\n")
    columns = ended.out.decode().rstrip("\n").split("\t")
    assert (len(columns), columns[0]) == (4, "two")

    ended = s2s("classify", tiny, "--labels", labels, "--json", stdin=b"zwei\n\n")
    full, blank = map(json.loads, ended.out.decode().splitlines())
    assert (full["label"], full["probability"]) == ("two", full["labels"][0]["probability"])
    assert full["labels"][0]["label"] == "two"
    assert sum(each["probability"] for each in full["labels"]) == pytest.approx(1)
    assert blank == {"label": None, "probability": None, "labels": []}


def test_an_error_of_the_command_names_the_line(s2s, tiny, tmp_path):
    (tmp_path / "labels").write_text("one\ntwo\n")
    (tmp_path / "texts").write_text("eins\n" * 1200 + "eins " * 300 + "\n")
    ended = s2s("classify", tiny, tmp_path / "texts", "--labels", tmp_path / "labels")
    assert ended.code == 2
    assert "texts, line 1201: the sentence has 901 pieces" in ended.err


def test_torch_and_onnx_agree(tiny, tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    from tiny_folder import write_run

    from s2s_export import export_run

    vocabulary = Translator(tiny).tokenizer.src_model
    run = write_run(tmp_path / "run", vocabulary)
    export_run(run, tmp_path / "model.onnx")
    labels = [*ENGLISH, "one two three"]
    both = [Translator(path).classify(GERMAN, labels) for path in (run, tmp_path / "model.onnx")]
    for ours, theirs in zip(*both, strict=True):
        assert {label.text for label in ours} == {label.text for label in theirs}
        by_text = {label.text: label for label in theirs}
        for label in ours:
            assert label.log_prob == pytest.approx(by_text[label.text].log_prob, abs=1e-4)
            assert label.probability == pytest.approx(by_text[label.text].probability, abs=1e-5)


def test_what_no_text_of_the_training_had_is_counted(translator, s2s, tiny, tmp_path, caplog):
    """The network reads the same unknown piece for all of it, and is sure of a label."""
    translator.classify(["eins", "zwei Ωμέγα 👍", "eins"], ["one", "two"], done=7)
    translator.score(["Ωμέγα"], ["one"])
    translator.classify(["eins"], ["one", "two"])
    left = "left to the model, which cannot read them (train on text that has them; first: line"
    assert [record.getMessage() for record in caplog.records] == [
        f"1 runs of unknown characters in 1 texts were {left} 9)",
        f"1 runs of unknown characters in 1 texts were {left} 1)",
    ]
    labels = tmp_path / "labels"
    labels.write_text("one\ntwo\n")
    lines = "eins\n" * 1500 + "Ω\n"
    (tmp_path / "out").write_text("one\n" * 1501)
    (tmp_path / "in").write_text(lines)
    scored = s2s("score", tiny, "--src", tmp_path / "in", "--tgt", tmp_path / "out")
    classified = s2s("classify", tiny, "--labels", labels, stdin=lines.encode())
    for ended in (scored, classified):
        assert ended.err.count("unknown characters") == 1
        assert f"1 runs of unknown characters in 1 texts were {left} 1501)" in ended.err
