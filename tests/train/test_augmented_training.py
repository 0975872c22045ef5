"""Trainings that change some pairs into what people type."""

import io
import json
from dataclasses import replace

import pytest

pytest.importorskip("torch")
import sentencepiece
from tiny_runs import MODEL, TOKENIZER, TRAINING, assert_same_weights, data_of, metrics

from s2s.cli import main
from s2s.config import UNK_ID, TokenizerConfig
from s2s.corpus import AugmentConfig
from s2s.errors import ConfigError
from s2s.formats.run_folder import read_tokenizer
from s2s.train import train
from s2s.train.settings import Settings

SHARES = AugmentConfig(typos=0.3, merge=0.2)
CONSTANT = replace(TRAINING, decay="constant", average_last=0)


def run(folder, out, *, augment=SHARES, **changes):
    options = {"training": CONSTANT, "model": MODEL, "tokenizer": TOKENIZER, **changes}
    return train(replace(data_of(folder), augment=augment), folder / out, **options)


def s2s(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code


@pytest.mark.parametrize("sampling", [0.0, 0.2])
def test_a_resumed_training_equals_one_in_one_go(corpus_folder, sampling):
    tokenizer = replace(TOKENIZER, sampling=sampling)
    run(corpus_folder, "whole", tokenizer=tokenizer)
    run(corpus_folder, "parts", tokenizer=tokenizer, training=replace(CONSTANT, max_updates=5))
    run(corpus_folder, "parts", tokenizer=tokenizer, resume=True)
    assert_same_weights(corpus_folder / "whole", corpus_folder / "parts")


def test_changed_pairs_are_learned_and_validation_text_stays(corpus_folder):
    whole = replace(CONSTANT, validate_every=1, max_updates=1, learning_rate=1e-9)
    run(corpus_folder, "plain", augment=AugmentConfig(), training=whole)
    run(corpus_folder, "changed", augment=AugmentConfig(merge=1.0), training=whole)
    plain, changed = (
        {record["kind"]: record for record in metrics(corpus_folder / name)}
        for name in ("plain", "changed")
    )
    assert plain["validation"]["loss"] == pytest.approx(changed["validation"]["loss"])
    config = json.loads((corpus_folder / "changed" / "config.json").read_text())
    assert config["data"]["augment"]["merge"] == 1.0


def test_a_vocabulary_is_learned_from_capitals_if_the_network_reads_them(corpus_folder, capsys):
    run(corpus_folder, "run", augment=AugmentConfig(upper=0.3))
    assert "upper can change" not in capsys.readouterr().err  # every pair can be
    tokenizer = read_tokenizer(corpus_folder / "run")
    assert UNK_ID not in tokenizer.encode_src(["SUN"])[0]
    assert UNK_ID not in tokenizer.encode_tgt(["NUS"])[0]
    run(corpus_folder, "small")
    small = str(corpus_folder / "small" / "src.model")
    options = {"tokenizer": TokenizerConfig(src_model=small)}
    run(corpus_folder, "tuned", augment=AugmentConfig(upper=0.3), **options)
    said = "upper can change 0 of the first 300 pairs; 300 would get unknown pieces; the others"
    assert said in " ".join(capsys.readouterr().err.split())


def test_the_log_names_the_shares_and_what_cannot_be_changed(corpus_folder, capsys):
    run(corpus_folder, "run", augment=AugmentConfig(typos=0.07, noend=0.5))
    log = capsys.readouterr().err
    assert "augmentation: typos 7 %, noend 50 % of the pairs" in log
    assert "noend can change 0 of the first 300 pairs" in log
    assert "typos can change" not in log
    run(corpus_folder, "off", augment=AugmentConfig())
    assert "augmentation" not in capsys.readouterr().err


def test_a_run_is_resumed_with_the_shares_that_it_was_started_with(corpus_folder):
    run(corpus_folder, "run")
    with pytest.raises(ConfigError, match=r"data\.augment\.typos was 0\.3 and is now 0\.0"):
        run(corpus_folder, "run", augment=AugmentConfig(merge=0.2), resume=True)


def test_a_run_of_an_s2s_without_augmentation_is_resumed(corpus_folder):
    run(corpus_folder, "run", augment=AugmentConfig())
    path = corpus_folder / "run" / "config.json"
    config = json.loads(path.read_text())
    del config["data"]["augment"]
    path.write_text(json.dumps(config))
    longer = replace(CONSTANT, max_updates=14)
    assert run(corpus_folder, "run", augment=AugmentConfig(), training=longer, resume=True)
    with pytest.raises(ConfigError, match=r"data\.augment\.typos was None and is now 0\.3"):
        run(corpus_folder, "run", resume=True)


def test_fine_tuning_takes_the_shares_of_its_run(corpus_folder):
    run(corpus_folder, "run")
    paths = {name: data_of(corpus_folder).to_dict()[name] for name in ("train", "validation")}
    settings = Settings.fine_tuning(corpus_folder / "run")
    assert settings.with_fields({**paths, "max_updates": 1}).data.augment == SHARES
    off = {**paths, "max_updates": 1, "augment": AugmentConfig().to_dict()}
    assert not settings.with_fields(off).data.augment


def test_the_command_trains_and_resumes_with_shares(corpus_folder, capsys):
    out = corpus_folder / "run"
    paths = [
        *("--src", corpus_folder / "train.xx", "--tgt", corpus_folder / "train.yy"),
        *("--val-src", corpus_folder / "val.xx", "--val-tgt", corpus_folder / "val.yy"),
    ]
    small = ("--embedding-size", 16, "--hidden-size", 24, "--vocab-size", 80)
    options = (*paths, *small, "--out", out, "--max-updates", 3)
    assert s2s("train", *options, "--augment", "tpyos=0.5") == 2
    error = capsys.readouterr().err
    assert "augment (--augment) has 'tpyos=0.5'" in error
    assert "did you mean 'typos'?" in error
    assert error.count("\n") == 1
    assert not out.exists()
    assert s2s("train", *options, "--augment", "typos=0.5,merge=0.1") == 0
    assert s2s("train", "--out", out, "--resume", "--max-updates", 4) == 0
    assert capsys.readouterr().err.count("augmentation: typos 50 %, merge 10 % of") == 2
    assert s2s("train", "--out", out, "--resume", "--max-updates", 5, "--augment", "") == 2
    assert "data.augment.merge was 0.1 and is now 0" in capsys.readouterr().err
    assert s2s("info", out) == 0


def test_a_vocabulary_that_cannot_be_sampled_from_is_told_before_any_work(corpus_folder):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter((corpus_folder / "train.xx").read_text().split("\n")),
        model_writer=model,
        vocab_size=40,
        hard_vocab_limit=False,
        model_type="char",
        pad_id=0,
        unk_id=1,
        bos_id=2,
        eos_id=3,
        minloglevel=2,
    )
    (corpus_folder / "char.model").write_bytes(model.getvalue())
    tokenizer = TokenizerConfig(src_model=str(corpus_folder / "char.model"), sampling=0.1)
    with pytest.raises(ConfigError, match="this vocabulary is char; set sampling to 0"):
        run(corpus_folder, "run", tokenizer=tokenizer)
    assert not (corpus_folder / "run").exists()
    run(corpus_folder, "run", tokenizer=replace(tokenizer, sampling=0.0))  # augmented all the same
