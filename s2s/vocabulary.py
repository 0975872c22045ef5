"""Vocabularies learned from training text with SentencePiece; ``s2s.tokenizer`` uses them."""

import dataclasses
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import sentencepiece

from s2s.config import BOS_ID, EOS_ID, PAD_ID, UNK_ID, TokenizerConfig
from s2s.errors import DataError
from s2s.tags import check_tags
from s2s.tokenizer import Tokenizer

COVERAGE = 0.9998
"""Share of the training text's characters that pieces of ``bpe`` and ``unigram`` can write; the
rest are unknown. For ``char`` and ``word``, the size of the vocabulary is the only limit."""


def train_tokenizer(
    src_texts: Iterable[str],
    tgt_texts: Iterable[str],
    config: TokenizerConfig,
    seed: int,
    symbols: Sequence[str] = (),
) -> Tokenizer:
    """Learns the vocabularies from training text.

    Args:
        src_texts: Source sentences; read once, at most two million of them are sampled.
        tgt_texts: Target sentences.
        config: Size, algorithms, joint or not.
        seed: For the sample of sentences.
        symbols: Tags, such as ``<2de>``: pieces of the source's or joint vocabulary whatever the
            text, and counted in its size. The texts may have them or not.

    Raises:
        ConfigError: If a symbol does not look like a tag.
        DataError: If there is no text, or the vocabulary cannot hold its characters.
    """
    tags = check_tags(symbols)
    if config.joint:
        return Tokenizer(train_model(chain(src_texts, tgt_texts), config, seed, tags))
    src_model = train_model(iter(src_texts), config, seed, tags)
    tgt = dataclasses.replace(
        config, algorithm=config.tgt_algorithm or config.algorithm, tgt_algorithm=None
    )
    return Tokenizer(src_model, train_model(iter(tgt_texts), tgt, seed))


def train_model(
    texts: Iterator[str], config: TokenizerConfig, seed: int, tags: Sequence[str] = ()
) -> bytes:
    """Learns one SentencePiece model; as ``train_tokenizer``, which see."""
    model = io.BytesIO()
    sentencepiece.set_random_generator_seed(seed)
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=texts,
            model_writer=model,
            vocab_size=config.vocab_size,
            hard_vocab_limit=False,  # small corpora hold fewer pieces than asked for
            model_type=config.algorithm,
            normalization_rule_name=config.normalization,
            byte_fallback=config.byte_fallback,
            character_coverage=COVERAGE if config.algorithm in ("bpe", "unigram") else 1.0,
            input_sentence_size=2_000_000,
            shuffle_input_sentence=True,
            max_sentence_length=100_000,  # bytes; the default leaves long lines out silently
            pad_id=PAD_ID,
            unk_id=UNK_ID,
            bos_id=BOS_ID,
            eos_id=EOS_ID,
            # Not user-defined symbols: those are found in the middle of what a user types, too.
            control_symbols=list(tags),
            minloglevel=2,
        )
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise DataError(
            f"no vocabulary of {config.vocab_size} pieces could be learned: {reason}; "
            "try another vocab_size, or more text"
        ) from error
    return model.getvalue()
