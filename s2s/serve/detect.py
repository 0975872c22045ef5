"""Which language a text is in, among the languages that the served models translate from.

py3langid counts byte sequences of a text, a naive Bayes classifier over 142 languages: Lui and
Baldwin (2012), "langid.py: An Off-the-shelf Language Identification Tool". It is right about
sentences, and guesses about single words.
"""

import logging
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from s2s.errors import MissingPackageError, needs
from s2s.serve.codes import common
from s2s.serve.errors import BadRequest
from s2s.translate.markup.entities import decode
from s2s.writing.languages import primary, same_code

SAMPLE = 1000
"""Characters of a text that are looked at."""
_READ = 10 * SAMPLE
"""Characters in which the sample is looked for, since HTML may begin with much that is no text."""
_TAG = re.compile(r"<[^<>]*>")

logger = logging.getLogger(__name__)


class Detected(NamedTuple):
    """A language that a text may be in."""

    language: str
    """Its code, as the server lists it."""
    confidence: float
    """Probability among the languages that are served, 0 to 1."""


class Detector:
    """Tells languages apart, those that the server translates from."""

    def __init__(self, languages: Sequence[str]) -> None:
        """Takes the codes of the source languages; loads py3langid if there are several.

        A warning names the languages that no text will be found to be in.
        """
        self._languages = sorted(set(languages))
        self._reason = ""
        self._labels: dict[str, str] = {}
        if len(self._languages) > 1:
            self._prepare()

    def detect(self, text: str) -> list[Detected]:
        """Tells which language a text is in.

        Args:
            text: Any text, with HTML tags or without.

        Returns:
            The languages, the most probable one first. A text in yet another language gets one of
            them, too. If there is one only, nothing is measured.

        Raises:
            BadRequest: If there are several, and py3langid is missing or knows none of them.
        """
        if len(self._languages) == 1:
            return [Detected(self._languages[0], 1.0)]
        if not self._labels:
            raise BadRequest(f"Invalid request: name the source language: {self._reason}")
        sample = _without_tags(text[:_READ]).strip()[:SAMPLE]
        ranks = [pair for pair in _identifier().rank(sample) if pair[0] in self._labels]
        total = sum(share for _, share in ranks) or 1.0
        return [Detected(self._labels[label], share / total) for label, share in ranks]

    def _prepare(self) -> None:
        try:
            known = frozenset(_identifier().labels)
        except MissingPackageError as error:
            self._reason = str(error)
            logger.warning("texts without a source language are refused: %s", error)
            return
        self._labels = _labels(self._languages, known)
        found = set(self._labels.values())
        unknown = ", ".join(code for code in self._languages if code not in found)
        self._reason = f"py3langid knows none of {unknown}"
        if unknown:
            logger.warning(
                "no text will be found to be in %s: py3langid does not know them, or cannot tell "
                "them from another language; requests have to name them",
                unknown,
            )


def has_letters(text: str) -> bool:
    """Whether a text, with HTML tags or without, has a letter and so may be in a language."""
    return any(map(str.isalpha, _without_tags(text)))


def _without_tags(text: str) -> str:
    return decode(_TAG.sub(" ", text))


def _labels(codes: Iterable[str], known: frozenset[str]) -> dict[str, str]:
    """Returns the codes by py3langid's names; the plainer code, if two have the same name."""
    labels: dict[str, str] = {}
    for code in sorted(codes, key=lambda code: (len(code), code)):
        names = (same_code(code), primary(code), common(code))
        label = next((name for name in names if name in known), None)
        if label is not None:
            labels.setdefault(label, code)
    return labels


@lru_cache(maxsize=1)
def _identifier() -> Any:
    """Loads the classifier, which takes seconds and some 100 MB."""
    with needs("detect", "telling which language a text is in"):
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
