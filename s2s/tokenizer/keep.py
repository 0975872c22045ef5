"""Patterns that find the texts to keep: placeholders, markup, addresses, numbers.

A kept text comes into the translation as it is in the source. Regular expressions say which texts
are kept. The network does not read them: in the sentence, a mark takes the place of each, one of
two characters that no cleaned text has. For a tag (``<b>``), which has no meaning of its own, the
network reads nothing. For any other text it reads an unknown word and puts out some word in its
place (Luong et al. 2015, "Addressing the Rare Word Problem in Neural Machine Translation"; Jean et
al. 2015, "On Using Very Large Target Vocabulary for Neural Machine Translation").
``s2s.translate.keep.placement`` puts the texts back.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from s2s.errors import ConfigError, printable

KEEP_PIECE = "<keep>"
"""The control piece of a kept text: a network that was trained with kept texts reads it in place of
each, and puts it out. No text has it."""
STAND_IN, SILENT = "\0", "\ufeff"
"""The two marks: the network reads a word in place of the first, nothing in place of the second.
``s2s.text.clean`` turns both characters into blanks, so no user can type them."""
_TAG = re.compile(r"(?:</?[A-Za-z][^<>]*>)+")
_PROBES = ("", "a", "a b", "1.")


Kind = Literal["pattern", "unknown", "number", "placeable", "name"]
"""Why a text is kept: a pattern of the user finds it, the vocabulary cannot read it, or it is a
number, a placeable or a name (``s2s.writing``)."""


class KeptText(NamedTuple):
    """A kept text and its neighbours in the sentence."""

    text: str
    """The text, without blanks around it."""
    before: str
    """The character before it; empty at the beginning of the sentence."""
    after: str
    """The character after it; empty at the end of the sentence."""
    kind: Kind = "pattern"

    @property
    def after_blank(self) -> bool:
        """Whether a word begins with it."""
        return self.before in ("", " ")

    @property
    def is_sign(self) -> bool:
        """Whether it is an unknown sign, such as an emoji, and no word."""
        return self.kind == "unknown" and not any(map(str.isalnum, self.text))

    @property
    def before_blank(self) -> bool:
        """Whether a word ends with it."""
        return self.after in ("", " ")


class MarkedText(NamedTuple):
    """A sentence with marks in place of kept texts."""

    text: str
    kept: tuple[KeptText, ...]


class Span(NamedTuple):
    """Where a text to keep is in a sentence."""

    start: int
    end: int
    silent: bool
    """Whether the network reads nothing in its place."""
    kind: Kind


def mark_spans(
    text: str, spans: Sequence[Span], read: Callable[[str], str] | None = None
) -> MarkedText:
    """Puts marks in place of texts to keep.

    Args:
        text: A clean sentence, without a tag that names a language.
        spans: Where these texts are, in order; none touches the next one.
        read: What is done to the text between them.
    """
    ends = [0, *(span.end for span in spans)]
    starts = [*(span.start for span in spans), len(text)]
    between = [text[end:start] for end, start in zip(ends, starts, strict=True)]
    if read is not None:
        between = list(map(read, between))
    marked, kept = between[0], []
    for span, before, after in zip(spans, between, between[1:], strict=False):
        kept.append(KeptText(text[span.start : span.end], before[-1:], after[:1], span.kind))
        marked += (SILENT if span.silent else STAND_IN) + after
    return MarkedText(marked, tuple(kept))


def is_tag(text: str) -> bool:
    """Whether a text consists of tags of HTML or XML."""
    return _TAG.fullmatch(text) is not None


class KeepPatterns:
    """Regular expressions that find the texts to keep."""

    def __init__(self, patterns: Sequence[str]) -> None:
        """Compiles regular expressions of Python's ``re``.

        Raises:
            ConfigError: If one is invalid, or matches the empty string.
        """
        self.patterns = tuple(patterns)
        self._compiled = []
        for pattern in self.patterns:
            if not isinstance(pattern, str):
                raise ConfigError(
                    f"keep (--keep) has {pattern!r}; expected a regular expression as text"
                )
            try:
                compiled = re.compile(pattern)
            except (re.error, RecursionError, OverflowError) as error:
                reason = printable(str(error))  # it may quote a line end
                raise ConfigError(
                    f"keep (--keep) has {pattern!r}, which is not a regular expression: {reason}"
                ) from error
            matches = (match for probe in _PROBES for match in compiled.finditer(probe))
            if any(match.end() == match.start() for match in matches):
                raise _empty_match(pattern)
            self._compiled.append(compiled)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Returns where the matches are: starts and ends. Matches that touch or overlap are one.

        Raises:
            ConfigError: If a pattern matches the empty string there.
        """
        matches = []
        for compiled in self._compiled:
            for match in compiled.finditer(text):
                if not match[0]:
                    raise _empty_match(compiled.pattern)
                num_blanks = len(match[0]) - len(match[0].lstrip())
                if stripped := match[0].strip():
                    start = match.start() + num_blanks
                    matches.append((start, start + len(stripped)))
        spans: list[tuple[int, int]] = []
        for start, end in sorted(matches):
            if spans and start <= spans[-1][1]:
                spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
            else:
                spans.append((start, end))
        return spans

    def texts(self, text: str) -> list[str]:
        """Returns the texts to keep in ``text``."""
        return [text[start:end] for start, end in self.spans(text)]

    def mark_pair(self, src: str, tgt: str) -> tuple[str, str, int]:
        """Puts stand-ins in place of the texts that both sides of a pair have, as often as both do.

        Returns:
            Both sides, and the number of stand-ins in each. A text that only one side has stays.
        """
        sides = (src, tgt)
        spans_of_sides = [self.spans(side) for side in sides]
        if not all(spans_of_sides):
            return src, tgt, 0
        counts = [
            Counter(side[start:end] for start, end in spans)
            for side, spans in zip(sides, spans_of_sides, strict=True)
        ]
        shared = counts[0] & counts[1]
        marked = []
        for side, spans in zip(sides, spans_of_sides, strict=True):
            left, segments, done = shared.copy(), [], 0
            for start, end in spans:
                if left[side[start:end]]:
                    left[side[start:end]] -= 1
                    segments += [side[done:start], STAND_IN]
                    done = end
            marked.append("".join([*segments, side[done:]]))
        return marked[0], marked[1], shared.total()


def compile_keep(patterns: str | Sequence[str]) -> KeepPatterns | None:
    """Compiles one pattern or several; returns None for no pattern, or for one that is empty.

    Raises:
        ConfigError: If one is invalid, or matches the empty string.
    """
    several = [patterns] if isinstance(patterns, str) else list(patterns)
    return KeepPatterns(several) if several not in ([], [""]) else None


def _empty_match(pattern: str) -> ConfigError:
    return ConfigError(
        f"keep (--keep) has {pattern!r}, which matches the empty string; write a pattern that "
        "matches at least one character, for example with + in place of *"
    )
