"""The scores of sacrebleu: BLEU, chrF2 and TER, with several references and resamples."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from s2s.errors import ConfigError, needs, suggest

if TYPE_CHECKING:
    from sacrebleu.metrics.base import Metric

TOKENIZERS: Final = ("13a", "intl", "zh", "char", "none")
"""sacrebleu's tokenizers that need no other package; ``none`` is for text that is tokenised."""

OWN_NAMES: Final = {"bleu": "BLEU", "chrf": "chrF2", "ter": "TER"}
"""sacrebleu's names of its scores."""

Streams = list[list[str | None]]
"""One list of references for all sentences, then further ones, in which None fills the gaps."""


def make_metrics(lowercase: bool, tokenize: str) -> "dict[str, Metric]":
    """Returns BLEU, chrF2 and TER by the names that ``score`` gives them.

    Raises:
        ConfigError: If ``tokenize`` is unknown.
        MissingPackageError: If sacrebleu is not installed.
    """
    if tokenize not in TOKENIZERS:
        raise ConfigError(
            f"tokenize (--tokenize) is {tokenize!r}; expected one of {', '.join(TOKENIZERS)}"
            f"{suggest(tokenize, TOKENIZERS)}"
        )
    with needs("score", "scoring"):
        from sacrebleu import BLEU, CHRF, TER
    return {
        "bleu": BLEU(lowercase=lowercase, tokenize=tokenize),
        "chrf": CHRF(lowercase=lowercase),
        "ter": TER(),
    }


def to_streams(references: Sequence[Sequence[str]]) -> Streams:
    """Returns the references of each sentence as sacrebleu wants them."""
    most = max(map(len, references))
    return [
        [each[number] if number < len(each) else None for each in references]
        for number in range(most)
    ]


def resample(
    systems: Sequence[Sequence[str]],
    streams: Streams,
    metrics: "dict[str, Metric]",
    resamples: int,
) -> dict[str, tuple[str, list[Any]]]:
    """Returns for each metric its signature and sacrebleu's result for each system."""
    from sacrebleu.significance import PairedTest

    test = PairedTest(
        [(str(number), list(system)) for number, system in enumerate(systems)],
        metrics,
        streams,  # type: ignore[arg-type] # None is allowed, says Metric._cache_references
        test_type="bs",
        n_samples=resamples,
    )
    signatures, results = test()
    return {
        name: (str(signatures[OWN_NAMES[name]]), list(results[OWN_NAMES[name]])) for name in metrics
    }


def why_bleu_is_0(metric: "Metric", result: Any, streams: Streams) -> str:
    """Returns why BLEU is 0, as a sentence for users; empty if it is not.

    Args:
        metric: BLEU.
        result: What it found.
        streams: The references.
    """
    if result.score > 0:
        return ""
    if result.totals[-1] > 0:
        return "BLEU is 0 because no word of the translations is right"
    first = [reference or "" for reference in streams[0]]
    perfect = metric.corpus_score(first, [first])
    if perfect.totals[-1] > 0:
        return (
            "BLEU is 0 because no translation has four words: it counts runs of one to four words"
        )
    return (
        "BLEU is 0 because no line has four words: it counts runs of one to four words, so even a "
        "perfect output has 0; judge by the other scores"
    )
