"""Scores of translations, with signatures, confidence intervals and significance tests.

BLEU, chrF2 and TER are sacrebleu's (Post 2018, "A Call for Clarity in Reporting BLEU Scores"),
exact matches and error rates those of ``s2s.score.edits``. The resampling is that of Koehn (2004),
"Statistical Significance Tests for Machine Translation Evaluation".
"""

from collections.abc import Sequence
from typing import Final

from s2s.errors import ConfigError, DataError, suggest
from s2s.score import edits, sacre
from s2s.score.references import References, listed, num_references
from s2s.score.results import Difference, Interval, Score

SACREBLEU: Final = ("bleu", "chrf", "ter")
MEASURES: Final = (*SACREBLEU, *edits.EDIT_MEASURES)
"""Names of all scores."""
RESAMPLES: Final = 1000
"""Number of test sets drawn with replacement, the same as in sacrebleu's command line."""
MAX_RESAMPLED: Final = 20_000
"""Most sentences of a test set that is resampled. sacrebleu has all resamples in memory at once:
40 kB a sentence for BLEU, 72 kB for chrF2."""
FEW_SENTENCES: Final = 50
"""A score of fewer sentences says little. The 95 % interval of BLEU on Multi30k is +-7 for 50
sentences (6 to 8, in twenty parts of 50), +-5 for 100, +-1.5 for all 1,000."""


def score(
    hypotheses: Sequence[str],
    references: References,
    *,
    bleu_only: bool = False,
    ter: bool = True,
    measures: Sequence[str] | None = None,
    lowercase: bool = False,
    keep_blanks: bool = False,
    tokenize: str = "13a",
    confidence: bool = False,
) -> list[Score]:
    """Scores translations against human ones.

    Args:
        hypotheses: Translations, as plain text.
        references: Human translations: for each hypothesis a text, or a list of several. BLEU,
            chrF2 and TER then are sacrebleu's for several references, any of them may be matched
            exactly, and errors are counted against the nearest one.
        bleu_only: Leave out chrF2 and TER, which take longer.
        ter: Whether TER, which takes longest on long sentences, is computed too.
        measures: Scores to compute instead, in this order: ``bleu``, ``chrf``, ``ter``; ``exact``,
            the share of translations that equal a reference; ``token_error``, edits per token
            between blanks (word or phoneme error); ``character_error``. None: the first three, less
            those that ``bleu_only`` and ``ter`` leave out.
        lowercase: Compare lowercased text (``case:lc``), as TER always does.
        keep_blanks: Whether exact matches and character errors compare each blank. If false, a run
            of blanks is one, and those around a text do not count.
        tokenize: How BLEU cuts text into words, one of ``s2s.score.sacre.TOKENIZERS``.
        confidence: Also estimate 95 % intervals by ``RESAMPLES`` bootstrap resamples. The seed is
            fixed, and named in the signature: 12345; for sacrebleu's scores, SACREBLEU_SEED of the
            environment, if that is set.

    Returns:
        The scores, in percent.

    Raises:
        ConfigError: If ``tokenize`` or a name in ``measures`` is unknown.
        DataError: If there is no sentence, the numbers differ, a sentence has no reference, or
            ``why_not_resampled`` has a reason.
        MissingPackageError: If sacrebleu or rapidfuzz is not installed.
    """
    _check(hypotheses, references, resampled=confidence)
    if measures is None:
        measures = SACREBLEU[: 1 if bleu_only else 3 if ter else 2]
    _check_measures(measures)
    sentences = listed(references)
    found = _sacrebleu_scores(
        measures, hypotheses, sentences, lowercase, tokenize, confidence=confidence
    )
    resamples = RESAMPLES if confidence else None
    for measure in edits.EDIT_MEASURES:
        if measure not in measures:
            continue
        how = {"lowercase": lowercase, "keep_blanks": keep_blanks}
        counts = edits.count(measure, hypotheses, sentences, **how)
        interval = None
        if resamples is not None:
            (rates,) = edits.resample([counts], resamples)
            interval = Interval(float(rates.mean()), edits.half_width(rates))
        signature = edits.signature(measure, num_references(sentences), **how, resamples=resamples)
        found[measure] = Score(measure, edits.rate(counts), signature, interval)
    return [found[measure] for measure in measures]


def _sacrebleu_scores(
    measures: Sequence[str],
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    lowercase: bool,
    tokenize: str,
    *,
    confidence: bool,
) -> dict[str, Score]:
    """Computes those of ``measures`` that are sacrebleu's."""
    metrics = {
        name: metric
        for name, metric in sacre.make_metrics(lowercase, tokenize).items()
        if name in measures
    }
    streams = sacre.to_streams(references)
    found = {}
    for name, metric in metrics.items():
        result = metric.corpus_score(list(hypotheses), streams)  # type: ignore[arg-type] # None too
        signature, interval = str(metric.get_signature()), None
        if confidence:
            # corpus_score resamples too, but if some resamples score 0, its mean of Python's and
            # numpy's floats fails (sacrebleu 2.4 to 2.6).
            sampled = sacre.resample([hypotheses], streams, {name: metric}, RESAMPLES)
            signature, (resampled,) = sampled[name]
            interval = Interval(float(resampled.mean), float(resampled.ci))
        is_bleu = name == "bleu"
        found[name] = Score(
            name=str(result.name),
            value=float(result.score),
            signature=signature,
            interval=interval,
            length_ratio=float(result.ratio) if is_bleu else None,
            brevity_penalty=float(result.bp) if is_bleu else None,
            remark=sacre.why_bleu_is_0(metric, result, streams) if is_bleu else "",
        )
    return found


def compare(
    hypotheses: Sequence[str],
    baseline: Sequence[str],
    references: References,
    *,
    measures: Sequence[str] = SACREBLEU,
    lowercase: bool = False,
    keep_blanks: bool = False,
    tokenize: str = "13a",
) -> list[Difference]:
    """Tests whether two systems differ, by paired bootstrap resampling (Koehn 2004, section 4).

    Both are scored on the same ``RESAMPLES`` resamples of the test set; the test is two-sided. A
    difference of exactly 0 has p = 1 here. sacrebleu gives equal outputs its smallest p, because it
    counts larger differences only.

    Args:
        hypotheses: Translations of the first system.
        baseline: Translations of the second system, one for each hypothesis.
        references: Human translations, as for ``score``.
        measures: As for ``score``.
        lowercase: As for ``score``.
        keep_blanks: As for ``score``.
        tokenize: As for ``score``.

    Returns:
        The scores of both systems.

    Raises:
        ConfigError: As ``score``.
        DataError: As ``score`` with ``confidence``.
        MissingPackageError: As ``score``.
    """
    _check(hypotheses, references, resampled=True)
    _check(baseline, references, resampled=True)
    _check_measures(measures)
    sentences = listed(references)
    metrics = {
        name: metric
        for name, metric in sacre.make_metrics(lowercase, tokenize).items()
        if name in measures
    }
    found = {}
    if metrics:
        sampled = sacre.resample(
            [baseline, hypotheses], sacre.to_streams(sentences), metrics, RESAMPLES
        )
        for name, (signature, (old, new)) in sampled.items():
            p_value = 1.0 if new.score == old.score else float(new.p_value)
            own_name = sacre.OWN_NAMES[name]
            found[name] = Difference(
                own_name, float(new.score), float(old.score), p_value, signature
            )
    for measure in edits.EDIT_MEASURES:
        if measure in measures:
            found[measure] = _edit_difference(
                measure,
                hypotheses,
                baseline,
                sentences,
                lowercase=lowercase,
                keep_blanks=keep_blanks,
            )
    return [found[measure] for measure in measures]


def _edit_difference(
    measure: edits.EditMeasure,
    hypotheses: Sequence[str],
    baseline: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    lowercase: bool,
    keep_blanks: bool,
) -> Difference:
    how = {"lowercase": lowercase, "keep_blanks": keep_blanks}
    systems = [edits.count(measure, each, references, **how) for each in (baseline, hypotheses)]
    old, new = map(edits.rate, systems)
    p_value = (
        1.0 if new == old else edits.p_value(edits.resample(systems, RESAMPLES), abs(new - old))
    )
    signature = edits.signature(measure, num_references(references), **how, resamples=RESAMPLES)
    return Difference(measure, new, old, p_value, signature)


def sentence_scores(
    hypotheses: Sequence[str], references: References, *, lowercase: bool = False
) -> list[float]:
    """Returns each sentence's chrF2, in percent (Popovic 2015, "chrF").

    BLEU of one sentence depends mostly on its smoothing; a character F-score needs none.

    Args:
        hypotheses: Translations.
        references: Human translations, as for ``score``.
        lowercase: As for ``score``.

    Raises:
        DataError: If there is no sentence, or not as many references as hypotheses.
        MissingPackageError: If sacrebleu is not installed.
    """
    _check(hypotheses, references, resampled=False)
    metric = sacre.make_metrics(lowercase, "13a")["chrf"]
    return [
        float(metric.sentence_score(hypothesis, each).score)
        for hypothesis, each in zip(hypotheses, listed(references), strict=True)
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


def check_metrics(tokenize: str, measures: Sequence[str] = MEASURES) -> None:
    """Checks that scores can be computed, before the work of translating.

    Raises:
        ConfigError: If ``tokenize`` or a name in ``measures`` is unknown.
        MissingPackageError: If sacrebleu or rapidfuzz is not installed.
    """
    _check_measures(measures)
    sacre.make_metrics(False, tokenize)
    edits.load_distance()


def _check(hypotheses: Sequence[str], references: References, *, resampled: bool) -> None:
    if not hypotheses or len(hypotheses) != len(references):
        raise DataError(
            f"there are {len(hypotheses)} translations but {len(references)} references; "
            "expected the same number"
        )
    for number, each in enumerate(references, 1):
        if not isinstance(each, str) and not each:
            raise DataError(f"sentence {number} has no reference; expected at least one")
    if resampled and (reason := why_not_resampled(len(hypotheses))):
        raise DataError(reason)


def _check_measures(measures: Sequence[str]) -> None:
    for measure in measures:
        if measure not in MEASURES:
            raise ConfigError(
                f"measures (--measures) has {measure!r}; expected names of {', '.join(MEASURES)}"
                f"{suggest(measure, MEASURES)}"
            )
    if not measures:
        raise ConfigError(
            f"measures (--measures) is empty; expected names of {', '.join(MEASURES)}"
        )
