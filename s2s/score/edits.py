"""Exact matches, and error rates by edit distance (Levenshtein 1966) over tokens or characters.

Tokens stand between blanks: words, phonemes, labels. The token error rate is the word error rate
(WER) of speech recognition, or the phoneme error rate (PER); the character error rate is CER.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from s2s.errors import needs
from s2s.version import __version__

EditMeasure = Literal["exact", "token_error", "character_error"]
EDIT_MEASURES: Final[tuple[EditMeasure, ...]] = ("exact", "token_error", "character_error")
_UNITS: Final = {"exact": "line", "token_error": "token", "character_error": "character"}
SEED: Final = 12345
"""Seed of the resampling, that of sacrebleu: all scores have the same resamples."""

Counts = NDArray[np.int64]
"""(sentences, 2): right lines and 1; or edits, and units of the nearest reference."""


def count(
    measure: EditMeasure,
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    lowercase: bool = False,
    keep_blanks: bool = False,
) -> Counts:
    """Counts for each sentence what ``rate`` divides.

    Any reference may match exactly. Edits are those to the nearest one; of two equally near, the
    shorter one counts.

    Args:
        measure: What is counted.
        hypotheses: Translations.
        references: Human translations, at least one for each hypothesis.
        lowercase: Compare lowercased text.
        keep_blanks: Compare each blank as a character. If false, a run of blanks is one, and those
            around a text do not count.

    Returns:
        (sentences, 2).

    Raises:
        MissingPackageError: If rapidfuzz is not installed.
    """
    cut = partial(_cut, measure, lowercase=lowercase, keep_blanks=keep_blanks)
    count_one = _count_exact if measure == "exact" else partial(_count_edits, load_distance())
    rows = [
        count_one(cut(hypothesis), [cut(reference) for reference in each])
        for hypothesis, each in zip(hypotheses, references, strict=True)
    ]
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


def load_distance() -> Callable[[Sequence[str], Sequence[str]], int]:
    """Returns the function that counts edits between two sequences.

    Raises:
        MissingPackageError: If rapidfuzz is not installed.
    """
    with needs("score", "scoring"):
        from rapidfuzz.distance.Levenshtein import distance
    return distance


def _cut(measure: EditMeasure, text: str, *, lowercase: bool, keep_blanks: bool) -> Sequence[str]:
    """Returns what is compared: the tokens of a text, or the text."""
    text = text.lower() if lowercase else text
    if measure == "token_error":
        return text.split()
    return text if keep_blanks else " ".join(text.split())


def _count_exact(hypothesis: Sequence[str], references: list[Sequence[str]]) -> tuple[int, int]:
    return int(hypothesis in references), 1


def _count_edits(
    distance: Callable[[Sequence[str], Sequence[str]], int],
    hypothesis: Sequence[str],
    references: list[Sequence[str]],
) -> tuple[int, int]:
    return min((distance(hypothesis, reference), len(reference)) for reference in references)


def rate(counts: Counts) -> float:
    """Returns a corpus score in percent; an error rate may be over 100."""
    counted, units = counts.sum(0).tolist()
    return 100 * int(counted) / max(int(units), 1)


def resample(systems: Sequence[Counts], resamples: int) -> NDArray[np.float64]:
    """Returns scores of test sets that are drawn with replacement, the same for each system.

    Args:
        systems: Counts of each system for the same sentences.
        resamples: Number of test sets.

    Returns:
        (systems, resamples), in percent.
    """
    sentences = len(systems[0])
    rows = np.random.default_rng(SEED).choice(sentences, size=(resamples, sentences), replace=True)
    return np.array([[rate(counts[drawn]) for drawn in rows] for counts in systems])


def half_width(rates: NDArray[np.float64]) -> float:
    """Returns half the width of the interval with 95 % of ``rates``, as sacrebleu computes it."""
    ordered, left_out = np.sort(rates), len(rates) // 40
    return float(ordered[-1 - left_out] - ordered[left_out]) / 2


def p_value(rates: NDArray[np.float64], difference: float) -> float:
    """Returns the p-value of the paired bootstrap test, as sacrebleu computes it.

    Args:
        rates: (2, resamples), of two systems.
        difference: Between their scores for the whole test set, not negative.
    """
    differences = np.abs(rates[1] - rates[0])
    larger = int(np.sum(differences - differences.mean() > difference))
    return (larger + 1) / (len(differences) + 1)


def signature(
    measure: EditMeasure,
    num_references: str,
    *,
    lowercase: bool,
    keep_blanks: bool,
    resamples: int | None,
) -> str:
    """Returns how a score was computed, in the form of sacrebleu's signatures.

    Args:
        measure: What is counted.
        num_references: References of a sentence, ``var`` if not all have as many.
        lowercase: As for ``count``.
        keep_blanks: As for ``count``.
        resamples: Test sets that were drawn; None if none were.
    """
    parts = {
        "nrefs": num_references,
        **({} if resamples is None else {"bs": resamples, "seed": SEED}),
        "case": "lc" if lowercase else "mixed",
        "unit": _UNITS[measure],
        **({"blanks": "kept"} if keep_blanks and measure != "token_error" else {}),
        "version": f"s2s-{__version__}",
    }
    return "|".join(f"{name}:{value}" for name, value in parts.items())
