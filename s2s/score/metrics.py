"""BLEU, chrF2 and TER with sacrebleu's signatures, confidence intervals and significance tests.

Post (2018), "A Call for Clarity in Reporting BLEU Scores". All numbers are sacrebleu's, also those
of the resampling: Koehn (2004), "Statistical Significance Tests for Machine Translation
Evaluation".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from s2s.errors import ConfigError, DataError, needs, suggest

if TYPE_CHECKING:
    from sacrebleu.metrics.base import Metric

RESAMPLES: Final = 1000
"""Number of test sets drawn with replacement, the same as in sacrebleu's command line."""
MAX_RESAMPLED: Final = 20_000
"""Most sentences of a test set that is resampled. sacrebleu has all resamples in memory at once:
40 kB a sentence for BLEU, 72 kB for chrF2."""
FEW_SENTENCES: Final = 50
"""A score of fewer sentences says little. The 95 % interval of BLEU on Multi30k is +-7 for 50
sentences (6 to 8, in twenty parts of 50), +-5 for 100, +-1.5 for all 1,000."""
TOKENIZERS: Final = ("13a", "intl", "zh", "char", "none")
"""sacrebleu's tokenizers that need no other package; ``none`` is for text that is tokenised."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Interval with 95 % of the resampled test sets."""

    mean: float
    """Mean of the resamples, in percent."""
    half_width: float
    """Half the distance of their 2.5th and 97.5th percentiles, in percent."""


@dataclass(frozen=True, slots=True)
class Score:
    """A corpus score."""

    name: str
    """``BLEU`` or ``chrF2`` (larger is better), or ``TER`` (smaller is better)."""
    value: float
    """In percent."""
    signature: str
    """How sacrebleu computed it: tokenizer, case, resamples and their seed, version."""
    interval: Interval | None = None
    """None if it was not asked for."""
    length_ratio: float | None = None
    """BLEU only: tokens of the translations over tokens of the references."""
    brevity_penalty: float | None = None
    """BLEU only: its factor for translations that are too short; 1 is no penalty."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Scores of two systems on the same sentences, and whether they differ."""

    name: str
    value: float
    """In percent."""
    baseline: float
    """Score of the second system, in percent."""
    p_value: float
    """Probability of a difference at least as large between systems that are equally good."""
    signature: str

    @property
    def delta(self) -> float:
        """Score minus the baseline's score, in points."""
        return self.value - self.baseline

    @property
    def verdict(self) -> str:
        """``better`` or ``worse`` than the baseline if p < 0.05, else ``no difference shown``."""
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
        hypotheses: Translations, as plain text.
        references: Human translations, one for each hypothesis.
        bleu_only: Leave out chrF2 and TER, which take longer.
        ter: Whether TER, which takes longest on long sentences, is computed too.
        lowercase: Compare lowercased text (``case:lc``), as TER always does.
        tokenize: How BLEU cuts text into words, one of ``TOKENIZERS``.
        confidence: Also estimate 95 % intervals by ``RESAMPLES`` bootstrap resamples. The seed is
            fixed: sacrebleu takes 12345, or SACREBLEU_SEED of the environment, and names it in the
            signature.

    Returns:
        BLEU, chrF2 and TER, without those that are left out.

    Raises:
        ConfigError: If ``tokenize`` is unknown.
        DataError: If there is no sentence, the numbers differ, or ``why_not_resampled`` has a
            reason.
        MissingPackageError: If sacrebleu is not installed.
    """
    _check(hypotheses, references, resampled=confidence)
    metrics = _metrics(lowercase, tokenize)[: 1 if bleu_only else 3 if ter else 2]
    results = [metric.corpus_score(list(hypotheses), [list(references)]) for metric in metrics]
    signatures = [str(metric.get_signature()) for metric in metrics]
    intervals: list[Interval | None] = [None] * len(metrics)
    if confidence:
        # corpus_score resamples too, but if some resamples score 0, its mean of Python's and
        # numpy's floats fails (sacrebleu 2.4 to 2.6).
        sampled = _resample([hypotheses], references, metrics)
        signatures = [signature for signature, _ in sampled]
        intervals = [Interval(float(result.mean), float(result.ci)) for _, (result,) in sampled]
    return [
        Score(
            name=str(result.name),
            value=float(result.score),
            signature=signature,
            interval=interval,
            length_ratio=float(result.ratio) if result.name == "BLEU" else None,
            brevity_penalty=float(result.bp) if result.name == "BLEU" else None,
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
    difference of exactly 0 has p = 1 here. sacrebleu gives equal outputs its smallest p, because it
    counts larger differences only.

    Args:
        hypotheses: Translations of the first system.
        baseline: Translations of the second system, one for each hypothesis.
        references: Human translations, one for each hypothesis.
        lowercase: As for ``score``.
        tokenize: As for ``score``.

    Returns:
        BLEU, chrF2 and TER of both systems.

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
        differences.append(
            Difference(
                name=name,
                value=float(new.score),
                baseline=float(old.score),
                p_value=p_value,
                signature=signature,
            )
        )
    return differences


def sentence_scores(
    hypotheses: Sequence[str], references: Sequence[str], *, lowercase: bool = False
) -> list[float]:
    """Returns each sentence's chrF2, in percent (Popovic 2015, "chrF").

    BLEU of one sentence depends mostly on its smoothing; a character F-score needs none.

    Args:
        hypotheses: Translations.
        references: Human translations, one for each hypothesis.
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
    """Returns why a test set of so many sentences cannot be resampled; None if it can."""
    if sentences < 2:
        return f"resampling needs at least 2 sentences, but there is {sentences}"
    if sentences > MAX_RESAMPLED:
        return (
            f"resampling takes at most {MAX_RESAMPLED} sentences, because it needs much memory, "
            f"but there are {sentences}"
        )
    return None


def check_metrics(tokenize: str) -> None:
    """Checks that scores can be computed, before the work of translating.

    Raises:
        ConfigError: If ``tokenize`` is unknown.
        MissingPackageError: If sacrebleu is not installed.
    """
    _metrics(False, tokenize)


def _check(hypotheses: Sequence[str], references: Sequence[str], *, resampled: bool) -> None:
    if not hypotheses or len(hypotheses) != len(references):
        raise DataError(
            f"there are {len(hypotheses)} translations but {len(references)} references; "
            "expected the same number"
        )
    if resampled and (reason := why_not_resampled(len(hypotheses))):
        raise DataError(reason)


def _metrics(lowercase: bool, tokenize: str) -> "list[Metric]":
    """Returns BLEU, chrF2 and TER."""
    if tokenize not in TOKENIZERS:
        raise ConfigError(
            f"tokenize (--tokenize) is {tokenize!r}; expected one of {', '.join(TOKENIZERS)}"
            f"{suggest(tokenize, TOKENIZERS)}"
        )
    with needs("score", "scoring"):
        from sacrebleu import BLEU, CHRF, TER
    return [BLEU(lowercase=lowercase, tokenize=tokenize), CHRF(lowercase=lowercase), TER()]


def _resample(
    systems: Sequence[Sequence[str]], references: Sequence[str], metrics: "list[Metric]"
) -> list[tuple[str, list[Any]]]:
    """Returns for each metric its signature and sacrebleu's result for each system."""
    from sacrebleu.significance import PairedTest

    test = PairedTest(
        [(str(number), list(system)) for number, system in enumerate(systems)],
        {type(metric).__name__: metric for metric in metrics},
        [list(references)],
        test_type="bs",
        n_samples=RESAMPLES,
    )
    signatures, results = test()
    return [(str(signature), list(results[name])) for name, signature in signatures.items()]
