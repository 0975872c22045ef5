"""The words of a segment and of its translation, and which of them belong together."""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from s2s.translate.words import Pairs
from s2s.writing.end_marks import end_mark
from s2s.writing.scripts import script_without_blanks

_WORD = re.compile(r"\S+")
_MARKS = 20
"""Characters at the end of a word in which the end mark of a sentence is looked for."""


class Words:
    """The words of a text, between blanks; of a script without blanks, the characters."""

    def __init__(self, text: str) -> None:
        self.starts: list[int] = []
        """Where each word begins."""
        self.ends: list[int] = []
        """Where each word ends."""
        self.have_blanks = True
        """Whether the script parts words by blanks."""
        for match in _WORD.finditer(text):
            start, end = match.span()
            if any(map(script_without_blanks, match[0])):
                self.have_blanks = False
                for place in range(start, end):
                    if place > start and unicodedata.category(text[place])[0] == "M":
                        self.ends[-1] = place + 1  # a vowel or tone mark of the letter before
                    else:
                        self.starts.append(place)
                        self.ends.append(place + 1)
            else:
                self.starts.append(start)
                self.ends.append(end)

    def __len__(self) -> int:
        return len(self.starts)

    def touched(self, start: int, end: int) -> tuple[int, int]:
        """Returns the first word that characters are in, and the one after the last."""
        return bisect_right(self.ends, start), bisect_left(self.starts, end)

    def num_before(self, place: int) -> int:
        """Returns how many words begin before a place."""
        return bisect_left(self.starts, place)


class Links:
    """Which word of the source each word of a translation belongs to."""

    def __init__(self, text: str, src: Words, tgt: Words, pairs: Pairs) -> None:
        self.src_of = [-1] * len(tgt)
        """The source word of each word of the translation; -1 if it has none."""
        for src_word, tgt_word in pairs:
            if src_word < len(src) and tgt_word < len(tgt):
                self.src_of[tgt_word] = src_word
        _share_with_neighbours(self.src_of, len(src))
        self.first = [-1] * len(src)
        """The first word of the translation that belongs to each source word; -1 if none does."""
        self.last = [-1] * len(src)
        """The last one."""
        for tgt_word, src_word in enumerate(self.src_of):
            if src_word >= 0:
                self.last[src_word] = tgt_word
                if self.first[src_word] < 0:
                    self.first[src_word] = tgt_word
        self.after_all = [0]
        """Words of the translation up to the last one that belongs to a source word before each
        place between two of these."""
        for last in self.last:
            self.after_all.append(max(self.after_all[-1], last + 1))
        before = [len(tgt)]
        for first in reversed(self.first):
            before.append(before[-1] if first < 0 else min(before[-1], first))
        self.before_all = before[::-1]
        """Words of the translation before the first one that belongs to a source word after each
        place."""
        self._after = list[int]()
        for last in self.last:
            before_it = self._after[-1] if self._after else 0
            self._after.append(last + 1 if last >= 0 else before_it)
        self._ends = [False] * (len(src) + 1)
        self._ends[0] = self._ends[-1] = True
        for word, (start, end) in enumerate(zip(src.starts, src.ends, strict=True), 1):
            self._ends[word] = (
                self._ends[word] or end_mark(text[max(start, end - _MARKS) : end]) != ""
            )

    def after(self, word: int) -> int:
        """Returns how many words of the translation there are up to the last one of a source word.

        If none belongs to it, those of the word before it count.
        """
        return self._after[word]

    def ends_sentence(self, place: int) -> bool:
        """Whether a sentence may end before a source word, and nothing crosses this place."""
        return self._ends[place] and self.after_all[place] <= self.before_all[place]


def _share_with_neighbours(src_of: list[int], num_src: int) -> None:
    """Gives a word of the translation to a neighbour of the source word that it belongs to.

    A network often attends to a noun for the article before it or the verb after it: both words of
    the translation belong to the noun then, and the article or verb has none. If a source word has
    two words of the translation side by side, the outer one goes to a neighbour that has none.
    """
    counts = [0] * num_src
    for src_word in src_of:
        if src_word >= 0:
            counts[src_word] += 1
    for tgt_word, src_word in enumerate(src_of):
        if src_word < 0 or counts[src_word] < 2:
            continue
        before = tgt_word > 0 and src_of[tgt_word - 1] == src_word
        after = tgt_word + 1 < len(src_of) and src_of[tgt_word + 1] == src_word
        if before == after:  # in the middle, or on its own
            continue
        neighbour = src_word + 1 if before else src_word - 1
        if 0 <= neighbour < num_src and not counts[neighbour]:
            src_of[tgt_word] = neighbour
            counts[src_word] -= 1
            counts[neighbour] += 1


def best_run(words: Sequence[int], weights: Sequence[int]) -> tuple[int, int]:
    """Returns the neighbouring words that weigh most together: the first one, and the one after.

    Args:
        words: Words, ascending; those that may not be taken are missing.
        weights: What each of them weighs.
    """
    best = (0, 0, 0)
    total = start = 0
    before = -2
    for word, weight in zip(words, weights, strict=True):
        if total <= 0 or word != before + 1:
            total, start = 0, word
        total += weight
        if total > best[0]:
            best = (total, start, word + 1)
        before = word
    return best[1], best[2]
