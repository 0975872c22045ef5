"""Vocabularies that keep blanks: a mark in their models, since text is cleaned otherwise for them.

SentencePiece's own setting (``remove_extra_whitespaces``) is not enough: models made elsewhere may
have it, and s2s has always given them single blanks.
"""

from collections.abc import Callable

import sentencepiece

from s2s.errors import ModelError
from s2s.protobuf import read_fields, write_field
from s2s.text import clean, clean_but_blanks
from s2s.tokenizer.pieces import SPACE, apply_rules

BLANKS_KEPT = 202
"""Number that ``sentencepiece_model.proto`` leaves to others: SentencePiece ignores this field."""


def mark_blanks(model: bytes) -> bytes:
    """Returns the model with the mark."""
    return model + write_field(BLANKS_KEPT, 1)


def cleaner_for(
    model: bytes, processor: sentencepiece.SentencePieceProcessor
) -> Callable[[str], str]:
    """Returns what cleans text for a model: ``clean``, or ``clean_but_blanks``.

    Raises:
        ModelError: If the model is damaged.
    """
    # A look through all fields takes milliseconds; few models need it.
    if SPACE * 2 not in apply_rules(processor, "a  a"):
        return clean
    try:
        is_marked = any(number == BLANKS_KEPT for number, _ in read_fields(memoryview(model)))
    except IndexError as error:
        raise ModelError(f"the vocabulary is damaged: {error}") from error
    return clean_but_blanks if is_marked else clean
