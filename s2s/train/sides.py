"""Corpora whose sides look swapped: source where the others have target, and target where source.

Two signs are looked for: the languages that the file names end in, and the text itself. The text is
compared by its groups of three characters, whatever the language or the task. Both sides must look
swapped, so that two sides in one language, copies or numbers are none.
"""

import math
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from s2s.corpus import CorpusConfig, DataConfig
from s2s.corpus.pairs import column_languages
from s2s.errors import printable
from s2s.text import clean
from s2s.train.log import say
from s2s.writing.languages import language_of, same_code

SAMPLE = 1000
"""Pairs of each corpus that are compared."""
LEAST_GROUPS = 50
"""Different groups of characters that a side must have to be compared: words, not symbols."""
MARGIN = 0.2
"""Nats a group of characters by which a side must be more like the other side of other text."""
SIGMAS = 4.0
"""Standard errors by which it must be so."""
CROSSED = 0.7
"""Share of the pairs of which both sides must be so."""

Pair = tuple[str, str]


def groups_of(text: str) -> Iterator[str]:
    """Yields the groups of three characters in a line, small letters, with a blank at both ends."""
    padded = f" {clean(text).casefold()} "
    return (padded[start : start + 3] for start in range(len(padded) - 2))


class Profile:
    """How frequent each group of characters is in some lines."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.counts = Counter(group for line in lines for group in groups_of(line))
        self._total = self.counts.total()

    def cost(self, line: str) -> float:
        """Returns the mean negative log-probability of the groups in a line, nats."""
        kinds = len(self.counts) + 1
        costs = [
            math.log((self._total + kinds) / (self.counts[group] + 1)) for group in groups_of(line)
        ]
        return sum(costs) / max(1, len(costs))


def look_swapped(pairs: Sequence[Pair], others: Sequence[Pair]) -> bool:
    """Whether the sides of some pairs look swapped beside those of others.

    Args:
        pairs: Sources and targets of one corpus.
        others: Pairs that should have the same languages.
    """
    profiles = [Profile(side) for side in zip(*others, strict=True)]
    own = [Profile(side) for side in zip(*pairs, strict=True)]
    if min(len(profile.counts) for profile in own + profiles) < LEAST_GROUPS:
        return False
    src, tgt = profiles
    differences = [
        (src.cost(one) - tgt.cost(one), tgt.cost(other) - src.cost(other)) for one, other in pairs
    ]
    both = sum(min(pair) > 0 for pair in differences)
    return both >= CROSSED * len(pairs) and all(map(_is_clear, zip(*differences, strict=True)))


def _is_clear(differences: Sequence[float]) -> bool:
    """Whether the mean of some differences is over ``MARGIN``, and not by chance."""
    count = len(differences)
    mean = sum(differences) / count
    variance = sum((value - mean) ** 2 for value in differences) / max(1, count - 1)
    return count > 1 and mean > max(MARGIN, SIGMAS * math.sqrt(variance / count))


@dataclass(slots=True)
class _Sample:
    """A random sample of one corpus (Vitter 1985, algorithm R)."""

    config: CorpusConfig
    pairs: list[Pair] = field(default_factory=list)
    seen: int = 0

    def add(self, src: str, tgt: str, draw: random.Random) -> None:
        self.seen += 1
        if len(self.pairs) < SAMPLE:
            self.pairs.append((src, tgt))
        elif (row := int(draw.random() * self.seen)) < SAMPLE:
            self.pairs[row] = (src, tgt)

    @property
    def languages(self) -> tuple[str | None, str | None]:
        src, tgt = languages_of(self.config)
        return src and same_code(src), tgt and same_code(tgt)


def languages_of(corpus: CorpusConfig) -> tuple[str | None, str | None]:
    """Returns the language codes of both sides that files or columns are named after."""
    if corpus.pairs is not None:
        return column_languages(corpus)
    src, tgt = map(language_of, corpus.paths)
    return src, tgt


def named_languages(data: DataConfig) -> tuple[str | list[str] | None, str | list[str] | None]:
    """Returns the language codes of source and target: set, or of the names of the training text.

    A list if there are several, None if none is known.
    """
    names = [languages_of(corpus) for corpus in data.train]
    return (
        data.src_language or _listed(src for src, _ in names),
        data.tgt_language or _listed(tgt for _, tgt in names),
    )


def _listed(found: Iterable[str | None]) -> str | list[str] | None:
    """Returns the only language, or a list if there are several."""
    codes: dict[str, str] = {}
    for code in filter(None, found):
        codes.setdefault(same_code(code), code)  # the first spelling
    return list(codes.values()) if len(codes) > 1 else next(iter(codes.values()), None)


def say_unknown_languages(data: DataConfig) -> None:
    """Names the files whose endings are no language code, if nobody has named the language."""
    for number, side in enumerate(("src", "tgt")):
        if getattr(data, f"{side}_language") is not None:
            continue
        paths = dict.fromkeys(
            corpus.paths[number if corpus.pairs is None else 0]
            for corpus in data.train
            if languages_of(corpus)[number] is None
        )
        if paths:
            names = ", ".join(Path(path).name for path in paths)
            what = "column" if all(corpus.pairs for corpus in data.train) else "ending"
            say(
                f"{printable(names)}: the {what} is no language code, so the language is unknown; "
                f"name it ({side}_language, --set {side}_language=pt-BR), or rename the "
                + ("column" if what == "column" else "file: train.pt-BR")
            )


class Sides:
    """Finds corpora whose sides look swapped."""

    def __init__(self) -> None:
        self._draw = random.Random(1)  # noqa: S311
        self._training: dict[int, _Sample] = {}
        self._validation: dict[int, _Sample] = {}

    def add_training(self, config: CorpusConfig, src: str, tgt: str) -> None:
        """Takes in a training pair, as it stands in its files."""
        self._add(self._training, config, src, tgt)

    def add_validation(self, config: CorpusConfig, src: str, tgt: str) -> None:
        """Takes in a validation pair, as it stands in its files."""
        self._add(self._validation, config, src, tgt)

    def _add(self, samples: dict[int, _Sample], config: CorpusConfig, src: str, tgt: str) -> None:
        sample = samples.get(id(config))
        if sample is None:
            sample = samples[id(config)] = _Sample(config)
        sample.add(src, tgt, self._draw)

    def warnings(self) -> Iterator[str]:
        """Yields a line for each corpus that looks swapped beside other text with its tag."""
        training = list(self._training.values())
        for sample in self._validation.values():
            others = [other for other in training if other.config.tag == sample.config.tag]
            if why := _signs(sample, others):
                yield _describe(sample, why, "--val-src, --val-tgt, --validate")
        for number, sample in enumerate(training):
            others = [
                other
                for other in training[:number] + training[number + 1 :]
                if other.config.tag == sample.config.tag
            ]
            # Of two, either may be the wrong one: the second is named.
            if (len(others) > 1 or number) and (why := _signs(sample, others)):
                yield _describe(sample, why, "--train")


def _signs(sample: _Sample, others: Sequence[_Sample]) -> list[str]:
    """Returns why a corpus looks swapped; nothing if it does not."""
    why = []
    src, tgt = sample.languages
    known = {other.languages for other in others}
    if src and tgt and src != tgt and (tgt, src) in known and (src, tgt) not in known:
        why.append(f"their names say {src} to {tgt}, those of the other text {tgt} to {src}")
    if others and look_swapped(sample.pairs, [pair for each in others for pair in each.pairs]):
        why.append("each side reads like the opposite side of the other text")
    return why


def _describe(sample: _Sample, why: list[str], options: str) -> str:
    corpus = sample.config
    if corpus.pairs is not None:
        options = "--columns"
    return (
        f"source and target look swapped in {corpus.name}: {', and '.join(why)}; if they are, "
        f"exchange them ({options})"
    )
