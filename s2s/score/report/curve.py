"""The learning curve of a run, from the ``metrics.jsonl`` that its training wrote."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s2s.text import read_lines

Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Curve:
    """Figures over updates, as (update, value)."""

    training: Points
    """Loss, nats a target token without label smoothing, dropout on; means since the last point."""
    validation: Points
    """The same of the validation pairs, dropout off."""
    bleu: Points
    """Of the validation pairs' translations, in percent."""
    left_out: int
    """Records that are damaged, or whose figure is not finite."""


def read_curve(path: Path) -> Curve | None:
    """Reads a run's records; None if there is no such file.

    A record may be damaged, as the last one is after a crash: it is left out, and counted.

    Raises:
        DataError: If the file is no text.
        FileError: If it cannot be read.
    """
    if not path.is_file():
        return None
    curve = Curve([], [], [], 0)
    wanted = {
        "train": [("nll", curve.training)],
        "validation": [("loss", curve.validation), ("bleu", curve.bleu)],
    }
    left_out = 0
    for line in read_lines(path):
        record = _parse(line)
        if record is None:
            left_out += 1
            continue
        for name, points in wanted.get(str(record.get("kind")), []):
            value = record.get(name)
            if value is None:  # a validation without sentences to translate has no BLEU
                continue
            if isinstance(value, int | float) and math.isfinite(value):
                points.append((float(record["update"]), float(value)))
            else:
                left_out += 1
    return Curve(curve.training, curve.validation, curve.bleu, left_out)


def _parse(line: str) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    whole = isinstance(record, dict) and isinstance(record.get("update"), int)
    return record if whole else None
