"""Sentences from data: the E2E NLG challenge, with its BLEU and a count of what is left unsaid.

    python recipes/e2e_nlg.py --data DIR --out runs/e2e --seeds 1 2 3

DIR holds ``e2e-dataset.zip``; if it is missing, it is downloaded from the data set's public
repository and checked. A meaning representation such as ``name[The Mill], food[English], near[Café
Sicilia]`` becomes a sentence. Names are replaced by ``<name>`` and ``<near>`` and put back
afterwards, since test names never occur in training; ``--no-delexicalise`` leaves them in.

Novikova, Dušek and Rieser (2017), "The E2E Dataset: New Challenges For End-to-End Generation";
Dušek, Novikova and Rieser (2020), "Evaluating the State-of-the-Art of End-to-End Natural Language
Generation: The E2E NLG Challenge". BLEU is that of the challenge's ``measure_scores.py -p``:
lowercased, tokenised as by mteval-v13a, all references of a meaning representation together.
Published by it: TGen, the challenge's baseline, 65.93; Slug2Slug, its winner, 66.19.

BLEU counts runs of words that some reference has. A sentence that leaves out a slot loses little by
that, as many references leave slots out, too. So the recipe also counts, by plain keywords
(``e2e/slots.py``), which slots a sentence does not say or says wrongly, and takes the hypothesis of
the beam with the fewest. Choosing and counting by the same rules flatters the second count; the
line of the references says how many slots people left out, or said in words that the rules do not
know.
"""

import argparse
import csv
import io
import re
import sys
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from common.download import obtain_file
from common.runs import obtain_run
from e2e.slots import NAMES, Slots, Unsaid, find_unsaid, parse
from rich import box
from rich.console import Console
from rich.table import Table

from s2s import S2SError, Translator
from s2s.config import ModelConfig, TokenizerConfig
from s2s.files import atomic_output
from s2s.score import score
from s2s.score.results import Score
from s2s.train import CorpusConfig, DataConfig, TrainConfig

ARCHIVE = "e2e-dataset.zip"
SOURCE = f"https://github.com/tuetschek/e2e-dataset/releases/download/v1.0.0/{ARCHIVE}"
SHA256 = "1261064c01907af27e8cc39e0a29a81541f6ab69208c1cbfc1be95afbb49dfac"
FILES = {"train": "trainset.csv", "dev": "devset.csv", "test": "testset_w_refs.csv"}

MODEL = ModelConfig(embedding_size=256, hidden_size=256, dropout=0.2, context="input_feeding")
TOKENIZERS = {
    # Slots are words; sentences are pieces.
    True: TokenizerConfig(algorithm="word", tgt_algorithm="bpe", joint=False, vocab_size=2000),
    # Names are to be copied, so both sides have the same pieces.
    False: TokenizerConfig(algorithm="bpe", vocab_size=2000),
}
"""Vocabularies with and without delexicalisation."""
TRAINING = TrainConfig(
    learning_rate=8e-3,
    warmup_updates=300,
    batch_tokens=1000,
    ema_decay=0.995,
    average_last=3,
    max_updates=3000,  # after 1,500, one seed of three leaves much unsaid
)
MAX_RATIO = 20.0
BEAM, LENGTH_PENALTY = 4, 0.6
"""Beam of the search, as many hypotheses as are looked at. Chosen by the dev set: wider beams write
shorter sentences, with a lower BLEU."""

console = Console(markup=False, highlight=False, soft_wrap=True, width=112)


def write_source(slots: Slots, delexicalise: bool) -> str:
    """Returns a meaning representation as a model reads it: slots between blanks, or as it was."""
    if delexicalise:
        slots = {slot: f"<{slot}>" if slot in NAMES else value for slot, value in slots.items()}
        return " ".join(f"{slot}={value}".replace(" ", "_") for slot, value in slots.items())
    return ", ".join(f"{slot}[{value}]" for slot, value in slots.items())


def hide_names(slots: Slots, sentence: str) -> str:
    """Puts ``<name>`` and ``<near>`` in place of the names, however they are capitalised."""
    for slot in NAMES:
        if slot in slots:
            sentence = re.sub(re.escape(slots[slot]), f"<{slot}>", sentence, flags=re.IGNORECASE)
    return sentence


def show_names(slots: Slots, sentence: str) -> str:
    """Puts the names back."""
    for slot in NAMES:
        sentence = sentence.replace(f"<{slot}>", slots.get(slot, ""))
    return " ".join(sentence.split())


def fetch(folder: Path) -> bytes:
    """Returns the checked archive, downloaded if it is missing."""
    return obtain_file(folder / ARCHIVE, SOURCE, "name its folder with --data", sha256=SHA256)


def read_parts(archive: bytes) -> dict[str, dict[str, list[str]]]:
    """Returns train, dev and test: meaning representations, and the references of each."""
    parts: dict[str, dict[str, list[str]]] = {part: {} for part in FILES}
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        for part, name in FILES.items():
            text = files.read(f"e2e-dataset/{name}").decode("utf-8-sig")
            for row in csv.DictReader(io.StringIO(text, newline="")):
                parts[part].setdefault(row["mr"], []).append(row["ref"])
    return parts


def write_pairs(path: Path, pairs: Iterable[tuple[str, str]], delexicalise: bool) -> CorpusConfig:
    """Writes a file with a pair on each line; without pairs that do not write their names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = left_out = 0
    with atomic_output(path) as file:
        for text, reference in pairs:
            slots = parse(text)
            sentence = hide_names(slots, reference) if delexicalise else reference
            if delexicalise and any(f"<{s}>" not in sentence for s in NAMES if s in slots):
                left_out += 1
                continue
            kept += 1
            file.write(f"{write_source(slots, delexicalise)}\t{' '.join(sentence.split())}\n")
    reason = "because their names are not in the sentence as they are written"
    console.print(
        f"{path.name}: {kept:,} pairs" + (f"; {left_out:,} left out {reason}" if left_out else "")
    )
    return CorpusConfig(pairs=str(path), columns="1,2", pairs_format="tsv")


def write_references(folder: Path, said: dict[str, list[str]], delexicalise: bool) -> CorpusConfig:
    """Writes a file of meaning representations, and files of their first, second ... references.

    A blank line is no reference.
    """
    slots = [parse(text) for text in said]
    files = {"dev.src": [write_source(each, delexicalise) for each in slots]}
    for number in range(max(map(len, said.values()))):
        files[f"dev.{number + 1}.tgt"] = column = []
        for each, references in zip(slots, said.values(), strict=True):
            text = " ".join(references[number : number + 1]).split()
            column.append(hide_names(each, " ".join(text)) if delexicalise else " ".join(text))
    for name, lines in files.items():
        with atomic_output(folder / name) as file:
            file.writelines(f"{line}\n" for line in lines)
    src, tgt, *more_tgt = (str(folder / name) for name in files)
    return CorpusConfig(src=src, tgt=tgt, more_tgt=tuple(more_tgt))


def say(model: Path, slots: Sequence[Slots], delexicalise: bool) -> list[list[str]]:
    """Returns the hypotheses of the beam for each meaning representation, best first."""
    sources = [write_source(each, delexicalise) for each in slots]
    found = Translator(model).translate(
        sources, beam_size=BEAM, n_best=BEAM, length_penalty=LENGTH_PENALTY
    )
    return [
        [show_names(each, hypothesis.text) for hypothesis in translation.hypotheses]
        for each, translation in zip(slots, found, strict=True)
    ]


def choose(slots: Slots, hypotheses: list[str]) -> str:
    """Returns the first of the hypotheses with the fewest slots unsaid or said wrongly."""
    return min(filter(None, hypotheses), key=lambda text: sum(find_unsaid(slots, text)), default="")


def bleu(sentences: list[str], references: list[list[str]]) -> Score:
    """Returns BLEU against all references of each sentence, as the challenge counts it."""
    return score(sentences, references, bleu_only=True, lowercase=True)[0]


def count(slots: Sequence[Slots], sentences: Iterable[str]) -> Unsaid:
    """Returns how many slots some sentences leave out and say wrongly."""
    each = [find_unsaid(*pair) for pair in zip(slots, sentences, strict=True)]
    return Unsaid(sum(one.missing for one in each), sum(one.wrong for one in each))


def report(runs: dict[Path, float], test: dict[str, list[str]], delexicalise: bool) -> None:
    """Prints BLEU and the slots unsaid, of the first hypotheses and of the chosen ones."""
    slots = [parse(text) for text in test]
    asked = sum(name not in NAMES for each in slots for name in each)
    table = Table(
        "run", "minutes", "sentences", "BLEU", "not said", "said wrongly", box=box.MARKDOWN
    )
    for run, minutes in runs.items():
        hypotheses = say(run, slots, delexicalise)
        chosen = [choose(*pair) for pair in zip(slots, hypotheses, strict=True)]
        for kind, texts in (("first", [each[0] for each in hypotheses]), ("chosen", chosen)):
            figures = map(str, count(slots, texts))
            found = bleu(texts, list(test.values()))
            table.add_row(run.name, f"{minutes:.1f}", kind, f"{found.value:.2f}", *figures)
            with atomic_output(run / f"{kind}.txt") as file:
                file.writelines(f"{text}\n" for text in texts)
    console.print(f"test set: {len(test):,} meaning representations, {asked:,} slots but the names")
    console.print(table)
    people = [
        count([each] * len(said), said) for each, said in zip(slots, test.values(), strict=True)
    ]
    asked_of_people = sum(
        len(said) * sum(name not in NAMES for name in each)
        for each, said in zip(slots, test.values(), strict=True)
    )
    missing, wrong = (100 * sum(figures) / asked_of_people for figures in zip(*people, strict=True))
    console.print(f"references: {missing:.1f} % of the slots not said, {wrong:.1f} % said wrongly")
    console.print(f"sacreBLEU {found.signature}; published: TGen 65.93, Slug2Slug 66.19")


def main() -> None:
    """Data, training, sentences, scores."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, help=f"folder of {ARCHIVE}; default OUT/data")
    parser.add_argument("--out", type=Path, default=Path("runs/e2e"))
    parser.add_argument("--seeds", "--seed", type=int, nargs="+", default=[1])
    parser.add_argument(
        "--delexicalise",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="names are replaced and put back",
    )
    parser.add_argument("--max-minutes", type=float, help="per training")
    parser.add_argument("--max-updates", type=int)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    arguments = parser.parse_args()
    delexicalise: bool = arguments.delexicalise
    out = arguments.out / ("delexicalised" if delexicalise else "with-names")

    parts = read_parts(fetch(arguments.data or arguments.out / "data"))
    train_pairs = [(text, each) for text, said in parts["train"].items() for each in said]
    data = DataConfig(
        train=(write_pairs(out / "text" / "train.tsv", train_pairs, delexicalise),),
        validation=(write_references(out / "text", parts["dev"], delexicalise),),
        max_ratio=MAX_RATIO,
    )
    limits = {"max_minutes": arguments.max_minutes, "max_updates": arguments.max_updates}
    told = {name: each for name, each in limits.items() if each is not None}
    runs = {}
    for seed in arguments.seeds:
        run = out / f"run-{seed}"
        figures = obtain_run(
            run,
            data,
            model=MODEL,
            tokenizer=TOKENIZERS[delexicalise],
            training=replace(TRAINING, **told, seed=seed, device=arguments.device),
        )
        runs[run] = figures["minutes"]
    report(runs, parts["test"], delexicalise)


if __name__ == "__main__":
    try:
        main()
    except S2SError as error:
        sys.exit(f"e2e_nlg: error: {error}")
    except KeyboardInterrupt:
        sys.exit("e2e_nlg: stopped; repeat the command to continue")
