"""Gathers the page that ``s2s evaluate --plot`` writes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from s2s.cli.testset import Output, TestSet

if TYPE_CHECKING:
    from s2s.score.evaluation import Evaluation
    from s2s.score.report.curve import Curve
    from s2s.score.report.examples import Example, Picture

PICTURES = 6
LONGEST = 40
"""Maximum length of a sentence whose attention is drawn, in pieces of either side."""


def make_page(
    evaluation: "Evaluation", test_set: TestSet, translated: Output, *, lowercase: bool
) -> str:
    """Returns the page about an evaluation.

    Args:
        evaluation: The scores, with buckets.
        test_set: Sources and references.
        translated: The translations.
        lowercase: Whether the scores are those of lowercased text.
    """
    from s2s.score.metrics import sentence_scores, why_not_resampled
    from s2s.score.report.examples import rank
    from s2s.score.report.page import Page

    references = test_set.all_references
    scores = sentence_scores(translated.texts, references, lowercase=lowercase)
    shown = [each if isinstance(each, str) else " / ".join(each) for each in references]
    ranked = rank(test_set.sources, shown, translated.texts, scores)
    curve, pictures, notes = _look_inside(translated, ranked)
    if unsure := why_not_resampled(len(test_set.references)):
        notes["intervals"] = f"No intervals: {unsure}."
    return Page(
        evaluation=evaluation, curve=curve, pictures=pictures, worst=ranked, notes=notes
    ).html()


def _look_inside(
    translated: Output, ranked: "Sequence[Example]"
) -> "tuple[Curve | None, list[Picture], dict[str, str]]":
    """Returns the learning curve and the attention of a run, and notes about what is missing."""
    from s2s.formats.run_folder import METRICS_FILE, is_run_folder
    from s2s.score.report.curve import read_curve

    models = translated.models
    if not models:
        note = "Unknown for translations from a file; to see it, evaluate a run folder."
        return None, [], {"curve": note, "pictures": note}
    if not is_run_folder(models[0]):
        advice = "to see it, evaluate the run folder that the file was exported from"
        notes = {
            "curve": f"A model file holds no learning curve; {advice}.",
            "pictures": f"A model file shows no attention; {advice}.",
        }
        return None, [], notes
    folder, notes = Path(models[0]), {}
    if len(models) > 1:
        notes["curve"] = notes["pictures"] = f"For the first of {len(models)} networks, {folder}."
    curve = read_curve(folder / METRICS_FILE)
    if curve is None:
        notes["curve"] = f"{folder} has no {METRICS_FILE}."
    pictures = _draw(folder, ranked, translated)
    if not pictures:
        notes["pictures"] = f"No sentence has at most {LONGEST} pieces on both sides."
    return curve, pictures, notes


def _draw(folder: Path, ranked: "Sequence[Example]", translated: Output) -> "list[Picture]":
    """Computes the attention of some short sentences, from the worst to the best."""
    from s2s.model.alignment import align
    from s2s.model.run import load_run
    from s2s.score.report.examples import Picture, spread
    from s2s.tokenizer.tags import choose_tag

    translations = translated.translations
    short = [
        example
        for example in ranked
        if not translations[example.row].cut
        and translations[example.row].src_length <= LONGEST
        and 0 < len(translations[example.row].pieces) < LONGEST
    ]
    chosen = spread(short, PICTURES)
    run = load_run(folder)
    tag = choose_tag(translated.to, run.tokenizer.tags)
    alignments = align(
        run,
        [
            f"{'' if tag is None else f'{tag} '}{run.tokenizer.clean(example.source)}"
            for example in chosen
        ],
        [translations[example.row].pieces for example in chosen],
    )
    return [
        Picture(example, *alignment) for example, alignment in zip(chosen, alignments, strict=True)
    ]
