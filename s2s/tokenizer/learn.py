"""Learns vocabularies from training text with SentencePiece."""

import dataclasses
import io
import logging
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

import sentencepiece

from s2s.config import BOS_ID, EOS_ID, PAD_ID, UNK_ID, TokenizerConfig
from s2s.errors import DataError, with_option
from s2s.tokenizer.merges import script_of, steps_to
from s2s.tokenizer.pieces import BYTE, algorithm_of, read_pieces
from s2s.tokenizer.tags import check_tags
from s2s.tokenizer.target_share import share_with_target
from s2s.tokenizer.tokenizer import Tokenizer

COVERAGE = 0.9998
"""Share of the training text's characters that pieces of ``bpe`` and ``unigram`` can write; all
others are unknown. For ``char`` and ``word``, the size of the vocabulary is the only limit."""

CHUNK = 10_000
"""Sentences given to SentencePiece at once: ids take more memory than text."""
_NO_SCRIPT = ("common", "")  # digits and punctuation; combining marks

logger = logging.getLogger(__name__)


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
        config: Size, algorithms, joint or not.
        seed: Seed of the sample of sentences.
        symbols: Tags, such as ``<2de>``. The source's or joint vocabulary has them as pieces,
            counted in its size, whether the texts have them or not.

    Raises:
        ConfigError: If a symbol does not have the form of a tag.
        DataError: If there is no text, or the vocabulary cannot hold its characters.
    """
    tags = check_tags(symbols)
    if config.joint:
        tgt_texts = list(tgt_texts)
        model = train_model([*src_texts, *tgt_texts], config, seed, tags)
        if config.tgt_pieces == "seen" and (needed := pieces_of(model, tgt_texts)):
            model = share_with_target(model, needed)
        return Tokenizer(model)
    src_model = train_model(list(src_texts), config, seed, tags)
    tgt = dataclasses.replace(
        config, algorithm=config.tgt_algorithm or config.algorithm, tgt_algorithm=None
    )
    return Tokenizer(src_model, train_model(list(tgt_texts), tgt, seed))


def pieces_of(model: bytes, texts: Sequence[str]) -> set[int]:
    """Returns the ids of the pieces that are needed to cut ``texts`` as ``model`` does.

    Among them are all characters of the texts' scripts, and characters without a script, so that
    words of other texts can be cut, too; and the bytes that write characters without a piece. If
    the texts have no piece at all, the set is empty.
    """
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    seen: set[int] = set()
    for start in range(0, len(texts), CHUNK):
        cuts = processor.encode(list(texts[start : start + CHUNK]), num_threads=-1)
        seen.update(*cuts)
    seen -= {*range(EOS_ID + 1)}
    if not seen:
        return seen
    pieces = read_pieces(model)
    scripts = {script_of(character) for number in seen for character in pieces[number].text}
    scripts |= {*_NO_SCRIPT}
    needed = seen | {
        number
        for number, piece in enumerate(pieces)
        if piece.kind == BYTE or (len(piece.text) == 1 and script_of(piece.text) in scripts)
    }
    if algorithm_of(model) == "bpe":  # the pieces that are merged on the way to another
        numbers = {piece.text: number for number, piece in enumerate(pieces)}
        scores = {piece.text: piece.score for piece in pieces}
        for number in seen:
            needed.update(numbers[step] for step in steps_to(pieces[number].text, scores))
    return needed


def train_model(
    texts: Sequence[str], config: TokenizerConfig, seed: int, tags: Sequence[str] = ()
) -> bytes:
    """Learns one SentencePiece model; arguments and errors are as in ``train_tokenizer``.

    If the characters of ``COVERAGE`` are too many for the vocabulary, which may happen in Chinese,
    the most frequent ones get half of it, and a warning gives the share of all others in the text.
    """
    try:
        try:
            return _learn(texts, config, seed, tags, COVERAGE)
        except RuntimeError as error:
            if not _TOO_SMALL.search(str(error)):
                raise
            counts = _characters(texts)
            coverage = _coverage_of_half(counts, config)
            model = _learn(texts, config, seed, tags, coverage)
            _warn(counts, coverage, config)
            return model
    except RuntimeError as error:
        raise DataError(_reason(error, texts, config)) from error


_TOO_SMALL = re.compile(r"Vocabulary size is smaller than required_chars. \d+ vs (\d+)")
_NO_TEXT = ("!sentences_.empty()", "(all_chars_count) > (0)")
_LONGEST = 100_000  # bytes of a sentence; SentencePiece's default silently skips long lines
_LOWEST_COVERAGE = 0.98  # SentencePiece accepts no lower one


def _learn(
    texts: Sequence[str], config: TokenizerConfig, seed: int, tags: Sequence[str], coverage: float
) -> bytes:
    model = io.BytesIO()
    sentencepiece.set_random_generator_seed(seed)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model,
        vocab_size=config.vocab_size,
        hard_vocab_limit=False,  # small corpora have fewer pieces
        model_type=config.algorithm,
        normalization_rule_name=config.normalization,
        byte_fallback=config.byte_fallback,
        character_coverage=coverage if config.algorithm in ("bpe", "unigram") else 1.0,
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
    return model.getvalue()


def _reason(error: RuntimeError, texts: Sequence[str], config: TokenizerConfig) -> str:
    """Returns in one line why SentencePiece learned no vocabulary."""
    byte_pieces = ", and byte_fallback needs 256 pieces" if config.byte_fallback else ""
    if needed := _TOO_SMALL.search(str(error)):
        return (
            f"{with_option('vocab_size')} is {config.vocab_size}, but the text has "
            f"{len(_characters(texts))} different characters{byte_pieces}; expected at least "
            f"{needed[1]}"
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


def _characters(texts: Iterable[str]) -> Counter[str]:
    counts = Counter[str]()
    for text in texts:
        counts.update(unicodedata.normalize("NFKC", text))
    return counts


def _coverage_of_half(counts: Counter[str], config: TokenizerConfig) -> float:
    """Returns the share of a text that half of a vocabulary's pieces write as characters."""
    room = (config.vocab_size - (256 if config.byte_fallback else 0)) // 2
    covered = sum(count for _, count in counts.most_common(max(room, 0)))
    return max(_LOWEST_COVERAGE, min(COVERAGE, covered / counts.total()))


def _warn(counts: Counter[str], coverage: float, config: TokenizerConfig) -> None:
    logger.warning(
        "the text has %d different characters, too many for %d pieces; the rarest, %.2f %% of the "
        "text, %s; raise vocab_size (--vocab-size) to include them",
        len(counts),
        config.vocab_size,
        100 * (1 - coverage),
        "are written as bytes" if config.byte_fallback else "are unknown",
    )
