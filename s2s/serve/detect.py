"""Which language a text is in."""

from collections.abc import Sequence
from typing import NamedTuple

from s2s.serve.errors import BadRequest


class Detected(NamedTuple):
    """A language that a text may be in."""

    language: str
    """Its code, as the server lists it."""
    confidence: float
    """Probability among the languages that are served, 0 to 1."""


class Detector:
    """Tells languages apart, those that the server translates from."""

    def __init__(self, languages: Sequence[str]) -> None:
        """Takes the codes of the source languages."""
        self._languages = list(languages)

    def detect(self, text: str) -> list[Detected]:
        """Returns the languages of a text, the most probable one first.

        Raises:
            BadRequest: If there are several source languages and nothing to tell them apart.
        """
        if len(self._languages) == 1:
            return [Detected(self._languages[0], 1.0)]
        raise BadRequest("Invalid request: this server cannot detect languages; name the source")
