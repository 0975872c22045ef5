"""How fast does s2s train beside OpenNMT-py and JoeyNMT? One update after another, in turns.

    python recipes/bench_train_rivals.py --data DIR --onmt PYTHON --joeynmt PYTHON

DIR holds Multi30k's ``train.en.gz`` and ``train.de.gz``; PYTHON is the interpreter of an
environment in which OpenNMT-py 3.5 or JoeyNMT 2.3 is installed (``recipes/rivals/README.md``). Each
trains a bidirectional LSTM encoder and an attention decoder of one layer on the same batches, which
s2s cut by length: next to no padding, which favours rivals whose own batches hold more. Model,
loss, clipping and optimizer are each library's own; reading and batching are left out.

Each engine is a process that waits while the others have their turn. A pass over the batches that
is not counted comes first; the figure is the median over rounds of target tokens a second, the end
piece counted and padding not. On a processor with units for bf16, s2s trains in bf16 as well, as
``s2s train`` does there; the rivals know no bf16 on a CPU. ``cores`` is how many the process got:
fewer than its threads means that the machine was busy. ``s2s is`` how many times as fast, in the
same round.
"""

import argparse
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rivals.children import Engine, started, take_turns

from s2s.config import BOS_ID, PAD_ID, TokenizerConfig
from s2s.text import read_pairs
from s2s.tokenizer.learn import train_tokenizer
from s2s.train import TrainConfig
from s2s.train.precision import choose_precision

SETTINGS = {
    "embedding_size": 256,
    "hidden_size": 512,
    "dropout": 0.2,
    "label_smoothing": 0.1,
    "learning_rate": 1e-3,
    "clip_norm": 1.0,
    "precision": "fp32",
}
VOCAB_SIZE = 8000
MAX_PIECES = 100

console = Console(highlight=False, soft_wrap=True, width=112)


def engines(onmt: str | None, joeynmt: str | None) -> list[Engine]:
    """Returns s2s and the rivals that are there, each with and without input feeding."""
    found = []
    for name, python, script in (
        ("s2s", sys.executable, "step_s2s.py"),
        ("OpenNMT-py", onmt, "step_onmt.py"),
        ("JoeyNMT", joeynmt, "step_joeynmt.py"),
    ):
        if python is None:
            console.print(f"{name} is left out: no Python given for it")
            continue
        found.append(Engine(name, python, script, {"feeding": False}))
        if name == "s2s":
            # The rivals' output layers read a vector as wide as the layer, 512; that of s2s is as
            # wide as the embeddings. With embeddings of 512 it does more work than theirs.
            wide = {"feeding": False, "embedding_size": SETTINGS["hidden_size"]}
            found.append(Engine("s2s, embeddings 512", python, script, wide))
            if choose_precision(TrainConfig(max_updates=1)) == "bf16":
                low = {"feeding": False, "precision": "bf16"}
                found.append(Engine("s2s, bf16", python, script, low))
                found.append(Engine("s2s, bf16, embeddings 512", python, script, {**wide, **low}))
        found.append(Engine(f"{name}, input feeding", python, script, {"feeding": True}))
    return found


def write_batches(data: Path, path: Path, batch_tokens: int, count: int) -> tuple[int, float]:
    """Writes ``count`` batches, of sentences of equal length together.

    Returns:
        The size of the vocabulary, and the share of target positions that is padding.
    """
    pairs = list(read_pairs(data / "train.en.gz", data / "train.de.gz"))
    sides = [src for src, _ in pairs], [tgt for _, tgt in pairs]
    tokenizer = train_tokenizer(
        *sides, TokenizerConfig(vocab_size=VOCAB_SIZE, tgt_pieces="all"), seed=1
    )
    encoded = zip(tokenizer.encode_src(sides[0]), tokenizer.encode_tgt(sides[1]), strict=True)
    kept = [(src, tgt) for src, tgt in encoded if max(len(src), len(tgt)) <= MAX_PIECES]
    kept.sort(key=lambda pair: (len(pair[1]), len(pair[0])))
    groups: list[list[tuple[list[int], list[int]]]] = [[]]
    for pair in kept:
        if (len(groups[-1]) + 1) * len(pair[1]) > batch_tokens:
            groups.append([])
        groups[-1].append(pair)
    drawn = np.random.default_rng(1).permutation(len(groups))[:count]
    arrays: dict[str, Any] = {}
    padding = positions = 0
    for number, group in enumerate(drawn):
        for side, name in enumerate(("src", "tgt")):
            rows = [pair[side] for pair in groups[group]]
            ids = np.full((len(rows), max(map(len, rows)) + side), PAD_ID, dtype=np.int64)
            ids[:, 0] = BOS_ID
            for row, sentence in enumerate(rows):
                ids[row, side : side + len(sentence)] = sentence
            arrays[f"{name}{number}"] = ids
        padding += int((ids == PAD_ID).sum())
        positions += ids.size - len(ids)
    np.savez(path, **arrays)
    return tokenizer.tgt_vocab_size, padding / positions


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with Multi30k")
    parser.add_argument("--onmt", help="Python with OpenNMT-py")
    parser.add_argument("--joeynmt", help="Python with JoeyNMT")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, default=10, help="batches of a pass")
    parser.add_argument("--batch-tokens", type=int, default=3300)
    options = parser.parse_args()
    work = engines(options.onmt, options.joeynmt)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        path = Path(folder) / "batches.npz"
        vocab_size, padding = write_batches(
            options.data, path, options.batch_tokens, options.batches
        )
        settings = {**SETTINGS, "vocab_size": vocab_size, "threads": options.threads}
        children = [stack.enter_context(started(engine, path, settings)) for engine in work]
        loads = take_turns(children, options.rounds)

    tokens = int(children[0].passes[0]["tokens"])
    table = Table(
        title=f"{options.batches} batches, {tokens:,} target tokens ({padding:.1%} padding beside "
        f"them), vocabulary {vocab_size:,}, {options.threads} thread(s), {options.rounds} rounds"
    )
    columns = ("engine", "M weights", "tokens/s", "lowest", "highest", "cores", "loss", "s2s is")
    for column in columns:
        left = column == "engine"
        table.add_column(column, justify="left" if left else "right", no_wrap=True)
    rates = [[each["tokens"] / each["seconds"] for each in child.passes] for child in children]
    for child, rate in zip(children, rates, strict=True):
        # Of the same round, so that a change of the machine's load drops out.
        ratios = [ours / theirs for ours, theirs in zip(rates[0], rate, strict=True)]
        cores = [each["cpu_seconds"] / each["seconds"] for each in child.passes]
        table.add_row(
            child.engine.name,
            f"{child.about['parameters'] / 1e6:.1f}",
            f"{statistics.median(rate):,.0f}",
            f"{min(rate):,.0f}",
            f"{max(rate):,.0f}",
            f"{statistics.median(cores):.2f}",
            f"{child.passes[-1]['loss']:.2f}",
            f"{statistics.median(ratios):.2f} x",
        )
    console.print(table)
    console.print(f"load average before each round: {', '.join(loads)}")
    for child in children:
        console.print(f"{child.engine.name}: torch {child.about['torch']}")


if __name__ == "__main__":
    main()
