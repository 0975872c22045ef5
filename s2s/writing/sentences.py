"""Cuts a text into sentences, so that a model that was trained on single ones gets single ones.

Two ways lead there: the package ``sentencex``, which has lists of abbreviations for many languages,
and rules of our own (``s2s.writing.boundaries``), which need no package. Both cut at line breaks.
"""

from functools import cache
from typing import Literal

from s2s.writing.boundaries import boundaries


def cut_sentences(text: str, language: str | None = None) -> list[str]:
    r"""Cuts a text into its sentences.

    A line break ends a sentence, because whoever wrote it wants to see it again. Blank lines belong
    to the sentence before them; blanks at the start of the text belong to the first sentence.

    Args:
        text: Any text, of any length.
        language: The text's language, a code such as ``de``, ``de-AT``, ``deu`` or ``zh-Hans``. It
            decides about abbreviations and ordinal numbers. None: rules that hold for most
            languages.

    Returns:
        At least one item. Each ends with the blanks and line breaks that follow its sentence, so
        that ``"".join(result) == text``.
    """
    ends = boundaries(text, language)
    if not ends:
        return [text]
    starts = [0, *ends]
    return [text[start:end] for start, end in zip(starts, [*ends, len(text)], strict=True)]


@cache
def cutter() -> Literal["sentencex", "rules"]:
    """Returns what cuts in this installation: the package, or the rules."""
    return "rules"
