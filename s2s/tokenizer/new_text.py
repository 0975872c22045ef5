"""New text that a vocabulary is extended for: a sample of it, its words and its characters."""

import random
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from typing import TypeVar

import sentencepiece

from s2s.tokenizer.alphabet import ASCII, COVERAGE, FEWEST, by_frequency, count_needed
from s2s.tokenizer.pieces import SPACE, apply_rules
from s2s.tokenizer.tags import TAG

T = TypeVar("T")
SENTENCES = 500_000
"""Sentences that are sampled if there are more."""
_DIGIT = re.compile(r"(\d)")
_LONGEST = 64  # characters of a word; longer ones are cut, since some scripts have no blanks


def sample_texts(texts: Iterable[T], seed: int) -> list[T]:
    """Samples ``SENTENCES`` of the texts uniformly (Vitter 1985, algorithm R)."""
    draw = random.Random(seed)  # noqa: S311
    sample: list[T] = []
    for number, text in enumerate(texts):
        if number < SENTENCES:
            sample.append(text)
        elif (place := draw.randrange(number + 1)) < SENTENCES:
            sample[place] = text
    return sample


def normalize_texts(texts: Iterable[tuple[bytes, str]]) -> list[str]:
    """Normalises texts, each by its model, with signs for blanks and without tags."""
    processors: dict[bytes, sentencepiece.SentencePieceProcessor] = {}
    normalized = []
    for model, text in texts:
        if model not in processors:
            processors[model] = sentencepiece.SentencePieceProcessor(model_proto=model)
        normalized.append(apply_rules(processors[model], TAG.sub(" ", text)))
    return normalized


def count_words(sentences: Iterable[str], single_digits: bool) -> Counter[str]:
    """Counts words, each with the sign for a blank that it begins with.

    With ``single_digits``, each digit is a word.
    """
    words: Counter[str] = Counter()
    for sentence in sentences:
        first, *others = sentence.split(SPACE)
        for word in chain([first], (SPACE + word for word in others)):
            parts = _DIGIT.split(word) if single_digits else [word]
            words.update(chain.from_iterable(map(_cut, parts)))
    del words[SPACE], words[""]
    return words


def _cut(word: str) -> Iterator[str]:
    """Cuts a very long word."""
    return (word[start : start + _LONGEST] for start in range(0, len(word), _LONGEST))


def new_characters(words: Counter[str], known: Collection[str], most: int) -> list[str]:
    """Returns up to ``most`` characters that get a piece, as in ``s2s.tokenizer.alphabet``."""
    counts: Counter[str] = Counter()
    for word, count in words.items():
        for character in word.replace(SPACE, ""):
            counts[character] += count
    frequent = sum(count >= FEWEST for count in counts.values())
    needed = by_frequency(counts)[: max(frequent, count_needed(counts, COVERAGE))]
    characters = [character for character in needed if character not in known][:most]
    unseen = [c for c in ASCII if c not in known and c not in characters]
    return characters + unseen[: max(0, most // 2 - len(characters))]
