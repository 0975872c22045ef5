"""Validation pairs that stand in the training text: a network that learned them seems better."""

from collections import Counter
from collections.abc import Callable

from s2s.corpus import CorpusConfig
from s2s.text import clean

MANY = 0.05
"""Share of validation pairs, or of their sources, that makes BLEU look better than it is."""


class Overlap:
    """Counts validation pairs that the training text has, too; needs them all before the text.

    A pair counts for the training text with its tag. Memory grows with the validation pairs only:
    one number for a source, one for a pair.
    """

    def __init__(self, clean: Callable[[str], str] = clean) -> None:
        """``clean`` brings texts into the form that is compared."""
        self._clean = clean
        self._validation = 0
        self._sources: Counter[int] = Counter()
        self._pairs: Counter[int] = Counter()
        self._found_sources: set[int] = set()
        self._found_pairs: set[int] = set()

    def add_validation(self, config: CorpusConfig, src: str, tgt: str) -> None:
        """Takes in a validation pair, as it stands in its files."""
        source = self._clean(src)
        self._validation += 1
        self._sources[hash((config.tag, source))] += 1
        self._pairs[hash((config.tag, source, self._clean(tgt)))] += 1

    def add_training(self, config: CorpusConfig, src: str, tgt: str) -> None:
        """Looks whether a training pair, as it stands in its files, is in the validation text."""
        source = self._clean(src)
        if (key := hash((config.tag, source))) in self._sources:
            self._found_sources.add(key)
            if (pair := hash((config.tag, source, self._clean(tgt)))) in self._pairs:
                self._found_pairs.add(pair)

    @property
    def pairs(self) -> int:
        """Number of validation pairs that are in the training text."""
        return sum(self._pairs[key] for key in self._found_pairs)

    @property
    def sources(self) -> int:
        """Number of validation pairs whose source is in the training text, with any target."""
        return sum(self._sources[key] for key in self._found_sources)

    @property
    def is_large(self) -> bool:
        """Whether there are enough of them to mislead."""
        return self.sources >= MANY * max(1, self._validation)

    def __str__(self) -> str:
        """Returns one line for the log; empty if there is no overlap."""
        if not self.sources:
            return ""
        line = f"{self.pairs:,} of {self._validation:,} validation pairs stand in the training text"
        if others := self.sources - self.pairs:
            line += f", and the sources of {others:,} others"
        if self.is_large:
            line += (
                "; the validation looks better than it is: take them out of the training "
                "text, or validate on other text (--val-src and --val-tgt, or --validate)"
            )
        return line
