"""Texts that a translation must hold: how they are written, where they stand, where one fits in.

A text is held as words of their own: ``Hund`` stands in ``Ein Hund.`` but not in ``Hunde``. Scripts
that put no blank between words have no such ends of words; there it may stand anywhere.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from s2s.config import UNK_ID
from s2s.errors import ConfigError, printable
from s2s.per_sentence import PerSentence
from s2s.splitting import WITHOUT_BLANKS
from s2s.text import clean
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.pieces import Ids

Required = Sequence[str] | Sequence[Sequence[str]]
"""Texts for all sentences, or a list of them for each."""


class Phrase(NamedTuple):
    """A text that a translation must hold."""

    text: str
    """Clean."""
    ways: tuple[Ids, ...]
    """Pieces that write it after other text: after a blank first, then without one."""


class Place(NamedTuple):
    """Where a hypothesis can be parted."""

    before: Ids
    after: Ids
    """Without the end piece."""


def read_required(
    required: Required | None, tokenizer: Tokenizer, banned: Sequence[str]
) -> PerSentence[tuple[Phrase, ...]]:
    """Checks and encodes required texts, of all sentences at once.

    Args:
        required: As ``TranslateOptions`` has it.
        tokenizer: The model's.
        banned: Pieces that no translation may hold.

    Raises:
        ConfigError: If it is no list of texts or of such lists, a text is blank, or the vocabulary
            cannot write it, or not without a banned piece.
    """
    required = required or ()
    if isinstance(required, str):
        raise ConfigError(f"required is one string; expected a list of texts: [{required!r}]")
    for_all = all(isinstance(each, str) for each in required)
    # Lists are looked at whole, so that nothing wrong in them is found after hours.
    lists = [_texts(each) for each in ([required] if for_all else required)]
    distinct = dict.fromkeys(text for each in lists for text in each)
    known = {text: read_phrase(text, tokenizer, banned) for text in distinct}
    read = [tuple(dict.fromkeys(known[text] for text in each)) for each in lists]
    name = "lists of required texts"
    return PerSentence.same(read[0], name) if for_all else PerSentence.of(read, name)


def _texts(each: object) -> list[str]:
    if isinstance(each, Sequence) and not isinstance(each, str):
        texts = [text for text in each if isinstance(text, str)]
        if len(texts) == len(each):
            return texts
    raise ConfigError(
        f"required has {each!r} among others; expected texts, which are for all sentences, or a "
        "list of texts for each sentence"
    )


def read_phrase(text: str, tokenizer: Tokenizer, banned: Sequence[str]) -> Phrase:
    """Encodes a required text.

    Raises:
        ConfigError: As ``read_required``.
    """
    text, typed = clean(text), text
    if not text:
        raise ConfigError(f"the required text {typed!r} is blank; leave it out")
    name = f"the required text {printable(text)!r}"
    ways = tuple(tuple(ids) for ids in tokenizer.encode_inside(text))
    check_known(name, text, ways[0], tokenizer)
    (written,) = tokenizer.decode(ways[:1])
    if clean(written) != text:
        raise ConfigError(
            f"{name} cannot be written: the target vocabulary makes {printable(clean(written))!r} "
            "of it; require that"
        )
    forbidden = {tokenizer.tgt_id(piece) for piece in banned}
    if used := [each for each in ways[0] if each in forbidden]:
        raise ConfigError(
            f"{name} has the piece {tokenizer.tgt_pieces(used)[0]!r}, which is banned; allow it, "
            "or do not require the text"
        )
    return Phrase(text, tuple(ids for ids in ways if forbidden.isdisjoint(ids)))


def check_known(name: str, text: str, ids: Sequence[int], tokenizer: Tokenizer) -> None:
    """Looks that a translation can hold a text, whose pieces are ``ids``.

    Raises:
        ConfigError: If the target vocabulary lacks a character of it; ``name`` is what it is
            called.
    """
    if UNK_ID in ids:
        words = text.split()
        unknown = [word for word in words if UNK_ID in tokenizer.encode_tgt([word])[0]]
        raise ConfigError(
            f"{name} cannot be written: the target vocabulary lacks characters of "
            f"{printable((unknown or words)[0])!r}"
        )


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


def find_places(
    ids: Sequence[int], begun: int, tokenizer: Tokenizer, held: Sequence[Phrase]
) -> list[Place]:
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
    places: dict[str, Place] = {}
    for number, before in zip(numbers, texts, strict=True):
        # Between the bytes of a character, the text before is none of the whole's beginnings.
        end = len(before)
        inside = in_word(whole, end) or any(start < end < stop for start, stop in taken)
        if whole.startswith(before) and not inside:
            places.setdefault(before, Place(ids[:number], ids[number:]))
    return list(places.values())
