"""Scores of a test set's variants (``s2s.score.variants``) beside those of its plain text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from s2s.score.metrics import FEW_SENTENCES, score
from s2s.score.results import Score
from s2s.score.variants import LINE_BREAKS, Variant
from s2s.writing.numbers import has_digits, same_numbers

ABOUT: Final = (
    "Plain: the same sentences as they stand in the test set, joined if the variant joins them. "
    "The reference is in capitals or title case if the source is, and as it is for lower case. "
    "End marks are not compared if the source has none."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class VariantScores:
    """How well a variant is translated."""

    name: str
    sentences: int
    """Sentences of the test set in it."""
    lines: int
    bleu: Score
    chrf: Score
    plain_bleu: float
    """BLEU of the plain translations of the same sentences, in percent."""
    plain_chrf: float
    breaks_right: int | None = None
    """Lines whose translation has as many line breaks; None if no source has any."""

    @property
    def few(self) -> bool:
        """Whether there are too few sentences for the scores to say much."""
        return self.sentences < FEW_SENTENCES

    @property
    def bleu_share(self) -> float:
        """Its BLEU as a share of the plain one; 0 if that is 0."""
        return self.bleu.value / self.plain_bleu if self.plain_bleu else 0.0

    @property
    def chrf_share(self) -> float:
        """Its chrF2 as a share of the plain one; 0 if that is 0."""
        return self.chrf.value / self.plain_chrf if self.plain_chrf else 0.0

    @property
    def remark(self) -> str:
        """What else there is to say, or an empty text."""
        breaks = self.breaks_right
        parts = [
            "" if breaks is None else f"line breaks right in {breaks:,} of {self.lines:,}",
            "too few sentences" if self.few else "",
        ]
        return "; ".join(filter(None, parts))


@dataclass(frozen=True, kw_only=True, slots=True)
class Robustness:
    """How much a translator depends on text that looks like its training text."""

    variants: Sequence[VariantScores]
    left_out: dict[str, str]
    """Why there is no such variant, by name."""
    with_numbers: int
    """Sentences with numbers that the reference writes with the same digits."""
    numbers_right: int
    """Those among them whose plain translation has the same digits, too."""

    def to_dict(self) -> dict[str, Any]:
        """Returns the results as JSON values."""
        return {
            "variants": {
                variant.name: {
                    "sentences": variant.sentences,
                    "lines": variant.lines,
                    "BLEU": variant.bleu.value,
                    "chrF2": variant.chrf.value,
                    "length_ratio": variant.bleu.length_ratio,
                    "plain_BLEU": variant.plain_bleu,
                    "plain_chrF2": variant.plain_chrf,
                    "BLEU_share": variant.bleu_share,
                    "chrF2_share": variant.chrf_share,
                    "few": variant.few,
                    **(
                        {}
                        if variant.breaks_right is None
                        else {"line_breaks_right": variant.breaks_right}
                    ),
                }
                for variant in self.variants
            },
            "left_out": self.left_out,
            "numbers": {"sentences": self.with_numbers, "right": self.numbers_right},
        }

    def lines(self) -> Iterator[str]:
        """Yields the results as lines for a terminal."""
        yield f"{'':21}    lines    BLEU  of plain   chrF2  of plain  length ratio"
        for each in self.variants:
            yield (
                f"{each.name:21} {each.lines:8} {each.bleu.value:7.2f} {each.bleu_share:9.0%} "
                f"{each.chrf.value:7.2f} {each.chrf_share:9.0%} {each.bleu.length_ratio:13.3f}"
                f"  {each.remark}"
            ).rstrip()
        for name, reason in self.left_out.items():
            yield f"{name:21} left out: {reason}"
        yield f"{'numbers':21} {self.about_numbers}"

    @property
    def about_numbers(self) -> str:
        """How many numbers are right, as a sentence."""
        if not self.with_numbers:
            return "left out: no reference writes the numbers of its source in digits"
        return f"right in {self.numbers_right:,} of {self.with_numbers:,} sentences with numbers"


def score_variant(
    variant: Variant,
    translations: Sequence[str],
    plain: Sequence[str],
    references: Sequence[str],
    *,
    lowercase: bool = False,
    tokenize: str = "13a",
) -> VariantScores:
    """Scores the translations of a variant, and those of the same sentences as they were.

    Args:
        variant: The variant.
        translations: Translations of its sources.
        plain: Translations of the whole test set, as it is.
        references: References of the whole test set.
        lowercase: As for ``score``.
        tokenize: As for ``score``.

    Raises:
        ConfigError: If ``tokenize`` is unknown.
        MissingPackageError: If sacrebleu is not installed.
    """

    def scored(hypotheses: Sequence[str], expected: Sequence[str]) -> list[Score]:
        return score(hypotheses, expected, ter=False, lowercase=lowercase, tokenize=tokenize)

    bleu, chrf = scored(variant.comparable(translations), variant.comparable(variant.references))
    plain_bleu, plain_chrf = scored(variant.join_plain(plain), variant.join_plain(references))
    right = None
    if variant.name == LINE_BREAKS:
        pairs = zip(variant.sources, translations, strict=True)
        right = sum(source.count("\n") == text.count("\n") for source, text in pairs)
    return VariantScores(
        name=variant.name,
        sentences=variant.sentences,
        lines=len(variant.sources),
        bleu=bleu,
        chrf=chrf,
        plain_bleu=plain_bleu.value,
        plain_chrf=plain_chrf.value,
        breaks_right=right,
    )


def count_numbers(
    sources: Sequence[str], references: Sequence[str], translations: Sequence[str]
) -> tuple[int, int]:
    """Returns how many sentences have numbers that the reference has too, and how many are right.

    A sentence whose reference spells its numbers out is not counted.
    """
    counted = right = 0
    for source, reference, translation in zip(sources, references, translations, strict=True):
        if has_digits(source) and same_numbers(source, reference):
            counted += 1
            right += same_numbers(source, translation)
    return counted, right
