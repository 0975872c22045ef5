"""Learns vocabularies from training text with SentencePiece."""

import dataclasses
import io
import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from math import log
from typing import NamedTuple

import sentencepiece

from s2s.config import BOS_ID, EOS_ID, PAD_ID, UNK_ID, TokenizerConfig
from s2s.errors import DataError, with_option
from s2s.tokenizer.alphabet import (
    LOWEST_COVERAGE,
    Alphabet,
    choose_alphabet,
    count_characters,
    count_needed,
    make_cutter,
)
from s2s.tokenizer.blanks import mark_blanks
from s2s.tokenizer.choice import settle_algorithm
from s2s.tokenizer.pieces import (
    NORMAL,
    SPACE,
    Piece,
    append_pieces,
    read_pieces,
    without_text,
)
from s2s.tokenizer.rules import (
    load_rules,
    make_rules,
    source_rules,
    target_rules,
    with_rules,
    with_typed_spaces,
)
from s2s.tokenizer.tags import check_tags
from s2s.tokenizer.target_share import mark_as_written, share_with_target, with_target_rules
from s2s.tokenizer.tokenizer import Tokenizer
from s2s.tokenizer.used_pieces import pieces_of

logger = logging.getLogger(__name__)


class Side(NamedTuple):
    """Text to learn from, and the rules for its characters, serialized."""

    texts: Sequence[str]
    rules: bytes

    def normalized(self) -> Iterator[str]:
        """Yields the texts as they are cut, with signs for blanks."""
        normalize = load_rules(self.rules).Normalize
        return (str(normalize(text)) for text in self.texts)


def train_tokenizer(
    src_texts: Iterable[str],
    tgt_texts: Iterable[str],
    config: TokenizerConfig,
    seed: int,
    symbols: Sequence[str] = (),
) -> Tokenizer:
    """Learns the vocabularies from training text.

    Args:
        src_texts: Source sentences; at most two million of them are sampled.
        tgt_texts: Target sentences.
        config: Size, algorithms (``auto`` is settled by the texts), joint or not, rules for
            characters.
        seed: Seed of the sample of sentences.
        symbols: Tags, such as ``<2de>``. The source's or joint vocabulary has them as pieces,
            counted in its size, whether the texts have them or not.

    Raises:
        ConfigError: If a symbol does not have the form of a tag.
        DataError: If there is no text, or the vocabulary cannot hold its characters.
    """
    tags = check_tags(symbols)
    keep = config.whitespace == "keep"
    src_texts, tgt_texts = list(src_texts), list(tgt_texts)
    config = settle_algorithm(config, src_texts, tgt_texts)
    src = Side(src_texts, make_rules(source_rules(config), keep_blanks=keep))
    tgt = Side(tgt_texts, make_rules(target_rules(config), keep_blanks=keep))
    if config.joint:
        model = _finish(train_model([src, tgt], config, seed, tags), src.rules, config)
        if src.rules != tgt.rules:
            model = mark_as_written(model)
        seen = config.tgt_pieces == "seen"
        if seen and (needed := pieces_of(with_target_rules(model), tgt.texts)):
            model = share_with_target(model, needed)
        return Tokenizer(model)
    src_model = train_model([src], config, seed, tags)
    tgt_config = dataclasses.replace(
        config, algorithm=config.tgt_algorithm or config.algorithm, tgt_algorithm=None
    )
    tgt_model = train_model([tgt], tgt_config, seed)
    return Tokenizer(_finish(src_model, src.rules, config), _finish(tgt_model, tgt.rules, config))


def _finish(model: bytes, rules: bytes, config: TokenizerConfig) -> bytes:
    """Returns a learned model with its rules for reading and writing."""
    finished = with_typed_spaces(with_rules(model, rules))
    return mark_blanks(finished) if config.whitespace == "keep" else finished


def train_model(
    sides: Sequence[Side],
    config: TokenizerConfig,
    seed: int,
    tags: Sequence[str] = (),
    *,
    with_ascii: bool = True,
) -> bytes:
    """Learns one SentencePiece model, which changes no characters.

    The characters of ``bpe`` and ``unigram`` are those of ``s2s.tokenizer.alphabet``. If they are
    too many for the vocabulary, which may happen in Chinese, the most frequent ones are in it, and
    a warning gives the share of all others in the text.

    Args:
        sides: Texts to learn from.
        config: Size and algorithm.
        seed: Seed of the sample of sentences.
        tags: Control pieces, counted in the size.
        with_ascii: Whether ``bpe`` and ``unigram`` have pieces for printable ASCII that the text
            lacks.

    Raises:
        DataError: If there is no text, or the vocabulary cannot hold its characters.
    """
    if config.algorithm not in ("bpe", "unigram"):
        lines = (text for side in sides for text in side.normalized())
        return _most_frequent(lines, config, seed, tags)
    counts = count_characters(text for side in sides for text in side.normalized())
    special = EOS_ID + 2 + len(tags) + (256 if config.byte_fallback else 0)  # and the blank
    alphabet = choose_alphabet(counts, config.vocab_size - special)
    if alphabet is None:
        raise DataError(
            f"{with_option('vocab_size')} is {config.vocab_size}, but the text has {len(counts)} "
            f"different characters{', and byte_fallback needs 256 pieces' * config.byte_fallback}; "
            f"expected at least {count_needed(counts, LOWEST_COVERAGE) + special}"
        )
    if not with_ascii:
        alphabet = alphabet._replace(unseen=[], ascii_left_out=0)
    cut = make_cutter(counts, alphabet.characters)
    parts = (part for side in sides for text in side.normalized() for part in cut(text))
    model = _learn(parts, config, seed, tags, config.vocab_size - len(alphabet.appended))
    _report(alphabet, len(counts), config)
    return _with_characters(model, [*alphabet.characters, *alphabet.unseen])


def _most_frequent(
    lines: Iterable[str], config: TokenizerConfig, seed: int, tags: Sequence[str]
) -> bytes:
    """Makes a vocabulary of the most frequent words or characters of normalised text.

    SentencePiece would do the same, but for sentences with signs of its own: it drops those with
    U+2585, and takes ``<s>``, ``</s>``, ``<pad>``, ``<unk>`` and tags out of all others.
    """
    symbols = re.compile(f"{SPACE}[^{SPACE}]*|[^{SPACE}]+" if config.algorithm == "word" else ".")
    counts: Counter[str] = Counter()
    for line in lines:
        counts.update(symbols.findall(line))
    if not counts:
        raise DataError("no vocabulary can be learned: all lines are blank; check the text")
    empty = without_text(_learn([f"{SPACE}a"], config, seed, tags, config.vocab_size))
    room = config.vocab_size - len(read_pieces(empty))
    chosen = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:room]
    total = counts.total()
    return append_pieces(empty, (Piece(text, log(count / total)) for text, count in chosen))


_NO_TEXT = ("!sentences_.empty()", "(all_chars_count) > (0)")
_LONGEST = 100_000  # bytes of a sentence; SentencePiece's default silently skips long lines
_TOO_SMALL = re.compile(r"Vocabulary size is smaller than required_chars. \d+ vs (\d+)")


def _learn(
    parts: Iterable[str], config: TokenizerConfig, seed: int, tags: Sequence[str], size: int
) -> bytes:
    """Learns a model from normalised text, as it is."""
    model = io.BytesIO()
    sentencepiece.set_random_generator_seed(seed)
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(parts),
            model_writer=model,
            vocab_size=size,
            hard_vocab_limit=False,  # small corpora have fewer pieces
            model_type=config.algorithm,
            normalization_rule_name="identity",
            add_dummy_prefix=False,
            remove_extra_whitespaces=False,
            allow_whitespace_only_pieces=config.whitespace == "keep",
            split_digits=config.algorithm in ("bpe", "unigram"),
            byte_fallback=config.byte_fallback,
            character_coverage=1.0,
            input_sentence_size=2_000_000,
            shuffle_input_sentence=True,
            max_sentence_length=_LONGEST,
            pad_id=PAD_ID,
            unk_id=UNK_ID,
            bos_id=BOS_ID,
            eos_id=EOS_ID,
            # Not user-defined symbols, which would be found anywhere in a user's text.
            control_symbols=list(tags),
            minloglevel=2,
        )
    except RuntimeError as error:
        raise DataError(_reason(error, config)) from error
    return model.getvalue()


def _reason(error: RuntimeError, config: TokenizerConfig) -> str:
    """Returns in one line why SentencePiece learned no vocabulary."""
    if needed := _TOO_SMALL.search(str(error)):
        return (
            f"{with_option('vocab_size')} is {config.vocab_size}, which is too small for the text; "
            f"expected at least {needed[1]}"
        )
    if any(condition in str(error) for condition in _NO_TEXT):
        return (
            "no vocabulary can be learned: all lines are blank or longer than "
            f"{_LONGEST:,} bytes; check the text"
        )
    return (
        f"no vocabulary of {config.vocab_size} pieces could be learned: "
        f"{str(error).strip().splitlines()[-1]}; try another vocab_size (--vocab-size), or more "
        "text"
    )


def _with_characters(model: bytes, characters: Sequence[str]) -> bytes:
    """Appends pieces for characters that SentencePiece did not learn, below all others."""
    pieces = read_pieces(model)
    known = {piece.text for piece in pieces}
    lowest = min((piece.score for piece in pieces if piece.kind == NORMAL), default=0.0)
    missing = [character for character in characters if character not in known]
    return append_pieces(
        model, [Piece(character, lowest - 1 - rank) for rank, character in enumerate(missing)]
    )


def _report(alphabet: Alphabet, count: int, config: TokenizerConfig) -> None:
    """Logs which characters have no piece, if they are more than rare ones."""
    raise_it = "raise vocab_size (--vocab-size) to include them"
    if alphabet.too_many:
        logger.warning(
            "the text has %d different characters, too many for %d pieces; the rarest %d, %.2f %% "
            "of the text, %s; %s",
            count,
            config.vocab_size,
            count - len(alphabet.characters),
            100 * alphabet.left_out,
            "are written as bytes" if config.byte_fallback else "are unknown",
            raise_it,
        )
    if alphabet.ascii_left_out and not config.byte_fallback:
        logger.warning(
            "%d of the 94 letters, digits and signs of ASCII have no piece, since %d pieces are "
            "few and the text lacks them; %s",
            alphabet.ascii_left_out,
            config.vocab_size,
            raise_it,
        )
