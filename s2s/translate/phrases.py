"""Texts that a caller puts into translations, required ones and prefixes, read as pieces."""

from collections.abc import Sequence
from typing import NamedTuple

from s2s.config import UNK_ID
from s2s.errors import ConfigError, printable
from s2s.text import clean
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.pieces import Ids
from s2s.translate.batching import check_texts
from s2s.translate.per_sentence import PerSentence

Required = Sequence[str] | Sequence[Sequence[str]]
"""Texts for all sentences, or one list of texts for each sentence."""


class Phrase(NamedTuple):
    """A text that a translation must hold."""

    text: str
    """The text, clean."""
    ways: tuple[Ids, ...]
    """The ways to write it after other text, as pieces: after a blank first, then without one."""


def read_required(
    required: Required | None, tokenizer: Tokenizer, banned: Sequence[str]
) -> PerSentence[tuple[Phrase, ...]]:
    """Checks and encodes the required texts of all sentences at once.

    Args:
        required: As in ``TranslateOptions``.
        tokenizer: The model's.
        banned: Pieces that no translation may hold.

    Raises:
        ConfigError: If ``required`` is neither a list of texts nor a list of such lists; if a text
            is blank; or if the vocabulary cannot write it, or only with a banned piece.
    """
    required = required or ()
    if isinstance(required, str):
        raise ConfigError(f"required is one string; expected a list of texts: [{required!r}]")
    for_all = all(isinstance(entry, str) for entry in required)
    # All lists are checked now, so that no error comes up after hours of work.
    lists = [_texts_of(entry) for entry in ([required] if for_all else required)]
    distinct = dict.fromkeys(text for texts in lists for text in texts)
    phrases = {text: read_phrase(text, tokenizer, banned) for text in distinct}
    values = [tuple(dict.fromkeys(phrases[text] for text in texts)) for texts in lists]
    name = "lists of required texts"
    return PerSentence.same(values[0], name) if for_all else PerSentence.of(values, name)


def _texts_of(entry: object) -> list[str]:
    if isinstance(entry, Sequence) and not isinstance(entry, str):
        texts = [text for text in entry if isinstance(text, str)]
        if len(texts) == len(entry):
            return texts
    raise ConfigError(
        f"required has the entry {entry!r}; expected only texts, for all sentences, or only "
        "lists of texts, one list for each sentence"
    )


def read_phrase(text: str, tokenizer: Tokenizer, banned: Sequence[str]) -> Phrase:
    """Encodes a required text.

    Raises:
        ConfigError: As ``read_required``.
    """
    typed, text = text, clean(text)
    if not text:
        raise ConfigError(f"the required text {typed!r} is blank; leave it out")
    name = f"the required text {printable(text)!r}"
    ways = tuple(tuple(ids) for ids in tokenizer.encode_inside(text))
    _check_known(name, text, ways[0], tokenizer)
    (written,) = tokenizer.decode(ways[:1])
    if clean(written) != text:
        raise ConfigError(
            f"{name} cannot be written: the target vocabulary turns it into "
            f"{printable(clean(written))!r}; require this form"
        )
    forbidden = {tokenizer.tgt_id(piece) for piece in banned}
    if clashes := [number for number in ways[0] if number in forbidden]:
        raise ConfigError(
            f"{name} needs the piece {tokenizer.tgt_pieces(clashes)[0]!r}, which is banned; allow "
            "the piece, or leave out the text"
        )
    return Phrase(text, tuple(ids for ids in ways if forbidden.isdisjoint(ids)))


def read_prefixes(prefix: str | Sequence[str] | None, tokenizer: Tokenizer) -> PerSentence[Ids]:
    """Encodes one prefix for all sentences, or one for each sentence when its turn comes.

    Raises:
        ConfigError: If it is neither text nor a list of texts, or the target vocabulary cannot
            write it.
    """

    def encode(text: str) -> Ids:
        text = tokenizer.clean(text)
        (ids,) = tokenizer.encode_tgt([text])
        _check_known(f"the prefix {printable(text)!r}", text, ids, tokenizer)
        return tuple(ids[:-1])

    name = "prefixes"
    if prefix is None or isinstance(prefix, str):
        return PerSentence.same(encode(prefix) if prefix else (), name)
    return PerSentence.of(map(encode, check_texts("prefix", prefix)), name)


def _check_known(name: str, text: str, ids: Sequence[int], tokenizer: Tokenizer) -> None:
    """Raises ConfigError if the target vocabulary lacks a character of a text.

    Args:
        name: What the message calls the text.
        text: The text.
        ids: Its pieces.
        tokenizer: The model's.
    """
    if UNK_ID in ids:
        words = text.split()
        unknown = [word for word in words if UNK_ID in tokenizer.encode_tgt([word])[0]]
        raise ConfigError(
            f"{name} cannot be written: the target vocabulary does not have all characters of "
            f"{printable((unknown or words)[0])!r}"
        )
