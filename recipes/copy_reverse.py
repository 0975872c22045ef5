"""A smoke test of the whole way in a minute: sequences of symbols, copied or read backwards.

    python recipes/copy_reverse.py --out runs/copy_reverse

The recipe makes its own data: sequences of 3 to 12 letters, no test sequence among those trained
on. Every unseen sequence has to come out right, from torch and from both ONNX files; if one does
not, the exit status is 1. What becomes of longer sequences than those trained on, of 13 to 24
letters, is reported beside it and may be anything.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from s2s import S2SError, Translator
from s2s.config import ModelConfig, SearchConfig, TokenizerConfig
from s2s.train import CorpusConfig, DataConfig, TrainConfig, train
from s2s_export import export_run

TASKS: dict[str, Callable[[str], str]] = {
    "copy": lambda sequence: sequence,
    "reverse": lambda sequence: sequence[::-1],
}
SYMBOLS = "abcdefghijklmnopqrst"
TRAINED = range(3, 13)
LONGER = (range(13, 16), range(16, 19), range(19, 22), range(22, 25))
PER_LENGTH = 1600
"""Sequences of each length."""
TESTED = 100
"""Of each length; as many for validation."""

# Without word dropout, one to five of a thousand sequences go wrong, most of them where a letter
# comes twice: what was said last does not tell where the reader is.
MODEL = ModelConfig(
    embedding_size=64, hidden_size=128, cell="gru", dropout=0.0, word_dropout=0.2, tie="all"
)
TOKENIZER = TokenizerConfig(algorithm="word")
TRAINING = {
    "learning_rate": 6e-3,
    "warmup_updates": 100,
    "batch_tokens": 1000,
    "label_smoothing": 0.0,
    "ema_decay": 0.99,
    "bleu_sentences": 0,  # BLEU is soon 100, and of equal ones the first would be kept: by loss
    "validations": 4,
}

console = Console(highlight=False, soft_wrap=True)


def distinct(length: int, count: int, random: np.random.Generator) -> list[str]:
    """Returns different sequences of letters with blanks between them."""
    found: dict[str, None] = {}
    while len(found) < count:
        found[" ".join(random.choice(list(SYMBOLS), length))] = None
    return list(found)


def draw(seed: int) -> dict[str, list[str]]:
    """Returns train, val, test and longer; no sequence is twice in all of them."""
    random = np.random.default_rng(seed)
    parts: dict[str, list[str]] = {"train": [], "val": [], "test": [], "longer": []}
    for length in TRAINED:
        sequences = distinct(length, PER_LENGTH, random)
        parts["test"] += sequences[:TESTED]
        parts["val"] += sequences[TESTED : 2 * TESTED]
        parts["train"] += sequences[2 * TESTED :]
    for lengths in LONGER:
        for length in lengths:
            parts["longer"] += distinct(length, TESTED, random)
    return parts


def write_pairs(folder: Path, part: str, task: str, sequences: list[str]) -> CorpusConfig:
    """Writes sequences and what they become."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{part}.{side}" for side in ("src", "tgt")]
    answers = [TASKS[task](sequence) for sequence in sequences]
    for path, texts in zip(paths, (sequences, answers), strict=True):
        text = "".join(text + "\n" for text in texts)
        path.write_text(text, encoding="utf-8", newline="\n")
    return CorpusConfig(src=str(paths[0]), tgt=str(paths[1]))


def accuracy(translator: Translator, task: str, sequences: list[str]) -> float:
    """Returns the share of sequences that come out right, in percent."""
    found = translator.translate(sequences)
    right = sum(
        translation.text == TASKS[task](sequence)
        for translation, sequence in zip(found, sequences, strict=True)
    )
    return 100 * right / len(sequences)


def learn(task: str, arguments: argparse.Namespace, table: Table) -> bool:
    """Data, training, export, a row of the table for each model; whether all is right in range."""
    out = arguments.out / task
    parts = draw(arguments.seed)
    train_pairs, validation = (
        write_pairs(out / "data", part, task, parts[part]) for part in ("train", "val")
    )
    data = DataConfig(train=(train_pairs,), validation=(validation,))
    training = TrainConfig(max_updates=arguments.max_updates, seed=arguments.seed, **TRAINING)
    start = time.monotonic()
    # Both sides are equally long, but a copy of any length is to find its end by itself.
    search = SearchConfig(in_step=False)
    train(data, out / "run", training=training, model=MODEL, tokenizer=TOKENIZER, search=search)
    seconds = time.monotonic() - start

    models = {"torch": out / "run"}
    for precision in ("fp32", "int8"):
        models[f"ONNX {precision}"] = out / f"{precision}.onnx"
        console.print(str(export_run(out / "run", models[f"ONNX {precision}"], precision)))
    perfect = True
    for name, path in models.items():
        translator = Translator(path)
        in_range = accuracy(translator, task, parts["test"])
        perfect &= in_range == 100
        row = [task, name, f"{in_range:.2f}"]
        for lengths in LONGER:
            some = [each for each in parts["longer"] if len(each.split()) in lengths]
            row.append(f"{accuracy(translator, task, some):.1f}")
        table.add_row(*row, f"{seconds:.0f}")
    return perfect


def main() -> None:
    """Learns the tasks one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--task", choices=[*TASKS, "both"], default="both")
    parser.add_argument("--out", type=Path, default=Path("runs/copy_reverse"))
    parser.add_argument("--max-updates", type=int, default=800)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    tasks = list(TASKS) if arguments.task == "both" else [arguments.task]
    for task in tasks:
        if (arguments.out / task).exists():
            sys.exit(
                f"copy_reverse: error: {arguments.out / task} already exists; remove it, or "
                "name another --out"
            )
    columns = [f"{lengths[0]}-{lengths[-1]}" for lengths in (TRAINED, *LONGER)]
    table = Table("task", "model", *(f"{column} letters" for column in columns), "training s")
    failed = [task for task in tasks if not learn(task, arguments, table)]
    console.print(table)
    if failed:
        sys.exit(
            f"copy_reverse: error: {' and '.join(failed)}: a model made errors on unseen sequences "
            f"of {columns[0]} letters; expected 100 % from every model"
        )


if __name__ == "__main__":
    try:
        main()
    except S2SError as error:
        sys.exit(f"copy_reverse: error: {error}")
