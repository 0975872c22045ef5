"""Trainings with kept texts, and what is translated with them."""

import json
from collections import Counter
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from tiny_runs import MODEL, TOKENIZER, TRAINING, assert_same_weights, data_of

from s2s import Translator
from s2s.cli import main
from s2s.errors import ConfigError, ModelError
from s2s.model.ensemble import load_runs
from s2s.model.run import load_run
from s2s.tokenizer.keep import KEEP_PIECE, KeepPatterns
from s2s.train import train

PATTERNS = (r"\{\w+\}", r"</?\w+>")


@pytest.fixture
def kept_folder(corpus_folder):
    """The corpus with a kept text in every second pair."""
    for path in corpus_folder.iterdir():
        lines = path.read_text().splitlines()
        lines[::2] = [
            f"{line} {{n{number}}}" if path.suffix == ".xx" else f"{{n{number}}} {line}"
            for number, line in enumerate(lines[::2])
        ]
        path.write_text("".join(f"{line}\n" for line in lines))
    return corpus_folder


def run(folder, out, keep=PATTERNS, **changes):
    options = {"training": TRAINING, "model": MODEL, "tokenizer": TOKENIZER, **changes}
    return train(replace(data_of(folder), keep=keep), folder / out, **options)


@pytest.mark.parametrize(
    "tokenizer",
    [
        TOKENIZER,
        replace(TOKENIZER, sampling=0.2),
        replace(TOKENIZER, algorithm="unigram", sampling=0.5, vocab_size=60),
        replace(TOKENIZER, joint=False),
    ],
    ids=["bpe", "bpe sampled", "unigram sampled", "separate"],
)
def test_a_run_keeps_and_resumes(kept_folder, tokenizer, capsys):
    options = {"tokenizer": tokenizer}
    if not tokenizer.joint:
        options["model"] = replace(MODEL, tie="target")
    run(kept_folder, "whole", **options)
    assert "150 kept texts in 150 pairs" in capsys.readouterr().err
    with pytest.raises(ConfigError, match=r"data\.keep\.0 was .* is now 'x'"):
        run(kept_folder, "whole", keep=("x", PATTERNS[1]), resume=True, **options)
    loaded = load_run(kept_folder / "whole")
    assert loaded.card["keep"] == list(PATTERNS)
    translator = Translator(kept_folder / "whole", threads=1)
    texts = ["sun {n} moon", "<b>rain</b> {n} {m}", f"snow {KEEP_PIECE}", "tree", "{n}"]
    keep = KeepPatterns(PATTERNS)
    for text, each in zip(texts, translator.translate(texts, n_best=3), strict=True):
        for hypothesis in each.hypotheses:
            kept = Counter(keep.texts(hypothesis.text))
            assert kept == Counter(keep.texts(text))
    for hypothesis in translator.translate(["sun {a} Ω 👍 moon"], n_best=2)[0].hypotheses:
        assert [hypothesis.text.count(text) for text in ("{a}", "Ω", "👍")] == [1, 1, 1]
    plain = translator.translate(["tree", "sun"], keep="")
    assert plain == translator.translate(["tree", "sun"])
    assert "{n}" not in translator.translate(["sun {n}"], keep=[], placeables="off")[0].text
    assert "{n}" in translator.translate(["sun {n}"], keep=[])[0].text
    assert "sun" in translator.translate(["moon sun"], keep="sun")[0].text


def test_a_training_with_kept_texts_resumes_exactly(kept_folder):
    constant = replace(TRAINING, decay="constant")
    tokenizer = replace(TOKENIZER, sampling=0.2)
    run(kept_folder, "whole", training=constant, tokenizer=tokenizer)
    stopped = replace(constant, max_updates=5)
    run(kept_folder, "parts", training=stopped, tokenizer=tokenizer)
    run(kept_folder, "parts", training=constant, tokenizer=tokenizer, resume=True)
    assert_same_weights(kept_folder / "whole", kept_folder / "parts")


def test_fine_tuning_learns_to_keep_and_goes_on_keeping(kept_folder, capsys):
    run(kept_folder, "plain", keep=())
    assert "keep" not in load_run(kept_folder / "plain").card
    options = ("--train", f"{kept_folder}/train:xx-yy", "--validate", f"{kept_folder}/val:xx-yy")
    limits = ("--max-updates", 4, "--set", "validate_every=2")

    def s2s(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in ("train", *options, *limits, *arguments)])
        assert ended.value.code == 0

    patterns = [word for pattern in PATTERNS for word in ("--keep", pattern)]
    s2s("--init", kept_folder / "plain", "--out", kept_folder / "kept", *patterns)
    assert "0 composed, 1 new" in capsys.readouterr().err
    s2s("--init", kept_folder / "kept", "--out", kept_folder / "more", "--new-pieces", 5)
    s2s("--init", kept_folder / "kept", "--out", kept_folder / "none", "--keep", "")
    cards = [load_run(kept_folder / name).card.get("keep") for name in ("kept", "more", "none")]
    assert cards == [list(PATTERNS), list(PATTERNS), None]
    with pytest.raises(ModelError, match="cannot translate together: their keep patterns"):
        load_runs([kept_folder / "kept", kept_folder / "none"])


def test_the_model_file_keeps(kept_folder):
    export_run = pytest.importorskip("s2s_export").export_run
    run(kept_folder, "run")
    export_run(kept_folder / "run", kept_folder / "model.onnx", "fp32")
    translator = Translator(kept_folder / "model.onnx", threads=1)
    assert translator.card["keep"] == list(PATTERNS)
    texts = ["sun {n} moon", "<b>rain</b>"]
    translations = translator.translate(texts)
    torchs = Translator(kept_folder / "run").translate(texts)
    assert [translation.text for translation in translations] == [
        translation.text for translation in torchs
    ]
    assert "{n}" in translations[0].text
    config = json.loads((kept_folder / "run" / "config.json").read_text())
    assert config["keep"] == list(PATTERNS)
    config["keep"] = "x"
    (kept_folder / "run" / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="its keep is 'x'; expected a list of strings"):
        Translator(kept_folder / "run")
