"""Makes tests/data/run-0.1.0: the folder of a run as s2s 0.1.0 wrote it, of a few kilobytes.

    git worktree add ../s2s-0.1.0 6ce9bf5
    PYTHONPATH=../s2s-0.1.0 python tests/make_tiny_run.py

It is trained by that version, on text that is made up here: German numbers up to ten and their
English names, one to three a sentence. What is needed to go on training is left out.
"""

import os
import random
import shutil
import tempfile
from pathlib import Path

import s2s
from s2s.config import ModelConfig, SearchConfig, TokenizerConfig
from s2s.train import DataConfig, TrainConfig, train

OUTPUT = Path(__file__).parent / "data" / "run-0.1.0"
FILES = ("config.json", "src.model", "tgt.model", "best.safetensors")
GERMAN = ["eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn"]
ENGLISH = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def write_text(name: str, count: int, rng: random.Random) -> None:
    """Writes pairs of one to three numbers."""
    rows = [rng.choices(range(len(GERMAN)), k=rng.randint(1, 3)) for _ in range(count)]
    for code, words in (("de", GERMAN), ("en", ENGLISH)):
        lines = [" ".join(words[number] for number in row) + "\n" for row in rows]
        Path(f"{name}.{code}").write_text("".join(lines), encoding="utf-8")


def main() -> None:
    """Trains, and keeps what translating needs."""
    assert "0.1.0" in s2s.__file__, f"{s2s.__file__} is not that of 0.1.0"
    rng = random.Random(1)  # noqa: S311
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # so that the configuration names no folder of this machine
        write_text("train", 4000, rng)
        write_text("val", 50, rng)
        train(
            DataConfig(
                train_src="train.de", train_tgt="train.en", val_src="val.de", val_tgt="val.en"
            ),
            "run",
            training=TrainConfig(
                max_updates=2000,
                batch_tokens=400,
                learning_rate=1e-2,
                warmup_updates=50,
                bleu_sentences=0,
            ),
            model=ModelConfig(
                embedding_size=10, hidden_size=16, cell="gru", tie="target", dropout=0.0
            ),
            # Words, as pieces: a model of a kilobyte, without the table of rules for characters.
            tokenizer=TokenizerConfig(vocab_size=40, joint=False, normalization="identity"),
            search=SearchConfig(beam_size=2, max_length=20),
        )
        OUTPUT.mkdir(exist_ok=True)
        for name in FILES:
            shutil.copy(Path("run") / name, OUTPUT / name)


if __name__ == "__main__":
    main()
