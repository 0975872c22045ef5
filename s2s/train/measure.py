"""The measure of validations: settled when a run begins, it chooses the weights and stops early."""

from itertools import islice
from typing import Any

from s2s.corpus import CorpusConfig, DataConfig
from s2s.corpus.pairs import raw_pairs, raw_references
from s2s.score.choice import LABELS, Measure, choose_measure
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.pieces import algorithm_of
from s2s.train.config import TrainConfig
from s2s.train.log import say

CHANCE = 1.0
"""BLEU below this is chance: untrained networks had 0.3 to 0.7, for full stops."""


def check_references(data: DataConfig) -> None:
    """Reads the validation corpora with several references, before a vocabulary is learned.

    Raises:
        DataError: If their files do not match line by line.
        FileError: If a file is missing.
    """
    for config in data.validation:
        if config.more_tgt:
            for _ in raw_references(config):
                pass


def settle_measure(data: DataConfig, training: TrainConfig, tokenizer: Tokenizer) -> Measure:
    """Returns the measure of a new run; if the targets choose it, a line of the log says why.

    Args:
        data: The corpora of the validation.
        training: ``validate_by`` may be ``auto``.
        tokenizer: Tokenizer of the run.

    Raises:
        DataError: If the text cannot be read.
        FileError: If a file is missing.
    """
    if training.bleu_sentences == 0:
        return "loss"
    if training.validate_by != "auto":
        return training.validate_by
    count = training.bleu_sentences
    targets = [each for corpus in data.validation for each in _targets(corpus, tokenizer, count)]
    if not targets:  # reading the corpus tells the user
        return "loss"
    measure, reason = choose_measure(targets)
    if tokenizer.keeps_blanks and measure != "exact":
        measure, reason = "error", "blanks count, and BLEU does not see them"
    unit = {"token_error": " over tokens", "character_error": " over characters"}
    over = unit.get(name_of_score(measure, tokenizer), "")
    say(
        f"validated by {LABELS[measure]}{over}, ties by loss: {reason} (--validate-by chooses "
        "another measure)"
    )
    return measure


def add_measure(config: dict[str, Any]) -> None:
    """Names the measure in the configuration of a run that is older than ``validate_by``."""
    training = config.get("training")
    if isinstance(training, dict) and "validate_by" not in training:
        training["validate_by"] = "loss" if training.get("bleu_sentences") == 0 else "bleu"


def name_of_score(measure: Measure, tokenizer: Tokenizer) -> str:
    """Returns the name of a measure, but not of the loss, in ``s2s.score.score``.

    Errors are counted in tokens if the vocabulary has whole words, such as phonemes, and blanks do
    not count; else in characters.
    """
    if measure != "error":
        return measure
    has_words = algorithm_of(tokenizer.tgt_cutter) == "word" and not tokenizer.keeps_blanks
    return "token_error" if has_words else "character_error"


def merit(measure: Measure, value: float) -> float:
    """Returns a number that is larger for better scores, and equal for those that are chance.

    Args:
        measure: Any but the loss.
        value: The score, in percent.
    """
    if measure == "bleu":
        return max(value, CHANCE)
    if measure == "error":
        return -min(value, 100.0)  # an empty output has 100
    return value


def is_chance(measure: Measure, value: float) -> bool:
    """Whether a score is that of a network that has learned nothing.

    Args:
        measure: As for ``merit``.
        value: As for ``merit``.
    """
    return merit(measure, value) == merit(measure, 100.0 if measure == "error" else 0.0)


def _targets(config: CorpusConfig, tokenizer: Tokenizer, count: int) -> list[str]:
    """Returns the targets of the pairs that a validation translates."""
    pairs = (tuple(map(tokenizer.clean, pair)) for pair in raw_pairs(config))
    return [tgt for _, tgt in islice((pair for pair in pairs if all(pair)), count)]
