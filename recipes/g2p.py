"""How words of fifteen languages are said: SIGMORPHON 2020, task 1, with the paper's table.

    python recipes/g2p.py --data DIR --out runs/g2p
    python recipes/g2p.py --data DIR --out runs/g2p --models 5

DIR holds ``LANG_train.tsv``, ``LANG_dev.tsv`` and ``LANG_test.tsv`` (or ``.tsv.gz``): a word, a
tab, and its phones with blanks between them. What is missing is downloaded from the task's public
repository. Each run and its errors are files of their own, so an interrupted command goes on where
it was. All languages have the same settings; dev sets alone choose the weights.

Characters in, phones out; both are words of a vocabulary, with blanks between them. Characters are
those of form NFD: a Hangul syllable becomes its two or three jamo, a letter with an accent becomes
two characters (``spell``). A model reads its input so, too.

Gorman et al. (2020), "The SIGMORPHON 2020 Shared Task on Multilingual Grapheme-to-Phoneme
Conversion". A word is wrong if any phone is; the phone error is the edit distance over the length
of the reference, both summed over all words. The task's neural baselines took the best of 36
settings for each language.
"""

import argparse
import gzip
import hashlib
import json
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

from common.download import explained, obtain_file
from common.runs import obtain_run
from rich import box
from rich.console import Console
from rich.table import Table

from s2s import S2SError, Translator
from s2s.config import ModelConfig, TokenizerConfig
from s2s.errors import DataError
from s2s.files import atomic_output
from s2s.score import score
from s2s.score.metrics import check_metrics
from s2s.train import CorpusConfig, DataConfig, TrainConfig

SOURCE = "https://raw.githubusercontent.com/sigmorphon/2020/3d9bb36/task1/data/"
SIZES = {"train": 3600, "dev": 450, "test": 450}
"""Words of each part, the same in all languages."""
# Of the text of the three parts, unpacked, one after the other. The other five languages have none:
# their files are checked by form and number of lines alone.
SHA256 = {
    "arm": "28cac900b098dbefa43dfdca0eb53f0b475183a3091f03e3d1a3e9bd92ac45a5",
    "bul": "d2ef8acf57d1b2237afc81776a8396fe2e78315ca3cb75b6d10d44f6453edc6d",
    "fre": "6f5cf499abc4f974f6c6dc0a1ff63e555162d6bbe8ac3640d3f2c7f8a02a0989",
    "geo": "e479beb4108a101f97fbc7de74824e657527ef9ed9e6df579992fa3369aef5ff",
    "gre": "40e7e18bd913d1dd87d6f86f308a558e7e9dc7432c01aa6d0980f4bb80d4d3c8",
    "hin": "259ceb158b1ed3b0818d20a052ce37bf1fd35ddd9bbe1f10a04dbc6dd8ad762b",
    "hun": "fab83061796200585adf7bf239e5601b3ce1722941a2688a3c2387f05be3dd34",
    "ice": "e66db86d45228cc1e8198bf65ee8a013a153a2c7f5359a640a5234a48db84e57",
    "kor": "35249d375c16f018c0d3af66b42cd47593c3efe535bd0e8669653ae0f2c9468f",
    "vie": "985ff1c8d3ec2927029c8b3543533d9e8811d1eb75d8468e8e2b9ae8c381e749",
}
# Word error of the task's LSTM and Transformer on the test sets, from memory of the paper's table:
# the means over all fifteen are the published 16.84 and 17.51.
PUBLISHED = {
    "ady": (28.00, 28.44),
    "arm": (14.67, 14.22),
    "bul": (31.11, 34.00),
    "dut": (16.44, 15.78),
    "fre": (6.22, 6.89),
    "geo": (26.44, 28.00),
    "gre": (18.89, 18.89),
    "hin": (6.67, 9.56),
    "hun": (5.33, 5.33),
    "ice": (10.00, 10.22),
    "jpn": (7.56, 7.33),
    "kor": (46.89, 43.78),
    "lit": (19.11, 20.67),
    "rum": (10.67, 12.00),
    "vie": (4.67, 7.56),
}
BEST = 13.81
"""Published mean of the task's best system over the fifteen languages, an ensemble."""

MODEL = ModelConfig(
    embedding_size=128,
    hidden_size=256,
    cell="gru",
    context="input_feeding",
    dropout=0.3,
)
TOKENIZER = TokenizerConfig(algorithm="word", joint=False)
TRAINING = TrainConfig(
    max_epochs=30,
    learning_rate=4e-3,
    warmup_updates=200,
    batch_tokens=500,
    ema_decay=0.99,
    precision="fp32",  # products of such small matrices gain nothing from bf16
    validations=5,
    validate_by="exact",  # word error, by which the task is judged
    bleu_beam_size=1,
)

Words = list[tuple[str, str]]
"""Pairs of the characters of a word and its phones, blanks between them."""

console = Console(markup=False, highlight=False, soft_wrap=True, width=112)


class Errors(NamedTuple):
    """What is wrong in percent."""

    words: float
    phones: float


def spell(word: str) -> str:
    """Returns the characters of a word in form NFD with blanks between them, ``_`` for a blank.

    As one text, they would be composed again: s2s reads text in form NFC.
    """
    return " ".join(unicodedata.normalize("NFD", word).replace(" ", "_"))


def obtain_text(folder: Path, language: str, part: str) -> bytes:
    """Returns a part of a language: packed or plain from a folder, or else downloaded into it."""
    name = f"{language}_{part}.tsv"
    packed = folder / f"{name}.gz"
    advice = f"name its folder with --data, or leave out {language} with --languages"
    if packed.exists():
        with explained(f"read {packed}", advice):
            return gzip.decompress(packed.read_bytes())
    return obtain_file(folder / name, f"{SOURCE}{part}/{name}", advice)


def read_language(folder: Path, language: str) -> dict[str, Words]:
    """Returns the checked parts of a language.

    Raises:
        FileError: If a part cannot be read or downloaded.
        DataError: If a part is not what the task published.
    """
    texts = {part: obtain_text(folder, language, part) for part in SIZES}
    found = hashlib.sha256(b"".join(texts.values())).hexdigest()
    if (expected := SHA256.get(language, found)) != found:
        raise DataError(
            f"{language}_*.tsv in {folder} are damaged: SHA-256 {found} of all three parts, "
            f"expected {expected}; remove them, then they are downloaded"
        )
    parts = {}
    for part, text in texts.items():
        rows = [line.split("\t") for line in text.decode("utf-8").splitlines()]
        if len(rows) != SIZES[part] or any(len(row) != 2 for row in rows):
            raise DataError(
                f"{language}_{part}.tsv in {folder} is damaged: expected {SIZES[part]:,} lines, "
                f"each a word, a tab and its phones, found {len(rows):,} lines; remove it, then it "
                "is downloaded"
            )
        parts[part] = [(spell(word), phones) for word, phones in rows]
    return parts


def write_pairs(folder: Path, part: str, words: Words) -> CorpusConfig:
    """Writes a file with a pair on each line."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{part}.tsv"
    with atomic_output(path) as file:
        file.writelines(f"{word}\t{phones}\n" for word, phones in words)
    return CorpusConfig(pairs=str(path), columns="1,2", pairs_format="tsv")


def count_errors(said: Sequence[str], words: Words) -> Errors:
    """Compares what a model says with the phones of the words, as the task does."""
    measures = ("exact", "token_error")
    exact, phones = score(said, [phones for _, phones in words], measures=measures)
    return Errors(100 - exact.value, phones.value)


def measure(model: Path | list[Path], words: Words) -> Errors:
    """Returns the errors of a run, or of an ensemble of some."""
    translations = Translator(model).translate([word for word, _ in words])
    return count_errors([each.text for each in translations], words)


def learn(language: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains and measures all models of a language; what is done already is used."""
    folder: Path = arguments.out / language
    parts = read_language(arguments.data or arguments.out / "data", language)
    train_pairs, dev_pairs = (
        write_pairs(folder / "text", part, parts[part]) for part in ("train", "dev")
    )
    data = DataConfig(train=(train_pairs,), validation=(dev_pairs,))
    limits = {} if arguments.max_updates is None else {"max_updates": arguments.max_updates}
    runs = [folder / f"run-{seed}" for seed in range(1, arguments.models + 1)]
    figures = [
        obtain_run(
            run,
            data,
            model=MODEL,
            tokenizer=TOKENIZER,
            training=replace(TRAINING, seed=seed, device=arguments.device, **limits),
        )
        for seed, run in enumerate(runs, 1)
    ]
    models: dict[str, Path | list[Path]] = {run.name: run for run in runs}
    if len(runs) > 1:
        models[f"ensemble-{len(runs)}"] = runs
    scores = {}
    for name, model in models.items():
        path = folder / f"{name}.json"
        if not path.is_file():
            errors = {part: measure(model, parts[part]) for part in ("dev", "test")}
            with atomic_output(path) as file:
                json.dump(errors, file)
        scores[name] = json.loads(path.read_text(encoding="utf-8"))
    return {"scores": scores, "minutes": mean(each["minutes"] for each in figures)}


def one_and_all(result: dict[str, Any], part: str) -> tuple[Errors, Errors | None]:
    """Returns the mean errors of the single models, and the errors of their ensemble, if any."""
    single = [Errors(*each[part]) for name, each in result["scores"].items() if "run" in name]
    together = [Errors(*each[part]) for name, each in result["scores"].items() if "run" not in name]
    return Errors(*map(mean, zip(*single, strict=True))), together[0] if together else None


def show(results: dict[str, dict[str, Any]], part: str) -> None:
    """Prints a table of the errors: a row for each language, and their means."""
    console.print(f"{part} sets, errors in percent:")
    names = ("word", "phone", "word, ensemble", "phone, ensemble")
    table = Table("language", "LSTM", "Transformer", *names, "minutes a model", box=box.MARKDOWN)
    rows: dict[str, list[float]] = {}
    for language, result in results.items():
        one, ensemble = one_and_all(result, part)
        rows[language] = [*PUBLISHED[language], *one, *(ensemble or ()), result["minutes"]]
    means = {f"mean of {len(rows)}": list(rows)}
    if "kor" in rows and len(rows) > 1:
        means["the same without kor"] = [language for language in rows if language != "kor"]
    for name, languages in means.items():
        rows[name] = list(map(mean, zip(*(rows[each] for each in languages), strict=True)))
    for name, figures in rows.items():
        cells = [f"{figure:.2f}" for figure in figures]
        if len(cells) < len(table.columns) - 1:  # no ensemble
            cells[-1:-1] = ["", ""]
        table.add_row(name, *cells)
    console.print(table)
    for name in means:
        lstm, _, found = rows[name][:3]
        console.print(f"{name}: {100 * (1 - found / lstm):.1f} % fewer wrong words than the LSTM")
    console.print(
        f"published means of all fifteen test sets: LSTM 16.84, Transformer 17.51, best {BEST}"
    )


def main() -> None:
    """Data, training and errors of each language, then the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, help="folder of the task's files; default OUT/data")
    parser.add_argument("--out", type=Path, default=Path("runs/g2p"))
    parser.add_argument("--languages", nargs="+", choices=PUBLISHED, default=list(PUBLISHED))
    parser.add_argument("--models", type=int, default=1, help="models a language; 5: an ensemble")
    parser.add_argument("--max-updates", type=int, help="per training")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    arguments = parser.parse_args()
    if arguments.models < 1:
        sys.exit(f"g2p: error: --models is {arguments.models}; expected at least 1")
    check_metrics("none")  # a missing package is told now, not after the training

    results: dict[str, dict[str, Any]] = {}
    for language in dict.fromkeys(arguments.languages):
        if language not in SHA256:
            console.print(f"{language}: no checksum is known; its lines are counted")
        results[language] = learn(language, arguments)
        one, _ = one_and_all(results[language], "dev")
        console.print(
            f"{language}: dev {one.words:.2f} {one.phones:.2f}, "
            f"{results[language]['minutes']:.1f} minutes a model"
        )
    for part in ("dev", "test"):
        show(results, part)


if __name__ == "__main__":
    try:
        main()
    except S2SError as error:
        sys.exit(f"g2p: error: {error}")
    except KeyboardInterrupt:
        sys.exit("g2p: stopped; repeat the command to continue")
