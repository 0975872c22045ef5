"""Does text as people really type it come out right? Each target with what was measured.

    python recipes/bench_robustness.py --model MODEL --src SENTENCES --ref REFERENCES --json FILE

Without --model, only vocabularies are measured: whether targets in scripts with hard characters
come back from a vocabulary as they were written. With it, each model is measured too: the test set
in capitals, in lower case, without end marks, with typos and several sentences on a line; made-up
sentences with numbers, with addresses, placeholders and names, also in other scripts; with
--baseline or --baseline-code, the speed. One model with the code of two checkouts shows what the
newer code costs.

A model translates in a process of its own. --code CHECKOUT has it use the s2s of another checkout,
so that an old model file is measured with the code of its time.
"""

import argparse
import json
import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from robustness.child import TranslatorProcess
from robustness.made_up import (
    about_ignorable,
    about_line_breaks,
    about_numbers,
    about_placeables,
    about_unknown,
)
from robustness.scripts import EXTRA, WORDS, come_back, small_beside_large
from robustness.targets import Target
from robustness.written_numbers import TEMPLATES, number_sentences

from s2s.score import score
from s2s.score.robustness import VariantScores, score_variant
from s2s.score.variants import make_variants
from s2s.text import read_pairs

LOWEST_SHARE: Final = {
    "capitals": 0.95,
    "title case": 0.85,
    "lower case": 0.90,
    "no end mark": 0.95,
    "one typo": 0.82,
    "list mark": 0.95,
}
"""Lowest chrF2 of a variant, as a share of that of the plain text."""
MOST_BELOW: Final = 1.0
"""Most that BLEU of joined sentences may lie below that of one sentence a line, in points."""
LENGTH_RATIO: Final = 0.93
SPEED: Final = 0.97


def about_vocabularies() -> Iterator[Target]:
    """Learns vocabularies from made-up text and yields what they write."""
    for language in WORDS:
        same, lines = come_back(language)
        yield Target(
            name=f"{language} comes back{' (beyond the targets)' * (language in EXTRA)}",
            goal=f"{lines} of {lines} lines",
            measured=f"{same}",
            passed=same == lines,
            figures={"same": same, "lines": lines},
        )
    for language in ("Thai", "Chinese"):
        unknown, lines = small_beside_large(language)
        yield Target(
            name=f"{lines} pairs of {language} beside 12,000",
            goal="no unknown piece",
            measured=f"{unknown} lines with one",
            passed=not unknown,
            figures={"unknown": unknown, "lines": lines},
        )


def about_variants(
    model: TranslatorProcess, pairs: Sequence[tuple[str, str]], plain: Sequence[str]
) -> Iterator[Target]:
    """Translates the variants of a test set and yields how they compare with the plain text."""
    sources, references = [src for src, _ in pairs], [ref for _, ref in pairs]
    bleu, chrf = score(plain, references, ter=False)
    ratio = f"BLEU {bleu.value:.2f}, chrF2 {chrf.value:.2f}, length {bleu.length_ratio:.3f}"
    figures = {"BLEU": bleu.value, "chrF2": chrf.value, "length_ratio": bleu.length_ratio}
    yield Target(name="plain", goal="", measured=ratio, passed=True, figures=figures)
    variants = make_variants(sources, references)
    for name, reason in variants.left_out.items():
        yield Target(name=name, goal="", measured=f"left out: {reason}", passed=True, figures={})
    for variant in variants.made:
        texts = model.translate(variant.sources)
        scored = score_variant(variant, texts, plain, references)
        if variant.name in LOWEST_SHARE:
            goal = LOWEST_SHARE[variant.name]
            # chrF2 hardly notices repeats, which a missing end mark brings about.
            both = variant.without_end_marks
            yield Target(
                name=variant.name,
                goal=f"chrF2 {'and BLEU ' * both}{goal:.0%} of plain",
                measured=f"chrF2 {scored.chrf_share:.1%}: {scored.chrf.value:.2f} of "
                f"{scored.plain_chrf:.2f}; BLEU {scored.bleu_share:.1%}: "
                f"{scored.bleu.value:.2f} of {scored.plain_bleu:.2f}",
                passed=scored.chrf_share >= goal and (not both or scored.bleu_share >= goal),
                figures=_figures(scored),
            )
        else:
            yield _about_joined(scored, bleu.value)


def _figures(scored: VariantScores) -> dict[str, Any]:
    return {
        "lines": scored.lines,
        "BLEU": scored.bleu.value,
        "chrF2": scored.chrf.value,
        "length_ratio": scored.bleu.length_ratio,
        "plain_BLEU": scored.plain_bleu,
        "plain_chrF2": scored.plain_chrf,
        "BLEU_share": scored.bleu_share,
        "chrF2_share": scored.chrf_share,
    }


def _about_joined(scored: VariantScores, one_a_line: float) -> Target:
    ratio = scored.bleu.length_ratio
    assert ratio is not None
    breaks = scored.breaks_right
    return Target(
        name=scored.name,
        goal=f"BLEU {one_a_line - MOST_BELOW:.2f}, length over {LENGTH_RATIO}"
        + ("" if breaks is None else ", breaks right"),
        measured=f"BLEU {scored.bleu.value:.2f} ({scored.plain_bleu:.2f} if cut first), length "
        f"{ratio:.3f}" + (f", {scored.remark}" if scored.remark else ""),
        passed=scored.bleu.value >= one_a_line - MOST_BELOW
        and ratio > LENGTH_RATIO
        and breaks in (None, scored.lines),
        figures={**_figures(scored), "line_breaks_right": breaks},
    )


def about_speed(
    model: TranslatorProcess, baseline: TranslatorProcess, sources: Sequence[str], rounds: int
) -> Target:
    """Times both models on plain sentences; they take turns.

    The ratio is that of processor time, which other programs on the machine change less than the
    time of the clock.
    """
    for each in (model, baseline):
        each.seconds(sources)  # not counted
    rows = []
    for number in range(rounds):
        took = {each: each.seconds(sources) for each in (model, baseline)[:: 1 - 2 * (number % 2)]}
        rows.append((*took[model], *took[baseline]))
    ratios = [base_cpu / cpu for cpu, _, base_cpu, _ in rows]
    ratio = statistics.median(ratios)
    clock = statistics.median(base_clock / clock for _, clock, _, base_clock in rows)
    per_second = len(sources) / statistics.median(seconds for _, seconds, _, _ in rows)
    return Target(
        name="speed of plain sentences",
        goal=f"{SPEED} of the baseline's",
        measured=f"{ratio:.3f} ({min(ratios):.3f} to {max(ratios):.3f}), by the clock {clock:.3f}, "
        f"{per_second:.0f} sentences/s",
        passed=ratio >= SPEED,
        figures={"ratio": ratio, "clock_ratio": clock, "ratios": ratios},
    )


def measure(name: str, options: argparse.Namespace) -> Iterator[Target]:
    """Yields what is measured of one model."""
    pairs = [
        pair
        for pair in read_pairs(options.src, options.ref, cleaned=False)
        if all(map(str.strip, pair))
    ]
    pairs = pairs[: options.sentences or None]
    sources = [src for src, _ in pairs]
    with ExitStack() as stack:

        def start(model: str, code: Path | None, changes: dict[str, Any]) -> TranslatorProcess:
            process = TranslatorProcess(
                model, code=code, threads=options.threads, options={"to": options.to, **changes}
            )
            return stack.enter_context(process)

        model = start(name, options.code, options.options)
        plain = model.translate(sources)
        yield from about_variants(model, pairs, plain)
        yield about_line_breaks(model, sources)
        numbers = number_sentences(options.language, options.domain, options.numbers)
        yield about_numbers(model, numbers)
        yield from about_placeables(model, options.language)
        yield from about_unknown(model, options.language)
        yield about_ignorable(model, sources, plain)
        if options.baseline or options.baseline_code:
            baseline = start(options.baseline or name, options.baseline_code, {})
            yield about_speed(model, baseline, sources, options.rounds)


def show(title: str, targets: Iterator[Target]) -> list[dict[str, Any]]:
    """Prints targets as they are measured, and returns them as JSON values."""
    print(f"\n{title}")
    rows = []
    for target in targets:
        verdict = "" if not target.goal else "pass" if target.passed else "MISS"
        print(f"{target.name:41} {verdict:5} {target.goal:34} {target.measured}", flush=True)
        rows.append(asdict(target))
    return rows


def read_options() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--model", nargs="*", default=[], help="model files or run folders")
    parser.add_argument("--src", type=Path, help="test set: one sentence per line")
    parser.add_argument("--ref", type=Path, help="its translations")
    parser.add_argument("--code", type=Path, help="checkout of the s2s that translates")
    parser.add_argument("--baseline", help="model whose speed is the measure; by default --model")
    parser.add_argument("--baseline-code", type=Path, help="checkout of the baseline's s2s")
    parser.add_argument("--language", choices=["en", "de"], help="of --src; by default its ending")
    parser.add_argument("--domain", choices=["everyday", "pictures"], default="everyday")
    parser.add_argument("--to", help="language to translate to, if the model has tags")
    parser.add_argument(
        "--options",
        type=json.loads,
        default={},
        metavar="JSON",
        help="""options of Translator.translate, such as '{"sentences": true}'""",
    )
    parser.add_argument("--sentences", type=int, default=300, help="of the test set; 0 is all")
    parser.add_argument("--numbers", type=int, default=500, help="made-up sentences with numbers")
    parser.add_argument("--rounds", type=int, default=15, help="passes of the speed")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--no-vocabularies", action="store_true", help="measure models alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to this file")
    options = parser.parse_args()
    if options.model:
        if options.src is None or options.ref is None:
            parser.error("--model needs --src and --ref")
        endings = [suffix[1:] for suffix in options.src.suffixes]
        known = {language for language, _ in TEMPLATES}
        options.language = options.language or next(filter(known.__contains__, endings), None)
        if options.language is None:
            parser.error(f"name the language of {options.src} with --language")
    return options


def main() -> None:
    """Measures and prints."""
    options = read_options()
    results = {}
    if not options.no_vocabularies:
        results["vocabularies"] = show("vocabularies", about_vocabularies())
    for name in options.model:
        results[name] = show(name, measure(name, options))
    rows = [row for targets in results.values() for row in targets if row["goal"]]
    print(f"\n{sum(row['passed'] for row in rows)} of {len(rows)} targets")
    if options.json is not None:
        text = json.dumps(results, indent=1, ensure_ascii=False)
        options.json.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
