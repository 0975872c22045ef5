"""The vocabulary of a training: which text it is learned from, and what it cannot write."""

import json
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from tiny_runs import MODEL, TOKENIZER, TRAINING, data_of

from s2s.config import UNK_ID, TokenizerConfig
from s2s.corpus import CorpusConfig
from s2s.corpus.chunks import PairCounts
from s2s.formats.run_folder import read_config, read_tokenizer
from s2s.tokenizer.pieces import algorithm_of
from s2s.train import train
from s2s.train.vocabulary import warn_of_unknown

RARE = "你好世界我们喜欢吃米饭和面包"


def run(folder, data, vocab_size):
    train(
        data,
        folder / "run",
        training=replace(TRAINING, max_updates=1),
        model=MODEL,
        tokenizer=replace(TOKENIZER, vocab_size=vocab_size),
    )
    return read_tokenizer(folder / "run")


@pytest.mark.parametrize("weight", [1.0, 100.0])
def test_a_small_corpus_counts_in_the_vocabulary_by_its_weight(
    corpus_folder, weight, capsys, caplog
):
    data = data_of(corpus_folder)
    for side in ("xx", "yy"):
        path = corpus_folder / f"train.{side}"
        path.write_text(path.read_text() * 20)
        (corpus_folder / f"rare.{side}").write_text("".join(f"{line}\n" for line in RARE))
    rare = CorpusConfig(
        src=str(corpus_folder / "rare.xx"), tgt=str(corpus_folder / "rare.yy"), weight=weight
    )
    tokenizer = run(corpus_folder, replace(data, train=(*data.train, rare)), 80)
    unknown = sum(UNK_ID in ids for ids in tokenizer.encode_tgt(RARE))
    assert unknown == (0 if weight > 1 else len(RARE))
    err = capsys.readouterr().err
    assert "learning a vocabulary from 6,014 of 6,014 pairs" in err
    assert ("pairs, as often as their weights say\n" in err) == (weight > 1)
    assert ("; unknown in 14 sources and 14 targets\n" in err) == (weight == 1)
    assert ("14 of 14 targets of" in caplog.text) == (weight == 1)


WORDS = [f"{first}{last}" for first in "bdgk" for last in "aeiouy"]


@pytest.mark.parametrize("algorithm", ["auto", "bpe", "char"])
def test_a_training_on_words_has_characters_or_advises_them(corpus_folder, algorithm, capsys):
    words = [f"{first}{middle}{last}" for first in WORDS for middle in "lmnr" for last in "aeio"]
    for side in ("xx", "yy"):
        text = "".join(f"{word}\n" for word in words[:300])
        (corpus_folder / f"train.{side}").write_text(text)

    def start(updates, **how):
        return train(
            data_of(corpus_folder),
            corpus_folder / "run",
            training=replace(TRAINING, max_updates=updates),
            model=MODEL,
            tokenizer=replace(TOKENIZER, vocab_size=60, algorithm=algorithm),
            **how,
        )

    start(1)
    err = capsys.readouterr().err
    assert ("has characters, not pieces of words (--algorithm)" in err) == (algorithm == "auto")
    assert ("(--algorithm char)" in err) == (algorithm == "bpe")
    used = "bpe" if algorithm == "bpe" else "char"
    assert read_config(corpus_folder / "run")["tokenizer"]["algorithm"] == used
    assert algorithm_of(read_tokenizer(corpus_folder / "run").src_model) == used
    assert start(2, resume=True).updates == 2


@pytest.mark.parametrize("algorithm", ["auto", "bpe"])
def test_a_run_with_an_existing_vocabulary_goes_on_with_the_same_settings(corpus_folder, algorithm):
    data = data_of(corpus_folder)
    learned = replace(TOKENIZER, algorithm="unigram")
    train(data, corpus_folder / "first", training=TRAINING, model=MODEL, tokenizer=learned)
    path = str(corpus_folder / "first" / "src.model")
    tokenizer = TokenizerConfig(src_model=path, algorithm=algorithm)
    for updates, resume in ((1, False), (2, True)):
        result = train(
            data,
            corpus_folder / "run",
            training=replace(TRAINING, max_updates=updates),
            model=MODEL,
            tokenizer=tokenizer,
            resume=resume,
        )
    assert result.updates == 2
    used = read_config(corpus_folder / "run")["tokenizer"]["algorithm"]
    assert used == ("unigram" if algorithm == "auto" else algorithm)


def test_targets_with_unknown_characters_are_counted_and_warned_of(corpus_folder, capsys, caplog):
    path = corpus_folder / "train.yy"
    path.write_text(path.read_text().replace("\n", "Ж\n", 1))
    run(corpus_folder, data_of(corpus_folder), 80)
    err = capsys.readouterr().err
    assert "training: 300 pairs read" in err
    assert "; unknown in 0 sources and 1 targets\n" in err
    assert "1 of 300 targets of " in caplog.text
    assert "train.yy (0.3 %) have characters or words without a piece" in caplog.text


@pytest.mark.parametrize(("unknown", "warned"), [(0, False), (9, False), (10, True), (999, True)])
def test_one_target_in_a_thousand_is_a_warning(unknown, warned, caplog):
    warn_of_unknown("x", PairCounts(accepted=10_000, tgt_unknown=unknown))
    assert bool(caplog.records) == warned


def test_counts_of_earlier_versions_have_no_unknown_pieces():
    counts = PairCounts(accepted=3, tgt_unknown=1).to_dict()
    old = {name: value for name, value in counts.items() if "unknown" not in name}
    assert PairCounts.from_dict(json.loads(json.dumps(old))) == PairCounts(accepted=3)
