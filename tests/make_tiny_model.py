"""Makes tests/data/tiny.onnx: a model of a few kilobytes that learned to count in two languages.

    python tests/make_tiny_model.py

Its text is made up here: German numbers up to twelve and their English names. It needs the extras
``train`` and ``export``; what it makes needs neither, and is committed.
"""

import random
from pathlib import Path

import torch
from torch import nn

from s2s.config import BOS_ID, PAD_ID, ModelConfig, SearchConfig, TokenizerConfig
from s2s.files import atomic_output
from s2s.formats.checksum import sealed
from s2s.model.run import Run
from s2s.model.seq2seq import Seq2Seq
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.learn import train_tokenizer
from s2s_export import add_metadata, build_model, check_parity

OUTPUT = Path(__file__).parent / "data" / "tiny.onnx"
GERMAN = [
    "eins",
    "zwei",
    "drei",
    "vier",
    "fünf",
    "sechs",
    "sieben",
    "acht",
    "neun",
    "zehn",
    "elf",
    "zwölf",
]
ENGLISH = [
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]
CARD = {"languages": {"src": "de", "tgt": "en"}, "scores": {"BLEU": 99.0}}


def sentences(count: int, rng: random.Random) -> list[tuple[str, str]]:
    """Makes pairs of one to six numbers."""
    pairs = []
    for _ in range(count):
        numbers = [rng.randrange(len(GERMAN)) for _ in range(rng.randint(1, 6))]
        pairs.append((" ".join(GERMAN[i] for i in numbers), " ".join(ENGLISH[i] for i in numbers)))
    return pairs


def pad(rows: list[list[int]]) -> torch.Tensor:
    """Stacks ids of different lengths."""
    return nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], True, PAD_ID)


def train(tokenizer: Tokenizer, rng: random.Random) -> Seq2Seq:
    """Learns the numbers by heart, in seconds."""
    torch.manual_seed(1)
    torch.set_num_threads(1)  # steps as small as these are slower with more
    config = ModelConfig(
        src_vocab_size=tokenizer.src_vocab_size,
        tgt_vocab_size=tokenizer.tgt_vocab_size,
        embedding_size=16,
        hidden_size=24,
        cell="gru",
        tie="all",
        dropout=0.0,
    )
    model = Seq2Seq(config)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    loss_of = nn.CrossEntropyLoss(ignore_index=PAD_ID)
    for update in range(400):
        pairs = sentences(64, rng)
        src = tokenizer.encode_src([pair[0] for pair in pairs])
        tgt = tokenizer.encode_tgt([pair[1] for pair in pairs])
        lengths = torch.tensor([len(ids) for ids in src])
        readouts = model(pad(src), lengths, pad([[BOS_ID, *ids[:-1]] for ids in tgt]))
        loss = loss_of(model.output(readouts).flatten(0, 1), pad(tgt).flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if update == 300:
            optimizer.param_groups[0]["lr"] = 2e-3
    print(f"loss {loss.item():.4f}")  # noqa: T201
    return model.eval()


def main() -> None:
    """Writes the file."""
    rng = random.Random(1)  # noqa: S311
    pairs = sentences(500, rng)
    # "identity" leaves out the table of character rules, which is larger than all else here.
    config = TokenizerConfig(vocab_size=64, normalization="identity")
    tokenizer = train_tokenizer(*zip(*pairs, strict=True), config, seed=1)
    run = Run(train(tokenizer, rng), tokenizer, SearchConfig(max_length=200), CARD)
    model = build_model(run.model, run.search)
    add_metadata(model, run, "fp32")
    serialized = sealed(model.SerializeToString())
    check_parity(run.model, serialized, run.search, "fp32")
    with atomic_output(OUTPUT, "wb") as file:
        file.write(serialized)
    print(OUTPUT, OUTPUT.stat().st_size)  # noqa: T201


if __name__ == "__main__":
    main()
