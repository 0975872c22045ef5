"""Targets that are measured on made-up sentences, or on made-up changes of real ones."""

import random
import string
from collections.abc import Iterator, Sequence
from typing import Final

from robustness.child import TranslatorProcess
from robustness.strange import (
    STRANGE,
    name_sentences,
    placeable_sentences,
    unknown_names,
    unknown_sentences,
)
from robustness.targets import Target, share
from robustness.written_numbers import KINDS

from s2s.score.variants import JOINED, join
from s2s.writing.numbers import same_numbers

NUMBERS_RIGHT: Final = 0.99
COPIED: Final = 0.99
NAMES_RIGHT: Final = 0.9
"""Some names are also words of the training text, which is left to the network."""
SAME: Final = 0.99
"""Share of sentences with soft hyphens whose translation is the same as without."""
IGNORABLE: Final = ("\u00ad", "\u200b", "\u2060", "\u200e")
"""Characters that change nothing of a word: soft hyphen, zero-width space, word joiner, mark of
direction."""
EXAMPLES: Final = 5


def about_line_breaks(model: TranslatorProcess, sources: Sequence[str]) -> Target:
    """Joins sentences by line breaks, some by two at once, and counts them in the translations."""
    texts = []
    for size in JOINED:
        groups = [sources[at : at + size] for at in range(0, min(len(sources), 60), size)]
        texts += [join(group, line_break=True) for group in groups]
    texts += [text.replace("\n", "\n\n", 1) for text in texts[:20]]
    found = model.translate(texts)
    right = sum(one.count("\n") == two.count("\n") for one, two in zip(texts, found, strict=True))
    return share("line breaks of texts", right, len(texts), 1.0, {})


def about_numbers(model: TranslatorProcess, sentences: Sequence[tuple[str, str]]) -> Target:
    """Translates made-up sentences with numbers."""
    found = model.translate([text for _, text in sentences])
    wrong: dict[str, list[list[str]]] = {kind: [] for kind in KINDS}
    for (kind, text), translation in zip(sentences, found, strict=True):
        if not same_numbers(text, translation):
            wrong[kind].append([text, translation])
    count = sum(map(len, wrong.values()))
    figures = {
        "wrong": {kind: len(rows) for kind, rows in wrong.items()},
        "examples": {kind: rows[:EXAMPLES] for kind, rows in wrong.items()},
    }
    return share("numbers", len(sentences) - count, len(sentences), NUMBERS_RIGHT, figures)


def about_placeables(model: TranslatorProcess, language: str) -> Iterator[Target]:
    """Translates made-up sentences with addresses, placeholders and code, and with names."""
    yield _copied("placeables", model, placeable_sentences(language))
    yield _copied("names", model, name_sentences(language), goal=NAMES_RIGHT)


def _copied(
    name: str, model: TranslatorProcess, rows: Sequence[tuple[str, str]], goal: float = COPIED
) -> Target:
    """Counts the texts that are in the translations of their sentences."""
    found = model.translate([text for text, _ in rows])
    lost = [
        [text, each] for (text, name), each in zip(rows, found, strict=True) if name not in each
    ]
    figures = {"examples": lost[:EXAMPLES]}
    return share(name, len(rows) - len(lost), len(rows), goal, figures)


def about_unknown(model: TranslatorProcess, language: str) -> Iterator[Target]:
    """Translates text that no vocabulary of the model can write."""
    characters = sorted({*"".join(STRANGE)} - {" "})
    src, tgt = model.lacking(characters)
    unknown = frozenset(src) & frozenset(tgt)
    yield _copied("unknown text copied", model, unknown_sentences(language, unknown))
    names = unknown_names(unknown)
    changed = [
        [one, two] for one, two in zip(names, model.translate(names), strict=True) if one != two
    ]
    figures = {"examples": changed[:EXAMPLES]}
    name = "lines of unknown text alone"
    yield share(name, len(names) - len(changed), len(names), 1.0, figures)
    printable = [each for each in string.printable if each.isprintable() and each != " "]
    lacking = model.lacking(printable)
    yield Target(
        name="printable ASCII",
        goal="a piece for each",
        measured="without: source {}, target {}".format(
            *("".join(each) or "none" for each in lacking)
        ),
        passed=not any(lacking),
        figures={"source": lacking[0], "target": lacking[1]},
    )


def about_ignorable(
    model: TranslatorProcess, sources: Sequence[str], plain: Sequence[str]
) -> Target:
    """Puts characters that nobody sees into words."""
    rng = random.Random(1)  # noqa: S311
    texts = []
    for source in sources:
        words = source.split(" ")
        longest = max(range(len(words)), key=lambda at: len(words[at]))
        middle = len(words[longest]) // 2
        sign = rng.choice(IGNORABLE)
        words[longest] = words[longest][:middle] + sign + words[longest][middle:]
        texts.append(" ".join(words))
    pairs = list(zip(plain, model.translate(texts), strict=True))
    same = sum(one == two for one, two in pairs)
    differing = [[one, two] for one, two in pairs if one != two][:EXAMPLES]
    return share("soft hyphens and the like", same, len(pairs), SAME, {"examples": differing})
