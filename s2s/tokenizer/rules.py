"""Rules for characters: the form that text has when it is cut into pieces.

SentencePiece keeps them in its model, so a text model and readers in other languages apply them
too. ``folded`` makes one symbol of many for the source, whose spelling nobody sees again. Target
text stays as it is written: what a rule changes there, no translation can contain.

SentencePiece writes blanks as U+2581 in its pieces. If a user types that sign, ``folded`` and
``identity`` make it U+FDD0, which is no character and stands in no text, and the model's rules for
writing (its ``denormalizer_spec``) make it U+2581 again. So every program that cuts and joins with
SentencePiece itself reads and writes the sign. For all other rules, which are SentencePiece's own,
it is a blank.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain

import sentencepiece

from s2s.config import TokenizerConfig
from s2s.errors import ModelError
from s2s.protobuf import read_fields, write_field
from s2s.tokenizer.pieces import SPACE

IDENTITY, FOLDED = "identity", "folded"
IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f\U000e0100-\U000e01ef"
)
"""Characters that are not seen, as a class of regular expressions: soft hyphens, zero-width spaces,
marks of direction, variation selectors, tags and fillers (Unicode's Default_Ignorable_Code_Point).
The joiner and the non-joiner are not among them, since they are spelling."""
_AS_WRITTEN = ("<super>", "<sub>", "<fraction>")  # 10² is not 102, and 1½ is not 11/2
TYPED_SPACE = "\ufdd0"
"""What stands for a typed U+2581 in pieces; typed itself, it is read as U+FFFD."""
_SIGNS = ((SPACE, TYPED_SPACE), (TYPED_SPACE, "\ufffd"))
_NORMALIZER, _DENORMALIZER = 3, 5  # fields of the model with the rules for reading and writing
_NAME, _SINGLE_BLANKS = 1, 4  # fields of the rules
_CODES = (range(1, 0xD800), range(0xE000, 0x32400), range(0xE0000, 0xE0200))
"""Code points with a meaning; all others are surrogates, private or not assigned."""


def source_rules(config: TokenizerConfig) -> str:
    """Returns the name of the rules for source text; ``auto`` depends on the algorithm."""
    if config.normalization != "auto":
        return config.normalization
    is_text = config.algorithm in ("bpe", "unigram") and config.whitespace == "single"
    return FOLDED if is_text else IDENTITY


def target_rules(config: TokenizerConfig) -> str:
    """Returns the name of the rules for target text."""
    rules = source_rules(config)
    return IDENTITY if rules == FOLDED else rules


@cache
def make_rules(name: str, *, keep_blanks: bool = False) -> bytes:
    """Returns rules as SentencePiece keeps them: a serialized ``NormalizerSpec``.

    Args:
        name: A value of ``TokenizerConfig.normalization`` but ``auto``.
        keep_blanks: Whether several blanks, and those at both ends, stay.
    """
    if keep_blanks:
        return make_rules(name) + write_field(_SINGLE_BLANKS, 0)  # the last value counts
    if name in (IDENTITY, FOLDED):
        foldings = _foldings() if name == FOLDED else ()
        return write_field(_NAME, name.encode()) + _compile([*foldings, *_SIGNS])
    return plain_rules(name)


@cache
def plain_rules(name: str = IDENTITY) -> bytes:
    """Returns one of SentencePiece's own rules."""
    normalizer = sentencepiece.SentencePieceNormalizer(rule_name=name)
    return bytes(normalizer.serialized_normalizer_spec())


def _compile(replaced: Sequence[tuple[str, str]], *, blanks: bool = True) -> bytes:
    """Returns rules without a name; with ``blanks``, they write the signs for blanks, too."""
    sentencepiece.set_min_log_level(2)  # it reports each step on standard error
    normalizer = sentencepiece.SentencePieceNormalizer(
        norm_map=list(replaced),
        add_dummy_prefix=blanks,
        remove_extra_whitespaces=blanks,
        escape_whitespaces=blanks,
    )
    return _without(bytes(normalizer.serialized_normalizer_spec()), _NAME)


def load_rules(rules: bytes) -> sentencepiece.SentencePieceNormalizer:
    """Returns what applies rules: ``Normalize`` also writes the signs for blanks."""
    return sentencepiece.SentencePieceNormalizer(normalizer_spec=rules)


def with_rules(model: bytes, rules: bytes) -> bytes:
    """Returns the model with other rules for reading characters; its pieces stay.

    Raises:
        ModelError: If the model is damaged.
    """
    try:
        return _without(model, _NORMALIZER) + write_field(_NORMALIZER, rules)
    except IndexError as error:
        raise ModelError(f"the vocabulary is damaged: {error}") from error


def with_typed_spaces(model: bytes) -> bytes:
    """Returns the model with the rule that writes ``TYPED_SPACE`` as U+2581."""
    return model + write_field(_DENORMALIZER, _compile([(TYPED_SPACE, SPACE)], blanks=False))


def identity_for(model: bytes) -> bytes:
    """Returns the rules that change nothing in text that ``model`` writes.

    A model that cannot write U+2581 reads it as a blank: those of SentencePiece itself, and of s2s
    0.1.0.

    Raises:
        ModelError: If the model is damaged.
    """
    try:
        fields = [number for number, _ in read_fields(memoryview(model))]
    except IndexError as error:
        raise ModelError(f"the vocabulary is damaged: {error}") from error
    return make_rules(IDENTITY) if _DENORMALIZER in fields else plain_rules()


def _without(message: bytes, left_out: int) -> bytes:
    """Returns a message without a field."""
    return b"".join(
        write_field(number, value if isinstance(value, int) else bytes(value))
        for number, value in read_fields(memoryview(message))
        if number != left_out
    )


def _foldings() -> Iterator[tuple[str, str]]:
    """Yields what ``folded`` replaces: characters, and sequences that compose to one."""
    ignorable = re.compile(f"[{IGNORABLE}]")
    for character in map(chr, chain(*_CODES)):
        folded = _fold(character)
        if character.isspace():
            folded = " "
        elif ignorable.fullmatch(character) or unicodedata.category(character) == "Cc":
            folded = ""
        if folded != character:
            yield character, folded
        yield from ((sequence, folded) for sequence in _sequences(character))


def _fold(character: str) -> str:
    """Returns a character in form NFKC, but for raised and lowered ones, fractions and accents.

    An accent without a letter, such as an acute for an apostrophe, would become a blank and a mark.
    """
    kind, _, rest = unicodedata.decomposition(character).partition(" ")
    if not kind or kind in _AS_WRITTEN:
        return character
    codes = rest.split() if kind.startswith("<") else [kind, *rest.split()]
    folded = "".join(_fold(chr(int(code, 16))) for code in codes)
    if folded.startswith(" "):
        return character
    return unicodedata.normalize("NFC", folded)


def _sequences(character: str) -> Iterator[str]:
    """Yields the texts, decomposed in full or in part, that NFC composes to a character."""
    decomposed = unicodedata.normalize("NFD", character)
    if len(decomposed) == 1 or unicodedata.normalize("NFC", decomposed) != character:
        return
    yield decomposed
    for end in range(2, len(decomposed)):
        yield unicodedata.normalize("NFC", decomposed[:end]) + decomposed[end:]
    base, mark = decomposed[0], decomposed[1:]
    if mark in _HALF_WIDTH_MARKS and base in _half_width():
        yield from (kana + _HALF_WIDTH_MARKS[mark] for kana in (base, _half_width()[base]))


_HALF_WIDTH_MARKS = {"\u3099": "\uff9e", "\u309a": "\uff9f"}
"""The voiced marks of kana, and their half-width forms."""


@cache
def _half_width() -> dict[str, str]:
    """Returns half-width kana by the kana that they stand for."""
    return {unicodedata.normalize("NFKC", kana): kana for kana in map(chr, range(0xFF66, 0xFF9E))}
