"""Sentences that are too long, parted and joined."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from s2s.config import EOS_ID
from s2s.text import clean
from s2s.translate.splitting import join, split


def encode(texts):
    """Words of at most four letters are pieces, longer ones one for every four letters."""
    return [
        [
            *(
                10 + hash(word[i : i + 4]) % 1000
                for word in text.split()
                for i in range(0, len(word), 4)
            ),
            EOS_ID,
        ]
        for text in texts
    ]


def parts_of(text, limit):
    parts = split(text, encode, limit)
    assert all(2 <= len(ids) <= limit and ids[-1] == EOS_ID for ids in parts.parts)
    return parts


def test_a_short_text_is_one_part():
    assert parts_of("Eins. Zwei. Drei.", 20) == ([tuple(encode(["Eins. Zwei. Drei."])[0])], False)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Wir gehen. Wohin? Weg!", ["Wir gehen.", "Wohin?", "Weg!"]),
        (
            "Er sagte: „Geh.“ Sie ging (fort.) Dann Ruhe …",
            ["Er sagte: „Geh.“", "Sie ging (fort.)", "Dann Ruhe …"],
        ),
        ("Es ist z. b. so. Ja.", ["Es ist z. b. so.", "Ja."]),
        ("Es kostet 3.50 in bar. Gut.", ["Es kostet 3.50 in bar.", "Gut."]),
        ("我们走吧。去哪里?走!", ["我们走吧。", "去哪里?", "走!"]),
    ],
)
def test_sentences_end_at_their_marks(text, sentences):
    limit = max(len(ids) for ids in encode(sentences))
    assert len(encode([text])[0]) > limit
    parts = parts_of(text, limit)
    assert parts.parts == [tuple(ids) for ids in encode(sentences)]
    assert not parts.within


def test_a_long_sentence_is_parted_at_marks_then_at_blanks_then_between_pieces():
    parts = parts_of("ab cd, ef gh; ij kl", 5)
    assert parts == ([tuple(ids) for ids in encode(["ab cd, ef gh;", "ij kl"])], True)
    parts = parts_of("ab cd ef gh ij", 3)
    assert parts == ([tuple(ids) for ids in encode(["ab cd", "ef gh", "ij"])], True)
    parts = parts_of("abcdefghijkl", 3)
    assert parts == ([tuple(ids) for ids in encode(["abcdefgh", "ijkl"])], True)


def spell(texts):
    """Every character is a piece, as with a vocabulary of characters; ids are their numbers."""
    return [[*map(ord, text.strip()), EOS_ID] for text in texts]


def read(parts):
    return ["".join(map(chr, ids[:-1])) for ids in parts]


def without_blanks(text):
    return "".join(text.split())


WESTERN = st.text(alphabet='abÄ .,!?;:("…-', max_size=120).map(clean)
ANY = st.text(st.one_of(st.characters(), st.sampled_from("ab .!?。、，；\u3042")), max_size=120)


@settings(deadline=None)
@given(st.one_of(WESTERN, ANY.map(clean)).filter(bool), st.integers(2, 40))
def test_nothing_is_lost_or_turned_around_and_no_part_is_too_long(text, limit):
    parts = split(text, spell, limit)
    assert all(2 <= len(ids) <= limit and ids[-1] == EOS_ID for ids in parts.parts)
    assert without_blanks("".join(read(parts.parts))) == without_blanks(text)
    assert parts.within or len(parts.parts) == 1 or len(text) >= limit
    assert join(read(parts.parts)) == join(read(parts.parts)).strip()


def test_a_word_is_whole_though_blanks_are_pieces_of_their_own():
    # One by one, without the blank between them, they have five pieces.
    assert read(split("abc de", spell, 6).parts) == ["abc", "de"]


@settings(deadline=None)
@given(WESTERN.filter(bool), st.integers(2, 40))
@example("::::::::::: :", 13)
def test_parts_of_whole_words_are_joined_to_the_text(text, limit):
    if max(map(len, text.split())) >= limit:
        return  # a word has to be cut
    parts = split(text, spell, limit)
    assert join(read(parts.parts)) == text


def test_a_page_of_one_word_is_parted_in_linear_time():
    calls = []

    def counted(texts):
        calls.extend(map(len, texts))
        return encode(texts)

    parts = split("x" * 40_000 + ". " + "y " * 20_000, counted, 50)
    assert sum(len(ids) - 1 for ids in parts.parts) == 10_001 + 20_000
    assert sum(calls) < 10 * 80_000


def test_parts_are_joined_with_a_blank_where_the_script_has_blanks():
    assert join(["One.", "", "Two."]) == "One. Two."
    assert join(["我们走吧。", "去哪里?"]) == "我们走吧。去哪里?"
    assert join(["我们走吧。", "OK."]) == "我们走吧。 OK."
    assert join(["𠮷野", "家です"]) == "𠮷野家です"
    assert join(["สวัสดี", "ครับ"]) == "สวัสดีครับ"
    assert join(["བཀྲ་ཤིས་", "བདེ་ལེགས།", "ཨ"]) == "བཀྲ་ཤིས་བདེ་ལེགས། ཨ"
    assert join(["한국", "어"]) == "한국 어"
    assert join(["ﷺ", "ﻻ"]) == "ﷺ ﻻ"
    assert join([]) == ""


def test_what_has_no_sentences_is_split_at_blanks_alone():
    text = "CC . CO , N . O ; C O"
    assert split(text, encode, 50, sentences=False) == ([tuple(encode([text])[0])], False)
    parts = split(text, encode, 7, sentences=False)
    assert parts.parts == [tuple(ids) for ids in encode(["CC . CO , N .", "O ; C O"])]
    letters = split("abcd" * 9, encode, 4, sentences=False)
    assert [len(ids) for ids in letters.parts] == [4, 4, 4]
