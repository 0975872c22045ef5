"""How fast is a model file? torch, ONNX fp32 and ONNX int8 on one machine, in turns.

    python recipes/bench_translate.py                    # a network of the usual size, LSTM
    python recipes/bench_translate.py --cell gru
    python recipes/bench_translate.py --run RUN --src sentences.txt

Every round visits every engine once, so that a busy machine slows all of them; the figure is the
median round. Without a run, the network is untrained and every translation has 15 pieces.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from s2s.config import EOS_ID, PAD_ID, ModelConfig, SearchConfig
from s2s.model.run import load_run
from s2s.model.seq2seq import Seq2Seq
from s2s.search import Hypotheses, beam_search
from s2s_export import build_model
from s2s_export.parity import Session

PIECES = 15
"""Length of source and target without a run."""
Batch = tuple[torch.Tensor, torch.Tensor]
Engine = Callable[[torch.Tensor, torch.Tensor, SearchConfig], Hypotheses]


def synthetic(cell: str) -> Seq2Seq:
    """Returns an untrained network of embeddings 256, layers 512 and 8,000 pieces a side."""
    torch.manual_seed(1)
    config = {"src_vocab_size": 8000, "tgt_vocab_size": 8000, "tie": "none", "cell": cell}
    model = Seq2Seq(ModelConfig.from_dict(config)).eval()
    model.output.bias.data[EOS_ID] = -1e9  # never ends before its limit
    return model


def random_ids(vocab_size: int, count: int) -> list[list[int]]:
    """Returns sentences of random pieces."""
    generator = torch.Generator().manual_seed(1)
    shape = (count, PIECES)
    ids: list[list[int]] = torch.randint(
        EOS_ID + 1, vocab_size, shape, generator=generator
    ).tolist()
    return ids


def batches(sentences: list[list[int]], size: int, most: int) -> list[Batch]:
    """Returns up to ``most`` padded batches of sentences of similar length."""
    ordered = sorted(sentences, key=len)
    groups = [ordered[i : i + size] for i in range(0, len(ordered) - size + 1, size)]
    made = []
    for group in groups[:: max(1, len(groups) // most)][:most]:
        lengths = torch.tensor([len(ids) for ids in group])
        src = torch.full((size, int(lengths.max())), PAD_ID)
        for row, ids in enumerate(group):
            src[row, : len(ids)] = torch.tensor(ids)
        made.append((src, lengths))
    return made


def measure(
    engines: dict[str, Engine], work: list[Batch], config: SearchConfig, rounds: int
) -> dict[str, tuple[float, float]]:
    """Returns sentences/s and target pieces/s (of the best hypotheses) of each engine."""
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in engines}
    for turn in range(rounds + 1):
        for name, engine in engines.items():
            start, sentences, pieces = time.perf_counter(), 0, 0
            for src, lengths in work:
                found = engine(src, lengths, config)
                sentences += len(src)
                pieces += int(found.lengths[:, 0].sum())
            seconds = time.perf_counter() - start
            if turn > 0:  # the first round warms up
                rates[name].append((sentences / seconds, pieces / seconds))
    return {
        name: (statistics.median(r[0] for r in seen), statistics.median(r[1] for r in seen))
        for name, seen in rates.items()
    }


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--run", type=Path, help="folder of a trained run")
    parser.add_argument("--src", type=Path, help="source sentences for --run, one a line")
    parser.add_argument("--cell", choices=["lstm", "gru", "rnn"], default="lstm")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, default=4, help="batches a round, at most")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    search = SearchConfig(max_length=PIECES)
    if options.run is not None:
        run = load_run(options.run)
        model, search = run.model, run.search
        if options.src is None:
            parser.error("--run needs --src: random pieces are no sentences")
        lines = options.src.read_text(encoding="utf-8").splitlines()
        sentences = run.tokenizer.encode_src([line for line in lines if line.strip()])
    else:
        model = synthetic(options.cell)
        sentences = random_ids(model.config.src_vocab_size, 32 * options.batches)

    def torch_engine(src: torch.Tensor, lengths: torch.Tensor, config: SearchConfig) -> Hypotheses:
        return beam_search(model, src, lengths, config)

    engines: dict[str, Engine] = {"torch": torch_engine}
    sizes = {"torch": 4 * model.num_parameters()}
    for precision in ("fp32", "int8"):
        serialized = build_model(model, search, precision).SerializeToString()
        sizes[f"onnx {precision}"] = len(serialized)
        engines[f"onnx {precision}"] = Session(serialized, options.threads).search

    title = f"{model.config.cell}, {model.num_parameters() / 1e6:.1f} M parameters, "
    table = Table(title=f"{title}{options.threads} thread(s), median of {options.rounds} rounds")
    for column in ("search", "batch", "engine", "sentences/s", "tokens/s", "times torch"):
        table.add_column(column, justify="right")
    for beam in (1, 5):
        for size in (1, 32):
            work = batches(sentences, size, options.batches)
            config = SearchConfig.from_dict({**search.to_dict(), "beam_size": beam})
            rates = measure(engines, work, config, options.rounds)
            for name, (per_sentence, per_piece) in rates.items():
                table.add_row(
                    "greedy" if beam == 1 else f"beam {beam}",
                    str(size),
                    name,
                    f"{per_sentence:,.1f}",
                    f"{per_piece:,.0f}",
                    f"{per_piece / rates['torch'][1]:.2f}",
                )
            table.add_section()
    console = Console()
    console.print(table)
    console.print(", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in sizes.items()))


if __name__ == "__main__":
    main()
