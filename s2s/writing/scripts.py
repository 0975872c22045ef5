"""Scripts that have no blanks between words."""

from bisect import bisect_right

_WITHOUT_BLANKS = (
    (0x0E00, 0x0E7F, "thai"),
    (0x0E80, 0x0EFF, "lao"),
    (0x0F00, 0x0F0C, "tibetan"),
    (0x0F13, 0x0FFF, "tibetan"),  # not the shads between them, which end a sentence with a blank
    (0x1000, 0x109F, "myanmar"),
    (0x1780, 0x17FF, "khmer"),
    (0x19E0, 0x19FF, "khmer"),
    (0x3000, 0x3004, "cjk"),  # punctuation
    (0x3005, 0x3007, "han"),  # repetition mark, closing mark, zero
    (0x3008, 0x3020, "cjk"),
    (0x3021, 0x3029, "han"),  # numerals
    (0x302A, 0x302D, "cjk"),
    (0x3030, 0x3030, "cjk"),
    (0x3031, 0x3035, "kana"),  # repetition marks
    (0x3036, 0x3037, "cjk"),
    (0x3038, 0x303B, "han"),
    (0x303C, 0x303C, "kana"),
    (0x303D, 0x303F, "cjk"),
    (0x3040, 0x30FF, "kana"),
    (0x3100, 0x312F, "bopomofo"),
    (0x3190, 0x319F, "han"),
    (0x31A0, 0x31BF, "bopomofo"),
    (0x31C0, 0x31EF, "han"),
    (0x31F0, 0x31FF, "kana"),
    (0x3220, 0x325F, "cjk"),  # in circles and squares
    (0x3280, 0x33FF, "cjk"),
    (0x3400, 0x4DBF, "han"),
    (0x4DC0, 0x4DFF, "cjk"),
    (0x4E00, 0x9FFF, "han"),
    (0xA9E0, 0xA9FF, "myanmar"),
    (0xAA60, 0xAA7F, "myanmar"),
    (0xF900, 0xFAFF, "han"),
    (0xFE10, 0xFE1F, "cjk"),  # vertical and small punctuation
    (0xFE30, 0xFE6F, "cjk"),
    (0xFF00, 0xFF65, "cjk"),  # full-width punctuation, letters and digits
    (0xFF66, 0xFF9F, "kana"),  # half-width
    (0xFFE0, 0xFFEF, "cjk"),
    (0x1AFF0, 0x1B16F, "kana"),
    (0x20000, 0x3FFFF, "han"),
)
"""First and last code point of the blocks of scripts without blanks, in order."""
_FIRSTS = [first for first, _, _ in _WITHOUT_BLANKS]


def script_without_blanks(character: str) -> str:
    """Returns the script of a character if that script has no blanks between words, else ``""``.

    The scripts are ``han``, ``bopomofo``, ``kana`` (Hiragana and Katakana), ``thai``, ``lao``,
    ``khmer``, ``myanmar`` and ``tibetan``, each with its marks and digits. ``cjk`` stands for what
    Chinese and Japanese share and write without blanks too: punctuation, and letters and digits of
    full width. Korean has blanks, so Hangul is none of them in any form. Scripts with little text,
    such as Javanese and the smaller Tai scripts, are left out.
    """
    code = ord(character)
    row = bisect_right(_FIRSTS, code) - 1
    return _WITHOUT_BLANKS[row][2] if row >= 0 and code <= _WITHOUT_BLANKS[row][1] else ""
