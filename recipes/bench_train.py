"""How fast does it train? Target tokens a second, memory, and where the time goes.

    python recipes/bench_train.py                              # made-up batches, all shapes
    python recipes/bench_train.py --data DIR --shapes middle gru small    # Multi30k's sentences
    python recipes/bench_train.py --device cuda --precision bf16 --shapes gnmt
    python recipes/bench_train.py --shapes middle --profile    # the operations that take longest

Each shape runs in a process of its own, all in turns, so that a busy machine slows all of them; a
figure is the median round. Tokens are real ones, without padding; "tokens/s" counts those of the
target, as most toolkits do, "both sides" those of the source as well. Updates follow each other as
in a training: nobody waits for a GPU before the last one is done. What the matrix
products of the weights alone would take, at the speed that this process multiplies, is the bound:
``of bound`` is how near a shape comes to it. Made-up batches have no padding, and about the lengths
of Multi30k.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from s2s.config import BOS_ID, EOS_ID, ModelConfig, TokenizerConfig
from s2s.corpus import CorpusConfig
from s2s.corpus.shards import open_shards
from s2s.corpus.stream import Batch, BatchStream, Place, Step
from s2s.corpus.survey import survey
from s2s.model.seq2seq import Seq2Seq
from s2s.model.tf32 import allow_tf32
from s2s.tokenizer.learn import train_tokenizer
from s2s.train import PRESETS, TrainConfig
from s2s.train.average import MovingAverage
from s2s.train.update import AUTOCAST, Updater

MIDDLE = ModelConfig(embedding_size=256, hidden_size=512, dropout=0.2, tie="none")
"""9.8 M parameters with 8,000 pieces, the size at which other toolkits were measured."""
SHAPES: dict[str, tuple[ModelConfig, int, int]] = {
    # Network, pieces of the vocabulary, target tokens of a batch.
    "middle": (MIDDLE, 8000, 3300),
    "gru": (replace(MIDDLE, cell="gru"), 8000, 3300),
    "rnn": (replace(MIDDLE, cell="rnn"), 8000, 3300),
    "peephole": (replace(MIDDLE, cell="peephole"), 8000, 3300),
    "feeding": (replace(MIDDLE, context="input_feeding"), 8000, 3300),
    "feeding-peephole": (
        replace(MIDDLE, cell="peephole", context="input_feeding"),
        8000,
        3300,
    ),
    "small-peephole": (replace(PRESETS["small"].model, cell="peephole"), 4000, 1000),
    "bahdanau": (replace(MIDDLE, cell="gru", attention="mlp"), 8000, 3300),
    "feeding-bahdanau": (
        replace(MIDDLE, cell="gru", attention="mlp", context="input_feeding"),
        8000,
        3300,
    ),
    "gnmt": (
        ModelConfig(
            embedding_size=1024,
            hidden_size=1024,
            encoder_layers=4,
            decoder_layers=4,
            tie="none",
        ),
        32000,
        3300,
    ),
} | {
    name: (
        preset.model,
        preset.tokenizer.vocab_size,
        int(preset.training["largest_batch"]),
    )
    for name, preset in PRESETS.items()
}


class Counts(NamedTuple):
    """What some updates had to do."""

    tgt_tokens: int
    src_tokens: int
    work: float
    """Floating-point operations that are products with weights."""


def made_up(vocab_size: int, batch_tokens: int, count: int) -> list[Step]:
    """Returns steps of random pieces."""
    draw = np.random.default_rng(1)
    steps = []
    for number in range(count):
        tgt_len = int(np.clip(draw.normal(14, 4), 4, 40))
        src_len = int(np.clip(tgt_len + draw.normal(0, 1), 4, 40))
        rows = max(1, batch_tokens // tgt_len)
        src, tgt = (
            draw.integers(EOS_ID + 1, vocab_size, (rows, size)) for size in (src_len, tgt_len)
        )
        src[:, -1] = tgt[:, -1] = EOS_ID
        tgt_in = np.concatenate([np.full((rows, 1), BOS_ID), tgt[:, :-1]], axis=1)
        lengths = np.full(rows, src_len)
        batch = Batch(src, lengths, tgt_in, tgt, tgt.size, number)
        steps.append(Step([batch], tgt.size, rows, Place()))
    return steps


def multi30k(folder: Path, vocab_size: int, batch_tokens: int) -> tuple[BatchStream, int]:
    """Returns the batches of Multi30k, English to German, and the size of its vocabulary."""
    names = [str(folder / f"train.{language}.gz") for language in ("en", "de")]
    config = CorpusConfig(src=names[0], tgt=names[1])
    found = survey([config], 1_000_000, 1)
    tokenizer = train_tokenizer(found.src, found.tgt, TokenizerConfig(vocab_size=vocab_size), 1)
    with tempfile.TemporaryDirectory() as cache:
        limits: dict[str, Any] = {"max_pieces": 200, "max_ratio": 4.0, "keep_text": False}
        shards = open_shards(config, tokenizer, Path(cache), **limits, report=lambda _: None)
        stream = BatchStream([(shards, 1.0)], batch_tokens=batch_tokens, accumulate=1, seed=1)
        next(stream.steps())  # it is read before the folder goes
    return stream, tokenizer.src_vocab_size


def multiplications(model: Seq2Seq, batch: Batch) -> float:
    """Returns the floating-point operations of a step that are products with weights."""
    src_sizes = tgt_sizes = 0
    for name, weight in model.named_parameters():
        if weight.ndim < 2 or ".embedding." in name or "bridge" in name:
            continue
        of_src = name.startswith("encoder.") or name == "decoder.attention.key.weight"
        src_sizes += weight.numel() if of_src else 0
        tgt_sizes += 0 if of_src else weight.numel()
    if model.config.tie != "none":  # then the output layer's weight has an embedding's name
        tgt_sizes += model.output.weight.numel()
    # Two for each weight and token forward, and twice that backward.
    return 6.0 * (src_sizes * batch.src.size + tgt_sizes * batch.tgt_in.size)


def speed_of_products(device: torch.device, precision: str, clock: Callable[[], float]) -> float:
    """Returns operations a second of a matrix product: of a usual size, large enough for a GPU."""
    dtype = AUTOCAST.get(precision, torch.float32)
    rows, inner, columns = (8192, 8192, 8192) if device.type == "cuda" else (3300, 768, 2048)
    left = torch.randn(rows, inner, device=device, dtype=dtype)
    right = torch.randn(inner, columns, device=device, dtype=dtype)
    seconds = []
    for _ in range(10):
        start = clock()
        torch.mm(left, right)
        synchronize(device)
        seconds.append(clock() - start)
    return 2.0 * left.numel() * columns / statistics.median(seconds)


def synchronize(device: torch.device) -> None:
    """Waits until a GPU has done what it was asked for."""
    if device.type == "cuda":
        torch.cuda.synchronize()


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Trains one shape for some updates; returns its figures."""
    config, vocab_size, batch_tokens = SHAPES[options.measure]
    batch_tokens = options.batch_tokens or batch_tokens
    device = torch.device(options.device)
    count = options.updates + options.warm_up
    if options.data is None:
        stream = None
        steps = iter(made_up(vocab_size, batch_tokens, count))
    else:
        stream, vocab_size = multi30k(options.data, vocab_size, batch_tokens)
        steps = stream.steps()
    torch.manual_seed(1)
    model = Seq2Seq(replace(config, src_vocab_size=vocab_size, tgt_vocab_size=vocab_size))
    model.to(device).train()
    training = TrainConfig(max_updates=1, device=options.device, precision=options.precision)
    if device.type == "cuda":
        allow_tf32(options.precision != "fp32")
    updater = Updater(model, training)
    average = MovingAverage(model, 0.99)

    def train(some: Iterable[Step]) -> Counts:
        tgt, src, work = 0, 0, 0.0
        for step in some:
            updater.update(step, 1e-4)
            average.update(model, 1)
            tgt += step.tokens
            src += sum(int(batch.src_lengths.sum()) for batch in step.batches)
            work += sum(multiplications(model, batch) for batch in step.batches)
        synchronize(device)
        return Counts(tgt, src, work)

    train(islice(steps, options.warm_up))
    clock = time.process_time if options.cpu_time else time.perf_counter
    products = speed_of_products(device, options.precision, clock)
    waited = 0.0 if stream is None else stream.waited
    start = clock()
    done = train(islice(steps, options.updates))
    seconds = clock() - start
    if options.profile:
        with torch.profiler.profile() as profile:
            train(made_up(vocab_size, batch_tokens, 5))
        where = "device" if device.type == "cuda" else "cpu"
        keys = profile.key_averages()
        print(keys.table(sort_by=f"self_{where}_time_total", row_limit=20), file=sys.stderr)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if device.type == "cuda":
        peak = torch.cuda.max_memory_allocated() / 2**20
    return {
        "parameters": model.num_parameters(),
        "tokens_per_second": done.tgt_tokens / seconds,
        "both_sides": (done.src_tokens + done.tgt_tokens) / seconds,
        "of_bound": done.work / products / seconds,
        "products": products,
        "peak_mib": peak,
        "data_share": 0.0 if stream is None else (stream.waited - waited) / seconds,
    }


def main() -> None:
    """Measures each shape in turns and prints a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--shapes", nargs="+", choices=list(SHAPES), default=list(SHAPES))
    parser.add_argument("--data", type=Path, help="folder with train.en.gz and train.de.gz")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--precision", choices=["fp32", "tf32", "bf16", "fp16"], default="fp32")
    parser.add_argument("--batch-tokens", type=int, help="for all shapes")
    parser.add_argument("--updates", type=int, default=12, help="per round")
    parser.add_argument("--warm-up", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cpu-time", action="store_true", help="count it, on a busy machine")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--measure", choices=list(SHAPES), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        print(json.dumps(measure(options)))
        return
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in options.shapes}
    # As `s2s train` sets it; each measurement is a process that loads torch anew.
    environment = {"GOMP_SPINCOUNT": "3000", **os.environ}
    for _ in range(options.rounds):
        for name in options.shapes:
            command = [sys.executable, __file__, *sys.argv[1:], "--measure", name]
            done = subprocess.run(  # noqa: S603
                command, stdout=subprocess.PIPE, text=True, check=True, env=environment
            )
            found[name].append(json.loads(done.stdout))
    what = "made-up batches" if options.data is None else "Multi30k"
    title = f"{what}, {options.device}, {options.precision}, {torch.get_num_threads()} threads"
    table = Table(title=f"{title}, median of {options.rounds} rounds")
    columns = "shape|M parameters|tokens/s|both sides|of bound|GFLOP/s|peak MiB|data"
    for column in columns.split("|"):
        table.add_column(column, justify="left" if column == "shape" else "right")
    for name, rounds in found.items():
        middle = {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}
        table.add_row(
            name,
            f"{middle['parameters'] / 1e6:.1f}",
            f"{middle['tokens_per_second']:,.0f}",
            f"{middle['both_sides']:,.0f}",
            f"{middle['of_bound']:.0%}",
            f"{middle['products'] / 1e9:,.0f}",
            f"{middle['peak_mib']:,.0f}",
            f"{middle['data_share']:.1%}",
        )
    Console(width=112).print(table)


if __name__ == "__main__":
    main()
