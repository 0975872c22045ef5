"""Where a hypothesis holds a required text, and the gaps in which one fits.

A text is held as words of its own: ``Ein Hund.`` holds ``Hund``, but ``Hunde`` does not. Scripts
that put no blank between words have no such word ends; there a text may stand anywhere.
"""

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from s2s.text import clean
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.pieces import Ids
from s2s.translate.phrases import Phrase
from s2s.writing.scripts import script_without_blanks


class Gap(NamedTuple):
    """A place in a hypothesis where a phrase can be inserted."""

    before: Ids
    """The pieces before it."""
    after: Ids
    """The pieces after it, without the end piece."""


def find(text: str, phrase: str) -> list[tuple[int, int]]:
    """Returns where ``phrase`` stands in ``text`` as words of their own: starts and ends."""
    spans = []
    start = text.find(phrase)
    while start >= 0:
        end = start + len(phrase)
        if not (in_word(text, start) or in_word(text, end)):
            spans.append((start, end))
        start = text.find(phrase, start + 1)
    return spans


def in_word(text: str, place: int) -> bool:
    """Whether a word goes on from before ``place`` to after it."""
    return 0 < place < len(text) and all(
        # A combining mark (M), for example a vowel sign of Hindi, belongs to a word like a letter.
        unicodedata.category(character)[0] in "LMN" and not script_without_blanks(character)
        for character in text[place - 1 : place + 1]
    )


def find_gaps(
    ids: Sequence[int], prefix_len: int, tokenizer: Tokenizer, held: Sequence[Phrase]
) -> list[Gap]:
    """Returns the gaps of a hypothesis: not inside a word, nor inside a phrase that it must hold.

    Args:
        ids: Its pieces, without the end piece.
        prefix_len: How many of them are a given prefix, which stays first.
        tokenizer: The model's.
        held: Phrases that it must hold, and does.

    Returns:
        Gaps in order, the one at its end always among them.
    """
    ids = tuple(ids)
    numbers = range(prefix_len, len(ids) + 1)
    texts = [clean(text) for text in tokenizer.decode([ids[:number] for number in numbers])]
    whole = texts[-1]
    spans = [span for phrase in held for span in find(whole, phrase.text)]
    gaps: dict[str, Gap] = {}
    for number, before in zip(numbers, texts, strict=True):
        # Between the bytes of a character, the text before does not begin the whole text.
        place = len(before)
        inside = in_word(whole, place) or any(start < place < end for start, end in spans)
        if whole.startswith(before) and not inside:
            gaps.setdefault(before, Gap(ids[:number], ids[number:]))
    return list(gaps.values())
