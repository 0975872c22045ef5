"""What a translator returns: translations, their hypotheses and details."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from s2s.translate.splitting import join
from s2s.translate.words import Pairs, count_words


@dataclass(frozen=True, slots=True)
class Details:
    """How a hypothesis came about, piece by piece."""

    log_probs: tuple[float, ...]
    """Log-probability (nats) of each piece, and of the end piece if there is one."""
    alignment: Pairs
    """Pairs of a source word and the target word that attends to it, from 0: see
    ``s2s.translate.words``."""

    @property
    def confidence(self) -> float:
        """Geometric mean of the pieces' probabilities, 0 to 1."""
        if not self.log_probs:
            return 1.0
        return math.exp(min(0.0, sum(self.log_probs) / len(self.log_probs)))


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One possible translation of a sentence."""

    text: str
    score: float
    """Log-probability (nats) over the length penalty; 0 for a blank line."""
    pieces: tuple[str, ...]
    """SentencePiece pieces, without the end piece."""
    details: Details | None = None
    """None unless the call asked for details. If kept texts (``TranslateOptions.keep``) were put
    into the text, then score, pieces and log-probabilities describe the network's output, and the
    alignment describes the text."""
    has_kept: bool = False
    """Whether kept texts were put into the text, so that it is not just its pieces joined."""
    rewritten: bool = False
    """Whether the text was written as the source was, in capitals or without an end mark
    (``TranslateOptions.rewrite``), so that it is not just its pieces joined."""

    cut: bool = False
    """Whether the search met a limit of length, so that the text has no end; of joined parts,
    whether it met one in any part. ``Translation.cut`` is about the source."""

    @property
    def num_words(self) -> int:
        """Words of the text, as the alignment counts them."""
        edited = self.has_kept or self.rewritten
        return len(self.text.split()) if edited else count_words(self.pieces)


Beam = tuple[Hypothesis, ...]
"""Hypotheses of a sentence, or of a part of one, best first."""


@dataclass(frozen=True, slots=True)
class Translation:
    """A sentence's translation, and its runners-up."""

    hypotheses: Beam
    """``n_best`` hypotheses. If a prefix or a limit leaves room for fewer, the last ones are empty,
    with a score of minus infinity."""
    src_length: int
    """Source pieces that were read, end pieces counted; 0 for a blank line."""
    parts: int = 1
    """Parts in which the source was translated: its sentences, and parts of those that are longer
    than ``max_src_length``; 0 for a blank line."""
    cut: bool = False
    """Whether a sentence of the source was longer than ``max_src_length`` and its end was cut off;
    ``Hypothesis.cut`` is about the translation."""
    num_unknown: int = 0
    """Runs of source characters that the vocabulary lacks: copied into the text, or left to the
    model (``TranslateOptions.unknown``)."""
    num_long: int = 0
    """Sentences that were longer than ``max_src_length`` and so translated in parts."""

    @property
    def text(self) -> str:
        """The best hypothesis' text: one line, unless sentences stood on several lines."""
        return self.hypotheses[0].text

    @property
    def score(self) -> float:
        """The best hypothesis' score."""
        return self.hypotheses[0].score

    @property
    def pieces(self) -> tuple[str, ...]:
        """The best hypothesis' pieces."""
        return self.hypotheses[0].pieces

    @property
    def details(self) -> Details | None:
        """The best hypothesis' details."""
        return self.hypotheses[0].details


def join_parts(
    parts: Sequence[Beam], src_words: Sequence[int], gaps: Sequence[str] = (), blank: str = " "
) -> Beam:
    """Joins the hypotheses of parts or sentences rank by rank; their scores are added.

    Args:
        parts: Hypotheses of each part; none of a blank text.
        src_words: Words of each part's source.
        gaps: What stands between them, as for ``join``.
        blank: What comes in if nothing does, as for ``join``.
    """
    if len(parts) < 2:
        return parts[0] if parts else ()
    return tuple(
        _join(hypotheses, src_words, gaps, blank) for hypotheses in zip(*parts, strict=True)
    )


def _join(
    parts: Sequence[Hypothesis], src_words: Sequence[int], gaps: Sequence[str], blank: str
) -> Hypothesis:
    log_probs: list[float] = []
    pairs: list[tuple[int, int]] = []
    src_start = tgt_start = 0
    for part, num_src_words in zip(parts, src_words, strict=True):
        if part.details is not None:
            log_probs += part.details.log_probs
            pairs += ((src_start + src, tgt_start + tgt) for src, tgt in part.details.alignment)
        src_start += num_src_words
        tgt_start += part.num_words
    return Hypothesis(
        text=join([part.text for part in parts], gaps, blank),
        score=sum(part.score for part in parts),
        pieces=tuple(piece for part in parts for piece in part.pieces),
        details=None if parts[0].details is None else Details(tuple(log_probs), tuple(pairs)),
        has_kept=any(part.has_kept for part in parts),
        rewritten=any(part.rewritten for part in parts),
        cut=any(part.cut for part in parts),
    )
