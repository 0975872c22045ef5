"""Pairs changed into what people type: in capitals, with typing errors, two on a line.

The modifiers and their names are those of OpusTrainer (Bogoychev et al. 2023, "OpusCleaner and
OpusTrainer, open source toolkits for training Machine Translation and Large language models").
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from s2s.config import UNK_ID
from s2s.corpus.config import AugmentConfig
from s2s.corpus.encode import encode_pairs
from s2s.tokenizer import Tokenizer
from s2s.writing.case import to_capitals, to_title_case
from s2s.writing.end_marks import end_mark, without_end_mark
from s2s.writing.scripts import script_without_blanks
from s2s.writing.typos import add_typo

_WITHOUT_BLANKS = frozenset({"han", "kana", "bopomofo", "cjk"})
"""Scripts that write sentences without a blank between them. (Thai and its neighbours have one.)"""
_CASES = {"upper": to_capitals, "title": to_title_case}

_PURPOSE = 1
"""Added to a seed, so that augmentation and subword sampling draw different numbers."""

Pair = tuple[str, str]
"""Source and target."""


@dataclass(slots=True)
class Changes:
    """The changed pairs of a chunk, and their pieces."""

    rows: list[int] = field(default_factory=list)
    """Numbers of the pairs in the chunk, in order."""
    pairs: list[Pair] = field(default_factory=list)
    """Source without tag and target."""
    src: list[list[int]] = field(default_factory=list)
    """Ids of the sources, with tag and end piece."""
    tgt: list[list[int]] = field(default_factory=list)
    """Ids of the targets, with the end piece."""
    made: Counter[str] = field(default_factory=Counter)
    """How many pairs each modifier has changed."""
    unknown: int = 0
    """Pairs that stay because the change would bring in unknown pieces."""
    too_long: int = 0
    """Pairs that stay because the change would make a side too long."""


class _Change:
    """A pair on its way through the modifiers."""

    def __init__(self, pair: Pair) -> None:
        self.before = self.src, self.tgt = pair
        """The pair as it was, or as it was joined; it has the same pieces that are unknown."""
        self.made: list[str] = []

    def set(self, name: str, src: str, tgt: str) -> None:
        """Takes the result of a modifier."""
        if src != self.src:
            self.src, self.tgt = src, tgt
            self.made.append(name)


def augment(
    tokenizer: Tokenizer,
    pairs: Sequence[Pair],
    tags: Sequence[str | None],
    shares: AugmentConfig,
    max_pieces: int,
    seed: int,
) -> Changes:
    """Changes a share of the pairs.

    Args:
        tokenizer: Tokenizer of the run.
        pairs: Clean sources without tags, and targets. Both may have stand-ins for kept texts,
            which stay.
        tags: The sources' tags.
        shares: Shares of the pairs that are changed.
        max_pieces: Most pieces of a changed side; end piece and tag are not counted.
        seed: Seed of everything random. The same pairs and seed give the same changes.
    """
    return _accept(tokenizer, _draw_changes(pairs, tags, shares, seed), tags, max_pieces)


def change_texts(pairs: Sequence[Pair], shares: AugmentConfig, seed: int) -> list[Pair]:
    """Returns the pairs with a share of them changed, whatever their pieces would be.

    Args:
        pairs: Clean sources and targets.
        shares: Shares of the pairs that are changed.
        seed: Seed of everything random.
    """
    changed = list(pairs)
    for row, change in _draw_changes(pairs, [None] * len(pairs), shares, seed).items():
        changed[row] = change.src, change.tgt
    return changed


def _draw_changes(
    pairs: Sequence[Pair], tags: Sequence[str | None], shares: AugmentConfig, seed: int
) -> dict[int, _Change]:
    """Returns the changed pairs by their numbers, in order."""
    random = np.random.default_rng((seed, _PURPOSE))
    drawn = _draw(shares, len(pairs), random)
    changes: dict[int, _Change] = {}
    for row in np.flatnonzero(np.any([*drawn.values()], axis=0)).tolist():
        names = [name for name, rows in drawn.items() if rows[row]]
        change = _Change(pairs[row])
        if "merge" in names and row + 1 < len(pairs) and tags[row] == tags[row + 1]:
            (src, tgt), (next_src, next_tgt) = pairs[row], pairs[row + 1]
            change.set("merge", join_texts(src, next_src), join_texts(tgt, next_tgt))
            change.before = change.src, change.tgt
        _modify(change, names, random)
        if change.made:
            changes[row] = change
    return changes


def _draw(
    shares: AugmentConfig, count: int, random: np.random.Generator
) -> dict[str, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Returns the rows that each modifier gets, in the order in which modifiers are applied."""
    case, typos, merge, noend = random.random((4, count))
    return {
        "merge": merge < shares.merge,
        "noend": noend < shares.noend,
        "typos": typos < shares.typos,
        "upper": case < shares.upper,
        "title": (case >= shares.upper) & (case < shares.upper + shares.title),
    }


def _modify(change: _Change, names: Sequence[str], random: np.random.Generator) -> None:
    """Applies the modifiers of a single pair. A modifier that leaves the source does nothing."""
    if "noend" in names and end_mark(change.src) and end_mark(change.tgt):
        change.set("noend", without_end_mark(change.src), change.tgt)
    if "typos" in names:
        change.set("typos", add_typo(change.src, random), change.tgt)
    for name, write in _CASES.items():
        if name in names:
            change.set(name, write(change.src), write(change.tgt))


def join_texts(first: str, second: str) -> str:
    """Joins two sentences as they stand on a line: with a blank, but not in Chinese or Japanese."""
    end = next((c for c in reversed(first) if c.isalnum()), "")
    start = next((c for c in second if c.isalnum()), "")
    if end and start and {*map(script_without_blanks, (end, start))} <= _WITHOUT_BLANKS:
        return first + second
    return f"{first} {second}"


def _accept(
    tokenizer: Tokenizer, changes: dict[int, _Change], tags: Sequence[str | None], max_pieces: int
) -> Changes:
    """Cuts changed pairs into pieces, and leaves out those that could not be learned from."""
    rows = list(changes)
    encoded = _encode(
        tokenizer, [(c.src, c.tgt) for c in changes.values()], [tags[r] for r in rows]
    )
    suspicious = [row for row, pair in zip(rows, encoded, strict=True) if any(map(_unknown, pair))]
    before = dict(
        zip(
            suspicious,
            _encode(
                tokenizer, [changes[r].before for r in suspicious], [tags[r] for r in suspicious]
            ),
            strict=True,
        )
    )
    accepted = Changes()
    for row, pair in zip(rows, encoded, strict=True):
        change = changes[row]
        extra = (1 if tags[row] is None else 2, 1)  # end piece and tag
        if row in before and any(map(lambda a, b: _unknown(a) > _unknown(b), pair, before[row])):
            accepted.unknown += 1
        elif any(len(ids) - more > max_pieces for ids, more in zip(pair, extra, strict=True)):
            accepted.too_long += 1
        else:
            accepted.rows.append(row)
            accepted.pairs.append((change.src, change.tgt))
            accepted.src.append(pair[0])
            accepted.tgt.append(pair[1])
            accepted.made.update(change.made)
    return accepted


def _unknown(ids: list[int]) -> int:
    return ids.count(UNK_ID)


def _encode(
    tokenizer: Tokenizer, pairs: Sequence[Pair], tags: Sequence[str | None]
) -> list[tuple[list[int], list[int]]]:
    """Returns the ids of both sides of each pair."""
    src = [
        text if tag is None else f"{tag} {text}" for (text, _), tag in zip(pairs, tags, strict=True)
    ]
    return list(zip(*encode_pairs(tokenizer, src, [text for _, text in pairs]), strict=True))
