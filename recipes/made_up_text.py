"""Writes the made-up text of the documentation: easy English sentences, and them in German.

    python recipes/made_up_text.py --out FOLDER

A small grammar makes statements and questions, with objects in three genders, adjectives that
agree, places and times. A network with the preset ``tiny`` learns it in a minute. The files are
``train``, ``val`` and ``test`` with the endings ``.en`` and ``.de``; no sentence is in two of them.
"""

import argparse
import random
from pathlib import Path

SUBJECTS = {
    "man": "der Mann",
    "woman": "die Frau",
    "child": "das Kind",
    "girl": "das Mädchen",
    "mother": "die Mutter",
    "teacher": "der Lehrer",
    "dog": "der Hund",
    "cat": "die Katze",
}
VERBS = {
    ("sees", "see"): "sieht",
    ("buys", "buy"): "kauft",
    ("brings", "bring"): "bringt",
    ("carries", "carry"): "trägt",
    ("sells", "sell"): "verkauft",
    ("paints", "paint"): "malt",
    ("loses", "lose"): "verliert",
    ("finds", "find"): "findet",
}
OBJECTS = {
    "ball": ("m", "Ball"),
    "hat": ("m", "Hut"),
    "letter": ("m", "Brief"),
    "lamp": ("f", "Lampe"),
    "bag": ("f", "Tasche"),
    "flower": ("f", "Blume"),
    "house": ("n", "Haus"),
    "book": ("n", "Buch"),
    "picture": ("n", "Bild"),
}
ADJECTIVES = {
    "red": "rot",
    "green": "grün",
    "new": "neu",
    "old": "alt",
    "small": "klein",
    "heavy": "schwer",
}
ARTICLES = {
    "a": {"m": ("einen", "en"), "f": ("eine", "e"), "n": ("ein", "es")},
    "the": {"m": ("den", "en"), "f": ("die", "e"), "n": ("das", "e")},
}
"""By the object's gender: the German article, and the ending of an adjective after it."""
ENDS = {
    "": "",
    "now": "jetzt",
    "today": "heute",
    "again": "wieder",
    "in the city": "in der Stadt",
    "in the morning": "am Morgen",
    "at the station": "am Bahnhof",
    "at home": "zu Hause",
}
SIZES = {"test": 200, "val": 200, "train": 3000}
SEED = 1


def sentence(draw: random.Random) -> tuple[str, str]:
    """Returns a sentence and its translation."""
    subject, german_subject = draw.choice(list(SUBJECTS.items()))
    (verb, bare_verb), german_verb = draw.choice(list(VERBS.items()))
    thing, (gender, german_thing) = draw.choice(list(OBJECTS.items()))
    article = draw.choice(list(ARTICLES))
    german_article, ending = ARTICLES[article][gender]
    words, german_words = [], [german_article]
    if draw.random() < 0.6:
        adjective, stem = draw.choice(list(ADJECTIVES.items()))
        words.append(adjective)
        german_words.append(stem + ending)
    words.append(thing)
    words.insert(0, "an" if article == "a" and words[0][0] in "aeiou" else article)
    german_words.append(german_thing)
    end, german_end = draw.choice(list(ENDS.items()))
    if draw.random() < 0.25:
        sides = (
            ["does the", subject, bare_verb, *words, end],
            [german_verb, german_subject, *german_words, german_end],
        )
        return _write(sides[0], "?"), _write(sides[1], "?")
    return (
        _write(["the", subject, verb, *words, end], "."),
        _write([german_subject, german_verb, *german_words, german_end], "."),
    )


def _write(words: list[str], mark: str) -> str:
    text = " ".join(filter(None, words))
    return f"{text[0].upper()}{text[1:]}{mark}"


def main() -> None:
    """Writes six files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path(), help="folder of the files")
    folder: Path = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(SEED)  # noqa: S311
    pairs: dict[str, str] = {}
    while len(pairs) < sum(SIZES.values()):
        pairs.update([sentence(draw)])
    rows = iter(pairs.items())
    for name, size in SIZES.items():
        part = [next(rows) for _ in range(size)]
        for language, side in (("en", 0), ("de", 1)):
            text = "".join(f"{pair[side]}\n" for pair in part)
            (folder / f"{name}.{language}").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
