"""Text in markup: entities decoded and encoded."""

import html
import re

_ZEROS = re.compile(r"(&#[xX]?)0+(?=[0-9a-fA-F])")
_LONG = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{8,});?")


def decode(raw: str) -> str:
    """Returns what text in markup says; a number that is no character is U+FFFD."""
    if "&" not in raw:
        return raw
    if "&#" in raw:  # Python reads no number of 5,000 digits
        raw = _LONG.sub("\ufffd", _ZEROS.sub(r"\1", raw))
    return html.unescape(raw)


def encode(text: str) -> str:
    """Returns a text as it is written in markup, between tags."""
    return html.escape(text, quote=False)
