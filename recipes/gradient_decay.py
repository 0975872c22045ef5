"""Which recurrent cell hears what lies far back? Gradients over time, before and after training.

    python recipes/gradient_decay.py                       # every cell
    python recipes/gradient_decay.py --cells lstm --plot

Each cell learns to copy sentences of about 40 random pieces for a few hundred updates. Before and
after, the gradient of the last target token's loss is followed back through the time steps of the
decoder and of both directions of the encoder (``s2s.train.diagnosis.decay``): through the
recurrence alone, and with the attention that leads around it.
"""

import argparse
import time
from collections.abc import Iterator

import numpy as np
import torch
from rich.console import Console

from s2s.config import BOS_ID, EOS_ID, ModelConfig
from s2s.corpus.stream import START, Batch, Step
from s2s.model.seq2seq import Seq2Seq
from s2s.train import TrainConfig
from s2s.train.diagnosis.decay import gradient_decay, plot, table
from s2s.train.update import Updater

CELLS = {
    "rnn-tanh": {"cell": "rnn", "activation": "tanh"},
    "rnn-relu": {"cell": "rnn", "activation": "relu"},
    "gru": {"cell": "gru"},
    "lstm": {"cell": "lstm"},
    "peephole": {"cell": "peephole"},
}
SYMBOLS = 20
LENGTHS = (35, 45)
"""Shortest and longest sentence, the end piece not counted."""
SENTENCES = 32
"""Of a batch."""
LEARNING_RATE, WARMUP_UPDATES = 2e-3, 50

console = Console(highlight=False, soft_wrap=True, markup=False)


def copy_batches(seed: int) -> Iterator[Batch]:
    """Yields batches of random sentences, all of one length, to be copied."""
    draw = np.random.default_rng(seed)
    column = np.ones((SENTENCES, 1), dtype=np.int64)
    while True:
        length = draw.integers(LENGTHS[0], LENGTHS[1], endpoint=True)
        text = draw.integers(EOS_ID + 1, EOS_ID + 1 + SYMBOLS, (SENTENCES, length))
        ended = np.hstack([text, EOS_ID * column])
        begun = np.hstack([BOS_ID * column, text])
        lengths = np.full(SENTENCES, length + 1)
        yield Batch(ended, lengths, begun, ended, ended.size, seed=int(draw.integers(2**62)))


def train(model: Seq2Seq, batches: Iterator[Batch], updates: int) -> float:
    """Updates the weights; returns the loss of the last tenth, nats a token."""
    updater = Updater(model, TrainConfig(max_updates=updates, learning_rate=LEARNING_RATE))
    model.train()
    losses = []
    for number in range(1, updates + 1):
        rate = LEARNING_RATE * min(1.0, number / WARMUP_UPDATES)
        batch = next(batches)
        step = Step([batch], batch.num_tokens, SENTENCES, START)
        figures = updater.update(step, rate)
        losses.append(float(figures.sums[1]) / figures.tokens)
    last = losses[-max(1, updates // 10) :]
    return sum(last) / len(last)


def main() -> None:
    """Measures, trains and measures again, cell by cell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--cells", nargs="+", choices=list(CELLS), default=list(CELLS))
    parser.add_argument("--context", choices=["parallel", "input_feeding"], default="parallel")
    parser.add_argument("--hidden-size", type=int, default=128)
    parser.add_argument("--max-updates", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plot", action="store_true", help="draw a plot of each decay")
    parser.add_argument("--threads", type=int, default=1, help="more are not faster")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    measured = copy_batches(options.seed + 1)
    held_out = [next(measured) for _ in range(4)]
    for name in options.cells:
        torch.manual_seed(options.seed)
        fields = {
            "src_vocab_size": EOS_ID + 1 + SYMBOLS,
            "tgt_vocab_size": EOS_ID + 1 + SYMBOLS,
            "embedding_size": 64,
            "hidden_size": options.hidden_size,
            "dropout": 0.0,
            "context": options.context,
        }
        model = Seq2Seq(ModelConfig.from_dict({**fields, **CELLS[name]}))
        for when in ("before training", "after training"):
            told = ""
            if when == "after training":
                start = time.monotonic()
                loss = train(model, copy_batches(options.seed), options.max_updates)
                told = f" ({options.max_updates} updates, {time.monotonic() - start:.0f} s, "
                told += f"loss {loss:.3f} nats a token)"
            decay = gradient_decay(model, held_out)
            console.print(f"\n=== {name}, {when}{told}")
            console.print(table(decay))
            for each in decay.decays:
                if each.route == "recurrence alone":
                    console.print(f"{each.where}, {each.state}: {each.verdict}")
            if options.plot:
                console.print(plot(decay))


if __name__ == "__main__":
    main()
