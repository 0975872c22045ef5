"""The five shapes of "sequence in, sequence out", each learned in seconds from made-up data.

    python recipes/shapes.py --out runs/shapes

Andrej Karpathy drew five pictures of what a recurrent network may read and write ("The Unreasonable
Effectiveness of Recurrent Neural Networks", 2015, its first figure, from left to right). All of
them are one encoder and one decoder here, with other text:

- ``one_to_one``: one symbol in, one out, as if there were no sequence. A thing to its colour, which
  only a table can know.
- ``one_to_many``: one symbol in, a sequence out, as an image gets a caption. A number to all
  numbers below it.
- ``many_to_one``: a sequence in, one symbol out, as a text gets a label. A sentence to whether it
  praises, with its probability.
- ``many_to_many``: a sequence in, then a sequence out, as in translation. A sentence to a made-up
  language with another order of words.
- ``in_step``: as many symbols out as in, as every frame of a video gets a label. A sentence to the
  kinds of its words, unknown ones among them. The training sees that all pairs have equally many
  words on both sides, and so the search writes a kind for each word, whatever the network would.

Each is trained, exported and run by onnxruntime, in less than a minute on one core. If under 95 %
of the outputs are exactly right, the exit status is 1.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table

from s2s import S2SError, Translator
from s2s.config import ModelConfig, TokenizerConfig
from s2s.train import CorpusConfig, DataConfig, TrainConfig, train
from s2s_export import export_run

Pair = tuple[str, str]
AIM = 95.0
"""Percent of the outputs that must be right."""
HELD_OUT = 200
"""Pairs for validation, and as many for the test."""
MODEL = ModelConfig(embedding_size=64, hidden_size=96, cell="gru", dropout=0.1)
TRAINING = {
    "learning_rate": 6e-3,
    "warmup_updates": 30,
    "batch_tokens": 600,
    "label_smoothing": 0.0,
    "ema_decay": 0.98,
    "bleu_sentences": 0,
    "validations": 3,
}

COLOURS = ["red", "blue", "green", "black", "white", "grey", "brown", "pink"]
THINGS = ["film", "book", "play", "song", "plot", "actor", "ending", "music", "hero", "stage"]
PRAISE = ["good", "great", "lovely", "fine", "superb", "charming", "brilliant"]
BLAME = ["bad", "poor", "awful", "boring", "weak", "dull", "terrible"]
NOUNS = ["cat", "dog", "child", "teacher", "river", "house", "tree", "king"]
VERBS = ["sees", "likes", "finds", "draws", "follows", "calls"]
ADJECTIVES = ["old", "small", "red", "quick", "quiet", "tall"]
EITHER = ["light", "fast", "open", "clear"]
"""An adjective before a noun, a verb after one."""

console = Console(highlight=False, soft_wrap=True)


def colours(random: Random) -> list[Pair]:
    """A thing to its colour."""
    return [(f"thing{number}", random.choice(COLOURS)) for number in range(300)]


def countdowns(random: Random) -> list[Pair]:
    """A number to all numbers below it."""
    numbers = list(range(1, 31))
    random.shuffle(numbers)
    return [(str(each), " ".join(map(str, range(each - 1, -1, -1)))) for each in numbers]


def opinions(random: Random) -> list[Pair]:
    """A sentence to whether it praises; "not" turns that round."""

    def draw() -> Pair:
        praises, is_not = random.random() < 0.5, random.random() < 0.5
        words = PRAISE if praises != is_not else BLAME
        said = f"{random.choice(['a', 'the'])} {random.choice(THINGS)} and {random.choice(THINGS)}"
        said += f" were {'not ' if is_not else ''}{random.choice(words)}"
        return said, "positive" if praises else "negative"

    return different(draw, 1400)


def sentences(random: Random) -> list[Pair]:
    """A sentence to a language whose verb comes last and whose adjectives follow the noun."""

    def phrase() -> tuple[str, str]:
        noun, adjective = random.choice(NOUNS), random.choice(ADJECTIVES)
        if random.random() < 0.5:
            return f"the {noun}", f"{noun[::-1]}a"
        return f"the {adjective} {noun}", f"{noun[::-1]}a {adjective[::-1]}a"

    def draw() -> Pair:
        (subject, first), (object_, second) = phrase(), phrase()
        verb = random.choice(VERBS)
        return f"{subject} {verb} {object_}", f"{first} {second} {verb[::-1]}o"

    return different(draw, 3000)


def tagged(random: Random) -> list[Pair]:
    """A sentence to the kind of each word, which some words only show by their place."""

    def word(kind: str) -> str:
        if kind == "DET":
            return random.choice(["the", "a", "this", "every"])
        if random.random() < 0.1:  # a name that is in no vocabulary
            return f"x{random.randrange(100_000)}"
        if kind == "NOUN":
            return random.choice(NOUNS)
        return random.choice(EITHER + (VERBS if kind == "VERB" else ADJECTIVES))

    def draw() -> Pair:
        kinds = ["DET", *["ADJ"] * random.randint(0, 2), "NOUN", "VERB"]
        kinds += ["DET", *["ADJ"] * random.randint(0, 2), "NOUN"]
        return " ".join(map(word, kinds)), " ".join(kinds)

    return different(draw, 3400)


def different(draw: Callable[[], Pair], count: int) -> list[Pair]:
    """Draws pairs until so many have different inputs."""
    pairs: dict[str, str] = {}
    while len(pairs) < count:
        src, tgt = draw()
        pairs.setdefault(src, tgt)
    return list(pairs.items())


@dataclass(frozen=True)
class Shape:
    """A task, and what its training needs."""

    draw: Callable[[Random], list[Pair]]
    max_updates: int
    unseen: bool = True
    """Whether the test has inputs that are not trained on; False if only a table can know."""
    vocab_size: int = 8000


SHAPES = {
    "one_to_one": Shape(colours, 200, unseen=False),
    "one_to_many": Shape(countdowns, 250, unseen=False),
    "many_to_one": Shape(opinions, 200),
    "many_to_many": Shape(sentences, 250),
    "in_step": Shape(tagged, 400, vocab_size=40),
}


def split(shape: Shape, seed: int) -> dict[str, list[Pair]]:
    """Returns train, val and test; the same pairs if only a table can know the outputs."""
    pairs = shape.draw(Random(seed))  # noqa: S311
    if not shape.unseen:
        return {"train": pairs, "val": pairs, "test": pairs}
    held = iter(pairs)
    parts = {part: list(islice(held, HELD_OUT)) for part in ("test", "val")}
    return {**parts, "train": list(held)}


def write_pairs(folder: Path, part: str, pairs: list[Pair]) -> CorpusConfig:
    """Writes pairs, the input before a tab and the output after it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{part}.tsv"
    text = "".join(f"{src}\t{tgt}\n" for src, tgt in pairs)
    path.write_text(text, encoding="utf-8", newline="\n")
    return CorpusConfig(pairs=str(path), columns="1,2")


def learn(shape: Shape, out: Path, parts: dict[str, list[Pair]], seed: int) -> Path:
    """Trains and exports; returns the model file."""
    corpora = {part: write_pairs(out / "data", part, parts[part]) for part in ("train", "val")}
    data = DataConfig(train=(corpora["train"],), validation=(corpora["val"],))
    tokenizer = TokenizerConfig(algorithm="word", joint=False, vocab_size=shape.vocab_size)
    training = TrainConfig(max_updates=shape.max_updates, seed=seed, **TRAINING)
    train(data, out / "run", training=training, model=MODEL, tokenizer=tokenizer)
    console.print(str(export_run(out / "run", out / "model.onnx")))
    return out / "model.onnx"


def exact(translator: Translator, pairs: list[Pair]) -> list[bool]:
    """Returns which outputs are exactly right."""
    found = translator.translate([src for src, _ in pairs])
    return [each.text == tgt for each, (_, tgt) in zip(found, pairs, strict=True)]


def describe(name: str, translator: Translator, pairs: list[Pair]) -> str:
    """Returns what besides the accuracy a shape is about."""
    texts = [src for src, _ in pairs]
    if name == "many_to_one":
        found = translator.classify(texts)
        right = [
            label.probability
            for labels, (_, tgt) in zip(found, pairs, strict=True)
            for label in labels
            if label.text == tgt
        ]
        return f"right labels have {100 * sum(right) / len(right):.1f} % on average"
    if name == "in_step":
        # Twice as long as those of the training: what the search holds is the number of labels.
        twice = [f"{one} {other}" for one, other in pairwise([*texts, texts[0]])]
        held, free = (same_lengths(translator, twice, in_step=in_step) for in_step in (True, False))
        return (
            f"{same_lengths(translator, texts, in_step=True)} of {len(texts)} outputs have as many "
            f"words as their input; of inputs twice as long {held}, and {free} if the search does "
            "not hold it"
        )
    return f"{texts[0]} -> {translator.translate(texts[:1])[0].text}"


def same_lengths(translator: Translator, texts: list[str], *, in_step: bool) -> int:
    """Returns how many outputs have as many words as their inputs."""
    found = translator.translate(texts, in_step=in_step)
    return sum(
        len(each.text.split()) == len(src.split()) for each, src in zip(found, texts, strict=True)
    )


def main() -> None:
    """Learns the shapes one after the other, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--shape", choices=[*SHAPES, "all"], default="all")
    parser.add_argument("--out", type=Path, default=Path("runs/shapes"))
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    names = list(SHAPES) if arguments.shape == "all" else [arguments.shape]
    for name in names:
        if (arguments.out / name).exists():
            sys.exit(
                f"shapes: error: {arguments.out / name} already exists; remove it, or name "
                "another --out"
            )
    table = Table("shape", "tested on", "exactly right %", "target %", "seconds")
    missed: list[str] = []
    notes: list[str] = []
    for name in names:
        parts = split(SHAPES[name], arguments.seed)
        start = time.monotonic()
        model = learn(SHAPES[name], arguments.out / name, parts, arguments.seed)
        seconds = time.monotonic() - start
        translator = Translator(model)
        right = exact(translator, parts["test"])
        accuracy = 100 * sum(right) / len(right)
        if accuracy < AIM:
            missed.append(name)
        inputs = f"{len(right)} {'unseen' if SHAPES[name].unseen else 'seen'} inputs"
        table.add_row(name, inputs, f"{accuracy:.1f}", f"{AIM:g}", f"{seconds:.0f}")
        notes.append(f"{name}: {describe(name, translator, parts['test'])}")
    console.print(table)
    console.print("\n".join(notes))
    if missed:
        sys.exit(f"shapes: error: under {AIM:g} % of the outputs are right: {', '.join(missed)}")


if __name__ == "__main__":
    try:
        main()
    except S2SError as error:
        sys.exit(f"shapes: error: {error}")
