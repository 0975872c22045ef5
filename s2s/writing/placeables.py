"""Placeables: texts that a translation has as its source has them, since they are no words.

Addresses, placeholders, tags, names of files, code. "Placeable" is the word of translation tools
for them. Each pattern begins where its first character cannot belong to a longer match and has
bounded parts, so that a search takes time in proportion to the text.
"""

import re
from collections.abc import Iterable

_LETTER = "A-Za-z\u00c0-\u024f\u0370-\u052f"
"""Of scripts with blanks between words; the others write words around an address without one."""
_IN_WORD = rf"0-9_{_LETTER}"
_START, _END = rf"(?<![{_IN_WORD}])", rf"(?![{_IN_WORD}])"
_OF_ADDRESS = r"[^\s<>\"`«»“”„\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ud7af\uf900-\uffef]"
_ENDINGS = (
    "avi|bash|bat|bin|bmp|bz2|cfg|conf|cpp|css|csv|dll|docx?|exe|gif|gz|html?|ico|ini|iso|jar|java"
    "|jpe?g|js|json|log|md|mkv|mp3|mp4|odt|ogg|onnx|pdf|php|png|po|pptx?|py|rar|rtf|sh|sql|svg|tar"
    "|tex|tiff?|tmx|toml|tsv|txt|wav|webp|xlsx?|xml|ya?ml|zip"
)
_DOMAINS = "com|edu|gov|info|io|net|org"
_PATTERNS = (
    rf"{_START}(?:https?|ftps?|file|ssh|git)://{_OF_ADDRESS}+",
    rf"{_START}(?:mailto:|www\.){_OF_ADDRESS}+",
    r"(?<![A-Za-z0-9_.%+-])[A-Za-z0-9_.%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+",
    rf"(?<![{_IN_WORD}.-])[A-Za-z0-9-]{{1,63}}(?:\.[A-Za-z0-9-]{{1,63}}){{0,9}}\.(?:{_DOMAINS})"
    rf"(?:\.[a-z]{{2}})?(?![{_IN_WORD}-])(?:[/?#]{_OF_ADDRESS}*)?",
    rf"(?<![{_IN_WORD}.@#&/])[@#][_{_LETTER}][{_IN_WORD}]{{0,100}}",  # a user's name, a hashtag
    rf"{_START}[A-Za-z]:\\[^\s\"<>|:*?]+",
    rf"(?<![{_IN_WORD}.~/:<])(?:~|\.{{1,2}})?(?:/[{_IN_WORD}.+-]+){{2,}}/?",
    rf"(?<![{_IN_WORD}.-])[{_IN_WORD}-]{{1,100}}(?:\.[{_IN_WORD}-]{{1,100}}){{0,9}}"
    rf"\.(?i:{_ENDINGS}){_END}",
    r"\{\{[^{}\n]{1,100}\}\}",
    r"\$?\{[^\s{}]{0,100}\}",
    rf"(?<![{_IN_WORD}%])%(?:\d{{1,2}}\$)?[-+0#]?\d{{0,3}}(?:\.\d{{1,3}})?(?:hh|h|ll|l|z)?"
    rf"[cdefgiopsuxX@]{_END}",
    r"%\(\w{1,100}\)[a-z]",
    rf"(?<![{_IN_WORD}%])%(?:L?\d{{1,2}}|n)(?![{_IN_WORD}%.,])",
    rf"(?<![{_IN_WORD}$])\$[A-Za-z_][{_IN_WORD}]{{1,100}}",
    r"\[X\d{1,5}X\]",
    r"</?[A-Za-z][\w:-]{0,50}(?:\s[^<>]{0,500}=[^<>]{0,500})?\s?/?>",
    rf"{_START}:[a-z][a-z0-9_]{{1,50}}:{_END}",
    rf"(?<![{_IN_WORD}-])--[A-Za-z][A-Za-z0-9-]+",
    rf"{_START}[{_IN_WORD}]{{0,100}}[0-9{_LETTER}]_[0-9{_LETTER}][{_IN_WORD}]*",
    r"`[^`\n]{1,200}`",
)
_PLACEABLE = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS))
_BRACKETS = {")": "(", "]": "[", "}": "{"}
_AFTER = ".,;:!?'’…*"
"""What stands after an address, and not in it, if it is its end."""
FEW = 20
"""Pairs with placeables below which their share of a training text says nothing."""
_HINTS = re.compile(r"[@#\\{%$<_`]|[:/.]\w|:/|\[X|--")
"""What most sentences have nothing of, and every placeable something."""


def placeable_spans(text: str) -> list[tuple[int, int]]:
    """Returns where the placeables of a text start and end, in order."""
    if not _HINTS.search(text):
        return []
    spans = []
    for match in _PLACEABLE.finditer(text):
        start, end = match.start(), match.start() + len(_without_ending(match[0]))
        spans.append((start, end))
    return spans


def find_placeables(text: str) -> list[str]:
    """Returns the placeables of a text, in order."""
    return [text[start:end] for start, end in placeable_spans(text)]


def difference(src: str, tgt: str) -> dict[str, int]:
    """Returns how much more often a translation has placeables of its source; without equal ones.

    It is below 0 for those that the translation lacks.
    """
    counts = {each: tgt.count(each) - src.count(each) for each in set(find_placeables(src))}
    return {each: more for each, more in counts.items() if more}


def same_placeables(src: str, tgt: str) -> bool:
    """Whether a translation has each placeable of its source, as often as the source."""
    return not difference(src, tgt)


def share_with_same_placeables(pairs: Iterable[tuple[str, str]]) -> float:
    """Returns the share of pairs with the same placeables, among pairs whose source has some.

    It is 1 if there are fewer than ``FEW`` such pairs, since these say nothing.
    """
    same = [same_placeables(*pair) for pair in pairs if placeable_spans(pair[0])]
    return sum(same) / len(same) if len(same) >= FEW else 1.0


def _without_ending(text: str) -> str:
    """Returns a match without the signs that come after an address, such as a full stop."""
    if text[0] in "{%[<$`:":
        return text
    end = len(text)
    surplus = {close: text.count(close) - text.count(_BRACKETS[close]) for close in _BRACKETS}
    while text[end - 1] in _AFTER or surplus.get(text[end - 1], 0) > 0:
        end -= 1
        if text[end] in surplus:
            surplus[text[end]] -= 1
    return text[:end]
