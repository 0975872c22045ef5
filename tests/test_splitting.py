"""Sentences that are too long, parted and joined."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2s.config import EOS_ID
from s2s.splitting import join, part


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
    found = part(text, encode, limit)
    assert all(2 <= len(ids) <= limit and ids[-1] == EOS_ID for ids in found.parts)
    return found


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
        ("我们走吧。去哪里?走!", ["我们走吧。", "去哪里?走!"]),
    ],
)
def test_sentences_end_at_their_marks(text, sentences):
    limit = max(len(ids) for ids in encode(sentences))
    assert len(encode([text])[0]) > limit
    found = parts_of(text, limit)
    assert found.parts == [tuple(ids) for ids in encode(sentences)]
    assert not found.within


def test_a_long_sentence_is_parted_at_marks_then_at_blanks_then_between_pieces():
    found = parts_of("ab cd, ef gh; ij kl", 5)
    assert found == ([tuple(ids) for ids in encode(["ab cd, ef gh;", "ij kl"])], True)
    found = parts_of("ab cd ef gh ij", 3)
    assert found == ([tuple(ids) for ids in encode(["ab cd", "ef gh", "ij"])], True)
    found = parts_of("abcdefghijkl", 3)
    assert found == ([tuple(ids) for ids in encode(["abcdefgh", "ijkl"])], True)


@given(st.text(alphabet="ab .,!?。\u3042(", max_size=300), st.integers(2, 12))
def test_nothing_is_lost_and_nothing_is_too_long(text, limit):
    found = parts_of(text, limit) if encode([text]) != [[EOS_ID]] else None
    if found is not None and not found.within:
        pieces = [piece for ids in found.parts for piece in ids[:-1]]
        assert len(pieces) >= len(encode([text])[0]) - 1
        letters = sum(len(each) - 1 for each in encode(text.split()))
        assert len(pieces) >= letters


def test_a_page_of_one_word_is_parted_in_linear_time():
    calls = []

    def counted(texts):
        calls.extend(map(len, texts))
        return encode(texts)

    found = part("x" * 40_000 + ". " + "y " * 20_000, counted, 50)
    assert sum(len(ids) - 1 for ids in found.parts) == 10_001 + 20_000
    assert sum(calls) < 10 * 80_000


def test_parts_are_joined_with_a_blank_where_the_script_has_blanks():
    assert join(["One.", "", "Two."]) == "One. Two."
    assert join(["我们走吧。", "去哪里?"]) == "我们走吧。去哪里?"
    assert join(["我们走吧。", "OK."]) == "我们走吧。 OK."
    assert join([]) == ""
