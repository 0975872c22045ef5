"""Forced decoding: how probable given translations are, or given labels."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from s2s.config import UNK_ID
from s2s.errors import ConfigError, SentenceError, printable
from s2s.formats.card import LABELS, strings_of
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.pieces import Ids
from s2s.translate.batching import SourcePart, check_texts, longest_first
from s2s.translate.habits import MAX_SRC_LENGTH
from s2s.translate.keep.unknown import UnknownCount
from s2s.translate.request import Request
from s2s.translate.searcher import Searcher
from s2s.translate.tagging import find_tag
from s2s.translate.translation import Hypothesis

MAX_SCORED = 5 * MAX_SRC_LENGTH
"""Most pieces of a translation that is scored, the end piece counted."""
SEARCHED_TOGETHER = 20_000
"""Pairs of a text and a label that are handed to a searcher at once."""


@dataclass(frozen=True, slots=True)
class Label:
    """One of the labels that a text may have, and how probable it is."""

    text: str
    probability: float
    """0 to 1; those of all labels sum to 1."""
    log_prob: float
    """Log-probability (nats) that the model writes just this text. If that of all labels is low,
    the model would rather write something else."""


def encode_sources(
    texts: Sequence[str],
    request: Request,
    tokenizer: Tokenizer,
    done: int,
    advice: str,
    unknown: UnknownCount | None,
) -> list[Ids]:
    """Encodes texts in one piece, each behind its tag.

    Args:
        texts: The texts.
        request: Its tag, rewriter and ``max_src_length``.
        tokenizer: The model's.
        done: Texts that came before, for the numbers in messages.
        advice: What to do about a text that is too long.
        unknown: Counts what the vocabulary cannot read; None if this is to be logged at once.

    Raises:
        SentenceError: If a text lacks a tag or is too long.
    """
    count = UnknownCount(tokenizer) if unknown is None else unknown
    bodies, written = [], []
    for number, text in enumerate(texts, done + 1):
        tag, body = find_tag(text, request.tag, tokenizer, number)
        body = tokenizer.clean(body)
        if request.rewriter is not None:
            body, _ = request.rewriter.rewrite(body)
        bodies.append(body)
        written.append(body if tag is None else f"{tag} {body}")
    sources = [tuple(ids) for ids in tokenizer.encode_src(written)]
    for number, (src, body) in enumerate(zip(sources, bodies, strict=True), done + 1):
        if UNK_ID in src:
            count.count(number, len(tokenizer.src_unknown.find(body)))
        check_length(number, "has", len(src), request.max_src_length, advice)
    if unknown is None:
        count.log()
    return sources


def encode_targets(translations: Sequence[str], tokenizer: Tokenizer, done: int) -> list[Ids]:
    """Encodes translations that are to be scored.

    Args:
        translations: The translations.
        tokenizer: The model's.
        done: Translations that came before, for the numbers in messages.

    Raises:
        SentenceError: If one is too long.
    """
    targets = [tuple(ids) for ids in tokenizer.encode_tgt(list(map(tokenizer.clean, translations)))]
    for number, tgt in enumerate(targets, done + 1):
        check_length(number, "has a target of", len(tgt), MAX_SCORED, "split it")
    return targets


def check_length(number: int, verb: str, length: int, most: int, advice: str) -> None:
    """Raises SentenceError if sentence ``number`` has more than ``most`` pieces."""
    if length > most:
        raise SentenceError(number, f"{verb} {length} pieces; expected at most {most}: {advice}")


def force(
    pairs: Iterable[tuple[Ids, Ids]], searcher: Searcher, request: Request
) -> list[Hypothesis]:
    """Returns the hypotheses of sources that are made to be targets.

    Args:
        pairs: Source and target of each, end pieces included.
        searcher: A model.
        request: With beam size 1.
    """
    parts = [SourcePart(src, prefix=tgt) for src, tgt in pairs]
    distinct = sorted(set(parts), key=longest_first)
    results = dict(zip(distinct, searcher.run(distinct, request), strict=True))
    return [results[part].hypotheses[0] for part in parts]


def labels_of(card: dict[str, Any]) -> list[str]:
    """Returns the labels that a model was trained on.

    Raises:
        ConfigError: If its card lists none.
        ModelError: If that list is damaged.
    """
    if not (labels := strings_of(card, LABELS)):
        raise ConfigError(
            "the model has no record of labels: its training had over 100 different targets, or "
            "few pairs for each; name the labels (labels, --labels FILE)"
        )
    return labels


def encode_labels(labels: Iterable[str], tokenizer: Tokenizer) -> dict[str, Ids]:
    """Encodes labels.

    Raises:
        ConfigError: If there are fewer than two, one comes twice or is blank, too long, or has a
            character or word that the vocabulary cannot write.
    """
    cleaned = [tokenizer.clean(label) for label in check_texts("labels", labels)]
    if len(set(cleaned)) < 2 or len(set(cleaned)) < len(cleaned):
        twice = next((label for label in cleaned if cleaned.count(label) > 1), None)
        found = f"{len(cleaned)}" if twice is None else f"{printable(twice)!r} more than once"
        raise ConfigError(f"labels (--labels) has {found}; expected at least two different labels")
    encoded = dict(zip(cleaned, map(tuple, tokenizer.encode_tgt(cleaned)), strict=True))
    for label, ids in encoded.items():
        if len(ids) == 1 or UNK_ID in ids:
            raise ConfigError(
                f"labels (--labels) has {printable(label)!r}, which the target vocabulary cannot "
                "write; expected texts such as the targets that the model was trained on"
            )
        if len(ids) > MAX_SCORED:
            raise ConfigError(
                f"labels (--labels) has {printable(label)[:40]!r}..., which has {len(ids)} "
                f"pieces; expected at most {MAX_SCORED}"
            )
    return encoded


def classify(
    sources: Sequence[Ids], labels: dict[str, Ids], searcher: Searcher, request: Request
) -> Iterator[list[Label]]:
    """Yields the labels of each source, the most probable first; of equal ones in their order.

    Args:
        sources: Encoded texts.
        labels: Encoded labels.
        searcher: A model.
        request: With beam size 1 and length penalty 0, so that a score is a log-probability.
    """
    together = max(1, SEARCHED_TOGETHER // len(labels))
    for start in range(0, len(sources), together):
        chunk = sources[start : start + together]
        pairs = [(src, tgt) for src in chunk for tgt in labels.values()]
        scores = [hypothesis.score for hypothesis in force(pairs, searcher, request)]
        for log_probs in np.array(scores, np.float64).reshape(len(chunk), len(labels)):
            yield _normalised(list(labels), log_probs.tolist())


def _normalised(labels: list[str], log_probs: list[float]) -> list[Label]:
    best = max(log_probs)
    shares = [math.exp(each - best) for each in log_probs]
    total = sum(shares)
    found = [
        Label(label, share / total, log_prob)
        for label, share, log_prob in zip(labels, shares, log_probs, strict=True)
    ]
    return sorted(found, key=lambda label: -label.log_prob)
