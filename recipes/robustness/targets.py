"""What must be so, and whether it is."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Target:
    """Something that must be so, and whether it is."""

    name: str
    goal: str
    measured: str
    passed: bool
    figures: dict[str, Any]


def share(name: str, right: int, count: int, goal: float, figures: dict[str, Any]) -> Target:
    """Returns the target that a share of some sentences is right."""
    return Target(
        name=name,
        goal=f"{100 * goal:.0f} %",
        measured=f"{right} of {count}" if count else "nothing to measure",
        passed=right >= goal * count,
        figures={"right": right, "of": count, **figures},
    )
