import pytest

from s2s.writing.case import is_capitals, is_title_case, to_capitals, to_title_case

CAPITALS = [
    "PLEASE CLOSE THE DOOR.",
    "HOW ARE YOU?",
    "GO HOME!",
    "WARNING",
    "STRAßE GESPERRT",
    "STRASSE GESPERRT",
    "1ª EDICIÓN ESPECIAL",
    "ΚΛΕΙΣΤΕ ΤΗΝ ΠΟΡΤΑ",
    "ЗАКРОЙТЕ ДВЕРЬ, 2 РАЗА",
    "ՓԱԿԻՐ ԴՈՒՌԸ",
    "ᲒᲐᲛᲐᲠᲯᲝᲑᲐ ᲛᲡᲝᲤᲚᲘᲝ",
]
TITLES = [
    "Please Close The Door.",
    "The Man Who Fell to Earth",
    "US Senate Passes New Bill",
    "Le Journal d'Anne Frank",
    "«L'Homme Qui Rit»",
    "3rd Street Is Now Closed",
    "Он Не Придёт",
    "O'Neill's Well-known Play",
]
NEITHER = [
    "",
    "45 % + 3",
    "Please close the door.",
    "NATO",
    "USA",
    "STOP!",
    "IBM PC",
    "A B C",
    "NASA and ESA",
    "Tom met Mary.",
    "Mary and John",
    "Vivo en Estados Unidos.",
    "Llegamos a Nueva York",
    "Die Katze ist auf dem Tisch.",
    "Herr Meyer ist Arzt in Köln.",
    "Der Mann mit dem Hut ist der Onkel von Anna.",
    "我在 USA AND NATO",
    "ฉันใช้ Facebook Messenger Lite",
    "ᎣᏏᏲ ᎣᏏᏲ ᎣᏏᏲ",
    "გამარჯობა ჩემო მსოფლიო",
    "مرحبا بالعالم كله",
    "नमस्ते दुनिया के लोग",
]


@pytest.mark.parametrize("text", CAPITALS)
def test_a_text_in_capitals_is_found_and_is_no_title(text):
    assert is_capitals(text)
    assert not is_title_case(text)


@pytest.mark.parametrize("text", TITLES)
def test_title_case_is_found_and_is_not_in_capitals(text):
    assert is_title_case(text)
    assert not is_capitals(text)


@pytest.mark.parametrize("text", NEITHER)
def test_abbreviations_names_nouns_and_scripts_without_case_are_neither(text):
    assert not is_capitals(text)
    assert not is_title_case(text)


@pytest.mark.parametrize(
    "text", ["Please close the door.", "Он не придёт сегодня.", "Ça va être très long"]
)
def test_what_is_written_in_capitals_or_title_case_is_found(text):
    assert is_capitals(to_capitals(text))
    assert is_title_case(to_title_case(text))


@pytest.mark.parametrize(
    ("text", "capitals", "title"),
    [
        ("don't", "DON'T", "Don't"),
        ("don’t stop", "DON’T STOP", "Don’t Stop"),
        ("'tis (so) ¿qué?", "'TIS (SO) ¿QUÉ?", "'Tis (So) ¿Qué?"),
        ("3rd well-known NATO", "3RD WELL-KNOWN NATO", "3rd Well-Known NATO"),
        ("straße", "STRASSE", "Straße"),
        ("ǆep", "ǄEP", "ǅep"),
        ("ένας ΐ", "ΈΝΑΣ \u03aa\u0301", "Ένας \u03aa\u0301"),
        ("e\u0323te", "ẸTE", "Ẹte"),
        ("你好 नमस्ते", "你好 नमस्ते", "你好 नमस्ते"),
        ("", "", ""),
    ],
)
def test_words_get_capitals(text, capitals, title):
    assert to_capitals(text) == capitals
    assert to_title_case(text) == title
