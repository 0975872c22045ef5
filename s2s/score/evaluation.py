"""Results of ``s2s evaluate``, as JSON and as text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from s2s.score.by_length import ScoresByLength
from s2s.score.metrics import FEW_SENTENCES, RESAMPLES
from s2s.score.results import Difference, Score
from s2s.score.robustness import Robustness


@dataclass(frozen=True, kw_only=True, slots=True)
class Speed:
    """Time that translating took."""

    seconds: float
    tokens: int
    """Target pieces, end pieces included."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """Scores of translations, and what else the options asked for."""

    translated: dict[str, Any]
    """What made the translations, as JSON values: ``model`` and its settings, or ``hypotheses``,
    the name of a file."""
    sentences: int
    scores: Sequence[Score]
    notes: Sequence[str] = ()
    """What a reader should know about the scores."""
    baseline: str = ""
    """Name of the file with the translations of the second system in ``differences``."""
    differences: Sequence[Difference] = ()
    buckets: ScoresByLength | None = None
    robustness: Robustness | None = None
    speed: Speed | None = None
    """None if nothing was translated."""

    @property
    def few(self) -> bool:
        """Whether the test set is too small for its scores to say much."""
        return self.sentences < FEW_SENTENCES

    def to_dict(self) -> dict[str, Any]:
        """Returns the results as JSON values."""
        values: dict[str, Any] = {
            **self.translated,
            "sentences": self.sentences,
            "scores": {score.name: _score_dict(score) for score in self.scores},
            **({"notes": list(self.notes)} if self.notes else {}),
        }
        if self.differences:
            values["baseline"] = {
                "file": self.baseline,
                "scores": {
                    difference.name: {
                        "value": difference.baseline,
                        "delta": difference.delta,
                        "p_value": difference.p_value,
                        "verdict": difference.verdict,
                        "signature": difference.signature,
                    }
                    for difference in self.differences
                },
            }
        if self.buckets is not None:
            values["buckets"] = {
                "unit": self.buckets.unit,
                "buckets": [
                    {
                        "first": bucket.first,
                        "last": bucket.last,
                        "sentences": bucket.sentences,
                        "few": bucket.few,
                        "BLEU": bucket.bleu.value,
                        "chrF2": bucket.chrf.value,
                        "length_ratio": bucket.bleu.length_ratio,
                    }
                    for bucket in self.buckets.buckets
                ],
            }
        if self.robustness is not None:
            values["robustness"] = self.robustness.to_dict()
        if self.speed is not None:
            seconds = self.speed.seconds
            values["seconds"] = round(seconds, 3)
            values["sentences_per_second"] = round(self.sentences / seconds, 1)
            values["target_tokens_per_second"] = round(self.speed.tokens / seconds, 1)
        return values

    def lines(self) -> Iterator[str]:
        """Yields the results as lines for a terminal."""
        width = max(5, *(len(score.name) for score in self.scores))
        for score in self.scores:
            interval = score.interval
            sure = f" (μ = {interval.mean:.2f} ± {interval.half_width:.2f})" if interval else ""
            yield f"{score.label:{width}} {score.value:6.2f}{sure}  {score.signature}"
        yield from self._about_scores()
        if self.differences:
            yield ""
            yield f"compared with {self.baseline} (paired bootstrap, {RESAMPLES:,} resamples):"
            yield f"{'':{width}}  baseline     this    delta       p"
            for each in self.differences:
                yield (
                    f"{each.label:{width}} {each.baseline:10.2f} {each.value:8.2f} "
                    f"{each.delta:+8.2f} {each.p_value:7.3f}  {each.verdict}"
                )
        if self.buckets is not None:
            yield ""
            yield f"{self.buckets.unit:>10}  sentences    BLEU   chrF2  length ratio"
            for bucket in self.buckets.buckets:
                yield (
                    f"{bucket.label:>10} {bucket.sentences:10} {bucket.bleu.value:7.2f} "
                    f"{bucket.chrf.value:7.2f} {bucket.bleu.length_ratio:13.3f}"
                    f"{'    too few sentences' if bucket.few else ''}"
                )
        if self.robustness is not None:
            yield ""
            yield from self.robustness.lines()
        if self.speed is not None:
            seconds = self.speed.seconds
            if self.differences or self.buckets is not None or self.robustness is not None:
                yield ""
            yield (
                f"{self.sentences} sentences in {seconds:.1f} s: "
                f"{self.sentences / seconds:.1f} sentences/s, "
                f"{self.speed.tokens / seconds:.0f} tokens/s"
            )

    def _about_scores(self) -> Iterator[str]:
        """Yields lines that help to read the scores."""
        parts = [
            f"length ratio {score.length_ratio:.3f}, brevity penalty {score.brevity_penalty:.3f}"
            for score in self.scores
            if score.name == "BLEU"
        ]
        if self.few:
            parts.append(f"scores of fewer than {FEW_SENTENCES} sentences are not reliable")
        if parts:
            yield "; ".join(parts)
        yield from (score.remark for score in self.scores if score.remark)
        yield from self.notes


def _score_dict(score: Score) -> dict[str, Any]:
    values: dict[str, Any] = {"value": score.value, "signature": score.signature}
    if score.interval is not None:
        mean, half = score.interval.mean, score.interval.half_width
        values["interval"] = {"mean": mean, "low": mean - half, "high": mean + half}
    if score.length_ratio is not None:
        values |= {"length_ratio": score.length_ratio, "brevity_penalty": score.brevity_penalty}
    if score.remark:
        values["remark"] = score.remark
    return values
