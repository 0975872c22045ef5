"""The vocabularies of a new run: learned from its text, loaded from files, or another run's."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from s2s.config import TokenizerConfig
from s2s.corpus import AugmentConfig, CorpusConfig, DataConfig
from s2s.corpus.augment import change_texts
from s2s.corpus.chunks import PairCounts
from s2s.corpus.pairs import open_pairs
from s2s.corpus.survey import Survey, survey
from s2s.errors import ConfigError, FileError, printable, with_option
from s2s.formats.run_folder import read_tokenizer
from s2s.text import clean, clean_but_blanks
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.choice import settle_algorithm, suits_characters
from s2s.tokenizer.extend import extend_tokenizer, update_target_share, with_keep
from s2s.tokenizer.keep import STAND_IN, compile_keep
from s2s.tokenizer.learn import train_tokenizer
from s2s.train.config import TrainConfig
from s2s.train.filtering import settle_ratio
from s2s.train.log import say
from s2s.train.overlap import Overlap
from s2s.train.pace import EpochSize, estimate_epoch
from s2s.train.sides import Sides
from s2s.train.text_record import record_text
from s2s.writing.facts import TextFacts

VOCABULARY_PAIRS = 500_000
"""Most pairs that the vocabulary is learned from, drawn from all of them, weights counted."""
UNKNOWN_TARGETS = 0.001
"""Share of targets with an unknown piece from which on a training warns."""

PAIRS_A_LABEL = 5
"""Pairs for each different target from which on the targets are the labels of a classifier."""
SHOWN = 40
"""Characters of a label in a message."""
WORDS = "the lines are words that seldom come again"

logger = logging.getLogger(__name__)


class ReadText(NamedTuple):
    """What reading the text of a new run has given."""

    tokenizer: Tokenizer
    facts: TextFacts
    """How the source lines are written."""
    labels: tuple[str, ...]
    """The different targets, if there are few for so many pairs; else none."""
    epoch: EpochSize
    """About how much an epoch shows."""
    max_ratio: float
    """``DataConfig.max_ratio`` of the run."""


def make_vocabulary(
    data: DataConfig,
    config: TokenizerConfig,
    training: TrainConfig,
    language: str | list[str] | None,
) -> ReadText:
    """Reads and checks all text once; learns the vocabularies of a run from it, or loads them.

    Args:
        data: The text.
        config: How to learn the vocabularies, or which files hold them.
        training: Its seed, and the run that it starts from, if any.
        language: Code of the source language, or codes.

    Raises:
        ConfigError: If blanks are to be kept, but the vocabulary or another setting changes them.
        DataError: If the text cannot be read as parallel lines.
        FileError: If a corpus or a SentencePiece model cannot be read.
        ModelError: If a SentencePiece model is damaged.
    """
    for corpus in dict.fromkeys((*data.train, *data.validation)):
        if corpus.pairs is not None:
            say(str(open_pairs(corpus)))
    existing = _existing_vocabulary(config, training)
    clean_line = clean_but_blanks if _keeps_blanks(existing, config, data) else clean
    read = _read_text(data, training.seed, clean_line)
    if existing is None:
        weighted = any(corpus.weight != data.train[0].weight for corpus in data.train)
        say(
            f"learning a vocabulary from {read.drawn:,} of {sum(read.pairs):,} pairs"
            + (", as often as their weights say" if weighted else "")
        )
        config = _settle(config, read)
    sample = _with_capitals(_without_kept(read, data.keep), data.augment, training.seed)
    vocabulary = with_keep(_choose_vocabulary(sample, data, config, training, existing), data.keep)
    facts = record_text(read, vocabulary, language, data, training.seed)
    say(f"source text: {facts}")
    return ReadText(
        tokenizer=vocabulary,
        facts=facts,
        labels=_find_labels(read),
        epoch=estimate_epoch(data.train, read, vocabulary),
        max_ratio=settle_ratio(data, read, vocabulary),
    )


def _settle(config: TokenizerConfig, read: Survey) -> TokenizerConfig:
    """Returns the settings with an algorithm, and says what suits a text of words."""
    settled = settle_algorithm(config, read.src, read.tgt)
    if config.algorithm == "auto" and settled.algorithm == "char":
        say(f"{WORDS}: the vocabulary has characters, not pieces of words (--algorithm)")
    elif config.algorithm in ("bpe", "unigram") and suits_characters(read.src, read.tgt):
        say(f"{WORDS}: characters are usually learned better than pieces (--algorithm char)")
    return settled


def _read_text(data: DataConfig, seed: int, clean_line: Callable[[str], str]) -> Survey:
    """Reads all text, says what is suspicious about it, and returns a sample for the vocabulary."""
    overlap, sides = Overlap(clean_line), Sides()

    def look_at_validation(corpus: CorpusConfig, src: str, tgt: str) -> None:
        overlap.add_validation(corpus, src, tgt)
        sides.add_validation(corpus, src, tgt)

    def look_at_training(corpus: CorpusConfig, src: str, tgt: str) -> None:
        overlap.add_training(corpus, src, tgt)
        sides.add_training(corpus, src, tgt)

    survey(data.validation, 0, seed, purpose="validate", look=look_at_validation)
    sample = survey(data.train, VOCABULARY_PAIRS, seed, look=look_at_training, clean=clean_line)
    for warning in sides.warnings():
        logger.warning("%s", warning)
    if overlap.sources:
        (logger.warning if overlap.is_large else say)(str(overlap))
    return sample


def _find_labels(read: Survey) -> tuple[str, ...]:
    """Returns the targets, and says so, if these are the labels of a classifier; else none."""
    labels = read.targets
    if len(labels) == 1 and sum(read.pairs) > 1:
        logger.warning(
            "all %s targets are %r, so that a network learns to write nothing else; look at the "
            "files (--tgt, or --columns)",
            f"{sum(read.pairs):,}",
            printable(labels[0][:SHOWN]),
        )
    if len(labels) < 2 or sum(read.pairs) < PAIRS_A_LABEL * len(labels):
        return ()
    few = [each if len(each) <= SHOWN else f"{each[:SHOWN]}..." for each in labels[:5]]
    shown = ", ".join(map(printable, few)) + (", ..." if len(labels) > 5 else "")
    say(f"targets: {len(labels)} labels ({shown}), which s2s classify takes by default")
    return labels


def _without_kept(sample: Survey, patterns: Sequence[str]) -> Survey:
    """Returns a sample without the texts that both sides keep, which take no pieces."""
    keep = compile_keep(patterns)
    if keep is None:
        return sample
    marked = [keep.mark_pair(*pair) for pair in zip(sample.src, sample.tgt, strict=True)]
    return replace(
        sample,
        src=[src.replace(STAND_IN, " ") for src, _, _ in marked],
        tgt=[tgt.replace(STAND_IN, " ") for _, tgt, _ in marked],
    )


def _with_capitals(sample: Survey, augment: AugmentConfig, seed: int) -> Survey:
    """Writes the shares of a sample in capitals and Title Case that the network will read so.

    The other changes bring in no letters, and no words that should have pieces of their own.
    """
    shares = AugmentConfig(upper=augment.upper, title=augment.title)
    if not shares:
        return sample
    pairs = change_texts(list(zip(sample.src, sample.tgt, strict=True)), shares, seed)
    return replace(sample, src=[src for src, _ in pairs], tgt=[tgt for _, tgt in pairs])


def _choose_vocabulary(
    sample: Survey,
    data: DataConfig,
    config: TokenizerConfig,
    training: TrainConfig,
    vocabulary: Tokenizer | None,
) -> Tokenizer:
    """Returns the vocabularies without the piece of kept texts."""
    seed, tags = training.seed, data.tags
    if vocabulary is None:
        # The piece of kept texts, which comes later, counts in the size.
        size = max(8, config.vocab_size - bool(data.keep))
        config = replace(config, vocab_size=size)
        return train_tokenizer(sample.src, sample.tgt, config, seed, tags)
    if config.new_pieces or not set(tags) <= set(vocabulary.tags):
        return extend_tokenizer(
            vocabulary, sample.src, sample.tgt, config, config.new_pieces, seed, tags
        )
    # Members of an ensemble want the vocabulary as it is; a network that goes on with other text
    # may need pieces that were the source's alone.
    return vocabulary if training.init is None else update_target_share(vocabulary, sample.tgt)


def _existing_vocabulary(config: TokenizerConfig, training: TrainConfig) -> Tokenizer | None:
    """Returns the vocabularies that a run begins with; None if it learns its own."""
    if config.src_model is not None:
        return _load_vocabulary(config.src_model, config.tgt_model)
    return None if training.init is None else read_tokenizer(Path(training.init))


def _keeps_blanks(existing: Tokenizer | None, config: TokenizerConfig, data: DataConfig) -> bool:
    """Whether a run keeps blanks; raises ConfigError if something in it would not."""
    wanted, name = config.whitespace == "keep", with_option("whitespace")
    if existing is not None and wanted and not existing.keeps_blanks:
        raise ConfigError(
            f"{name} is 'keep', but the vocabulary that the run begins with has single blanks; "
            f"leave {name} out, or learn a new vocabulary"
        )
    kept = wanted if existing is None else existing.keeps_blanks
    others = {"tags": data.tags, "keep": data.keep, "augment": data.augment}
    if clashing := [with_option(option) for option, value in others.items() if kept and value]:
        raise ConfigError(
            f"{name} is 'keep', which cannot be combined with {clashing[0]}; leave out one of them"
        )
    return kept


def warn_of_unknown(path: str, counts: PairCounts) -> None:
    """Logs a warning if too many targets of a corpus have a character without a piece.

    Args:
        path: File of the targets.
        counts: Counts of the corpus.
    """
    share = counts.tgt_unknown / max(1, counts.accepted)
    if share >= UNKNOWN_TARGETS:
        logger.warning(
            "%s of %s targets of %s (%.1f %%) have characters or words without a piece, which no "
            "translation will contain; raise vocab_size (--vocab-size), add pieces to an existing "
            "vocabulary (--new-pieces), or write such characters as bytes (--set "
            "byte_fallback=true)",
            f"{counts.tgt_unknown:,}",
            f"{counts.accepted:,}",
            printable(path),
            100 * share,
        )


def _load_vocabulary(src_model: str, tgt_model: str | None) -> Tokenizer:
    models = []
    for path in (src_model, tgt_model):
        try:
            models.append(None if path is None else Path(path).read_bytes())
        except OSError as error:
            raise FileError(f"cannot read the tokenizer {path}: {error.strerror}") from error
    return Tokenizer(models[0] or b"", models[1])
