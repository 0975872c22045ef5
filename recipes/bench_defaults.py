"""Small tasks, each trained by ``s2s train`` with no option but the files.

    python recipes/bench_defaults.py --out runs/defaults

Whoever tries s2s on a task of their own begins like this, and most will not guess that the settings
are at fault if nothing comes out. Each task is a file of made-up pairs. All outputs follow from a
rule, but for those of ``table``, so a table of the training pairs would have all *seen* inputs
right: the aim is 95 % of them. How many *unseen* inputs are right says whether the rule was
learned; no aim is set for it, since 2,000 pairs may be too few for that.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table

from s2s import S2SError, Translator

TRAINED, VALIDATED, TESTED = 2000, 100, 200
AIM = 95.0
"""Percent of the seen inputs that should come out right."""
Pair = tuple[str, str]

ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
ONES += " fifteen sixteen seventeen eighteen nineteen"
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
MONTHS = "January February March April May June July August September October November December"
GREEK = "αa βv γg δd εe ζz ηi θth ιi κk λl μm νn ξx οo πp ρr σs τt υy φf χch ψps ωo"
GOOD = ["good", "great", "lovely", "fine", "superb", "charming", "brilliant"]
BAD = ["bad", "poor", "awful", "boring", "weak", "dull", "terrible"]
THINGS = ["film", "book", "play", "song", "plot", "actor", "ending", "start", "music", "place"]
TAGGED = {
    "DET": ["the", "a", "this", "every"],
    "ADJ": ["red", "old", "small", "quick", "kind"],
    "NOUN": ["cat", "house", "river", "child", "idea"],
    "VERB": ["sees", "likes", "follows", "draws", "finds"],
}
UNITS = {"km": ("m", 1000), "m": ("cm", 100), "kg": ("g", 1000), "h": ("min", 60)}


def a_word(random: Random, letters: str, shortest: int, longest: int) -> str:
    """Returns a made-up word."""
    return "".join(random.choices(letters, k=random.randint(shortest, longest)))


def in_words(number: int) -> str:
    """Returns a number from 0 to 9,999 as English writes it."""
    ones, tens = ONES.split(), TENS.split()
    if number >= 1000:
        rest = number % 1000
        return f"{ones[number // 1000]} thousand" + (f" {in_words(rest)}" if rest else "")
    if number >= 100:
        rest = number % 100
        return f"{ones[number // 100]} hundred" + (f" {in_words(rest)}" if rest else "")
    if number < len(ones):
        return ones[number]
    return tens[number // 10 - 2] + (f"-{ones[number % 10]}" if number % 10 else "")


def reverse(random: Random) -> Pair:
    """A word, read backwards."""
    word = a_word(random, "abcdefghij", 3, 7)
    return word, word[::-1]


def capitals(random: Random) -> Pair:
    """Two words, in capitals."""
    text = f"{a_word(random, 'abcdefghij', 2, 6)} {a_word(random, 'abcdefghij', 2, 6)}"
    return text, text.upper()


def numbers_to_words(random: Random) -> Pair:
    """4301 to four thousand three hundred one."""
    number = random.randrange(10_000)
    return str(number), in_words(number)


def words_to_numbers(random: Random) -> Pair:
    """The same the other way round."""
    number, words = numbers_to_words(random)
    return words, number


def dates(random: Random) -> Pair:
    """March 3, 1987 to 1987-03-03."""
    year, month, day = random.randint(1900, 2029), random.randint(1, 12), random.randint(1, 28)
    return f"{MONTHS.split()[month - 1]} {day}, {year}", f"{year}-{month:02}-{day:02}"


def inflection(random: Random) -> Pair:
    """A verb and its features to a form, by rules of a made-up language."""
    stem = a_word(random, "bdgklmnprt", 1, 1) + a_word(random, "aeiou", 1, 1)
    stem += a_word(random, "bdgklmnprt", 1, 1) + a_word(random, "aeiou", 1, 1)
    stem += a_word(random, "bdgklmnprt", 1, 1)
    tense, person = random.choice(["PRS", "PST"]), random.choice(["1", "2", "3"])
    vowel = "e" if stem[-2] in "ei" else "a"  # harmony
    form = stem + ("" if tense == "PRS" else f"t{vowel}") + {"1": "m", "2": "s", "3": ""}[person]
    return f"{stem}{vowel}n V;{tense};{person};SG", form


def transliteration(random: Random) -> Pair:
    """Greek letters to Latin ones."""
    latin = {letter[0]: letter[1:] for letter in GREEK.split()}
    word = a_word(random, "".join(latin), 3, 8)
    return word, "".join(map(latin.__getitem__, word))


def two_labels(random: Random) -> Pair:
    """A sentence to whether it praises."""
    praises = random.random() < 0.5
    words = random.choices(GOOD if praises else BAD, k=2)
    things = random.sample(THINGS, 2)
    text = f"the {things[0]} was {words[0]} and the {things[1]} was {words[1]}"
    return text, "positive" if praises else "negative"


def parity(random: Random) -> Pair:
    """Bits to whether the number of ones is even."""
    bits = random.choices("01", k=random.randint(4, 12))
    return " ".join(bits), "odd" if bits.count("1") % 2 else "even"


def tags(random: Random) -> Pair:
    """A sentence to a tag for each of its words."""
    kinds = ["DET", *["ADJ"] * random.randint(0, 2), "NOUN", "VERB", "DET"]
    kinds += [*["ADJ"] * random.randint(0, 2), "NOUN"]
    return " ".join(random.choice(TAGGED[kind]) for kind in kinds), " ".join(kinds)


def units(random: Random) -> Pair:
    """12 km to 12000 m."""
    number, unit = random.randint(1, 999), random.choice(list(UNITS))
    smaller, factor = UNITS[unit]
    return f"{number} {unit}", f"{number * factor} {smaller}"


def table(random: Random) -> Pair:
    """A word to another one, without a rule."""
    return a_word(random, "abcdefghij", 4, 7), a_word(random, "klmnopqrst", 4, 7)


TASKS: dict[str, Callable[[Random], Pair]] = {
    task.__name__: task
    for task in (
        reverse,
        capitals,
        numbers_to_words,
        words_to_numbers,
        dates,
        inflection,
        transliteration,
        two_labels,
        parity,
        tags,
        units,
        table,
    )
}
WITHOUT_RULE = ("table",)

console = Console(highlight=False, soft_wrap=True)


def draw(task: str, seed: int) -> dict[str, list[Pair]]:
    """Returns the pairs of train, val and test; no input is twice in all of them."""
    random = Random(f"{task} {seed}")  # noqa: S311
    pairs: dict[str, str] = {}
    for _ in range(100 * (TRAINED + VALIDATED + TESTED)):
        src, tgt = TASKS[task](random)
        pairs.setdefault(src, tgt)
        if len(pairs) == TRAINED + VALIDATED + TESTED:
            break
    drawn = iter(pairs.items())
    sizes = {"test": TESTED, "val": VALIDATED, "train": TRAINED}
    return {part: list(_take(drawn, size)) for part, size in sizes.items()}


def _take(pairs: Iterator[Pair], count: int) -> Iterator[Pair]:
    yield from (pair for _, pair in zip(range(count), pairs, strict=False))


def write(folder: Path, parts: dict[str, list[Pair]]) -> None:
    """Writes ``train.in``, ``train.out``, ``val.in`` ..."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, pairs in parts.items():
        for side, ending in enumerate(("in", "out")):
            text = "".join(f"{pair[side]}\n" for pair in pairs)
            (folder / f"{part}.{ending}").write_text(text, encoding="utf-8", newline="\n")


def learn(folder: Path, more: list[str]) -> str | None:
    """Trains by the command; returns its error, if it ends with one."""
    command = [sys.executable, "-m", "s2s", "train", "--out", str(folder / "run")]
    for part, prefix in (("train", ""), ("val", "val-")):
        for side, ending in (("src", "in"), ("tgt", "out")):
            command += [f"--{prefix}{side}", str(folder / f"{part}.{ending}")]
    with (folder / "log").open("wb") as log:
        ended = subprocess.run([*command, *more], stdout=log, stderr=log, check=False)  # noqa: S603
    if not ended.returncode:
        return None
    return (folder / "log").read_text(encoding="utf-8", errors="replace").strip().split("\n")[-1]


def answers(translator: Translator, pairs: list[Pair]) -> tuple[float, str]:
    """Returns the percentage of outputs that are exactly right, and the first wrong one."""
    found = translator.translate([src for src, _ in pairs])
    wrong = [
        f"{src} -> {each.text} (expected {tgt})"
        for each, (src, tgt) in zip(found, pairs, strict=True)
        if each.text != tgt
    ]
    return 100 * (1 - len(wrong) / len(pairs)), wrong[0] if wrong else ""


def run(task: str, arguments: argparse.Namespace, results: Table) -> bool:
    """Data, training and a row of the table; whether the aim was met."""
    folder = arguments.out / task
    parts = draw(task, arguments.seed)
    write(folder, parts)
    start = time.monotonic()
    error = learn(folder, arguments.options)
    seconds = f"{time.monotonic() - start:.0f}"
    if error is not None:
        results.add_row(task, "-", "-", "no", seconds, error)
        return False
    translator = Translator(folder / "run")
    seen, wrong = answers(translator, parts["train"][:TESTED])
    unseen = "-" if task in WITHOUT_RULE else f"{answers(translator, parts['test'])[0]:.1f}"
    met = seen >= AIM
    results.add_row(task, f"{seen:.1f}", unseen, "yes" if met else "no", seconds, wrong)
    return met


def main() -> None:
    """Trains the tasks one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--out", type=Path, default=Path("runs/defaults"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--options", nargs=argparse.REMAINDER, default=[], help="for s2s train; the last argument"
    )
    arguments = parser.parse_args()
    results = Table("task", "seen %", "unseen %", f">= {AIM:g} %", "seconds", "an error")
    for task in arguments.tasks:
        if (arguments.out / task).exists():
            sys.exit(
                f"bench_defaults: error: {arguments.out / task} already exists; remove it, or "
                "name another --out"
            )
    missed = [task for task in arguments.tasks if not run(task, arguments, results)]
    console.print(results)
    if missed:
        sys.exit(f"bench_defaults: error: under {AIM:g} % of the seen inputs: {', '.join(missed)}")


if __name__ == "__main__":
    try:
        main()
    except S2SError as error:
        sys.exit(f"bench_defaults: error: {error}")
