"""The record of the training text: how its source lines are written, and what stays."""

from dataclasses import asdict, replace

from s2s.corpus import DataConfig
from s2s.corpus.augment import change_texts
from s2s.corpus.survey import Survey
from s2s.tokenizer import Tokenizer
from s2s.writing.facts import TextFacts, facts_of
from s2s.writing.names import name_facts
from s2s.writing.numbers import share_with_same_numbers
from s2s.writing.placeables import share_with_same_placeables

RECORDED_LINES = 10_000
"""Source lines that the record is made from; they take about a second."""
RECORDED_NAMES = 200_000
"""Pairs whose words are counted; they take some five seconds."""


def record_text(
    sample: Survey,
    tokenizer: Tokenizer,
    language: str | list[str] | None,
    data: DataConfig,
    seed: int,
) -> TextFacts:
    """Returns the facts of a training's source text, as the network will read it.

    Args:
        sample: Pairs of the text, at least one.
        tokenizer: The vocabularies of the run.
        language: Code of the source language; a list or None if it is not one language.
        data: How the training changes pairs, and how long they may be.
        seed: Seed of these changes.

    Returns:
        Shares and lengths over at most ``RECORDED_LINES`` lines, evenly spaced; a tag counts as a
        piece.
    """
    step = -(-len(sample.src) // RECORDED_LINES)
    pairs = list(zip(sample.src[::step], sample.tgt[::step], strict=True))
    augment = data.augment
    lines = [src for src, _ in (change_texts(pairs, augment, seed) if augment else pairs)]
    tags = 1 if tokenizer.tags else 0
    lengths = [len(ids) + tags for ids in tokenizer.encode_src(lines)]
    facts = facts_of(lines, lengths, language if isinstance(language, str) else None)
    assert facts is not None  # no corpus is without lines
    name_step = -(-len(sample.src) // RECORDED_NAMES)
    longest = min(max(lengths), data.max_pieces + 1 + tags)
    return replace(
        facts,
        same_numbers=share_with_same_numbers(pairs),
        same_placeables=share_with_same_placeables(pairs),
        **asdict(name_facts(zip(sample.src[::name_step], sample.tgt[::name_step], strict=True))),
        longest=longest,
    )
