"""What ``s2s evaluate`` found, as JSON and as text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from s2s.score.by_length import Buckets
from s2s.score.metrics import FEW, RESAMPLES, Difference, Score


@dataclass(frozen=True, kw_only=True, slots=True)
class Speed:
    """How long the translating took."""

    seconds: float
    tokens: int
    """Target pieces, end pieces counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """Scores of translations, and all that was asked for besides."""

    translated: dict[str, Any]
    """By what: ``model`` with its settings, or ``hypotheses``, the file; JSON values."""
    sentences: int
    scores: Sequence[Score]
    baseline: str = ""
    """Name of the file that ``differences`` compare with."""
    differences: Sequence[Difference] = ()
    buckets: Buckets | None = None
    speed: Speed | None = None
    """None if nothing was translated."""

    @property
    def few(self) -> bool:
        """Whether the test set is too small for its scores to say much."""
        return self.sentences < FEW

    def to_dict(self) -> dict[str, Any]:
        """Returns all of it as JSON values."""
        found: dict[str, Any] = {
            **self.translated,
            "sentences": self.sentences,
            "scores": {each.name: _score_dict(each) for each in self.scores},
        }
        if self.differences:
            found["baseline"] = {
                "file": self.baseline,
                "scores": {
                    each.name: {
                        "value": each.baseline,
                        "delta": each.delta,
                        "p_value": each.p_value,
                        "verdict": each.verdict,
                        "signature": each.signature,
                    }
                    for each in self.differences
                },
            }
        if self.buckets is not None:
            found["buckets"] = {
                "unit": self.buckets.unit,
                "buckets": [
                    {
                        "first": each.first,
                        "last": each.last,
                        "sentences": each.sentences,
                        "few": each.few,
                        "BLEU": each.bleu.value,
                        "chrF2": each.chrf.value,
                        "length_ratio": each.bleu.length_ratio,
                    }
                    for each in self.buckets.buckets
                ],
            }
        if self.speed is not None:
            seconds = self.speed.seconds
            found["seconds"] = round(seconds, 3)
            found["sentences_per_second"] = round(self.sentences / seconds, 1)
            found["target_tokens_per_second"] = round(self.speed.tokens / seconds, 1)
        return found

    def lines(self) -> Iterator[str]:
        """Yields it as lines for a terminal."""
        for each in self.scores:
            interval = each.interval
            width = f" (μ = {interval.mean:.2f} ± {interval.half_width:.2f})" if interval else ""
            yield f"{each.name:5} {each.value:6.2f}{width}  {each.signature}"
        bleu = self.scores[0]
        yield (
            f"length ratio {bleu.length_ratio:.3f}, brevity penalty {bleu.brevity_penalty:.3f}"
            f"{f'; under {FEW} sentences say little' if self.few else ''}"
        )
        if self.differences:
            yield ""
            yield f"beside {self.baseline} (paired bootstrap, {RESAMPLES:,} resamples):"
            yield "       baseline     this    delta       p"
            for difference in self.differences:
                yield (
                    f"{difference.name:5} {difference.baseline:10.2f} {difference.value:8.2f} "
                    f"{difference.delta:+8.2f} {difference.p_value:7.3f}  {difference.verdict}"
                )
        if self.buckets is not None:
            yield ""
            yield f"{self.buckets.unit:>10}  sentences    BLEU   chrF2  length ratio"
            for bucket in self.buckets.buckets:
                yield (
                    f"{bucket.label:>10} {bucket.sentences:10} {bucket.bleu.value:7.2f} "
                    f"{bucket.chrf.value:7.2f} {bucket.bleu.length_ratio:13.3f}"
                    f"{'  too few to say' if bucket.few else ''}"
                )
        if self.speed is not None:
            seconds = self.speed.seconds
            if self.differences or self.buckets is not None:
                yield ""
            yield (
                f"{self.sentences} sentences in {seconds:.1f} s: "
                f"{self.sentences / seconds:.1f} sentences/s, "
                f"{self.speed.tokens / seconds:.0f} tokens/s"
            )


def _score_dict(score: Score) -> dict[str, Any]:
    found: dict[str, Any] = {"value": score.value, "signature": score.signature}
    if score.interval is not None:
        mean, half = score.interval.mean, score.interval.half_width
        found["interval"] = {"mean": mean, "low": mean - half, "high": mean + half}
    if score.length_ratio is not None:
        found |= {"length_ratio": score.length_ratio, "brevity_penalty": score.brevity_penalty}
    return found
