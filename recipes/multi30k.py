"""English, German and French on Multi30k: 29,000 image descriptions, models that a CPU trains.

    python recipes/multi30k.py --data DIR --seeds 1 2 3
    python recipes/multi30k.py --data DIR --direction en-fr --size full --device cuda

DIR holds the published ``train.en.gz`` ... ``test_2016_flickr.fr.gz``; what is missing is
downloaded from the data set's public repository and checked. Each seed is a run folder of its own,
``OUT/en-de-cpu/run-1``: one that is complete is used, one that was interrupted goes on. Several are
also an ensemble.
``--score RUN ...`` scores runs that were trained elsewhere (``distil.py``, ``s2s train``).

Elliott et al. (2016), "Multi30K: Multilingual English-German Image Descriptions"; Elliott et al.
(2017), "Findings of the Second Shared Task on Multimodal Machine Translation and Multilingual
Image Description" (French). Its images are for non-commercial research and education: take a
model trained on it the same way.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from operator import eq
from pathlib import Path
from statistics import mean, stdev
from typing import Any, NamedTuple

from common.download import obtain_file
from common.runs import FIGURES, obtain_run
from rich.console import Console
from rich.table import Table
from sacrebleu import BLEU

from s2s import S2SError, Translator
from s2s.config import ModelConfig, TokenizerConfig
from s2s.errors import MissingPackageError
from s2s.files import atomic_output
from s2s.formats.run_folder import BEST_FILE
from s2s.text import clean, read_pairs
from s2s.train import CorpusConfig, DataConfig, TrainConfig
from s2s_export import export_run

COMMIT = "a3d2e0d26b56f3846f66a952536ffed4e401d05a"
SOURCE = f"https://raw.githubusercontent.com/multi30k/dataset/{COMMIT}/data/task1/raw/"
SHA256 = {
    "test_2016_flickr.de.gz": "9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8",
    "test_2016_flickr.en.gz": "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9",
    "test_2016_flickr.fr.gz": "6d326e188d259fb1d04ac19eae3af956559b3a0b93d7635e56c90987c40c8b90",
    "train.de.gz": "726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6",
    "train.en.gz": "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f",
    "train.fr.gz": "622e75069e9f4c577425c4f277116ce66e63a2401c0a2312d90073cb12379a3c",
    "val.de.gz": "f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a",
    "val.en.gz": "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28",
    "val.fr.gz": "ca3106f1a72390591d25f6c45cb4cd39dec4cd3f123e099748a3ce5256c160e9",
}
TEST = "test_2016_flickr"
LANGUAGES = {"en": "English", "de": "German", "fr": "French"}
DIRECTIONS = ("en-de", "de-en", "en-fr")
METRICS = {
    "BLEU": BLEU(),
    "lowercased": BLEU(lowercase=True),
    # Lowercased already; told again for the signature. "force": it is meant to be tokenised.
    "literature": BLEU(lowercase=True, tokenize="none", force=True),
}

COMMON: dict[str, Any] = {
    "learning_rate": 8e-3,
    "warmup_updates": 300,
    "batch_tokens": 1000,
    "ema_decay": 0.995,
    "average_last": 3,
    "bleu_sentences": 500,
}
# Per size: the model, the vocabulary, and the fields of TrainConfig. A high rate and dropout of
# features alone: that of words and of merges slows learning by more than an hour gives back. After
# 10,000 updates the test set gains nothing more. "full" has not been run to its end yet.
SETTINGS: dict[str, tuple[ModelConfig, TokenizerConfig, dict[str, Any]]] = {
    "cpu": (
        ModelConfig(embedding_size=256, hidden_size=256, dropout=0.3, tie="all"),
        TokenizerConfig(vocab_size=4000),
        {**COMMON, "max_updates": 10_000, "max_minutes": 50.0},
    ),
    "full": (
        ModelConfig(embedding_size=512, hidden_size=512, dropout=0.4, tie="all"),
        TokenizerConfig(vocab_size=4000),
        {**COMMON, "learning_rate": 4e-3, "max_epochs": 30},
    ),
}

console = Console(markup=False, highlight=False, soft_wrap=True, width=112)


def fetch(folder: Path, languages: Sequence[str]) -> None:
    """Downloads what is missing, whole or not at all, and checks every file of some languages."""
    for name in (f"{part}.{each}.gz" for part in ("train", "val", TEST) for each in languages):
        advice = "name its folder with --data"
        obtain_file(folder / name, SOURCE + name, advice, sha256=SHA256[name])


def prepare(folder: Path, text: Path, src: str, tgt: str) -> DataConfig:
    """Writes training and validation pairs, cleaned, and says what that changed and left out."""
    text.mkdir(parents=True, exist_ok=True)
    corpora = []
    for part in ("train", "val"):
        kept, wordless, mended = [], [], 0
        files = (folder / f"{part}.{each}.gz" for each in (src, tgt))
        for number, pair in enumerate(read_pairs(*files, cleaned=False), 1):
            cleaned = (clean(pair[0]), clean(pair[1]))
            if all(re.search(r"[^\W\d_]", side) for side in cleaned):
                kept.append(cleaned)
                mended += cleaned != pair
            else:
                wordless.append(number)
        console.print(
            f"{part}: {len(kept):,} pairs; {len(wordless)} left out because a side has no letter "
            f"(lines: {wordless}); blanks corrected in {mended}"
        )
        paths = [text / f"{part}.{each}" for each in (src, tgt)]
        for side, path in enumerate(paths):
            with atomic_output(path) as file:
                file.writelines(pair[side] + "\n" for pair in kept)
        corpora.append(CorpusConfig(src=str(paths[0]), tgt=str(paths[1])))
    return DataConfig(train=(corpora[0],), validation=(corpora[1],))


def literature(language: str) -> Callable[[str], str]:
    """Returns what makes of a sentence what papers on Multi30k score.

    As the data set's own scripts (lowercase, normalize-punctuation, tokenizer): lowercased first,
    symbols escaped (``&quot;`` is one word, no score depends on it), hyphens in words left alone.
    All nine files then have the number of words that the data set's README says; two of them do
    not without ``perl_parity``.
    """
    try:
        from sacremoses import MosesPunctNormalizer, MosesTokenizer
    except ImportError as error:
        raise MissingPackageError("install sacremoses: pip install '.[recipes]'") from error
    normalizer = MosesPunctNormalizer(language, perl_parity=True)
    tokenizer = MosesTokenizer(language)
    return lambda text: str(tokenizer.tokenize(normalizer.normalize(text.lower()), return_str=True))


class Scored(NamedTuple):
    """What a model says of the test set, its BLEU by each of ``METRICS``, and its size."""

    texts: list[str]
    bleu: list[float]
    megabytes: float


def measure(model: list[Path], pairs: list[tuple[str, str]], words: Callable[[str], str]) -> Scored:
    """Translates the test set with a run, an ensemble of some, or a model file, and scores it."""
    texts = [each.text for each in Translator(model).translate([src for src, _ in pairs])]
    plain = (texts, [tgt for _, tgt in pairs])
    tokenised = tuple([words(text) for text in side] for side in plain)
    sides = zip(METRICS.values(), (plain, plain, tokenised), strict=True)
    bleu = [metric.corpus_score(said, [wanted]).score for metric, (said, wanted) in sides]
    sizes = [(f / BEST_FILE if f.is_dir() else f).stat().st_size / 1e6 for f in model]
    return Scored(texts, bleu, sum(sizes))


def join(values: Iterable[float]) -> str:
    """Returns scores as one cell of a table."""
    return " / ".join(f"{value:.2f}" for value in values)


def report(
    models: dict[str, list[Path]], out: Path, pairs: list[tuple[str, str]], tgt: str
) -> dict[str, dict[str, Scored]]:
    """Exports and scores models, each a run or an ensemble of some: torch, fp32 and int8."""
    words = literature(tgt)
    table = Table("model", " / ".join(METRICS), "as torch", "BLEU lost", "MB")
    found: dict[str, dict[str, Scored]] = {}
    for name, runs in models.items():
        found[name] = {}
        for form in ("torch", "fp32", "int8"):
            path = out / f"{name}.{form}.onnx"
            if form != "torch":
                console.print(str(export_run(runs, path, form)))
            model = runs if form == "torch" else [path]
            scored = found[name][form] = measure(model, pairs, words)
            torch = found[name]["torch"]
            same = sum(map(eq, scored.texts, torch.texts))
            lost, megabytes = torch.bleu[0] - scored.bleu[0], f"{scored.megabytes:.1f}"
            same_of = f"{same:,} of {len(pairs):,}"
            table.add_row(f"{name} {form}", join(scored.bleu), same_of, f"{lost:.2f}", megabytes)
    console.print(table)
    for kind, metric in METRICS.items():
        console.print(f"{kind}: sacreBLEU {metric.get_signature()}")
    return found


def row(start: str, models: list[dict[str, Scored]], figures: list[dict[str, float]]) -> str:
    """Returns a row for docs/explanation/benchmarks.md: means over models, and over runs."""
    bleu = (zip(*(each[form].bleu for each in models), strict=True) for form in models[0])
    cells = [join(map(mean, each)) for each in bleu]
    cells.append(", ".join(f"{models[0][form].megabytes:.1f}" for form in ("fp32", "int8")))
    done = {key: mean(each[key] for each in figures) for key in FIGURES}
    cells += [f"{done['updates']:,.0f} ({done['epochs']:.1f} epochs)", f"{done['minutes']:.1f}"]
    return f"| {start} | {' | '.join(cells)} |"


def main() -> None:
    """Data, training, export, scores."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--direction", choices=DIRECTIONS, default="en-de")
    parser.add_argument("--size", choices=SETTINGS, default="cpu")
    parser.add_argument("--data", type=Path, help="folder of the published files; default OUT/data")
    parser.add_argument("--out", type=Path, default=Path("runs/multi30k"))
    parser.add_argument("--seeds", "--seed", type=int, nargs="+", default=[1])
    parser.add_argument("--score", type=Path, nargs="+", metavar="RUN", help="only score")
    parser.add_argument("--max-minutes", type=float, help="per training")
    parser.add_argument("--max-updates", type=int)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    arguments = parser.parse_args()
    direction, size = arguments.direction, arguments.size
    src, tgt = direction.split("-")
    out = arguments.out / f"{direction}-{size}"
    folder = arguments.data or arguments.out / "data"
    literature(tgt)  # a missing package is told now, not after hours
    fetch(folder, (src, tgt))
    data = prepare(folder, out / "text", src, tgt)
    files = (folder / f"{TEST}.{each}.gz" for each in (src, tgt))
    pairs = list(read_pairs(*files, cleaned=False))

    if arguments.score:
        report({str(run).replace("/", "-"): [run] for run in arguments.score}, out, pairs, tgt)
        return
    limits = {"max_minutes": arguments.max_minutes, "max_updates": arguments.max_updates}
    model, tokenizer, fields = SETTINGS[size]
    fields = fields | {name: each for name, each in limits.items() if each is not None}
    runs = [out / f"run-{seed}" for seed in arguments.seeds]
    figures = [
        obtain_run(
            run,
            data,
            model=model,
            tokenizer=tokenizer,
            training=TrainConfig(**fields, seed=seed, device=arguments.device),
            tell=console.print,
        )
        for seed, run in zip(arguments.seeds, runs, strict=True)
    ]

    models = {run.name: [run] for run in runs} | ({"ensemble": runs} if len(runs) > 1 else {})
    found = report(models, out, pairs, tgt)
    singles = [found[run.name] for run in runs]
    if len(runs) > 1:
        spread = map(stdev, zip(*(each["torch"].bleu for each in singles), strict=True))
        console.print(f"standard deviation over {len(runs)} seeds, torch: {join(spread)}")
    start = f"`multi30k.py --direction {direction} --size {size}`"
    task = f"`{TEST}`, {LANGUAGES[src]} to {LANGUAGES[tgt]}"
    console.print(row(f"{start}, mean of seeds {arguments.seeds} | {task}", singles, figures))
    if len(runs) > 1:
        together = [found["ensemble"]]
        console.print(row(f"{start}, ensemble of {len(runs)} | {task}", together, figures))


if __name__ == "__main__":
    try:
        main()
    except S2SError as error:
        sys.exit(f"multi30k: error: {error}")
    except KeyboardInterrupt:
        sys.exit("multi30k: stopped; repeat the command to continue")
