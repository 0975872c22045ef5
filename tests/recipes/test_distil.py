import random
import sys

import pytest

pytest.importorskip("torch")

from recipe_modules import load_recipe

from s2s import Translator
from s2s.config import ModelConfig, TokenizerConfig
from s2s.errors import ConfigError
from s2s.text import read_lines
from s2s.train import CorpusConfig, DataConfig, TrainConfig, train
from s2s_export import export_run

WORDS = {"one": "eins", "two": "zwei", "three": "drei", "four": "vier", "five": "fünf"}
SMALL = ModelConfig(embedding_size=8, hidden_size=8, tie="all")
PIECES = TokenizerConfig(vocab_size=50)


@pytest.fixture
def distil(quick_check, monkeypatch):
    module = load_recipe("distil")
    monkeypatch.setattr(module, "MODEL", SMALL)
    monkeypatch.setattr(module, "TOKENIZER", PIECES)
    monkeypatch.setattr(module, "TRAINING", {"batch_tokens": 60, "bleu_sentences": 2, "workers": 1})
    return module


@pytest.fixture
def text(tmp_path):
    """A folder of parallel text."""
    draw = random.Random(7)  # noqa: S311
    for part, size in (("train", 40), ("val", 6), ("test", 6)):
        rows = [draw.choices(list(WORDS), k=draw.randint(1, 5)) for _ in range(size)]
        for language, lines in (
            ("en", [" ".join(row) for row in rows]),
            ("de", [" ".join(WORDS[word] for word in row) for row in rows]),
        ):
            (tmp_path / f"{part}.{language}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def teachers(text):
    runs = [text / f"teacher-{seed}" for seed in (1, 2)]
    pairs, validation = (
        CorpusConfig(src=str(text / f"{part}.en"), tgt=str(text / f"{part}.de"))
        for part in ("train", "val")
    )
    # Learned enough for no translation to hang on rounding, which torch and the file do apart.
    learning = {"max_updates": 40, "warmup_updates": 4, "learning_rate": 0.02, "validations": 1}
    for seed, run in enumerate(runs, 1):
        train(
            DataConfig(train=(pairs,), validation=(validation,)),
            run,
            training=TrainConfig(**learning, seed=seed, bleu_sentences=0, workers=1),
            model=SMALL,
            tokenizer=PIECES,
        )
    return runs


def test_a_student_learns_from_what_the_ensemble_says(distil, text, teachers, monkeypatch, capfd):
    options = [*teachers, "--out", text / "out", "--max-updates", 5]
    for name, part in (("train", "train"), ("validate", "val"), ("test", "test")):
        options += [f"--{name}", text / f"{part}.en", text / f"{part}.de"]
    monkeypatch.setattr(sys, "argv", ["distil.py", *map(str, options)])
    distil.main()
    out = capfd.readouterr().out
    assert "train.distilled.de: 40 translations, " in out
    assert "teacher fp32" in out
    assert "student int8" in out
    assert "student: 5 updates" in out
    said = list(read_lines(text / "out" / "train.distilled.de"))
    texts = list(read_lines(text / "train.en"))
    assert said == [translation.text for translation in Translator(teachers).translate(texts)]
    config = (text / "out" / "run" / "config.json").read_text(encoding="utf-8")
    assert config.index("train.distilled.de") < config.index(f"{text}/train.de")

    distil.main()  # again: nothing is translated or trained anew
    assert "train.distilled.de already exists and is used" in capfd.readouterr().out

    with pytest.raises(ConfigError, match=r"train.distilled.de was made by another teacher or"):
        distil.teach(
            text / "out" / "fp32.onnx",
            text / "train.en",
            text / "train.de",
            text / "out" / "train.distilled.de",
        )


def test_a_teacher_of_another_direction_is_refused(distil, text, teachers):
    model = text / "teacher.onnx"
    export_run(teachers[0], model)
    with pytest.raises(
        ConfigError, match=r"the teacher translates \{'src': 'en', 'tgt': 'de'\}; expected"
    ):
        distil.teach(model, text / "train.de", text / "train.en", text / "new.en")
    assert not (text / "new.en").exists()
