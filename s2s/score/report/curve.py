"""The learning curve of a run, from the ``metrics.jsonl`` of its training."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s2s.score.choice import LABELS
from s2s.text import read_lines

Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Curve:
    """Figures over updates, as (update, value)."""

    training: Points
    """Loss in nats a target token, without label smoothing, with dropout; each point is the mean
    since the point before."""
    validation: Points
    """Loss of the validation pairs in nats a target token, without dropout."""
    scores: Points
    """Score of the translated validation pairs by ``measure``, in percent; empty if the loss is the
    measure."""
    measure: str
    """What chose the weights: a key of ``s2s.score.choice.LABELS``."""
    left_out: int
    """Number of records that are damaged or have a figure that is not finite."""


def read_curve(path: Path) -> Curve | None:
    """Reads the records of a run; None if there is no such file.

    A damaged record, for example the last one after a crash, is left out and counted.

    Raises:
        DataError: If the file is not text.
        FileError: If the file cannot be read.
    """
    if not path.is_file():
        return None
    training: Points = []
    validation: Points = []
    scores: Points = []
    measure, left_out = "loss", 0
    for line in read_lines(path):
        record = _parse(line)
        if record is None:
            left_out += 1
            continue
        wanted = [("nll", training)] if record.get("kind") == "train" else []
        if record.get("kind") == "validation":
            found = _measure_of(record)
            measure = found if found != "loss" else measure
            wanted = [("loss", validation), *([] if found == "loss" else [(found, scores)])]
        for name, points in wanted:
            value = record.get(name)
            if value is None:
                continue
            if isinstance(value, int | float) and math.isfinite(value):
                points.append((float(record["update"]), float(value)))
            else:
                left_out += 1
    return Curve(training, validation, scores, measure, left_out)


def _measure_of(record: dict[str, Any]) -> str:
    """Returns the measure of a validation."""
    measure = record.get("measure")
    if isinstance(measure, str) and measure in LABELS:
        return measure
    return "loss" if record.get("bleu") is None else "bleu"  # a run that knew no other measure


def _parse(line: str) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    has_update = isinstance(record, dict) and isinstance(record.get("update"), int)
    return record if has_update else None
