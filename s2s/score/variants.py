"""A test set as people really type: in capitals, without end marks, several sentences on a line.

Pure text. ``s2s.score.robustness`` scores the translations of such variants beside the plain ones.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from s2s.writing.case import to_capitals, to_title_case
from s2s.writing.end_marks import end_mark, without_end_mark
from s2s.writing.list_marks import list_mark
from s2s.writing.scripts import script_without_blanks
from s2s.writing.typos import add_typo

SEED: Final = 1
"""Seed of the typos: each sentence gets the same one in every evaluation."""
JOINED: Final = {2: "two a line", 3: "three a line", 5: "five a line"}
"""Sentences on a line, and the name of the variant."""
LINE_BREAKS: Final = "two with a line break"
NO_END_MARK: Final = "no end mark"
_LIST_MARKS: Final = ("- ", "* ", "• ", "1) ", "a) ")


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """Some sentences of a test set in another form."""

    name: str
    sources: Sequence[str]
    references: Sequence[str]
    """One for each source."""
    groups: Sequence[Sequence[int]]
    """Numbers of the test set's sentences, from 0, that each source consists of."""
    without_end_marks: bool = False
    """Whether end marks are taken from all texts before they are compared: a translation with an
    end mark is as good as one without."""

    @property
    def sentences(self) -> int:
        """Number of the test set's sentences in it."""
        return sum(map(len, self.groups))

    def comparable(self, texts: Sequence[str]) -> list[str]:
        """Returns translations or references in the form in which they are compared."""
        if self.without_end_marks:
            return [without_end_mark(text) for text in texts]
        return [text.replace("\n", " ") for text in texts]

    def join_plain(self, texts: Sequence[str]) -> list[str]:
        """Returns the test set's plain texts, joined as this variant's lines are."""
        return self.comparable([join([texts[row] for row in group]) for group in self.groups])


@dataclass(frozen=True, kw_only=True, slots=True)
class Variants:
    """The variants of a test set."""

    made: Sequence[Variant]
    left_out: dict[str, str]
    """Why there is no such variant of this test set, by name."""


def make_variants(sources: Sequence[str], references: Sequence[str]) -> Variants:
    """Writes a test set as people type.

    A variant has the sentences that its change alters: text without capital letters has no variant
    in capitals, and sentences that do not end with an end mark are not joined. The same test set
    has the same variants.

    Args:
        sources: Source sentences, without tags.
        references: Human translations, one for each source.
    """
    rows = [
        row
        for row, (source, reference) in enumerate(zip(sources, references, strict=True))
        if source.strip() and reference.strip()
    ]
    made, left_out = [], {}
    for name, change_source, change_reference, reason in _CHANGES:
        changed = [(row, change_source(row, sources[row])) for row in rows]
        changed = [(row, text) for row, text in changed if text.strip() and text != sources[row]]
        if not changed:
            left_out[name] = reason
            continue
        variant = Variant(
            name=name,
            sources=[text for _, text in changed],
            references=[change_reference(row, references[row]) for row, _ in changed],
            groups=[(row,) for row, _ in changed],
            without_end_marks=name == NO_END_MARK,
        )
        made.append(variant)
    ended = [row for row in rows if end_mark(sources[row])]
    for size, name, line_break in [*((*each, False) for each in JOINED.items()), _BROKEN]:
        if len(ended) < size:
            left_out[name] = f"fewer than {size} sources end with an end mark"
            continue
        # The last line is left out if it is shorter.
        groups = [ended[at : at + size] for at in range(0, len(ended) - size + 1, size)]
        made.append(
            Variant(
                name=name,
                sources=[
                    join([sources[row] for row in group], line_break=line_break) for group in groups
                ],
                references=[join([references[row] for row in group]) for group in groups],
                groups=groups,
            )
        )
    return Variants(made=made, left_out=left_out)


def join(texts: Sequence[str], *, line_break: bool = False) -> str:
    """Writes sentences on one line, with blanks between them if their script has blanks.

    Args:
        texts: Sentences.
        line_break: Put line breaks between them instead.
    """
    parts = [part for text in texts if (part := text.strip())]
    if line_break:
        return "\n".join(parts)
    joined = ""
    for part in parts:
        close = joined and script_without_blanks(joined[-1]) and script_without_blanks(part[0])
        joined += part if close or not joined else f" {part}"
    return joined


def _to_typo(row: int, text: str) -> str:
    return add_typo(text, np.random.default_rng([SEED, row]))


def _to_list(row: int, text: str) -> str:
    return text if list_mark(text) else _LIST_MARKS[row % len(_LIST_MARKS)] + text


def _same(_: int, text: str) -> str:
    return text


_BROKEN: Final = (2, LINE_BREAKS, True)
_Write = Callable[[int, str], str]
_Change = tuple[str, _Write, _Write, str]
_CHANGES: Final[Sequence[_Change]] = (
    (
        "capitals",
        lambda _, text: to_capitals(text),
        lambda _, text: to_capitals(text),
        "no source has a letter that could be a capital",
    ),
    (
        "title case",
        lambda _, text: to_title_case(text),
        lambda _, text: to_title_case(text),
        "no source has a word that could be in title case",
    ),
    # Who types in lower case still wants the translation as it is written.
    ("lower case", lambda _, text: text.lower(), _same, "no source has a capital"),
    (
        NO_END_MARK,
        lambda _, text: without_end_mark(text),
        lambda _, text: without_end_mark(text),
        "no source ends with an end mark",
    ),
    ("one typo", _to_typo, _same, "no source has a word with room for a typo"),
    ("list mark", _to_list, _to_list, "all sources begin with the mark of a list"),
)
"""Name, what happens to a source with its number, what happens to its reference, and what is said
if no source changes."""
