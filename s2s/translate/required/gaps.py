"""Where a hypothesis holds a required text, and where one fits in.

A text is held as words of its own: ``Ein Hund.`` holds ``Hund``, but ``Hunde`` does not. Scripts
that put no blank between words have no such word ends; there a text may stand anywhere.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from s2s.text import clean
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.pieces import Ids
from s2s.translate.phrases import Phrase
from s2s.translate.splitting import WITHOUT_BLANKS


class Gap(NamedTuple):
    """Where a hypothesis can be parted."""

    before: Ids
    after: Ids
    """Without the end piece."""


def find(text: str, phrase: str) -> list[tuple[int, int]]:
    """Returns where ``phrase`` stands in ``text`` as words of their own: starts and ends."""
    found = []
    start = text.find(phrase)
    while start >= 0:
        end = start + len(phrase)
        if not (in_word(text, start) or in_word(text, end)):
            found.append((start, end))
        start = text.find(phrase, start + 1)
    return found


def in_word(text: str, place: int) -> bool:
    """Whether a word goes on from before ``place`` to after it."""
    return 0 < place < len(text) and all(
        # A mark, a vowel sign of Hindi say, is as much of a word as a letter.
        unicodedata.category(each)[0] in "LMN" and not re.match(WITHOUT_BLANKS, each)
        for each in text[place - 1 : place + 1]
    )


def find_gaps(
    ids: Sequence[int], begun: int, tokenizer: Tokenizer, held: Sequence[Phrase]
) -> list[Gap]:
    """Returns where a hypothesis has room for a phrase: not in a word, not in what it must hold.

    Args:
        ids: Its pieces, without the end piece.
        begun: How many of them are a given prefix, which stays first.
        tokenizer: The model's.
        held: What it must hold, and does.

    Returns:
        Places in order, its end always among them.
    """
    ids = tuple(ids)
    numbers = range(begun, len(ids) + 1)
    texts = [clean(each) for each in tokenizer.decode([ids[:number] for number in numbers])]
    whole = texts[-1]
    taken = [span for phrase in held for span in find(whole, phrase.text)]
    places: dict[str, Gap] = {}
    for number, before in zip(numbers, texts, strict=True):
        # Between the bytes of a character, the text before is none of the whole's beginnings.
        end = len(before)
        inside = in_word(whole, end) or any(start < end < stop for start, stop in taken)
        if whole.startswith(before) and not inside:
            places.setdefault(before, Gap(ids[:number], ids[number:]))
    return list(places.values())
