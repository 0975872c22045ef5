"""Kinds of lines: words by themselves, sequences of symbols, and pairs that resemble each other."""

from collections import Counter
from collections.abc import Sequence
from statistics import correlation

WORDS_A_LINE = 2.5
"""Words a line up to which lines are words, names or codes, and not sentences."""
NEW_WORDS = 0.5
"""Share of different ones among all words from which on few of them come again."""
SYMBOL = 2.5
"""Most characters of a token, on average, in phonemes or letters. The phonemes of ten languages had
1.0 to 1.6 and ARPAbet 1.9; the messages of programs in 128 languages had 3.6 (Korean) or more."""
ALIKE = 0.3
"""Correlation of the lengths of source and target from which on pairs resemble each other."""
MORE_SHARED = 0.2
"""Share of the target's characters by which its own source must have more of them than another."""


def are_words(lines: Sequence[str]) -> bool:
    """Whether lines have hardly more than a word or two."""
    return sum(len(line.split()) for line in lines) <= WORDS_A_LINE * len(lines)


def are_new_words(lines: Sequence[str]) -> bool:
    """Whether lines are words, and most of these are in no other line."""
    words = [word for line in lines for word in line.split()]
    return are_words(lines) and len(set(words)) > NEW_WORDS * len(words)


def are_symbols(lines: Sequence[str]) -> bool:
    """Whether lines are phonemes, letters or other short symbols with blanks between them."""
    tokens = [token for line in lines for token in line.split()]
    return sum(map(len, tokens)) <= SYMBOL * len(tokens)


def are_alike(src: Sequence[str], tgt: Sequence[str]) -> bool:
    """Whether targets are made of their sources, so that more can be learned than a list.

    Either longer sources have longer targets, as in transliteration, or targets have more
    characters of their own source than of another, as in inflection.
    """
    lengths = [list(map(len, side)) for side in (src, tgt)]
    vary = all(len(set(each)) > 1 for each in lengths)
    if vary and correlation(*lengths) >= ALIKE:
        return True
    middle = len(src) // 2  # neighbours may be forms of one word
    others = [*src[middle:], *src[:middle]]
    return _shared(src, tgt) - _shared(others, tgt) >= MORE_SHARED


def _shared(src: Sequence[str], tgt: Sequence[str]) -> float:
    """Returns the share of the targets' characters, without case, that are in their sources."""
    counts = [[Counter("".join(line.casefold().split())) for line in side] for side in (src, tgt)]
    shared: int = sum((one & other).total() for one, other in zip(*counts, strict=True))
    return shared / max(1, sum(each.total() for each in counts[1]))
