"""The page that ``s2s evaluate --plot`` writes.

The same input gives the same page: it has no time, date or speed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from s2s.score.choice import LABELS
from s2s.score.evaluation import Evaluation
from s2s.score.metrics import FEW_SENTENCES
from s2s.score.report.charts import Bar, draw_bars, draw_curves, draw_heat
from s2s.score.report.curve import Curve
from s2s.score.report.examples import Example, Picture
from s2s.score.report.markup import document, element, table, text
from s2s.score.robustness import ABOUT

WORST: Final = 20
"""Number of worst sentences on the page."""

STYLE: Final = """
body { font: 16px/1.45 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem;
  color: #1c1f24; background: #fff; overflow-wrap: break-word }
h1 { font-size: 1.5rem } h2 { font-size: 1.2rem; margin-top: 2.5rem }
table { border-collapse: collapse; width: 100% } code { font-size: .8em; overflow-wrap: anywhere }
th, td { text-align: start; vertical-align: top; padding: .2rem .8rem .2rem 0;
  border-bottom: 1px solid #d9dce1 }
dl { margin: 1rem 0; padding-bottom: .8rem; border-bottom: 1px solid #d9dce1 }
dt { color: #5d636c; font-size: .85rem } dd { margin: 0 0 .3rem }
.note { color: #5d636c } figure { margin: 1.5rem 0; overflow-x: auto }
svg { max-width: 100%; height: auto } .heat svg { max-width: none }
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Content of the page."""

    evaluation: Evaluation
    curve: Curve | None
    pictures: Sequence[Picture]
    worst: Sequence[Example]
    """Sentences from the worst to the best."""
    notes: Mapping[str, str]
    """Remarks on ``intervals``, ``curve`` or ``pictures``, for example why there are none."""

    def html(self) -> str:
        """Returns the page: one file that loads nothing and runs nothing."""
        name = str(self.evaluation.translated.get("model", self._hypotheses))
        title = f"s2s evaluate: {name}"
        body = [
            element("h1", None, "Evaluation of ", text(name)),
            *self._scores(),
            *self._baseline(),
            *self._lengths(),
            *self._robustness(),
            *self._learning(),
            *self._attention(),
            *self._worst(),
        ]
        return document(title, STYLE, body)

    @property
    def _hypotheses(self) -> str:
        return str(self.evaluation.translated.get("hypotheses", ""))

    def _scores(self) -> list[Element]:
        evaluation = self.evaluation
        rows = []
        for score in evaluation.scores:
            interval = "not estimated"
            if score.interval is not None:
                interval = f"{score.interval.mean:.2f} ± {score.interval.half_width:.2f}"
            signature = element("code", None, score.signature)
            rows.append((score.label, f"{score.value:.2f}", interval, signature))
        settings = [
            f"{name.replace('_', ' ')} {', '.join(value) if isinstance(value, list) else value}"
            for name, value in evaluation.translated.items()
            if name not in ("model", "hypotheses")
        ]
        parts = [
            element("h2", None, "Scores"),
            _note(", ".join([f"{evaluation.sentences:,} sentences", *settings])),
            table(("", "score", "95 % interval", "signature"), rows),
            *(
                _note(
                    f"BLEU's length ratio is {bleu.length_ratio:.3f}, its brevity penalty "
                    f"{bleu.brevity_penalty:.3f}."
                )
                for bleu in evaluation.scores
                if bleu.name == "BLEU"
            ),
            _note("BLEU, chrF2 and exact are better when larger, TER and errors when smaller."),
            *(_note(f"{score.remark}.") for score in evaluation.scores if score.remark),
            *(_note(f"{note}.") for note in evaluation.notes),
        ]
        if evaluation.few:
            parts.append(_note(f"Scores of fewer than {FEW_SENTENCES} sentences are not reliable."))
        return parts + self._notes_on("intervals")

    def _baseline(self) -> list[Element]:
        evaluation = self.evaluation
        if not evaluation.differences:
            return []
        rows = [
            (
                difference.label,
                f"{difference.baseline:.2f}",
                f"{difference.value:.2f}",
                f"{difference.delta:+.2f}",
                f"{difference.p_value:.3f}",
                difference.verdict,
                element("code", None, difference.signature),
            )
            for difference in evaluation.differences
        ]
        head = ("", "baseline", "this", "delta", "p", "", "signature")
        return [
            element("h2", None, "Beside ", text(evaluation.baseline)),
            table(head, rows),
            _note("Paired bootstrap resampling (Koehn 2004), two-sided."),
        ]

    def _lengths(self) -> list[Element]:
        buckets = self.evaluation.buckets
        if buckets is None:
            return []
        unit = f"{buckets.unit} of the source"
        bars = [
            Bar(bucket.label, (bucket.bleu.value, bucket.chrf.value), bucket.few)
            for bucket in buckets.buckets
        ]
        rows = [
            (
                bucket.label,
                f"{bucket.sentences:,}",
                f"{bucket.bleu.value:.2f}",
                f"{bucket.chrf.value:.2f}",
                f"{bucket.bleu.length_ratio:.3f}",
                "too few sentences" if bucket.few else "",
            )
            for bucket in buckets.buckets
        ]
        return [
            element("h2", None, "By length"),
            element("figure", None, draw_bars(bars, ("BLEU", "chrF2"), unit)),
            table((unit, "sentences", "BLEU", "chrF2", "length ratio", ""), rows),
            _note(f"Pale: fewer than {FEW_SENTENCES} sentences."),
        ]

    def _robustness(self) -> list[Element]:
        robustness = self.evaluation.robustness
        if robustness is None:
            return []
        rows = [
            (
                each.name,
                f"{each.lines:,}",
                f"{each.bleu.value:.2f}",
                f"{each.bleu_share:.0%}",
                f"{each.chrf.value:.2f}",
                f"{each.chrf_share:.0%}",
                f"{each.bleu.length_ratio:.3f}",
                each.remark,
            )
            for each in robustness.variants
        ]
        columns = ("", "lines", "BLEU", "of plain", "chrF2", "of plain", "length ratio", "")
        return [
            element("h2", None, "Text as people type it"),
            table(columns, rows),
            _note(f"Numbers: {robustness.about_numbers}."),
            *(_note(f"{name} left out: {why}.") for name, why in robustness.left_out.items()),
            _note(ABOUT),
        ]

    def _learning(self) -> list[Element]:
        parts = [element("h2", None, "Learning curve"), *self._notes_on("curve")]
        curve = self.curve
        if curve is None:
            return parts
        label, by_loss = LABELS[curve.measure], curve.validation and not curve.scores
        losses = {"training": curve.training, "validation": curve.validation}
        shown = {name: points for name, points in losses.items() if points}
        for lines, caption in (
            (
                shown,
                "Loss in nats per target token, without label smoothing. Training uses dropout."
                + (" The lowest validation loss chose the weights." if by_loss else ""),
            ),
            (
                {label: curve.scores} if curve.scores else {},
                f"{label} of the validation pairs, in percent: it chose the weights.",
            ),
        ):
            if lines:
                below = element("figcaption", {"class": "note"}, caption)
                parts.append(element("figure", None, draw_curves(lines, "updates"), below))
        if not shown and not curve.scores:
            parts.append(_note("The run has recorded no losses yet."))
        if curve.left_out:
            parts.append(_note(f"{curve.left_out} damaged or non-finite records are left out."))
        return parts

    def _attention(self) -> list[Element]:
        parts = [element("h2", None, "Attention"), *self._notes_on("pictures")]
        if self.pictures:
            parts.append(
                _note(
                    "The attention to each source piece (columns) when the network wrote each "
                    "target piece (rows), as a mean over heads. The first sentence has the worst "
                    "translation, the last the best. ▁ marks the beginning of a word."
                )
            )
        for picture in self.pictures:
            heat = draw_heat(picture.src_pieces, picture.tgt_pieces, picture.attention)
            caption = element("figcaption", {"class": "note"}, _title(picture.example))
            parts.append(element("figure", {"class": "heat"}, heat, caption))
        return parts

    def _worst(self) -> list[Element]:
        parts = [
            element("h2", None, "The worst sentences"),
            _note("Sorted by the chrF2 of each sentence."),
        ]
        for example in self.worst[:WORST]:
            texts: list[Element] = []
            for name, content in (
                ("source", example.source),
                ("reference", example.reference),
                ("translation", example.translation),
            ):
                texts.append(element("dt", None, name))
                shown = content if content.strip() else "(blank)"
                texts.append(element("dd", {"dir": "auto"}, shown))
            parts.append(element("dl", None, element("dt", None, _title(example)), *texts))
        return parts

    def _notes_on(self, what: str) -> list[Element]:
        return [_note(self.notes[what])] if what in self.notes else []


def _title(example: Example) -> str:
    return f"Line {example.row + 1:,}, chrF2 {example.score:.1f}"


def _note(content: str) -> Element:
    return element("p", {"class": "note"}, content)
