"""German from English on 222,634 pairs: everyday sentences, and help texts of free software.

    python recipes/tatoeba.py --data DIR --out runs/tatoeba
    python recipes/tatoeba.py --out runs/tatoeba-only

DIR holds ``train``, ``val`` and ``test``, each as ``.en.gz``, ``.de.gz`` and ``.domain.gz``, which
says for each line where it is from: ``tatoeba``, or a label of help texts. Without ``--data``,
today's archive of Tatoeba at manythings.org/anki is downloaded and split: everyday sentences alone.
It grows, so scores on it belong to the archive whose size and sum the recipe prints.

Sentences: Tatoeba (tatoeba.org) and www.manythings.org/anki, CC BY 2.0 FR; the archive's third
column has the attribution of each.
"""

import argparse
import gzip
import hashlib
import re
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
from common.download import download
from common.groups import group_pairs
from rich.console import Console
from rich.table import Table

from s2s import S2SError, Translator
from s2s.config import ModelConfig, TokenizerConfig
from s2s.errors import DataError
from s2s.files import atomic_output
from s2s.formats.run_folder import CONFIG_FILE
from s2s.score import score
from s2s.score.results import Score
from s2s.text import clean, read_lines, read_pairs
from s2s.train import CorpusConfig, DataConfig, TrainConfig, train
from s2s_export import export_run

URL = "https://www.manythings.org/anki/deu-eng.zip"
MEMBER = "deu.txt"
PARTS = ("train", "val", "test")
EVERYDAY = "tatoeba"
"""The label of everyday sentences; all others are help texts."""
HELD_OUT = 2000
"""Pairs in val, and in test, of an archive."""
SPLIT_SEED = 20261122

MODEL = ModelConfig(embedding_size=256, hidden_size=256, dropout=0.1, tie="all")
TOKENIZER = TokenizerConfig(vocab_size=8000)
TRAINING = {
    "learning_rate": 8e-3,
    "warmup_updates": 300,
    "batch_tokens": 1500,
    "ema_decay": 0.995,
    "average_last": 3,
    "bleu_sentences": 500,
}

Rows = list[tuple[str, str]]
console = Console(markup=False, highlight=False, soft_wrap=True, width=112)


def fetch(archive: Path) -> None:
    """Writes today's archive, whole or not at all, unless there is one already."""
    if not archive.is_file():
        reply = download(URL, f"save it as {archive}, or use --data DIR")
        with atomic_output(archive, "wb") as file:
            file.write(reply.content)
        console.print(f"{URL}, last changed {reply.last_changed}")
    content = archive.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    console.print(f"{archive}: {len(content):,} bytes, SHA-256 {found}")


def read_archive(archive: Path) -> Rows:
    """Returns the (English, German) pairs, cleaned, each once; says what is left out."""
    try:
        with zipfile.ZipFile(archive) as file:
            text = file.read(MEMBER).decode("utf-8")
            date = "-".join(f"{part:02}" for part in file.getinfo(MEMBER).date_time[:3])
    except (zipfile.BadZipFile, zlib.error, KeyError, UnicodeDecodeError) as error:
        raise DataError(
            f"{archive} is not an archive with UTF-8 text in {MEMBER}: {error}; remove it "
            "and try again"
        ) from error
    rows: dict[tuple[str, str], None] = {}
    read = wordless = 0
    for line in text.split("\n"):
        columns = line.split("\t")
        if len(columns) < 2:
            continue
        read += 1
        pair = (clean(columns[0]), clean(columns[1]))
        if all(re.search(r"[^\W\d_]", side) for side in pair):
            rows[pair] = None
        else:
            wordless += 1
    console.print(
        f"{MEMBER} of {date}: {read:,} pairs, {len(rows):,} used; left out: {wordless:,} with a "
        f"side that has no letter, {read - wordless - len(rows):,} duplicates"
    )
    return list(rows)


def split(rows: Rows) -> dict[str, Rows]:
    """Splits by groups, so that no source or target of val or test is in another part.

    Val and test take one pair of a group, which has at most eight, and whose source has four words
    or more; the others of that group are left out, and counted.
    """
    parts: dict[str, Rows] = {part: [] for part in PARTS}
    groups = group_pairs(rows)
    left_out = 0
    for index in np.random.default_rng(SPLIT_SEED).permutation(len(groups)):
        members = [rows[row] for row in groups[index]]
        open_part = next((part for part in ("test", "val") if len(parts[part]) < HELD_OUT), None)
        if open_part and len(members) <= 8 and len(members[0][0].split()) >= 4:
            parts[open_part].append(members[0])
            left_out += len(members) - 1
        else:
            parts["train"] += members
    counts = ", ".join(f"{part} {len(pairs):,}" for part, pairs in parts.items())
    console.print(f"{counts}; {left_out:,} left out because val or test has the same sentence")
    return parts


def prepare(folder: Path) -> None:
    """Makes a corpus of today's archive, of the same form as one that ``--data`` names."""
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / Path(URL).name
    fetch(archive)
    for part, pairs in split(read_archive(archive)).items():
        columns = {
            "en": [english for english, _ in pairs],
            "de": [german for _, german in pairs],
            "domain": [EVERYDAY] * len(pairs),
        }
        for name, lines in columns.items():
            with atomic_output(folder / f"{part}.{name}.gz", "wb") as file:
                text = "".join(f"{line}\n" for line in lines)
                file.write(gzip.compress(text.encode(), mtime=0))


def read_test(folder: Path) -> tuple[Rows, dict[str, list[int]]]:
    """Returns the test pairs, and the lines of each group of domains that is scored."""
    pairs = list(read_pairs(folder / "test.en.gz", folder / "test.de.gz", cleaned=False))
    labels = list(read_lines(folder / "test.domain.gz"))
    if len(labels) != len(pairs):
        raise DataError(
            f"{folder / 'test.domain.gz'} has {len(labels)} lines; expected one for each of the "
            f"{len(pairs)} pairs"
        )
    everyday = [line for line, label in enumerate(labels) if label == EVERYDAY]
    others = [line for line, label in enumerate(labels) if label != EVERYDAY]
    if not everyday or not others:
        return pairs, {"all": everyday or others}
    return pairs, {"everyday": everyday, "help": others, "all": list(range(len(pairs)))}


def evaluate(models: dict[str, Path], folder: Path) -> dict[str, list[Score]]:
    """Scores models on each group of domains, the first one being what others are compared with.

    Returns:
        BLEU of every model, in the order of ``models``, for each group.
    """
    pairs, groups = read_test(folder)
    said = {
        name: [each.text for each in Translator(path).translate([src for src, _ in pairs])]
        for name, path in models.items()
    }
    truth = next(iter(said.values()))
    table = Table("test sentences", "model", "BLEU", "chrF2", "identical with torch")
    found: dict[str, list[Score]] = {}
    for group_name, lines in groups.items():
        found[group_name] = []
        for name, texts in said.items():
            hypotheses = [texts[line] for line in lines]
            bleu, chrf = score(hypotheses, [pairs[line][1] for line in lines], ter=False)
            found[group_name].append(bleu)
            same = sum(texts[line] == truth[line] for line in lines)
            shown = (f"{bleu.value:.2f}", f"{chrf.value:.2f}", f"{same:,} of {len(lines):,}")
            table.add_row(f"{group_name} ({len(lines):,})", name, *shown)
    console.print(table)
    console.print(f"sacreBLEU BLEU {bleu.signature}\nsacreBLEU chrF2 {chrf.signature}")
    return found


def main() -> None:
    """Data, training, export, scores."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, help="folder of a prepared corpus; default: download")
    parser.add_argument("--out", type=Path, default=Path("runs/tatoeba"))
    parser.add_argument("--max-minutes", type=float, default=45.0)
    parser.add_argument("--max-updates", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    arguments = parser.parse_args()
    out: Path = arguments.out
    folder: Path = arguments.data or out / "data"
    if arguments.data is None:
        prepare(folder)

    pairs, validation = (
        CorpusConfig(src=str(folder / f"{part}.en.gz"), tgt=str(folder / f"{part}.de.gz"))
        for part in ("train", "val")
    )
    run = out / "run"
    done = train(
        DataConfig(train=(pairs,), validation=(validation,)),
        run,
        training=TrainConfig(
            max_minutes=arguments.max_minutes,
            max_updates=arguments.max_updates,
            seed=arguments.seed,
            device=arguments.device,
            **TRAINING,
        ),
        model=MODEL,
        tokenizer=TOKENIZER,
        resume=(run / CONFIG_FILE).is_file(),
    )
    models = {"torch": run}
    for precision in ("fp32", "int8"):
        models[precision] = out / f"{precision}.onnx"
        console.print(str(export_run(run, models[precision], precision)))

    found = evaluate(models, folder)
    by_model = zip(*found.values(), strict=True)
    cells = " | ".join(" / ".join(f"{each.value:.2f}" for each in row) for row in by_model)
    sizes = ", ".join(f"{models[form].stat().st_size / 1e6:.1f}" for form in ("fp32", "int8"))
    console.print(
        f"| `tatoeba.py`, seed {arguments.seed} | {' / '.join(found)} | {cells} | {sizes} | "
        f"{done.updates:,} ({done.epochs:.1f} epochs) | {done.minutes:.1f} |"
    )


if __name__ == "__main__":
    try:
        main()
    except S2SError as error:
        sys.exit(f"tatoeba: error: {error}")
    except KeyboardInterrupt:
        sys.exit("tatoeba: stopped; repeat the command to continue")
