"""The labels in a run's record: its different targets, if they are few."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from tiny_runs import TRAINING, run

from s2s import Translator
from s2s.corpus.survey import MOST_TARGETS, survey
from s2s.formats.run_folder import read_config
from s2s.model.ensemble import joint_card, load_runs


@pytest.fixture
def write_targets(corpus_folder):
    """Writes the targets of a training; returns the labels that its run then has."""

    def write(targets):
        sources = (corpus_folder / "train.xx").read_text().splitlines()[: len(targets)]
        for side, lines in (("xx", sources), ("yy", targets)):
            (corpus_folder / f"train.{side}").write_text("".join(f"{line}\n" for line in lines))
        run(corpus_folder, "run", training=replace(TRAINING, max_updates=1))
        return read_config(corpus_folder / "run").get("labels")

    return write


def test_few_different_targets_are_the_labels_of_run_and_translator(
    write_targets, corpus_folder, capsys, caplog
):
    assert write_targets(["good", "bad ", "so so"] * 20) == ["bad", "good", "so so"]
    assert "targets: 3 labels (bad, good, so so), which s2s classify" in capsys.readouterr().err
    assert "targets are" not in caplog.text
    folder = corpus_folder / "run"
    found = Translator(folder).classify(["xa"])[0]
    assert {label.text for label in found} == {"good", "bad", "so so"}
    assert joint_card(load_runs([folder, folder]))["labels"] == ["bad", "good", "so so"]


def test_long_labels_are_shortened_in_the_message(write_targets, capsys):
    long = "so " * 30 + "so"
    assert write_targets(["good", long] * 30) == ["good", long]
    printed = capsys.readouterr().err
    assert f"targets: 2 labels (good, {long[:40]}...), which" in printed


@pytest.mark.parametrize(
    "targets",
    [
        ["good"] * 60,  # nothing to choose from
        [f"label {number % 15}" for number in range(60)],  # four pairs each
    ],
)
def test_other_targets_are_no_labels(write_targets, targets):
    assert write_targets(targets) is None


def test_equal_targets_are_noticed(write_targets, caplog):
    write_targets(["good"] * 60)
    assert "all 60 targets are 'good', so that a network learns to write nothing" in caplog.text


def test_a_survey_lists_different_targets_up_to_a_limit(corpus_folder, tmp_path):
    from s2s.train import CorpusConfig

    paths = tmp_path / "src", tmp_path / "tgt"
    for count in (MOST_TARGETS, MOST_TARGETS + 1):
        targets = [str(number) for number in range(count)]
        for path, lines in zip(paths, (["a"] * 2 * count, targets * 2), strict=True):
            path.write_text("".join(f"{line}\n" for line in lines))
        found = survey([CorpusConfig(src=str(paths[0]), tgt=str(paths[1]))], 1, seed=1).targets
        assert found == (tuple(sorted(targets)) if count == MOST_TARGETS else ())
