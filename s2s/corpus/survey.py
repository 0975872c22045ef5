"""A look through all text before a training: it is checked and counted, and a sample is drawn."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

from s2s.corpus.config import CorpusConfig
from s2s.corpus.pairs import is_blank, raw_pairs
from s2s.errors import DataError
from s2s.text import clean

Pair = tuple[str, str]


MOST_TARGETS = 100
"""Most different targets that a survey lists."""


@dataclass(frozen=True, slots=True)
class Survey:
    """Sizes of some corpora, and a sample of their text."""

    pairs: tuple[int, ...]
    """For each corpus: pairs without a blank side."""
    drawn: int
    """Pairs of the sample, those that are in it several times counted once."""
    src: list[str]
    """Source sentences of the sample, cleaned, in the order of the text, without tags."""
    tgt: list[str]
    """Target sentences of the sample, one for each source sentence."""
    targets: tuple[str, ...] = ()
    """All different targets of all text, sorted; empty if there are more than ``MOST_TARGETS``."""


def survey(
    corpora: Sequence[CorpusConfig],
    sample: int,
    seed: int,
    *,
    purpose: str = "train",
    look: Callable[[CorpusConfig, str, str], None] = lambda *_: None,
    clean: Callable[[str], str] = clean,
) -> Survey:
    """Reads all text once: checks it, counts its pairs and draws a random sample.

    The sample is text as a training shows it: each corpus has a share by its number of pairs times
    its weight, and each pair of a corpus the same chance. A pair of a small corpus with a large
    weight is in the sample several times. Memory is bounded by twice the sample (Vitter 1985,
    "Random Sampling with a Reservoir", algorithm R).

    Args:
        corpora: The files.
        sample: Most pairs to draw; if there are fewer, all of them are returned.
        seed: Seed of the draw.
        purpose: A verb for the error message: "no sentence to train on".
        look: Called with each pair that is blank on neither side, as it stands in its files.
        clean: What brings lines into the form that is encoded.

    Raises:
        DataError: If the sides of a corpus do not match line by line, a file is not UTF-8, or a
            corpus has only pairs with a blank side.
        FileError: If a file cannot be read, or can be read only once.
    """
    draw = random.Random(seed)  # noqa: S311
    reservoirs: list[list[tuple[int, Pair]]] = []
    pairs: list[int] = []
    targets: set[str] = set()
    for config in corpora:
        count, reservoir = _draw(config, sample, draw, targets, look, clean)
        if not count:
            raise DataError(
                f"{config.name} {'has' if config.pairs else 'have'} no pair to {purpose} on; "
                "expected at least one line that is blank on neither side"
            )
        pairs.append(count)
        reservoirs.append(reservoir)
        weighted = [n * other.weight for n, other in zip(pairs, corpora, strict=False)]
        for number, part in enumerate(reservoirs):
            share = ceil(sample * weighted[number] / sum(weighted))
            if share < len(part):
                reservoirs[number] = draw.sample(part, share)
    shares = _shares(pairs, [config.weight for config in corpora], sample)
    found: list[Pair] = []
    drawn = 0
    for reservoir, share in zip(reservoirs, shares, strict=True):
        drawn += min(share, len(reservoir))
        found += _repeat(reservoir, share, draw)
    return Survey(
        pairs=tuple(pairs),
        drawn=drawn,
        src=[src for src, _ in found],
        tgt=[tgt for _, tgt in found],
        targets=tuple(sorted(targets)) if len(targets) <= MOST_TARGETS else (),
    )


def _draw(
    config: CorpusConfig,
    most: int,
    draw: random.Random,
    targets: set[str],
    look: Callable[[CorpusConfig, str, str], None],
    clean: Callable[[str], str],
) -> tuple[int, list[tuple[int, Pair]]]:
    """Returns how many pairs a corpus has, and up to ``most`` of them with their numbers.

    Adds its different targets to ``targets``, until there are more than ``MOST_TARGETS``.
    """
    count = 0
    drawn: list[tuple[int, Pair]] = []
    for src, tgt in raw_pairs(config):
        if is_blank(src) or is_blank(tgt):
            continue
        count += 1
        if len(targets) <= MOST_TARGETS:
            targets.add(clean(tgt))
        look(config, src, tgt)
        if len(drawn) < most:
            drawn.append((count, (clean(src), clean(tgt))))
        elif (row := int(draw.random() * count)) < most:
            drawn[row] = (count, (clean(src), clean(tgt)))
    return count, drawn


def _shares(pairs: Sequence[int], weights: Sequence[float], sample: int) -> list[int]:
    """Returns how many pairs of the sample each corpus has.

    If they fit, all pairs are in the sample, those of the smallest weight at least once.
    """
    weighted = [count * weight for count, weight in zip(pairs, weights, strict=True)]
    scale = min(sample / sum(weighted), max(1.0, 1 / min(weights)))
    return [round(scale * each) for each in weighted]


def _repeat(drawn: Sequence[tuple[int, Pair]], share: int, draw: random.Random) -> list[Pair]:
    """Returns ``share`` pairs in the order of the text, all as often, but some once more."""
    if not drawn:
        return []
    times, rest = divmod(share, len(drawn))
    more = {number for number, _ in draw.sample(drawn, rest)}
    return [pair for number, pair in sorted(drawn) for _ in range(times + (number in more))]
