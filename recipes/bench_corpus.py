"""What does it take to train on ten million pairs? Seconds, memory, and batches a second.

    python recipes/bench_corpus.py --out FOLDER                        # 500,000 pairs
    python recipes/bench_corpus.py --out FOLDER --pairs 10000000       # 2.3 GB of disk
    python recipes/bench_corpus.py --out FOLDER --sampling 0.1         # pieces anew each epoch
    python recipes/bench_corpus.py --out FOLDER --augment typos=0.05   # some pairs changed

Text is made up: words of syllables, as frequent as Zipf's law has it, about 12 a sentence; the
target says the same in words of its own, in another order. Each line of the table is a process of
its own; memory is the highest that it and its encoding processes had, of its own and of files.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from s2s.config import TokenizerConfig
from s2s.corpus import AugmentConfig, CorpusConfig
from s2s.corpus.shards import Shards, open_shards
from s2s.corpus.stream import BatchStream
from s2s.corpus.survey import survey
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.learn import train_tokenizer

WORDS = 50_000
SMALL = 20_000
BLOCK = 100_000
SAMPLE = 50_000
"""Pairs that the vocabulary is learned from; a training takes two million."""
VOCABULARY = 8000
BATCH_TOKENS = 8000
Figures = dict[str, float]


def made_up_words(seed: int) -> list[str]:
    """Returns different words, the shorter the more frequent they will be."""
    random = np.random.default_rng(seed)
    syllables = [a + b for a in "bcdfghklmnprstvz" for b in "aeiou"]
    words: dict[str, None] = {}
    while len(words) < WORDS:
        length = 1 + min(len(words) * 5 // WORDS + int(random.integers(0, 3)), 5)
        words["".join(random.choice(syllables, length))] = None
    return list(words)


def write_text(config: CorpusConfig, pairs: int) -> None:
    """Writes a corpus, if it is not there."""
    if Path(config.tgt).exists():
        return
    src_words, tgt_words = (np.array(made_up_words(seed), object) for seed in (1, 2))
    random = np.random.default_rng(3)
    chances = np.cumsum(1 / (2 + np.arange(WORDS)))
    half = Path(config.tgt).with_suffix(".half")
    with Path(config.src).open("w") as src, half.open("w") as tgt:
        for start in range(0, pairs, BLOCK):
            count = min(BLOCK, pairs - start)
            ends = np.cumsum(random.normal(12, 5, count).clip(1, 40).astype(int))
            drawn = np.searchsorted(chances, random.random(ends[-1]) * chances[-1])
            before = 0
            src_text, tgt_text = src_words[drawn], tgt_words[drawn]
            for end in ends.tolist():
                src.write(" ".join(src_text[before:end]) + "\n")
                tgt.write(" ".join(tgt_text[before:end][::-1]) + "\n")
                before = end
    half.rename(config.tgt)


class Memory:
    """The most memory that this process and its children had while the block ran, in MB."""

    def __init__(self) -> None:
        self.most: Figures = {"own": 0.0, "files": 0.0, "workers": 0.0}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        ended = False
        while not ended:
            ended = self._ended.wait(0.2)  # and once more at the end
            tasks = Path("/proc/self/task").glob("*/children")
            children = {number for task in tasks for number in task.read_text().split()}
            own = self._read("self")
            now = {
                "own": own.get("RssAnon", 0.0),
                "files": own.get("RssFile", 0.0),
                "workers": sum(self._read(number).get("VmRSS", 0.0) for number in children),
            }
            self.most = {name: max(value, now[name]) for name, value in self.most.items()}

    @staticmethod
    def _read(process: str) -> Figures:
        try:
            lines = Path(f"/proc/{process}/status").read_text().splitlines()
        except OSError:  # it has just ended
            return {}
        fields = (line.split() for line in lines)
        return {f[0].rstrip(":"): int(f[1]) / 1024 for f in fields if f[-1] == "kB"}


class Phases:
    """What is measured, on one corpus."""

    def __init__(self, folder: Path, pairs: int, sampling: float, augment: str) -> None:
        self.pairs = pairs
        self.sampling = sampling
        self.augment = AugmentConfig.parse(augment)
        self.config = CorpusConfig(src=f"{folder}/{pairs}.xx", tgt=f"{folder}/{pairs}.yy")
        self.model = folder / f"{pairs}.model"
        self.cache = folder / "cache"

    def survey(self) -> Figures:
        """The pass over the text before all else; learning the vocabulary is not timed."""
        start = time.perf_counter()
        found = survey([self.config], SAMPLE, 1)
        seconds = time.perf_counter() - start
        settings = TokenizerConfig(vocab_size=VOCABULARY)
        self.model.write_bytes(train_tokenizer(found.src, found.tgt, settings, 1).src_model)
        return {"seconds": seconds, "pairs/s": self.pairs / seconds}

    def tokenise(self) -> Figures:
        """Text to files of ids."""
        start = time.perf_counter()
        self._open()
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "pairs/s": self.pairs / seconds}

    def reuse(self) -> Figures:
        """The same again, when it is there."""
        return self.tokenise()

    def start(self) -> Figures:
        """From files to the first batch."""
        stream = self._stream()
        start = time.perf_counter()
        with closing(stream.steps()) as steps:
            next(steps)
        return {"seconds": time.perf_counter() - start}

    def stream(self) -> Figures:
        """An epoch of batches, with nobody who trains on them."""
        stream = self._stream()
        start = time.perf_counter()
        tokens = pairs = padded = 0
        longest = 0.0
        with closing(stream.steps()) as steps:
            while pairs < stream.pairs_in_epoch:
                before = time.perf_counter()
                step = next(steps)
                longest = max(longest, time.perf_counter() - before)
                tokens += step.tokens
                pairs += step.pairs
                padded += sum(batch.tgt_out.size for batch in step.batches)
        seconds = time.perf_counter() - start
        return {
            "seconds": seconds,
            "pairs/s": pairs / seconds,
            "tokens/s": tokens / seconds,
            "padding": padded / tokens - 1,
            "longest wait": longest,
        }

    def _tokenizer(self) -> Tokenizer:
        return Tokenizer(self.model.read_bytes())

    def _open(self) -> Shards:
        return open_shards(
            self.config,
            self._tokenizer(),
            self.cache,
            max_pieces=200,
            max_ratio=4.0,
            keep_text=self.sampling > 0 or bool(self.augment),
            report=lambda line: print(line, file=sys.stderr),
        )

    def _stream(self) -> BatchStream:
        return BatchStream(
            [(self._open(), 1.0)],
            batch_tokens=BATCH_TOKENS,
            accumulate=1,
            seed=1,
            sampling=self.sampling,
            augment=self.augment,
            tokenizer=self._tokenizer(),
        )


def measure(options: argparse.Namespace, pairs: int, phase: str) -> Figures:
    """Runs one phase in a process of its own."""
    command = [sys.executable, __file__, "--out", str(options.out), "--pairs", str(pairs)]
    command += ["--sampling", str(options.sampling), "--augment", options.augment]
    command += ["--phase", phase]
    found: Figures = json.loads(subprocess.check_output(command))  # noqa: S603
    return found


def run_phase(options: argparse.Namespace) -> None:
    """Prints the figures of a phase as JSON."""
    phases = Phases(options.out, options.pairs, options.sampling, options.augment)
    phase: Callable[[], Figures] = getattr(phases, options.phase)
    before = time.process_time()
    with Memory() as memory:
        figures = phase()
    print(json.dumps(figures | {"cpu": time.process_time() - before} | memory.most))


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--out", type=Path, required=True, help="write text and ids here")
    parser.add_argument("--pairs", type=int, default=500_000)
    parser.add_argument("--sampling", type=float, default=0.0)
    parser.add_argument("--augment", default="", help="shares, as for s2s train")
    parser.add_argument("--phase", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.phase:
        run_phase(options)
        return
    options.out.mkdir(parents=True, exist_ok=True)
    names = ["survey", "tokenise", "reuse", "start", "stream"]
    columns = {
        "seconds": "{:,.1f}",
        "cpu": "{:,.1f}",
        "pairs/s": "{:,.0f}",
        "tokens/s": "{:,.0f}",
        "padding": "{:.2%}",
        "longest wait": "{:.2f}",
        "own": "{:,.0f}",
        "files": "{:,.0f}",
        "workers": "{:,.0f}",
    }
    table = Table(title="seconds; of the main process: cpu seconds, MB of its own and of files")
    for column in ("pairs", "phase", *columns):
        table.add_column(column, justify="right")
    for pairs in (SMALL, options.pairs):
        write_text(Phases(options.out, pairs, options.sampling, options.augment).config, pairs)
        for name in names:
            figures = measure(options, pairs, name)
            cells = [
                form.format(figures[key]) if key in figures else "" for key, form in columns.items()
            ]
            table.add_row(f"{pairs:,}", name, *cells)
        table.add_section()
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
