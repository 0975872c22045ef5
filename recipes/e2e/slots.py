"""What a meaning representation asks for, and what of it a sentence says, by keywords."""

import re
from typing import NamedTuple

from s2s.errors import DataError

NAMES = ("name", "near")
"""Slots that are replaced."""

Slots = dict[str, str]
"""Slots of a meaning representation and their values."""


def near(word: str, topics: str) -> str:
    """Returns the pattern of a word with one of some topics at most two words from it."""
    between = r"(?:\W+\w+){0,2}?\W+"
    return rf"\b{word}\w*{between}(?:{topics})|\b(?:{topics})\w*{between}{word}"


PRICE, RATING, FAMILY = "pric|cost|rang", "rat|review|customer|scor", r"\b(?:famil|kid|child)"
CHEAP = rf"\bcheap|\binexpensive|\baffordable|{near('low', PRICE)}|\b20\b(?! ?(?:-|to|and) ?25)"
MODERATE = rf"\bmoderate|\bmid|\bmedium|\breasonabl|{near('average', PRICE)}|\b25\b"
DEAR = rf"\bexpensive|\bpric(?:e)?y|\bupscale|{near('high', PRICE)}|\bhigh[- ]end|\b30\b"
POOR = rf"\bpoor|\bbad|{near('low', RATING)}|\b(?:1|one)\b(?=[- /]?(?:star|out|of|5))"
AVERAGE = rf"\bdecent|{near('average', RATING)}|\b(?:3|three)\b"
FIVE = r"(?<!out of )(?<!/)\b(?:5|five)\b(?=[- /]?(?:star|out|of|5))"
GOOD = rf"\bexcellent|{near('high', RATING)}|{FIVE}"
NO = r"\b(?:not?|non|never|\w+n't|unsuitable|unfriendly)\b"
CHILDLESS = rf"{NO}(?:\W+\w+){{0,5}}?\W+{FAMILY}|{FAMILY}\w*(?:\W+\w+){{0,3}}?\W+{NO}|\badult"
# Every value of a slot, and what says it, in small letters without pound signs. A value is said if
# its pattern is found, and said wrongly if only that of another value of the slot is.
KEYWORDS: dict[str, dict[str, str]] = {
    "eatType": {"pub": r"\bpub", "coffee shop": "coffee|caf[eé]", "restaurant": "restaurant"},
    "food": {
        "Chinese": "chinese",
        "English": "english|british",
        "Fast food": "fast[- ]?food",
        "French": "french",
        "Indian": "indian",
        "Italian": "italian|pasta|pizza",
        "Japanese": "japanese|sushi",
    },
    "area": {"riverside": r"\briver", "city centre": r"\bcity|\bcent(?:re|er)\b|\bdowntown"},
    "priceRange": {
        "cheap": CHEAP,
        "less than £20": CHEAP,
        "moderate": MODERATE,
        "£20-25": MODERATE,
        "high": DEAR,
        "more than £30": DEAR,
    },
    "customer rating": {
        "low": POOR,
        "1 out of 5": POOR,
        "average": AVERAGE,
        "3 out of 5": AVERAGE,
        "high": GOOD,
        "5 out of 5": GOOD,
    },
    "familyFriendly": {"no": CHILDLESS, "yes": rf"^(?!.*(?:{CHILDLESS})).*{FAMILY}"},
}


class Unsaid(NamedTuple):
    """How many slots a sentence leaves out, and how many it says with another value."""

    missing: int
    wrong: int


def parse(text: str) -> Slots:
    """Reads ``name[The Mill], food[English]``.

    Raises:
        DataError: If it is no meaning representation.
    """
    if not re.fullmatch(r"(?:\w[\w ]*\[[^\]]*\](?:, *|$))+", text):
        raise DataError(
            f"expected a meaning representation such as name[The Mill], food[English], found "
            f"{text!r:.80}"
        )
    return dict(re.findall(r"(\w[\w ]*)\[([^\]]*)\]", text))


def find_unsaid(slots: Slots, sentence: str) -> Unsaid:
    """Counts the slots that a sentence does not say or says wrongly, names left aside."""
    for name in NAMES:  # names hold words such as Café and Indian
        sentence = sentence.replace(slots.get(name, f"<{name}>"), f"<{name}>")
    text = sentence.lower().replace("£", "")
    missing = wrong = 0
    for slot, value in slots.items():
        if slot in NAMES:
            continue
        patterns = KEYWORDS[slot]
        if not re.search(patterns[value], text):
            others = (each for each in patterns.values() if each != patterns[value])
            is_wrong = any(re.search(each, text) for each in others)
            missing, wrong = missing + (not is_wrong), wrong + is_wrong
    return Unsaid(missing, wrong)
