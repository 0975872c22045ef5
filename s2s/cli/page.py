"""What ``s2s evaluate --plot`` gathers for its page."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from s2s.cli.evaluate import Output
    from s2s.score.evaluation import Evaluation
    from s2s.score.report.examples import Example, Picture

PICTURES = 6
LONGEST = 40
"""Pieces of a sentence of which attention is drawn, on either side."""


def make_page(
    found: "Evaluation",
    sources: Sequence[str],
    references: Sequence[str],
    made: "Output",
    *,
    runs: Sequence[str],
    to: str | None,
    lowercase: bool,
    unsure: str | None,
) -> str:
    """Returns the page about an evaluation.

    Args:
        found: The scores, with buckets.
        sources: What was translated.
        references: As many.
        made: Their translations.
        runs: The model file or the run folders that made them, none if they are from elsewhere.
        to: The language that it was told to translate to.
        lowercase: Whether scores are of lowercased text.
        unsure: Why there are no intervals, if there are none.
    """
    from s2s.formats.run_folder import METRICS_FILE, is_run_folder
    from s2s.score.metrics import sentence_scores
    from s2s.score.report.curve import read_curve
    from s2s.score.report.examples import rank
    from s2s.score.report.page import Page

    scores = sentence_scores(made.texts, references, lowercase=lowercase)
    ranked = rank(sources, references, made.texts, scores)
    notes = {} if unsure is None else {"intervals": f"No intervals: {unsure}."}
    curve, pictures = None, []
    if runs and is_run_folder(runs[0]):
        folder = Path(runs[0])
        if len(runs) > 1:
            notes["curve"] = notes["pictures"] = f"Of the first of {len(runs)} networks, {folder}."
        curve = read_curve(folder / METRICS_FILE)
        if curve is None:
            notes["curve"] = f"{folder} has no {METRICS_FILE}."
        pictures = _draw(folder, ranked, made, to)
        if not pictures:
            notes["pictures"] = f"No sentence has at most {LONGEST} pieces on both sides."
    elif runs:
        ask = "evaluate the run folder that it was exported from, in its place"
        notes["curve"] = f"A model file says nothing of its training; to see it, {ask}."
        notes["pictures"] = f"A model file shows no attention; to see it, {ask}."
    else:
        notes["curve"] = "Not of translations alone; to see it, evaluate a run folder."
        notes["pictures"] = notes["curve"]
    return Page(evaluation=found, curve=curve, pictures=pictures, worst=ranked, notes=notes).html()


def _draw(
    folder: Path, ranked: "Sequence[Example]", made: "Output", to: str | None
) -> "list[Picture]":
    """Reads the attention of some sentences, from the worst to the best."""
    from s2s.model.alignment import align
    from s2s.model.run import load_run
    from s2s.score.report.examples import Picture, spread
    from s2s.text import clean
    from s2s.tokenizer.tags import choose_tag

    short = [
        each
        for each in ranked
        if not made.translations[each.row].cut
        and made.translations[each.row].src_length <= LONGEST
        and 0 < len(made.translations[each.row].pieces) < LONGEST
    ]
    chosen = spread(short, PICTURES)
    run = load_run(folder)
    tag = choose_tag(to, run.tokenizer.tags)
    aligned = align(
        run,
        [f"{'' if tag is None else f'{tag} '}{clean(each.source)}" for each in chosen],
        [made.translations[each.row].pieces for each in chosen],
    )
    return [
        Picture(example, *alignment) for example, alignment in zip(chosen, aligned, strict=True)
    ]
