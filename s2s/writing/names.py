"""Names: words with a capital that a training text has hardly ever had.

No network can spell a name that it has not read, and a small one does not even say that there was
one. So a name has to come through as it is written. Words that the training text had are left to
the network: ``Germany`` has a translation. This needs a text whose rare words with a capital are
mostly names, and a target that writes them alike: English, but not German, and not into Russian.
"""

import base64
import binascii
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from s2s.writing.case import is_capitals, is_title_case
from s2s.writing.placeables import placeable_spans

OFTEN = 4
"""Times that a training text has a word, from which on the network is left alone with it."""
FEW = 20
"""Rare words with a capital below which their share says nothing."""
COPIED = 0.3
"""Share of rare words with a capital that the target has, from which on names are looked for. It is
0.4 to 0.7 from English to Spanish and German, and 0.05 to 0.07 from German, which writes all nouns
with a capital. The others are mostly countries and titles; no network knows these by itself."""
MOST_WORDS = 50_000
"""Most words that are remembered, the most frequent ones."""
_BITS, _HASHES = 8, 5  # for each word; 2 % of other words are then taken for one of them
_REMEMBERED = 100_000  # words that are not looked up again
_LONGEST = 50
"""Letters of the longest word that may be a name; longer ones would fill the memory."""
_STAND_INS = 4
_STAND_IN_SEEN, _STAND_IN_SAME = 20, 0.95
_WORD = re.compile(r"[^\W\d_](?:[\w'’-]*\w)?")
_MAYBE_CAPITAL = re.compile(r"(?<![\w'’-])[^\W\d_a-z](?:[\w'’-]*\w)?")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064]")
"""Characters that nobody sees: what is beside one is a part of a word."""
_ENDING = re.compile(r"['’](?:s|d|ll|re|ve|m|t)$")
_ELISION = re.compile(r"\w{1,2}['’](?=[^\W\d_])")


class Name(NamedTuple):
    """A name in a text."""

    text: str
    start: int
    end: int


class WordSet:
    """Words in small letters, as a Bloom filter (Bloom 1970): 2 % of others seem to be in it."""

    def __init__(self, data: bytes) -> None:
        """Takes the bits."""
        self.data = data

    @classmethod
    def of(cls, words: Sequence[str]) -> "WordSet":
        """Makes a set of some words."""
        data = bytearray(len(words) * _BITS // 8 + 1)
        for word in words:
            for place in _places(word, 8 * len(data)):
                data[place >> 3] |= 1 << (place & 7)
        return cls(bytes(data))

    @classmethod
    def decode(cls, text: str) -> "WordSet":
        """Reads a set from base64.

        Raises:
            ValueError: If it is none.
        """
        try:
            return cls(base64.b64decode(text, validate=True))
        except binascii.Error as error:
            raise ValueError(str(error)) from error

    def encode(self) -> str:
        """Returns the set in base64."""
        return base64.b64encode(self.data).decode()

    def __contains__(self, word: str) -> bool:
        """Whether a word, in any case, is in it."""
        places = _places(word, 8 * len(self.data))
        return all(self.data[place >> 3] >> (place & 7) & 1 for place in places)


@dataclass(frozen=True)
class NameFacts:
    """What a training text says of names."""

    known_words: str
    """The words that are no names (``WordSet``): those that it has often, and those that its target
    writes in another way; empty if names are not looked for."""
    stand_ins: tuple[str, ...]
    """Frequent names that stay as they are in the target; the network knows how to use them."""
    same_names: float
    """Share of rare words with a capital that the target has, too; 0 if they are too few."""


def name_facts(pairs: Iterable[tuple[str, str]]) -> NameFacts:
    """Returns what the pairs of a training text say of names."""
    seen, same = Counter[str](), Counter[str]()
    seen_capital, same_capital = Counter[str](), Counter[str]()
    for src, tgt in pairs:
        in_tgt = set(_WORD.findall(tgt))
        if "-" in tgt:
            in_tgt.update(part for word in list(in_tgt) for part in _parts(word))
        for number, token in enumerate(_WORD.findall(src)):
            word = _core(token)[0]
            for part in _parts(word):
                seen[part.lower()] += 1
                same[part.lower()] += part in in_tgt
            if number and word[:1].isupper():
                seen_capital[word] += 1
                if word in in_tgt or any(start.startswith(word) for start in in_tgt):
                    same_capital[word] += 1
    known = [
        word
        for word, count in seen.most_common(MOST_WORDS)
        if count >= OFTEN or 2 * same[word] < count
    ]
    rare = [word for word, count in seen_capital.items() if count <= 2]
    num_rare = sum(seen_capital[word] for word in rare)
    frequent = [
        word
        for word, count in seen_capital.most_common()
        if count >= _STAND_IN_SEEN
        and same_capital[word] >= _STAND_IN_SAME * count
        and word.isalpha()
        and not word.isupper()
    ]
    share = sum(same_capital[word] for word in rare) / num_rare if num_rare >= FEW else 0.0
    known_words = WordSet.of(known).encode() if share >= COPIED else ""
    return NameFacts(known_words, tuple(frequent[:_STAND_INS]), share)


class NameFinder:
    """Finds the names of texts, as the training text of a model suggests."""

    def __init__(self, known_words: str) -> None:
        """Takes the words that are no names.

        Raises:
            ValueError: If ``known_words`` is damaged.
        """
        self._known = WordSet.decode(known_words)
        self._is_name = lru_cache(_REMEMBERED)(self._look_up)

    def find(self, text: str) -> list[Name]:
        """Returns the names of a clean sentence, in order; in a headline, no capital shows one."""
        names = [Name(*word) for word in _capitals(text) if self._is_name(word[0])]
        if not names or is_capitals(text) or is_title_case(text):
            return []
        others = placeable_spans(text)
        others += [(match.start() - 1, match.end() + 1) for match in _INVISIBLE.finditer(text)]
        return [
            name
            for name in names
            if not any(start < name.end and name.start < end for start, end in others)
        ]

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Returns where the names of a clean sentence start and end."""
        return [(name.start, name.end) for name in self.find(text)]

    def missing(self, src: str, tgt: str) -> list[str]:
        """Returns the names of a sentence that its translation lacks, each once.

        More letters, or another one in place of a last ``a``, may be an ending: ``Annu``.
        """
        counts = Counter(name.text for name in self.find(src))
        return [name for name, count in counts.items() if tgt.count(_stem(name)) < count]

    def _look_up(self, word: str) -> bool:
        if len(word) < 2 or not word[:1].isupper() or any(map(str.isdigit, word)):
            return False
        return not any(part.lower() in self._known for part in _parts(word))


def with_stand_ins(
    text: str, spans: Iterable[tuple[int, int]], stand_ins: Sequence[str]
) -> tuple[str, dict[str, str]] | None:
    """Puts names that the network knows in place of others.

    Args:
        text: A sentence.
        spans: Where the others are, in order; equal texts get the same name.
        stand_ins: The names that the network knows.

    Returns:
        The sentence, and the text that each stand-in stands for; None if these are too few.
    """
    free = [each for each in stand_ins if each not in text]
    chosen: dict[str, str] = {}
    parts, done = [], 0
    for start, end in spans:
        other = text[start:end]
        if other not in chosen:
            if not free:
                return None
            chosen[other] = free.pop(0)
        parts += [text[done:start], chosen[other]]
        done = end
    return "".join([*parts, text[done:]]), {name: other for other, name in chosen.items()}


def put_back(text: str, others: dict[str, str]) -> str:
    """Returns a text with the others in place of their stand-ins, which may have an ``s`` more."""
    stand_ins = "|".join(map(re.escape, others))
    return re.sub(rf"(?<!\w)(?:{stand_ins})(?=s?(?!\w))", lambda match: others[match[0]], text)


def _capitals(text: str) -> Iterator[tuple[str, int, int]]:
    """Yields at least the words of a text that begin with a capital, with starts and ends."""
    for match in _MAYBE_CAPITAL.finditer(text):
        if len(match[0]) > _LONGEST:
            continue
        word, before = _core(match[0])
        start = match.start() + before
        yield word, start, start + len(word)


@lru_cache(_REMEMBERED)
def _core(token: str) -> tuple[str, int]:
    """Returns a word without an ending such as ``'s`` and a beginning such as ``l'``; its start."""
    if "'" not in token and "’" not in token:
        return token, 0
    word = _ENDING.sub("", token)
    elision = _ELISION.match(word)
    if elision and word[elision.end()].islower():
        return word[elision.end() :], elision.end()
    return word, 0


@lru_cache(_REMEMBERED)
def _parts(word: str) -> tuple[str, ...]:
    """Returns a word and, if it has hyphens, its parts."""
    return (word, *filter(None, word.split("-"))) if "-" in word else (word,)


def _stem(name: str) -> str:
    return name[:-1] if len(name) > 3 and name[-1] == "a" else name


def _places(word: str, bits: int) -> list[int]:
    encoded = word.encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(encoded, digest_size=4 * _HASHES).digest()
    starts = range(0, 4 * _HASHES, 4)
    return [int.from_bytes(digest[start : start + 4], "little") % bits for start in starts]
