"""BLEU, chrF2 and TER with sacrebleu's signatures, how sure they are, and whether two differ.

Post (2018), "A Call for Clarity in Reporting BLEU Scores"; the numbers are sacrebleu's own, those
of the resampling too: Koehn (2004), "Statistical Significance Tests for Machine Translation
Evaluation".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from s2s.errors import ConfigError, DataError, needs, suggest

if TYPE_CHECKING:
    from sacrebleu.metrics.base import Metric

RESAMPLES: Final = 1000
"""Test sets drawn with replacement, as many as sacrebleu's command line draws."""
MOST_RESAMPLED: Final = 20_000
"""Sentences. sacrebleu holds all resamples at once: 40 kB a sentence for BLEU, 72 kB for chrF2."""
FEW: Final = 50
"""Sentences under which a score says little. With 50 of Multi30k's, the 95 % interval of BLEU is
+-7 (6 to 8, in twenty pieces of 50); with 100, +-5; with all 1,000, +-1.5."""
TOKENIZERS: Final = ("13a", "intl", "zh", "char", "none")
"""sacrebleu's that need no further package; ``none`` is for text that is tokenised already."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Where 95 % of the resampled test sets lie."""

    mean: float
    """Of the resamples, in percent."""
    half_width: float
    """Half the distance of their 2.5th and 97.5th percentiles, in percent."""


@dataclass(frozen=True, slots=True)
class Score:
    """A corpus score."""

    name: str
    """``BLEU``, ``chrF2`` (larger is better) or ``TER`` (smaller is)."""
    value: float
    """In percent."""
    signature: str
    """How sacrebleu computed it: tokenizer, case, resamples and their seed, version."""
    interval: Interval | None = None
    """If it was asked for."""
    length_ratio: float | None = None
    """BLEU's: tokens of the translations over tokens of the references."""
    brevity_penalty: float | None = None
    """BLEU's: the factor that it lost by translations that are too short; 1 is none."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A score beside that of a second system on the same sentences."""

    name: str
    value: float
    """In percent."""
    baseline: float
    """The second system's, in percent."""
    p_value: float
    """How likely a difference at least as large is between systems that are equally good."""
    signature: str

    @property
    def delta(self) -> float:
        """What the score is more than the baseline's, in points."""
        return self.value - self.baseline

    @property
    def verdict(self) -> str:
        """``better`` or ``worse`` than the baseline where p < 0.05, or ``no difference shown``."""
        if self.p_value >= 0.05:
            return "no difference shown"
        return "better" if (self.delta > 0) == (self.name != "TER") else "worse"


def score(
    hypotheses: Sequence[str],
    references: Sequence[str],
    *,
    bleu_only: bool = False,
    ter: bool = True,
    lowercase: bool = False,
    tokenize: str = "13a",
    confidence: bool = False,
) -> list[Score]:
    """Scores translations against one human translation each.

    Args:
        hypotheses: What the model said, as plain text.
        references: What it should have said, as many.
        bleu_only: Leave out chrF2 and TER, which take longer.
        ter: Whether TER, which takes longest on long sentences, is computed too.
        lowercase: Compare lowercased text (``case:lc``), as TER always does.
        tokenize: How BLEU cuts text into words, one of ``TOKENIZERS``.
        confidence: Also estimate 95 % intervals by ``RESAMPLES`` bootstrap resamples. Their seed
            is fixed: sacrebleu takes 12345, or what SACREBLEU_SEED says, and puts it into the
            signature.

    Returns:
        BLEU, chrF2 and TER, or what of them is wanted.

    Raises:
        ConfigError: If ``tokenize`` is unknown.
        DataError: If there is no sentence, not as many references as hypotheses, or
            ``why_not_resampled``.
        MissingPackageError: If sacrebleu is not installed.
    """
    _check(hypotheses, references, resampled=confidence)
    metrics = _metrics(lowercase, tokenize)[: 1 if bleu_only else 3 if ter else 2]
    results = [metric.corpus_score(list(hypotheses), [list(references)]) for metric in metrics]
    signatures = [str(metric.get_signature()) for metric in metrics]
    intervals: list[Interval | None] = [None] * len(metrics)
    if confidence:
        # corpus_score resamples too, but where some resamples score 0 its mean of Python's and
        # numpy's floats fails (sacrebleu 2.4 to 2.6).
        sampled = _resample([hypotheses], references, metrics)
        signatures = [signature for signature, _ in sampled]
        intervals = [Interval(float(own.mean), float(own.ci)) for _, (own,) in sampled]
    return [
        Score(
            str(result.name),
            float(result.score),
            signature,
            interval,
            float(result.ratio) if result.name == "BLEU" else None,
            float(result.bp) if result.name == "BLEU" else None,
        )
        for result, signature, interval in zip(results, signatures, intervals, strict=True)
    ]


def compare(
    hypotheses: Sequence[str],
    baseline: Sequence[str],
    references: Sequence[str],
    *,
    lowercase: bool = False,
    tokenize: str = "13a",
) -> list[Difference]:
    """Tests whether two systems differ, by paired bootstrap resampling (Koehn 2004, section 4).

    Both are scored on the same ``RESAMPLES`` resamples of the test set; the test is two-sided. A
    difference of exactly 0 has p = 1: sacrebleu, which counts larger differences only, gives equal
    outputs its smallest p.

    Args:
        hypotheses: One system's translations.
        baseline: The other's, as many.
        references: As many.
        lowercase: As for ``score``.
        tokenize: As for ``score``.

    Returns:
        BLEU, chrF2 and TER of both.

    Raises:
        ConfigError: As ``score``.
        DataError: As ``score`` with ``confidence``.
        MissingPackageError: If sacrebleu is not installed.
    """
    _check(hypotheses, references, resampled=True)
    _check(baseline, references, resampled=True)
    metrics = _metrics(lowercase, tokenize)
    sampled = _resample([baseline, hypotheses], references, metrics)
    differences = []
    for name, (signature, (old, new)) in zip(("BLEU", "chrF2", "TER"), sampled, strict=True):
        p_value = 1.0 if new.score == old.score else float(new.p_value)
        differences.append(Difference(name, float(new.score), float(old.score), p_value, signature))
    return differences


def sentence_scores(
    hypotheses: Sequence[str], references: Sequence[str], *, lowercase: bool = False
) -> list[float]:
    """Returns each sentence's chrF2, in percent (Popovic 2015, "chrF").

    BLEU of one sentence is mostly its smoothing; a character F-score needs none.

    Args:
        hypotheses: Translations.
        references: As many.
        lowercase: As for ``score``.

    Raises:
        DataError: If there is no sentence, or not as many references as hypotheses.
        MissingPackageError: If sacrebleu is not installed.
    """
    _check(hypotheses, references, resampled=False)
    metric = _metrics(lowercase, "13a")[1]
    return [
        float(metric.sentence_score(hypothesis, [reference]).score)
        for hypothesis, reference in zip(hypotheses, references, strict=True)
    ]


def why_not_resampled(sentences: int) -> str | None:
    """Says why a test set of so many sentences cannot be resampled; None if it can."""
    if sentences < 2:
        return f"resampling needs 2 sentences or more, and there is {sentences}"
    if sentences > MOST_RESAMPLED:
        return (
            f"resampling {sentences} sentences takes more memory than it is worth; "
            f"give it {MOST_RESAMPLED} of them at most"
        )
    return None


def check_metrics(tokenize: str) -> None:
    """Looks that scores can be computed, before the work of translating.

    Raises:
        ConfigError: If ``tokenize`` is unknown.
        MissingPackageError: If sacrebleu is not installed.
    """
    _metrics(False, tokenize)


def _check(hypotheses: Sequence[str], references: Sequence[str], *, resampled: bool) -> None:
    if not hypotheses or len(hypotheses) != len(references):
        raise DataError(
            f"{len(hypotheses)} translations cannot be scored against {len(references)} references"
        )
    if resampled and (reason := why_not_resampled(len(hypotheses))):
        raise DataError(reason)


def _metrics(lowercase: bool, tokenize: str) -> "list[Metric]":
    """Returns BLEU, chrF2 and TER."""
    if tokenize not in TOKENIZERS:
        raise ConfigError(
            f"the tokenizer {tokenize!r} is unknown; expected one of {', '.join(TOKENIZERS)}"
            f"{suggest(tokenize, TOKENIZERS)}"
        )
    with needs("score", "scoring"):
        from sacrebleu import BLEU, CHRF, TER
    return [BLEU(lowercase=lowercase, tokenize=tokenize), CHRF(lowercase=lowercase), TER()]


def _resample(
    systems: Sequence[Sequence[str]], references: Sequence[str], metrics: "list[Metric]"
) -> list[tuple[str, list[Any]]]:
    """Returns of each metric its signature and sacrebleu's result of each system."""
    from sacrebleu.significance import PairedTest

    test = PairedTest(
        [(str(number), list(system)) for number, system in enumerate(systems)],
        {type(metric).__name__: metric for metric in metrics},
        [list(references)],
        test_type="bs",
        n_samples=RESAMPLES,
    )
    signatures, found = test()
    return [(str(signature), list(found[name])) for name, signature in signatures.items()]
