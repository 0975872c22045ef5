"""How fast does training go for a user of s2s, OpenNMT-py or JoeyNMT? Whole trainings, in turns.

    python recipes/bench_train_commands.py --data DIR --onmt PYTHON --joeynmt PYTHON

``bench_train_rivals.py`` compares updates on the same batches; here each library reads Multi30k,
cuts it with the same SentencePiece model and makes batches its own way, as ``s2s train``,
``onmt_train`` and ``joeynmt train`` do. All that is not about size or batches is at its default:
input feeding is on in the rivals and off in s2s, OpenNMT-py prepares batches in two more processes.

The figure is the median of what each library itself reports every few updates: target tokens a
second, the end piece counted and padding not (all three count so), without validation. The first
reports are left out: buffers fill there.
"""

import argparse
import gzip
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from s2s.config import EOS_ID, TokenizerConfig
from s2s.text import read_pairs
from s2s.tokenizer.learn import train_tokenizer

HERE = Path(__file__).parent / "rivals"
EMBEDDING_SIZE, HIDDEN_SIZE, DROPOUT, LABEL_SMOOTHING = 256, 512, 0.2, 0.1
LEARNING_RATE, CLIP_NORM = 1e-3, 1.0
VOCAB_SIZE = 8000
MAX_PIECES = 100
REPORT_EVERY = 10
SKIPPED = 3
"""Reports at the start that do not count."""

console = Console(highlight=False, soft_wrap=True, width=112)


@dataclass(frozen=True)
class Command:
    """A training, and how to read its speed."""

    name: str
    words: list[str]
    report: str
    """Regular expression; its group is target tokens a second."""


def write_data(data: Path, folder: Path) -> None:
    """Writes plain text, a SentencePiece model and its pieces, one a line."""
    for name in ("train", "val"):
        for language in ("en", "de"):
            with gzip.open(data / f"{name}.{language}.gz") as packed:
                (folder / f"{name}.{language}").write_bytes(packed.read())
    pairs = list(read_pairs(folder / "train.en", folder / "train.de"))
    config = TokenizerConfig(vocab_size=VOCAB_SIZE)
    tokenizer = train_tokenizer([src for src, _ in pairs], [tgt for _, tgt in pairs], config, 1)
    (folder / "spm.model").write_bytes(tokenizer.src_model)
    pieces = tokenizer.tgt_pieces(range(EOS_ID + 1, tokenizer.tgt_vocab_size))
    special = ["<unk>", "<pad>", "<s>", "</s>"]  # as JoeyNMT wants them
    (folder / "pieces").write_text("\n".join([*special, *pieces]) + "\n", encoding="utf-8")


def s2s_command(folder: Path, options: argparse.Namespace, context: str) -> Command:
    """Returns a training of s2s."""
    settings = {
        "folder": str(folder),
        "pieces": MAX_PIECES,
        "embedding_size": EMBEDDING_SIZE,
        "hidden_size": HIDDEN_SIZE,
        "dropout": DROPOUT,
        "context": context,
        "updates": options.max_updates,
        "batch_tokens": options.batch_tokens,
        "label_smoothing": LABEL_SMOOTHING,
        "learning_rate": LEARNING_RATE,
        "clip_norm": CLIP_NORM,
        "report_every": REPORT_EVERY,
    }
    words = [sys.executable, str(HERE / "train_s2s.py"), json.dumps(settings)]
    name = "s2s" if context == "parallel" else f"s2s, {context}"
    return Command(name, words, r"^([\d.]+) target tokens/s")


def onmt_command(folder: Path, options: argparse.Namespace) -> Command:
    """Returns a training of OpenNMT-py; builds its vocabulary first."""
    corpora = {
        key: {"path_src": str(folder / f"{name}.en"), "path_tgt": str(folder / f"{name}.de")}
        for key, name in (("corpus_1", "train"), ("valid", "val"))
    }
    transforms = ["sentencepiece", "filtertoolong"]
    config: dict[str, Any] = {
        "save_data": str(folder / "onmt"),
        "data": {key: {**corpus, "transforms": transforms} for key, corpus in corpora.items()},
        "src_vocab": str(folder / "onmt.vocab"),
        "share_vocab": True,
        "src_subword_model": str(folder / "spm.model"),
        "tgt_subword_model": str(folder / "spm.model"),
        "src_seq_length": MAX_PIECES,
        "tgt_seq_length": MAX_PIECES,
        "overwrite": True,
    }
    vocabulary = folder / "onmt-vocabulary.yaml"
    vocabulary.write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
    python = [options.onmt, "-m"]
    build = ["onmt.bin.build_vocab", "-config", str(vocabulary), "-n_sample", "-1"]
    subprocess.run([*python, *build], check=True, capture_output=True)  # noqa: S603
    config |= {
        "save_model": str(folder / "onmt-model"),
        "encoder_type": "brnn",
        "decoder_type": "rnn",
        "rnn_type": "LSTM",
        "enc_layers": 1,
        "dec_layers": 1,
        "word_vec_size": EMBEDDING_SIZE,
        "hidden_size": HIDDEN_SIZE,
        "dropout": [DROPOUT],
        "label_smoothing": LABEL_SMOOTHING,
        "optim": "adam",
        "learning_rate": LEARNING_RATE,
        "max_grad_norm": CLIP_NORM,
        "batch_type": "tokens",
        "batch_size": options.batch_tokens,
        "normalization": "tokens",
        "train_steps": options.max_updates,
        "valid_steps": 10_000_000,
        "save_checkpoint_steps": 10_000_000,
        "report_every": REPORT_EVERY,
    }
    path = folder / "onmt.yaml"
    path.write_text(json.dumps(config), encoding="utf-8")
    words = [*python, "onmt.bin.train", "-config", str(path)]
    return Command("OpenNMT-py", words, r"Step .*/\s*(\d+) tok/s")


def joeynmt_command(folder: Path, options: argparse.Namespace) -> Command:
    """Returns a training of JoeyNMT."""
    side = {
        "max_length": MAX_PIECES,
        "level": "bpe",
        "voc_file": str(folder / "pieces"),
        "tokenizer_type": "sentencepiece",
        "tokenizer_cfg": {"model_file": str(folder / "spm.model")},
    }
    layer = {
        "type": "recurrent",
        "rnn_type": "lstm",
        "num_layers": 1,
        "embeddings": {"embedding_dim": EMBEDDING_SIZE, "dropout": DROPOUT},
        "dropout": DROPOUT,
    }
    config = {
        "name": "bench",
        "joeynmt_version": "2.3.0",
        "model_dir": str(folder / "joeynmt"),
        "use_cuda": False,
        "data": {
            "train": str(folder / "train"),
            "dev": str(folder / "val"),
            "dataset_type": "plain",
            "src": {"lang": "en", **side},
            "trg": {"lang": "de", **side},
        },
        "testing": {"beam_size": 1},
        "training": {
            "optimizer": "adam",
            "learning_rate": LEARNING_RATE,
            "learning_rate_min": 0.0,
            "scheduling": "warmupinversesquareroot",
            "learning_rate_warmup": 200,
            "clip_grad_norm": CLIP_NORM,
            "label_smoothing": LABEL_SMOOTHING,
            "normalization": "tokens",
            "batch_size": options.batch_tokens,
            "batch_type": "token",
            "epochs": 1000,
            "updates": options.max_updates,
            "logging_freq": REPORT_EVERY,
            "validation_freq": 1_000_000 * REPORT_EVERY,
            "overwrite": True,
        },
        "model": {
            "encoder": {**layer, "hidden_size": HIDDEN_SIZE // 2, "bidirectional": True},
            "decoder": {
                **layer,
                "hidden_size": HIDDEN_SIZE,
                "hidden_dropout": DROPOUT,
                "attention": "luong",
            },
        },
    }
    path = folder / "joeynmt.yaml"
    path.write_text(json.dumps(config), encoding="utf-8")
    words = [options.joeynmt, "-m", "joeynmt", "train", str(path), "--skip-test"]
    return Command("JoeyNMT", words, r"Tokens per Sec:\s*(\d+)")


def train_once(command: Command, threads: int) -> list[float]:
    """Returns the target tokens a second of each report of one training."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(  # noqa: S603
        command.words,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    rates = [float(found) for found in re.findall(command.report, done.stdout, re.MULTILINE)]
    if done.returncode or len(rates) <= SKIPPED:
        sys.exit(
            f"bench_train_commands: {command.name} ended with code {done.returncode} after "
            f"{len(rates)} reports:\n{done.stdout[-3000:]}"
        )
    return rates[SKIPPED:]


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with Multi30k")
    parser.add_argument("--onmt", help="Python with OpenNMT-py")
    parser.add_argument("--joeynmt", help="Python with JoeyNMT")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--max-updates", type=int, default=150)
    parser.add_argument("--batch-tokens", type=int, default=3300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_data(options.data, folder)
        commands = [s2s_command(folder, options, c) for c in ("parallel", "input_feeding")]
        for python, make in ((options.onmt, onmt_command), (options.joeynmt, joeynmt_command)):
            if python is None:
                console.print(f"{make.__name__.removesuffix('_command')} is left out: no Python")
            else:
                commands.append(make(folder, options))
        loads: list[str] = []
        medians: list[list[float]] = [[] for _ in commands]
        for _ in range(options.rounds):
            for rates, command in zip(medians, commands, strict=True):
                loads.append(Path("/proc/loadavg").read_text(encoding="ascii").split()[0])
                rates.append(statistics.median(train_once(command, options.threads)))
    table = Table(
        title=f"{options.max_updates} updates of up to {options.batch_tokens} target tokens, "
        f"{options.threads} thread(s), {options.rounds} rounds"
    )
    for column in ("command", "tokens/s", "lowest", "highest", "s2s is ... times as fast"):
        table.add_column(column, justify="left" if column == "command" else "right")
    for command, rates in zip(commands, medians, strict=True):
        ratios = [ours / theirs for ours, theirs in zip(medians[0], rates, strict=True)]
        figures = (statistics.median(rates), min(rates), max(rates))
        ratio = f"{statistics.median(ratios):.2f}"
        table.add_row(command.name, *(f"{figure:,.0f}" for figure in figures), ratio)
    console.print(table)
    console.print(f"load average before each training: {', '.join(loads)}")


if __name__ == "__main__":
    main()
