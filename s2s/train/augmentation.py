"""What augmentation can do to the text of a training, for its log."""

from collections.abc import Iterator, Sequence

from s2s.corpus import AugmentConfig, DataConfig
from s2s.corpus.augment import Changes, Pair, augment
from s2s.corpus.chunks import untag
from s2s.corpus.shards import Shards
from s2s.tokenizer import Tokenizer

SAMPLE = 1000
"""Pairs of each corpus that are looked at."""
ENOUGH = 0.9
"""Share of pairs that a modifier should be able to change; less is logged."""


def describe_augmentation(
    data: DataConfig, corpora: Sequence[Shards], tokenizer: Tokenizer, seed: int
) -> Iterator[str]:
    """Yields the shares, and a line for each modifier that cannot change many of the pairs."""
    if not data.augment:
        return
    yield f"augmentation: {data.augment} of the pairs, others in each epoch"
    samples = [_read(shards, tokenizer) for shards in corpora]
    count = sum(len(pairs) for pairs, _ in samples)
    for name in data.augment.shares():
        everywhere = AugmentConfig(**{name: 1.0})
        found = [
            augment(tokenizer, pairs, tags, everywhere, data.max_pieces, seed)
            for pairs, tags in samples
        ]
        if sum(changes.made[name] for changes in found) < ENOUGH * count:
            yield f"augmentation: {name} {_reasons(name, found, count)}"


def _read(shards: Shards, tokenizer: Tokenizer) -> tuple[list[Pair], list[str | None]]:
    """Returns the first pairs of a corpus, without their tags, and the tags."""
    sides = shards.read_text(0, min(SAMPLE, len(shards)))
    src, tgt = (side.ids.tobytes().decode().split("\n")[:-1] for side in sides)
    plain, tags = untag(tokenizer, src)
    return list(zip(plain, tgt, strict=True)), tags


def _reasons(name: str, found: Sequence[Changes], count: int) -> str:
    """Says how many pairs a modifier can change, and why not the others."""
    made = sum(changes.made[name] for changes in found)
    reasons = {
        "would get unknown pieces": sum(changes.unknown for changes in found),
        "would become too long": sum(changes.too_long for changes in found),
    }
    said = "".join(f"; {number:,} {reason}" for reason, number in reasons.items() if number)
    return f"can change {made:,} of the first {count:,} pairs{said}; the others stay as they are"
