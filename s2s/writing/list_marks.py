"""Marks with which the lines of a list begin: ``- ``, ``• ``, ``1. ``, ``a) ``."""

import re

from s2s.writing.full_stops import ORDINALS
from s2s.writing.languages import primary

# One mark may follow another, as in "> - [ ] milk". The quantifiers are possessive, so that a line
# of 100,000 marks or blanks is read once.
_MARK = re.compile(
    r"\s*+(?:(?:[-–—*•‣⁃◦▪▫●○■□➢➤✓✔☐☑·+>]|#{1,6}|\[[ xX]?\]|\(?\d{1,3}\)|\(?[a-zA-Z]\)|\d{1,3}\.)"
    r"[^\S\n]++)++"
)
_LETTER_OR_END = re.compile(r"[^\W\d_]|\n")
_NUMBER = re.compile(r"\d\.\s")


def list_mark(text: str, language: str | None = None) -> str:
    """Returns the mark of a list at the start of a text, with the blanks around it, or ``""``.

    What follows on its line must have a letter.

    Args:
        text: A line.
        language: Its language. In languages that write ordinal numbers with a full stop, and in
            unknown ones, ``3. `` is no mark: ``3. Oktober``.
    """
    match = _MARK.match(text)
    found = match and _LETTER_OR_END.search(text, match.end())
    if match is None or found is None or found[0] == "\n":
        return ""
    if _NUMBER.search(match[0]) and (language is None or primary(language) in ORDINALS):
        return ""
    return match[0]
