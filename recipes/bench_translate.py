"""How fast is a model file, beside torch and beside what else one might deploy? In turns.

    python recipes/bench_translate.py                    # a network of the usual size, LSTM
    python recipes/bench_translate.py --cell gru --threads 1
    python recipes/bench_translate.py --cell lstm peephole --threads 1 --cpu-time
    python recipes/bench_translate.py --run RUN --src sentences.txt
    python recipes/bench_translate.py --onmt PYTHON --joeynmt PYTHON

PYTHON is the interpreter of an environment in which OpenNMT-py 3.5 (with CTranslate2 4) or JoeyNMT
2.3 is installed (``recipes/rivals/README.md``): recurrent models of the same size, and in
CTranslate2 a Transformer of about as many weights, int8.

Each engine is a process that waits while the others have their turn; a pass that is not counted
comes first, and the figure is the median over rounds. Without a run, the networks are untrained and
every translation has 15 pieces. ``int8 is`` how many times as fast the int8 file is, in the same
round. ``MiB`` is the process at its peak, libraries included.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rivals.children import HERE, Engine, started, take_turns
from rivals.untrained import VOCAB_SIZE, untrained

from s2s.config import EOS_ID, PAD_ID, SearchConfig
from s2s.model.run import load_run
from s2s.model.seq2seq import Seq2Seq
from s2s.text import read_lines
from s2s_export import build_model

PIECES = 15
"""Length of source and target without a run."""
FASTEST = "s2s ONNX int8"

console = Console(highlight=False, soft_wrap=True, width=112)


def sentences_of(run: Path | None, src: Path | None) -> list[list[int]]:
    """Returns ids of real sentences, or of made-up ones."""
    if run is None or src is None:
        ids = np.random.default_rng(1).integers(EOS_ID + 1, VOCAB_SIZE, (512, PIECES))
        ids[:, -1] = EOS_ID
        return [row.tolist() for row in ids]
    return load_run(run).tokenizer.encode_src([line for line in read_lines(src) if line.strip()])


def write_batches(path: Path, sentences: list[list[int]], size: int, most: int) -> None:
    """Writes up to ``most`` batches of sentences of one length, for engines without padding."""
    by_length: dict[int, list[list[int]]] = {}
    for ids in sentences:
        by_length.setdefault(len(ids), []).append(ids)
    batches = [
        group[start : start + size]
        for _, group in sorted(by_length.items())
        for start in range(0, len(group) - size + 1, size)
    ]
    if not batches:
        sys.exit(f"bench_translate: fewer than {size} equally long sentences; name more with --src")
    step = max(1, len(batches) // most)
    chosen = batches[::step][:most]
    arrays = {str(number): np.array(ids, np.int64) for number, ids in enumerate(chosen)}
    np.savez(path, **arrays)
    assert PAD_ID not in arrays["0"]


def own_engines(
    model: Seq2Seq, search: SearchConfig, folder: Path, cell: str, label: str
) -> list[Engine]:
    """Builds the files of a model and returns torch and both precisions of onnxruntime."""
    found = [Engine(f"s2s torch{label}", sys.executable, "search_torch.py", {"cell": cell})]
    for precision in ("fp32", "int8"):
        path = folder / f"{cell}-{precision}.onnx"
        path.write_bytes(build_model(model, search, precision).SerializeToString())
        console.print(f"{cell} {precision}: {path.stat().st_size / 1e6:.1f} MB")
        name = f"s2s ONNX {precision}{label}"
        found.append(Engine(name, sys.executable, "search_onnx.py", {"model": str(path)}))
    console.print(f"{cell}, {model.num_parameters() / 1e6:.1f} M weights")
    return found


def engines(options: argparse.Namespace, folder: Path) -> list[Engine]:
    """Builds the files and returns s2s and the rivals that are there."""
    found: list[Engine] = []
    if options.run is not None:
        run = load_run(options.run)
        return own_engines(run.model, run.search, folder, run.model.config.cell, "")
    for number, cell in enumerate(options.cell):
        label = f", {cell}" if number else ""
        search = SearchConfig(max_length=PIECES)
        found += own_engines(untrained(cell), search, folder, cell, label)
    if options.onmt is not None:
        command = [options.onmt, str(HERE / "make_transformer.py"), str(folder), str(VOCAB_SIZE)]
        made = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
        weights = int(made.stdout.split()[-1])
        console.print(f"CTranslate2's Transformer: {weights / 1e6:.1f} M weights")
        files = {"transformer": str(folder / "transformer")}
        for threads in range(1, options.threads + 1):
            name = f"CTranslate2 int8, {threads} thread(s)"
            changes = {**files, "threads": threads}
            found.append(Engine(name, options.onmt, "search_ctranslate2.py", changes))
        found.append(Engine("OpenNMT-py", options.onmt, "search_onmt.py", {}))
    if options.joeynmt is not None:
        found.append(Engine("JoeyNMT", options.joeynmt, "search_joeynmt.py", {}))
    return found


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--run", type=Path, help="folder of a trained run")
    parser.add_argument("--src", type=Path, help="file with one sentence per line")
    cells = ["lstm", "gru", "rnn", "peephole"]
    parser.add_argument("--cell", nargs="+", choices=cells, default=["lstm"])
    parser.add_argument("--cpu-time", action="store_true", help="count it, on a busy machine")
    parser.add_argument("--onmt", help="Python with OpenNMT-py and CTranslate2")
    parser.add_argument("--joeynmt", help="Python with JoeyNMT")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--beams", type=int, nargs="+", default=[1, 5])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 32, 64], help="of a batch")
    parser.add_argument("--sentences", type=int, default=64, help="about, per pass")
    options = parser.parse_args()
    if (options.run is None) != (options.src is None):
        parser.error("--run and --src go together: random pieces are no sentences")
    table = Table(title=f"{options.threads} thread(s), median of {options.rounds} rounds")
    for column in ("search", "batch", "engine", "sentences/s", "pieces/s", "int8 is", "MiB"):
        table.add_column(column, justify="left" if column == "engine" else "right")
    loads: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        work = engines(options, folder)
        sentences = sentences_of(options.run, options.src)
        settings: dict[str, Any] = {"threads": options.threads, "pieces": PIECES}
        settings |= {"vocab_size": VOCAB_SIZE}
        clock = "cpu_seconds" if options.cpu_time else "seconds"
        settings["run"] = None if options.run is None else str(options.run)
        if options.run is not None:
            settings["pieces"] = 512
        for beam in options.beams:
            for size in options.sizes:
                path = folder / f"batches{size}.npz"
                write_batches(path, sentences, size, max(1, options.sentences // size))
                with ExitStack() as stack:
                    chosen = {**settings, "beam": beam}
                    children = [stack.enter_context(started(each, path, chosen)) for each in work]
                    loads += take_turns(children, options.rounds)
                best = next(child for child in children if child.engine.name == FASTEST)
                for child in children:
                    seconds = [each[clock] for each in child.passes]
                    pairs = zip(best.passes, child.passes, strict=True)
                    ratios = [other[clock] / own[clock] for own, other in pairs]
                    last = child.passes[-1]
                    table.add_row(
                        "greedy" if beam == 1 else f"beam {beam}",
                        str(size),
                        child.engine.name,
                        f"{last['sentences'] / statistics.median(seconds):,.1f}",
                        f"{last['pieces'] / statistics.median(seconds):,.0f}",
                        f"{statistics.median(ratios):.2f} x",
                        f"{last['peak_mib']:,.0f}",
                    )
                table.add_section()
    console.print(table)
    console.print(f"load average before each round: {', '.join(loads)}")


if __name__ == "__main__":
    main()
