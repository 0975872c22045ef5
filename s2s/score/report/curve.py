"""The learning curve of a run, from the ``metrics.jsonl`` of its training."""

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
    """Loss in nats a target token, without label smoothing, with dropout; each point is the mean
    since the point before."""
    validation: Points
    """Loss of the validation pairs in nats a target token, without dropout."""
    bleu: Points
    """BLEU of the translated validation pairs, in percent."""
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
            if value is None:  # a validation that translates nothing has no BLEU
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
    has_update = isinstance(record, dict) and isinstance(record.get("update"), int)
    return record if has_update else None
