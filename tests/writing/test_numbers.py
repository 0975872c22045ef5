"""Numbers: found in texts of any script, and compared between two languages."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2s.writing.numbers import (
    difference,
    find_numbers,
    has_digits,
    number_spans,
    same_numbers,
    share_with_same_numbers,
)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("He is 45 years old.", ["45"]),
        (
            "1,234.56 or 1.234,56 or 1 234,56 or 1'234",
            ["1,234.56", "1.234,56", "1 234,56", "1'234"],
        ),
        ("at 10:30, on 12/05/2024 or 2024-05-12.", ["10:30", "12/05/2024", "2024-05-12"]),
        ("In 2020 300 came, 5 and 6.", ["2020", "300", "5", "6"]),
        ("B2B, MP3, 3rd, v1.2.3", ["2", "3", "3", "1.2.3"]),
        ("٤٥ and ४५ and ４５ and ٣٫٥", ["٤٥", "४५", "４５", "٣٫٥"]),
        ("2024年5月12日", ["2024", "5", "12"]),
        ("5 m², 1½", ["5", "²", "1", "½"]),
        ("+49 170 123 456, 555-1234", ["49 170 123 456", "555-1234"]),
        ("twelve 三 Ⅷ", []),
    ],
)
def test_numbers_are_found(text, numbers):
    found = find_numbers(text)
    assert [number.text for number in found] == numbers
    assert [text[number.start : number.end] for number in found] == numbers
    assert has_digits(text) == bool(numbers)


@pytest.mark.parametrize(
    ("src", "tgt"),
    [
        ("It costs 1,234.56 dollars.", "Cuesta 1.234,56 dólares."),
        ("1,234", "1234"),
        ("1,234", "1 234"),
        ("1.234", "1,234"),
        ("12,34,567", "1,234,567"),
        ("1'000'000", "1.000.000"),
        ("3.5 and 10", "10 y 3,5"),
        ("0.125 and 12.5", "0,125 y 12,5"),
        ("1,250.50 at 7:30", "1.250,50 um 7.30 Uhr"),
        ("March 3, 2019", "3. März 2019"),
        ("3/14/2021", "14.3.2021"),
        ("at 10:30", "um 10.30 Uhr"),
        ("at 10:05", "à 10h05"),
        ("12/05/2024", "2024-05-12"),
        ("12/05/2024", "05.12.2024"),
        ("05/12", "12.05."),
        ("12/05/2024", "5. 12. 2024"),
        ("5/12", "el 5 del 12"),
        ("3-5 days", "3 a 5 días"),
        ("100 200 300", "100, 200, 300"),
        ("45", "٤٥"),
        ("４５", "45"),
        ("٣٫٥", "3.5"),
        ("the 3rd of 4", "el tercero de 4"),
        ("the 3rd", "3º"),
        ("May 12", "5月12日".replace("5", "五")),
        ("5 m²", "5 m2"),
        ("5km", "5 km"),
        ("MP3", "MP3"),
        ("nothing", "nada"),
        ("555-1234", "555 1234"),
    ],
)
def test_a_language_may_write_numbers_in_its_own_way(src, tgt):
    assert same_numbers(src, tgt)


@pytest.mark.parametrize(
    ("src", "tgt"),
    [
        ("45", "3"),
        ("45", "54"),
        ("45", ""),
        ("45 and 45", "45"),
        ("45", "45 y 45"),
        ("3.5", "35"),
        ("3.5", "5.3"),
        ("3.05", "3.5"),
        ("1,234", "1,235"),
        ("1,234.5", "12345"),
        ("10:30", "10:03"),
        ("12/05/2024", "12/05/2023"),
        ("007", "7"),
        ("MP3", "MP4"),
        ("the 3rd", "el 4º"),
        ("100 200", "100300"),
        ("twelve", "13"),
    ],
)
def test_digits_may_not_change(src, tgt):
    assert not same_numbers(src, tgt)


def test_the_share_of_pairs_is_among_those_with_numbers():
    pairs = [("5", "5"), ("5", "five"), ("a", "6"), ("1.5 b", "1,5")]
    assert share_with_same_numbers(pairs) == 2 / 3
    assert share_with_same_numbers([("a", "7")]) == 1.0


def test_the_difference_names_the_numbers():
    assert difference("5 of 45 at 3rd", "5 of 46") == (("45",), ("46",))


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("costs $5.00, or 5€.", ["$5.00", "5€"]),
        ("5% of -5 °C (-3) 5-3", ["5%", "-5", "-3", "5-3"]),
        ("MP3s, B2B, 10h30, 3rd, 5km", ["MP3s", "B2B", "10h30", "3rd", "5km"]),
        ("2024年5月, 3명, و5", ["2024", "5", "3", "5"]),
        ("5 m²", ["5", "m²"]),
        ("4x4x4", ["4x4x4"]),
    ],
)
def test_what_is_written_with_a_number_is_kept_with_it(text, spans):
    assert [text[start:end] for start, end in number_spans(text)] == spans


NUMBERS = st.one_of(
    st.integers(0, 10**6).map(str),
    st.integers(1000, 10**9).map(lambda number: f"{number:,}"),
    st.decimals(0, 10**5, places=2).map(str),
    st.times().map(lambda time: f"{time:%H:%M}"),
    st.dates().map(lambda date: f"{date:%d/%m/%Y}"),
)


@given(st.lists(NUMBERS, max_size=6), st.randoms())
def test_order_does_not_matter_and_a_lost_number_does(numbers, random):
    shuffled = random.sample(numbers, len(numbers))
    src, tgt = (" and ".join(texts) for texts in (numbers, shuffled))
    assert same_numbers(src, tgt)
    assert same_numbers(tgt, src)
    if numbers:
        assert not same_numbers(src, " and ".join(shuffled[1:]))


@given(st.text(alphabet="0123456789 .,:/-'½²٣年ax$%", max_size=40))
def test_every_text_has_its_own_numbers(text):
    assert same_numbers(text, text)
    spans = number_spans(text)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    for number in find_numbers(text):
        assert sum(start <= number.start and number.end <= end for start, end in spans) == 1


def test_long_texts_take_no_time_to_speak_of():
    for text in ("1 234 " * 20_000, "1.2," * 20_000, "9" * 100_000, "1/2 " * 20_000 + "x"):
        start = time.perf_counter()
        same_numbers(text, text[1:])
        number_spans(text)
        assert time.perf_counter() - start < 5
