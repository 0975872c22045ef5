"""What a model says about itself, read from JSON that anybody may have written."""

from typing import Any

from s2s.errors import ModelError


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
