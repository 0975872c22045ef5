"""How good is s2s beside OpenNMT-py and JoeyNMT after the same minutes on the same text?

    python recipes/bench_quality.py --data DIR --src en --tgt de --out FOLDER \
        --onmt PYTHON --joeynmt PYTHON --minutes 5 15 45

DIR holds ``train.en``, ``train.de``, ``val.en`` ... ``test.de``, plain or as ``.gz``; PYTHON is the
interpreter of an environment with the toolkit (``recipes/rivals/README.md``). Each system trains
with one thread and a vocabulary of the same size: s2s as ``s2s train`` does without further
options, the others with the settings that their authors, or papers, recommend for little text
(``recipes/rivals/recommended.py``). A rival trains once, and its checkpoints after these minutes
are kept; s2s trains once for each number of minutes, since its learning rate follows the limit.
Minutes begin when a toolkit says that it trains: with the first update of s2s and JoeyNMT, and for
OpenNMT-py some seconds earlier, while it fills its first buffer.

The test set is translated with a beam of 5, by the rivals in batches of 32: by s2s and by
CTranslate2, which runs OpenNMT-py's Transformer, from int8 files, by the others from their
checkpoints. Sentences/s is the whole command less what it takes for one sentence. ``--systems``
chooses; what was trained or scored before is kept in FOLDER, and the table shows all of it, so that
two processes can share the work.
"""

import argparse
import gzip
import json
import signal
import sys
from pathlib import Path
from typing import Any

import sentencepiece
from rich.console import Console
from rich.table import Table
from rivals import recommended
from rivals.joeynmt_system import JoeyNMT
from rivals.onmt_system import CTranslate2, OpenNMT
from rivals.s2s_system import S2S
from rivals.systems import System

from s2s.score import score
from s2s.text import read_lines

PARTS = ("train", "val", "test")
SIDES = ("src", "tgt")
SYSTEMS: dict[str, tuple[str, type[System], dict[str, Any]]] = {
    "s2s": ("s2s", S2S, {}),
    "onmt-lstm": ("onmt", OpenNMT, recommended.ONMT_LSTM),
    "onmt-transformer": ("onmt", CTranslate2, recommended.ONMT_TRANSFORMER),
    "joeynmt-lstm": ("joeynmt", JoeyNMT, recommended.JOEYNMT_LSTM),
    "joeynmt-transformer": ("joeynmt", JoeyNMT, recommended.JOEYNMT_TRANSFORMER),
}
"""Name, the option with its interpreter, how it runs, its settings."""
CUT = (OpenNMT,)
"""Toolkits that get pieces in place of text."""

console = Console(highlight=False, soft_wrap=True, width=112)


def write_data(options: argparse.Namespace) -> None:
    """Writes plain text, a SentencePiece model for the rivals, and the text in its pieces."""
    folder: Path = options.out / "data"
    names = ("data", "src", "tgt", *PARTS, "vocab_size")
    asked = {name: str(getattr(options, name)) for name in names}
    told = folder / "options.json"
    if told.exists():
        if json.loads(told.read_text(encoding="utf-8")) != asked:
            sys.exit(f"bench_quality: {folder} is of other options; name another folder with --out")
        return
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        for side, suffix in zip(SIDES, (options.src, options.tgt), strict=True):
            path = options.data / f"{getattr(options, part)}.{suffix}"
            packed = path.with_name(f"{path.name}.gz")
            with gzip.open(packed) if packed.exists() else path.open("rb") as file:
                (folder / f"{part}.{side}").write_bytes(file.read())
    sentencepiece.SentencePieceTrainer.train(
        input=",".join(str(folder / f"train.{side}") for side in SIDES),
        model_prefix=str(folder / "pieces"),
        vocab_size=options.vocab_size,
        minloglevel=1,
        model_type="bpe",
        character_coverage=1.0,
    )
    model = sentencepiece.SentencePieceProcessor(model_file=str(folder / "pieces.model"))
    for part in PARTS:
        for side in SIDES:
            lines = (
                model.encode(line, out_type=str) for line in read_lines(folder / f"{part}.{side}")
            )
            text = "".join(" ".join(pieces) + "\n" for pieces in lines)
            (folder / f"{part}.pieces.{side}").write_text(text, encoding="utf-8")
    pieces = [model.id_to_piece(number) for number in range(3, len(model))]
    special = ["<unk>", "<pad>", "<s>", "</s>"]  # as JoeyNMT wants them
    (folder / "pieces").write_text("\n".join([*special, *pieces]) + "\n", encoding="utf-8")
    told.write_text(json.dumps(asked), encoding="utf-8")


def evaluate(system: System, minutes: float) -> dict[str, Any]:
    """Translates the test set and one sentence; returns scores, speed and size."""
    cut = isinstance(system, CUT)
    src = system.data / ("test.pieces.src" if cut else "test.src")
    one = system.folder / "one.src"
    lines = list(read_lines(src))
    one.write_text(lines[0] + "\n", encoding="utf-8")
    out = system.folder / f"{minutes:g}.tgt"
    seconds = system.translate(minutes, src, out)
    start = system.translate(minutes, one, system.folder / "one.tgt")
    hypotheses = list(read_lines(out))
    if cut:
        model = sentencepiece.SentencePieceProcessor(model_file=str(system.data / "pieces.model"))
        hypotheses = [model.decode(line.split()) for line in hypotheses]
    references = list(read_lines(system.data / "test.tgt"))
    bleu, chrf = score(hypotheses, references, ter=False, confidence=True)
    assert bleu.interval is not None and chrf.interval is not None
    return {
        "minutes": minutes,
        "bleu": bleu.value,
        "bleu_half_width": bleu.interval.half_width,
        "chrf": chrf.value,
        "chrf_half_width": chrf.interval.half_width,
        "sentences_per_second": (len(lines) - 1) / (seconds - start),
        "megabytes": system.size(minutes) / 1e6,
    }


def print_table(folder: Path) -> None:
    """Prints the results of all systems in a folder."""
    table = Table(title=f"{folder.name}, test set, beam of 5")
    for column in ("system", "minutes", "BLEU", "chrF2", "sentences/s", "MB"):
        table.add_column(column, justify="left" if column == "system" else "right")
    for name in SYSTEMS:
        for path in sorted((folder / name).glob("*.json"), key=lambda path: float(path.stem)):
            found = json.loads(path.read_text(encoding="utf-8"))
            table.add_row(
                name,
                f"{found['minutes']:g}",
                f"{found['bleu']:.2f} ± {found['bleu_half_width']:.2f}",
                f"{found['chrf']:.2f} ± {found['chrf_half_width']:.2f}",
                f"{found['sentences_per_second']:.1f}",
                f"{found['megabytes']:.1f}",
            )
        table.add_section()
    console.print(table)


def main() -> None:
    """Trains, translates, scores, prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with the text")
    parser.add_argument("--src", required=True, help="suffix of the source's files")
    parser.add_argument("--tgt", required=True, help="suffix of the target's files")
    for part in PARTS:
        parser.add_argument(f"--{part}", default=part, metavar="NAME", help="its files' name")
    parser.add_argument("--out", type=Path, required=True, help="folder of all that is made")
    parser.add_argument("--onmt", help="Python with OpenNMT-py and CTranslate2")
    parser.add_argument("--joeynmt", help="Python with JoeyNMT")
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    parser.add_argument("--minutes", type=float, nargs="+", default=[5, 15, 45])
    parser.add_argument("--vocab-size", type=int, default=4000)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no training goes on alone
    pythons = {"s2s": sys.executable, "onmt": options.onmt, "joeynmt": options.joeynmt}
    write_data(options)
    for name in options.systems:
        toolkit, kind, settings = SYSTEMS[name]
        if pythons[toolkit] is None:
            console.print(f"{name} is left out: name its Python with --{toolkit}")
            continue
        given = {"vocab-size": options.vocab_size} if kind is S2S else settings
        system = kind(name, options.out, pythons[toolkit], options.threads, given)
        system.train(options.minutes)
        for minutes in options.minutes:
            result = options.out / name / f"{minutes:g}.json"
            if not system.model(minutes).exists():
                console.print(f"{name} has no checkpoint after {minutes:g} minutes")
            elif not result.exists():
                result.write_text(json.dumps(evaluate(system, minutes)), encoding="utf-8")
    print_table(options.out)


if __name__ == "__main__":
    main()
