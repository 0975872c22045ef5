"""Training on files that hold both sides."""

import json

import pytest

torch = pytest.importorskip("torch")

from s2s.corpus import CorpusConfig

SMALL = ("--preset", "tiny", "--embedding-size", 16, "--hidden-size", 16, "--vocab-size", 60)


@pytest.fixture
def tables(corpus_folder):
    """train.jsonl and val.jsonl beside the two files each."""
    for part in ("train", "val"):
        sides = [
            (corpus_folder / f"{part}.{side}").read_text().splitlines() for side in ("xx", "yy")
        ]
        pairs = list(zip(*sides, strict=True))
        with (corpus_folder / f"{part}.jsonl").open("w") as file:
            for src, tgt in pairs:
                file.write(json.dumps({"id": 1, "text": {"fr": tgt, "en": src}}) + "\n")
    return corpus_folder


def test_a_training_reads_tables_and_says_how(s2s, tables):
    lines = (tables / "train.jsonl").read_text().splitlines()
    repeated = len(lines) - len(set(lines))
    assert repeated > 2
    options = ("--val-pairs", tables / "val.jsonl", "--columns", "text.en,text.fr")
    options = ("--pairs", tables / "train.jsonl", *options, *SMALL, "--max-updates", 3)
    finished = s2s("train", *options, "--out", tables / "run")
    assert finished.code == 0, finished.err
    said = (finished.out.decode() + finished.err).replace(str(tables), "")
    assert "/train.jsonl: JSON Lines; source: 'text.en'; target: 'text.fr'; first pair: '" in said
    assert "training: 300 pairs read, 300 accepted" in said
    assert f"; {repeated} repeat an earlier pair (--deduplicate rejects them)" in said
    config = json.loads((tables / "run" / "config.json").read_text())
    assert config["languages"] == {"src": "en", "tgt": "fr"}
    assert config["data"]["train"][0]["pairs"] == str(tables / "train.jsonl")
    assert CorpusConfig.from_dict(config["data"]["train"][0]).columns == "text.en,text.fr"
    resumed = s2s("train", "--out", tables / "run", "--resume", "--max-updates", 4)
    assert resumed.code == 0, resumed.err

    finished = s2s("train", *options, "--out", tables / "other", "--deduplicate")
    said = finished.out.decode() + finished.err
    assert f"training: 300 pairs read, {300 - repeated} accepted" in said
    assert f"0 unequal length, {repeated} repeated)" in said
    assert json.loads((tables / "other" / "config.json").read_text())["data"]["deduplicate"]


def test_the_same_pairs_train_the_same_model(s2s, tables):
    losses = []
    for number, options in enumerate(
        (
            ("--src", tables / "train.xx", "--tgt", tables / "train.yy"),
            ("--pairs", tables / "train.jsonl", "--columns", "text.en,text.fr"),
        )
    ):
        run = tables / f"run{number}"
        validation = ("--val-src", tables / "val.xx", "--val-tgt", tables / "val.yy")
        limit = ("--max-updates", 3, "--set", "log_every=1")
        finished = s2s("train", *options, *validation, *SMALL, *limit, "--out", run)
        assert finished.code == 0, finished.err
        records = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
        losses.append([record["loss"] for record in records if "loss" in record])
    assert losses[0] == losses[1]
    assert losses[0]


def test_a_run_of_before_is_resumed_without_the_new_settings(s2s, tables):
    files = [f"--{option}" for option in ("src", "tgt", "val-src", "val-tgt")]
    names = ("train.xx", "train.yy", "val.xx", "val.yy")
    text = [word for pair in zip(files, names, strict=True) for word in (pair[0], tables / pair[1])]
    options = (*text, "--out", tables / "run")
    assert s2s("train", *options, *SMALL, "--max-updates", 2).code == 0
    path = tables / "run" / "config.json"
    config = json.loads(path.read_text())
    del config["data"]["deduplicate"]
    for corpus in (*config["data"]["train"], *config["data"]["validation"]):
        for name in ("pairs", "columns", "pairs_format"):
            del corpus[name]
    path.write_text(json.dumps(config))
    resumed = s2s("train", *options, "--max-updates", 3, "--resume")
    assert resumed.code == 0, resumed.err
    assert (
        "deduplicate was None and is now True"
        in s2s("train", *options, "--max-updates", 4, "--resume", "--deduplicate").err
    )


def test_a_bad_line_makes_no_run(s2s, tables):
    with (tables / "train.jsonl").open("a") as file:
        file.write('{"text": {"en": "a"}}\n')
    finished = s2s(
        *("train", "--pairs", tables / "train.jsonl", "--val-pairs", tables / "val.jsonl"),
        *("--columns", "text.en,text.fr", "--out", tables / "run"),
    )
    assert finished.code == 2
    assert f"{tables}/train.jsonl, line 301: no key 'text.fr'; expected it, " in finished.err
    assert not (tables / "run").exists()
