"""Texts that a translation must hold, and the pieces that write them."""

from collections.abc import Sequence
from typing import NamedTuple

from s2s.config import UNK_ID
from s2s.errors import ConfigError, printable
from s2s.text import clean
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.pieces import Ids
from s2s.translate.per_sentence import PerSentence

Required = Sequence[str] | Sequence[Sequence[str]]
"""Texts for all sentences, or a list of them for each."""


class Phrase(NamedTuple):
    """A text that a translation must hold."""

    text: str
    """Clean."""
    ways: tuple[Ids, ...]
    """Pieces that write it after other text: after a blank first, then without one."""


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
