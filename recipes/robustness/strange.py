"""Made-up sentences with names in any script, emoji, signs, addresses and placeholders."""

import random
from collections.abc import Sequence
from typing import Final

STRANGE: Final = (
    "Дмитрий", "Ольга Петрова", "Γιώργος", "Αθήνα", "王小明", "北京大学", "สมชาย", "กรุงเทพ",
    "دمشق", "فاطمة", "שלום", "ירושלים", "서울", "김민수", "さくら", "東京タワー", "अनिल", "ગુજરાત",
    "తెలుగు", "ថ្មី", "አዲስ", "თბილისი", "Երևան", "😀", "👍", "🎉🎉", "❤", "→", "♫", "☎",
)  # fmt: skip
PLACEABLES: Final = (
    "https://www.example.com/index.html?page=2", "http://example.org/a_b", "www.example.net",
    "jo.doe@example.com", "@jo_doe", "#summer", "report-2024.pdf", "main.py", "/usr/share/doc/",
    r"C:\Users\jo\notes.txt", "{name}", "{0}", "${user}", "{{ title }}", "%s", "%1$s", "%(name)s",
    "%d", "[X5X]", "--max-length", "max_length", "`make test`", ":smile:",
)  # fmt: skip
NAMES: Final = (
    "Smith", "Johnson", "Kowalski", "Nguyen", "Müller", "García", "Schneider", "Ivanov", "Tanaka",
    "Olsen", "Lindqvist", "Okafor", "Mbappé", "Rossi", "Dubois", "Novák", "Horvat", "Silva",
    "Papadopoulos", "Becker", "Wagner", "Hernández", "Fitzgerald", "McDonald", "O'Brien",
    "Zimmermann", "Takahashi", "Yilmaz", "Bergström", "Andersen", "Emma", "Oliver", "Charlotte",
    "Lukas", "Sophia", "Mateo", "Aiden", "Priya", "Fatima", "Chiara", "Heathrow", "Springfield",
    "Gdańsk", "Bristol", "Lyon", "Toledo", "Nairobi", "Lagos", "Ottawa", "Melbourne",
)  # fmt: skip
TEMPLATES: Final = {
    "en": [
        "My friend {} lives here.",
        "I met {} at the station.",
        "Have you seen {} today?",
        "The sign says {}, but I cannot read it.",
        "Thank you {}",
    ],
    "de": [
        "Ein Mann namens {} sitzt auf einer Bank.",
        "Auf dem Schild steht {}.",
        "Eine Frau mit {} auf dem Hemd geht über die Straße.",
        "Zwei Kinder spielen vor {}.",
        "Ein Hund läuft durch den Park {}",
    ],
}


def unknown_sentences(
    language: str, unknown: frozenset[str], count: int = 100, seed: int = 1
) -> list[tuple[str, str]]:
    """Returns sentences, and the text in each that no vocabulary of the model knows.

    Args:
        language: Code of the source language.
        unknown: Characters of ``STRANGE`` without a piece.
        count: Number of sentences.
        seed: Seed of the choice.
    """
    names = unknown_names(unknown)
    return _fill(language, names, count, seed) if names else []


def placeable_sentences(language: str, count: int = 200, seed: int = 1) -> list[tuple[str, str]]:
    """Returns sentences, and the placeable in each; as for ``unknown_sentences``."""
    return _fill(language, PLACEABLES, count, seed)


def name_sentences(language: str, count: int = 200, seed: int = 1) -> list[tuple[str, str]]:
    """Returns sentences, and the name in each; as for ``unknown_sentences``."""
    return _fill(language, NAMES, count, seed)


def _fill(language: str, names: Sequence[str], count: int, seed: int) -> list[tuple[str, str]]:
    rng = random.Random(seed)  # noqa: S311
    chosen = [(rng.choice(TEMPLATES[language]), rng.choice(names)) for _ in range(count)]
    return [(template.format(name), name) for template, name in chosen]


def unknown_names(unknown: frozenset[str]) -> list[str]:
    """Returns the texts of ``STRANGE`` that consist of unknown characters and blanks alone."""
    return [name for name in STRANGE if unknown >= {*name.replace(" ", "")}]
