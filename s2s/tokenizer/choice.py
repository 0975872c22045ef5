"""Which algorithm cuts a text best: one for pieces of words, or one for characters."""

from collections.abc import Sequence
from dataclasses import replace

from s2s.config import TokenizerConfig
from s2s.writing.kinds import are_alike, are_new_words, are_symbols, are_words
from s2s.writing.scripts import script_without_blanks

LOOKED_AT = 10_000
"""About how many pairs, spread over all, decide."""


def settle_algorithm(
    config: TokenizerConfig, src: Sequence[str], tgt: Sequence[str]
) -> TokenizerConfig:
    """Returns settings that name an algorithm, if they leave the choice.

    ``auto`` is ``char`` if that suits the text, else ``bpe``. It is ``bpe``, too, if something is
    set that needs pieces of words: sampling, pieces of bytes, or another algorithm for the target.

    Args:
        config: Settings, with ``auto`` or without.
        src: Source lines.
        tgt: Target lines. Without one for each source line, ``auto`` is ``bpe``.
    """
    if config.algorithm != "auto":
        return config
    needs_pieces = config.sampling or config.byte_fallback or config.tgt_algorithm
    fits = not needs_pieces and suits_characters(src, tgt)
    return replace(config, algorithm="char" if fits else "bpe")


def suits_characters(src: Sequence[str], tgt: Sequence[str]) -> bool:
    """Whether pairs are learned better by their characters: words or names, and their sounds.

    A network that reads and writes pieces of words that seldom come again sees each piece in a few
    of them; spelled out, they show it every character many times. Only a list without any rule is
    learned faster with pieces. Words of scripts without blanks are not told from sentences, so that
    such targets are none.
    """
    if len(src) != len(tgt):  # no pairs, but texts for a vocabulary
        return False
    step = len(src) // LOOKED_AT + 1
    src, tgt = src[::step], tgt[::step]
    if any(script_without_blanks(word[0]) for line in tgt for word in line.split()):
        return False
    if are_words(src) and are_words(tgt):
        suits = are_new_words(tgt)
    else:
        suits = (are_new_words(src) and are_symbols(tgt)) or (
            are_symbols(src) and are_new_words(tgt)
        )
    return suits and are_alike(src, tgt)
