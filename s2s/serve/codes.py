"""Which of the served languages a client means by a code."""

from collections.abc import Sequence

from s2s.writing.languages import primary, same_code

_LONGEST_CODE = 40
"""Characters of a language code; there are none of more than 20."""
_CHINESE_SCRIPTS = {"tw": "hant", "hk": "hant", "mo": "hant"}
"""Scripts of the regions that do not write simplified Chinese."""
_TRADITIONAL = "zt"
"""LibreTranslate's code of Chinese in traditional script."""


def find_code(code: str, codes: Sequence[str]) -> str | None:
    """Returns the code among ``codes`` that a client means; None if there is none, or several.

    ``EN``, ``eng`` and ``en-GB`` mean ``en`` if there is no nearer one; ``pt`` means ``pt-BR`` if
    there is no other Portuguese; ``nb`` means ``no``, and the other way round. ``zh-TW`` means
    ``zh-Hant``, and ``zh`` means ``zh-Hans`` if both are there.
    """
    if len(code) > _LONGEST_CODE:  # codes that were compared are remembered
        return None
    for alike in (same_code, _with_script, primary, common):
        found = [each for each in codes if alike(each) == alike(code)]
        if len(found) == 1:
            return found[0]
    return None


def _with_script(code: str) -> str:
    """Returns a code of Chinese with the script that its region writes, if it names none."""
    code = same_code(code)
    if code == _TRADITIONAL:
        return "zh-hant"
    language, *rest = code.split("-")
    if language != "zh":
        return code
    script = rest[0] if rest and len(rest[0]) == 4 else ""
    return f"zh-{script or _CHINESE_SCRIPTS.get(rest[0] if rest else '', 'hans')}"


def common(code: str) -> str:
    """Returns the language of a code; Bokmål is what most call Norwegian."""
    return "no" if primary(code) == "nb" else primary(code)
