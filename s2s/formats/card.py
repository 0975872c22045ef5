"""What a model says about itself, read from JSON that anybody may have written."""

import json
from typing import Any

from s2s.errors import ModelError

FORMAT = 1
"""Version of the run folder and of the model file; raised when an old reader would misread them."""


_DEEPEST = 50


def parse_json(text: str | bytes) -> Any:
    """Returns what JSON says, of a depth that whatever reads it can walk.

    Raises:
        ValueError: If it is no JSON, or deeper.
    """
    try:
        value = json.loads(text)
        _check_depth(value, _DEEPEST)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return value


def _check_depth(value: Any, left: int) -> None:
    if isinstance(value, dict | list):
        if left == 0:
            raise ValueError(f"it is nested over {_DEEPEST} deep")
        for each in value.values() if isinstance(value, dict) else value:
            _check_depth(each, left - 1)


def strings_of(card: dict[str, Any], key: str) -> list[str]:
    """Returns the strings that a card lists under ``key``, none if it has no such key.

    Raises:
        ModelError: If they are no list of strings.
    """
    found = card.get(key, [])
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        verb = "are" if key.endswith("s") else "is"
        raise ModelError(f"its {key} {verb} {found!r:.60}; expected a list of strings")
    return found
