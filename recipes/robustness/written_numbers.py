"""Made-up sentences with numbers: integers, decimals, times, dates, prices."""

import random
from collections.abc import Callable
from typing import Final

Format = Callable[[random.Random], str]

KINDS: Final = ("integer", "decimal", "time", "date", "price")

TEMPLATES: Final[dict[tuple[str, str], dict[str, list[str]]]] = {
    ("en", "everyday"): {
        "integer": [
            "He is {} years old.",
            "There were {} people in the hall.",
            "We need {} more chairs.",
            "Our house has number {}.",
            "She has read {} pages since Monday.",
        ],
        "decimal": [
            "The baby weighs {} kilos.",
            "I ran {} kilometers this morning.",
            "The table is {} meters long.",
            "It was {} degrees last night.",
            "Add {} liters of water.",
        ],
        "time": [
            "The train leaves at {}.",
            "I get up at {} every day.",
            "The film begins at {} and I am late.",
            "Can you call me at {}?",
            "We had lunch at {}.",
        ],
        "date": [
            "She was born on {}.",
            "The shop opened on {}.",
            "I will come back on {}.",
            "We got married on {}.",
            "The letter was written on {}.",
        ],
        "price": [
            "This book costs {}.",
            "I paid {} for the shoes.",
            "Can you lend me {}?",
            "The ticket was only {}.",
            "He owes me {}.",
        ],
    },
    ("en", "pictures"): {
        "integer": [
            "A runner with the number {} on his shirt.",
            "A blue bus with number {} stands at the corner.",
            "A crowd of {} people watches a parade.",
            "A woman stands in front of house number {}.",
            "A black dog with the number {} jumps over a fence.",
        ],
        "decimal": [
            "A man holds a fish of {} kilos.",
            "A boy jumps over a bar at {} meters.",
            "A sign says that the lake is {} kilometers away.",
            "A woman carries a bottle of {} liters.",
            "A screen shows {} degrees.",
        ],
        "time": [
            "A clock on the wall shows {}.",
            "People wait for a train at {}.",
            "A man looks at his watch, which shows {}.",
            "Children play in the street at {}.",
            "A sign says that the store opens at {}.",
        ],
        "date": [
            "A photo of {} shows two dogs.",
            "A man reads a newspaper of {}.",
            "A poster announces a concert on {}.",
            "A girl holds a sign with the date {}.",
            "A band plays in the park on {}.",
        ],
        "price": [
            "A man sells apples for {}.",
            "A sign shows the price of {}.",
            "A woman buys a hat for {}.",
            "A boy holds {} in his hand.",
            "Two girls sell lemonade for {}.",
        ],
    },
    ("de", "everyday"): {
        "integer": [
            "Er ist {} Jahre alt.",
            "In der Halle waren {} Leute.",
            "Wir brauchen noch {} Stühle.",
            "Unser Haus hat die Nummer {}.",
            "Sie hat seit Montag {} Seiten gelesen.",
        ],
        "decimal": [
            "Das Kind wiegt {} Kilo.",
            "Ich bin heute {} Kilometer gelaufen.",
            "Der Tisch ist {} Meter lang.",
            "Gestern Nacht waren es {} Grad.",
            "Gib {} Liter Wasser dazu.",
        ],
        "time": [
            "Der Zug fährt um {} Uhr ab.",
            "Ich stehe jeden Tag um {} Uhr auf.",
            "Der Film beginnt um {} Uhr, und ich bin zu spät.",
            "Kannst du mich um {} Uhr anrufen?",
            "Wir haben um {} Uhr gegessen.",
        ],
        "date": [
            "Sie wurde am {} geboren.",
            "Das Geschäft hat am {} eröffnet.",
            "Ich komme am {} zurück.",
            "Wir haben am {} geheiratet.",
            "Der Brief wurde am {} geschrieben.",
        ],
        "price": [
            "Dieses Buch kostet {}.",
            "Ich habe {} für die Schuhe bezahlt.",
            "Kannst du mir {} leihen?",
            "Die Karte hat nur {} gekostet.",
            "Er schuldet mir {}.",
        ],
    },
    ("de", "pictures"): {
        "integer": [
            "Ein Läufer mit der Nummer {} auf dem Trikot.",
            "Ein blauer Bus mit der Nummer {} steht an der Ecke.",
            "Eine Menge von {} Leuten sieht einen Umzug an.",
            "Eine Frau steht vor dem Haus Nummer {}.",
            "Ein schwarzer Hund mit der Nummer {} springt über einen Zaun.",
        ],
        "decimal": [
            "Ein Mann hält einen Fisch von {} Kilo.",
            "Ein Junge springt über eine Stange in {} Metern Höhe.",
            "Auf einem Schild steht, dass der See {} Kilometer entfernt ist.",
            "Eine Frau trägt eine Flasche mit {} Litern.",
            "Ein Bildschirm zeigt {} Grad.",
        ],
        "time": [
            "Eine Uhr an der Wand zeigt {} Uhr.",
            "Leute warten um {} Uhr auf einen Zug.",
            "Ein Mann schaut auf seine Armbanduhr, die {} Uhr zeigt.",
            "Kinder spielen um {} Uhr auf der Straße.",
            "Auf einem Schild steht, dass der Laden um {} Uhr öffnet.",
        ],
        "date": [
            "Ein Foto vom {} zeigt zwei Hunde.",
            "Ein Mann liest eine Zeitung vom {}.",
            "Ein Plakat kündigt ein Konzert am {} an.",
            "Ein Mädchen hält ein Schild mit dem Datum {}.",
            "Eine Band spielt am {} im Park.",
        ],
        "price": [
            "Ein Mann verkauft Äpfel für {}.",
            "Ein Schild zeigt den Preis von {}.",
            "Eine Frau kauft einen Hut für {}.",
            "Ein Junge hält {} in der Hand.",
            "Zwei Mädchen verkaufen Limonade für {}.",
        ],
    },
}
MONTHS: Final = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
}


def number_sentences(
    language: str, domain: str, count: int = 500, seed: int = 1
) -> list[tuple[str, str]]:
    """Returns kinds and sentences, as many of each kind; the same for the same seed."""
    rng = random.Random(seed)  # noqa: S311
    rows = []
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        template = rng.choice(TEMPLATES[language, domain][kind])
        rows.append((kind, template.format(_write(kind, language, rng))))
    return rows


def _write(kind: str, language: str, rng: random.Random) -> str:
    if kind == "integer":
        return _integer(rng, language, rng.randint(1, 6))
    if kind == "decimal":
        return _decimal(rng, language, rng.randint(1, 2))
    if kind == "time":
        return f"{rng.randint(1, 12 if language == 'en' else 23)}:{rng.randint(10, 59)}"
    if kind == "date":
        return _date(rng, language)
    amount = rng.choice(
        [_integer(rng, language, rng.randint(1, 5)), f"{_decimal(rng, language, 2)}"]
    )
    forms = {"en": ("${}", "{} dollars", "£{}"), "de": ("{} €", "{} Euro", "{} Dollar")}
    return rng.choice(forms[language]).format(amount)


def _integer(rng: random.Random, language: str, length: int) -> str:
    """A number of so many digits, with or without a mark between thousands."""
    number = rng.randint(max(2, 10 ** (length - 1)), 10**length - 1)
    if length < 4 or rng.random() < 0.5:
        return str(number)
    return f"{number:,}".replace(",", "," if language == "en" else ".")


def _decimal(rng: random.Random, language: str, places: int) -> str:
    written = f"{rng.randint(0, 99)}.{rng.randint(1, 10**places - 1):0{places}}"
    return written if language == "en" else written.replace(".", ",")


def _date(rng: random.Random, language: str) -> str:
    day, month, year = rng.randint(2, 28), rng.randint(1, 12), rng.randint(1900, 2030)
    name = MONTHS[language].split()[month - 1]
    if language == "de":
        return rng.choice(
            [f"{day}. {name} {year}", f"{day:02}.{month:02}.{year}", f"{day}. {name}"]
        )
    return rng.choice([f"{name} {day}, {year}", f"{day} {name} {year}", f"{name} {day}"])
