"""Writes a translation as a line of output."""

import json
import math
from collections.abc import Sequence
from typing import Any

from s2s.translate.scoring import Label
from s2s.translate.translation import Hypothesis


def to_columns(hypothesis: Hypothesis, *, scores: bool, alignments: bool) -> str:
    """Returns the translation, after its score and before its word alignment if they are wanted.

    Tabs separate the columns. The alignment is in Pharaoh's format: source word, hyphen, target
    word, counted from 0.
    """
    columns = [hypothesis.text]
    if scores:
        columns.insert(0, f"{hypothesis.score:.4f}")
    if alignments and hypothesis.details is not None:
        columns.append(" ".join(f"{src}-{tgt}" for src, tgt in hypothesis.details.alignment))
    return "\t".join(columns)


def to_json(hypothesis: Hypothesis) -> str:
    """Returns a JSON object; a log-probability of minus infinity is null."""
    line: dict[str, Any] = {
        "text": hypothesis.text,
        "score": _number(hypothesis.score),
        "pieces": hypothesis.pieces,
        "cut": hypothesis.cut,
    }
    if (details := hypothesis.details) is not None:
        line |= {
            "log_probs": [_number(log_prob) for log_prob in details.log_probs],
            "confidence": details.confidence,
            "alignment": details.alignment,
        }
    return json.dumps(line, ensure_ascii=False)


def labels_to_columns(labels: Sequence[Label]) -> str:
    """Returns labels and their probabilities, between tabs."""
    return "\t".join(f"{label.text}\t{label.probability:.4f}" for label in labels)


def labels_to_json(labels: Sequence[Label]) -> str:
    """Returns a JSON object: the best label, its probability, and all labels, best first."""
    line: dict[str, Any] = {
        "label": labels[0].text if labels else None,
        "probability": labels[0].probability if labels else None,
        "labels": [
            {
                "label": label.text,
                "probability": label.probability,
                "log_prob": _number(label.log_prob),
            }
            for label in labels
        ],
    }
    return json.dumps(line, ensure_ascii=False)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
