"""Texts that a translation keeps as they are: placeholders, markup, addresses, numbers.

Whoever translates says by patterns which parts of a sentence they are. The network does not read
them; in a sentence a mark stands in the place of each, one of two characters that no cleaned text
has. A tag (``<b>``) says nothing, so the network reads nothing for it; for any other text it reads
an unknown word, and puts out some word in its place (Luong et al. 2015, "Addressing the Rare Word
Problem in Neural Machine Translation"; Jean et al. 2015, "On Using Very Large Target Vocabulary for
Neural Machine Translation"). ``s2s.translate.keep.placement`` brings the texts back.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from s2s.errors import ConfigError, printable

KEEP_PIECE = "<keep>"
"""A control piece, which no text has: for each, a network that was trained with kept texts reads it
and puts it out."""
STAND_IN, SILENT = "\0", "\u200b"
"""Marks of a text in whose place the network reads a word, and of one for which it reads nothing:
``s2s.text.clean`` makes blanks of both, so nobody can have typed them."""
_TAG = re.compile(r"(?:</?[A-Za-z][^<>]*>)+")
_PROBES = ("", "a", "a b", "1.")


class Kept(NamedTuple):
    """A text that is kept."""

    text: str
    """Without blanks around it."""
    before: str
    """The character before it, empty at the beginning of the sentence."""
    after: str
    """The one after it, empty at the end."""

    @property
    def after_blank(self) -> bool:
        """Whether a word begins with it."""
        return self.before in ("", " ")

    @property
    def before_blank(self) -> bool:
        """Whether a word ends with it."""
        return self.after in ("", " ")


class MarkedText(NamedTuple):
    """A sentence with marks in place of what is kept."""

    text: str
    kept: tuple[Kept, ...]


class Keep:
    """Finds what is kept."""

    def __init__(self, patterns: Sequence[str]) -> None:
        """Compiles regular expressions, those of Python's ``re``.

        Raises:
            ConfigError: If one is invalid, or matches the empty string.
        """
        self.patterns = tuple(patterns)
        self._compiled = []
        for pattern in self.patterns:
            if not isinstance(pattern, str):
                raise ConfigError(f"keep has {pattern!r}; expected a regular expression as text")
            try:
                compiled = re.compile(pattern)
            except (re.error, RecursionError, OverflowError) as error:
                reason = printable(str(error))  # it names what it found, a line end say
                raise ConfigError(
                    f"keep has {pattern!r}, which is no regular expression: {reason}"
                ) from error
            if any(found.end() == found.start() for t in _PROBES for found in compiled.finditer(t)):
                raise _empty(pattern)
            self._compiled.append(compiled)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Returns where the matches of all patterns are; those that touch or overlap are one.

        Raises:
            ConfigError: If a pattern matches the empty string there.
        """
        found = []
        for compiled in self._compiled:
            for match in compiled.finditer(text):
                if not match[0]:
                    raise _empty(compiled.pattern)
                blank = len(match[0]) - len(match[0].lstrip())
                if stripped := match[0].strip():
                    start = match.start() + blank
                    found.append((start, start + len(stripped)))
        spans: list[tuple[int, int]] = []
        for start, end in sorted(found):
            if spans and start <= spans[-1][1]:
                spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
            else:
                spans.append((start, end))
        return spans

    def texts(self, text: str) -> list[str]:
        """Returns what would be kept of ``text``."""
        return [text[start:end] for start, end in self.spans(text)]

    def mark(self, text: str, *, silent_tags: bool) -> MarkedText:
        """Puts marks in place of what is kept.

        Args:
            text: Clean, without a tag that names a language.
            silent_tags: Whether nothing is to be read for tags.
        """
        kept, pieces, done = [], [], 0
        for start, end in self.spans(text):
            found = text[start:end]
            kept.append(Kept(found, text[start - 1 : start] if start else "", text[end : end + 1]))
            pieces += [
                text[done:start],
                SILENT if silent_tags and _TAG.fullmatch(found) else STAND_IN,
            ]
            done = end
        return MarkedText("".join([*pieces, text[done:]]), tuple(kept))

    def mark_pair(self, src: str, tgt: str) -> tuple[str, str, int]:
        """Puts stand-ins in place of what both sides of a pair have, as often as both have it.

        Returns:
            Both, and how many each has now. What one side alone has is text.
        """
        sides = (src, tgt)
        spans = [self.spans(side) for side in sides]
        if not all(spans):
            return src, tgt, 0
        counts = [
            Counter(side[start:end] for start, end in found)
            for side, found in zip(sides, spans, strict=True)
        ]
        shared = counts[0] & counts[1]
        marked = []
        for side, found in zip(sides, spans, strict=True):
            left, pieces, done = shared.copy(), [], 0
            for start, end in found:
                if left[side[start:end]]:
                    left[side[start:end]] -= 1
                    pieces += [side[done:start], STAND_IN]
                    done = end
            marked.append("".join([*pieces, side[done:]]))
        return marked[0], marked[1], shared.total()


def make_keep(patterns: str | Sequence[str]) -> Keep | None:
    """Returns what finds matches of one pattern or several; None for none, or an empty one alone.

    Raises:
        ConfigError: If one is invalid, or matches the empty string.
    """
    several = [patterns] if isinstance(patterns, str) else list(patterns)
    return Keep(several) if several not in ([], [""]) else None


def _empty(pattern: str) -> ConfigError:
    return ConfigError(
        f"keep has {pattern!r}, which matches the empty string; write what it has to match, "
        "+ for * say"
    )
