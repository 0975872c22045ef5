"""The card, a model's description of itself: JSON, which anybody may have written."""

import dataclasses
import json
from typing import Any

from s2s.errors import ConfigError, ModelError
from s2s.writing.facts import TextFacts

FORMAT = 1
"""Version of the run folder and of the model file; raised when an old reader would misread them."""


_DEEPEST = 50


def parse_json(text: str | bytes) -> Any:
    """Reads JSON of bounded depth, so that no later walk over it recurses too far.

    Raises:
        ValueError: If it is no JSON, or nested too deeply.
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
            raise ValueError(f"it is nested more than {_DEEPEST} levels deep")
        for child in value.values() if isinstance(value, dict) else value:
            _check_depth(child, left - 1)


def strings_of(card: dict[str, Any], key: str) -> list[str]:
    """Returns the strings that a card lists under ``key``, none if it has no such key.

    Raises:
        ModelError: If the value is no list of strings.
    """
    value = card.get(key, [])
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        verb = "are" if key.endswith("s") else "is"
        raise ModelError(f"its {key} {verb} {value!r:.60}; expected a list of strings")
    return value


TEXT_FACTS = "text"
"""Key of the facts about the training text."""


def text_facts(card: dict[str, Any]) -> TextFacts | None:
    """Returns how a model's training text was written; None if the model has no record of it.

    What only a later s2s records is left out: it changes what that s2s does by default.

    Raises:
        ModelError: If the record is damaged.
    """
    values = card.get(TEXT_FACTS)
    if values is None:
        return None
    if isinstance(values, dict):
        known = {field.name for field in dataclasses.fields(TextFacts)}
        values = {name: value for name, value in values.items() if name in known}
    try:
        return TextFacts.from_dict(values)
    except ConfigError as error:
        raise ModelError(f"its record of the training text is damaged: {error}") from error


FIXED_SEARCH = "fixed_search"
"""Key of a file whose search values are constants: true; other files do not have it."""


def has_fixed_search(card: dict[str, Any]) -> bool:
    """Returns whether a model's search values are constants.

    Raises:
        ModelError: If the card says neither.
    """
    value = card.get(FIXED_SEARCH, False)
    if not isinstance(value, bool):
        raise ModelError(f"its {FIXED_SEARCH} is {value!r:.60}; expected true or false")
    return value


LABELS = "labels"
"""Key of the different targets of a training, if there were few: the labels of a classifier."""
