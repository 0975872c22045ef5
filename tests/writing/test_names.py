"""Names: words with a capital that a training text has hardly had; what it says of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2s.writing.names import COPIED, FEW, NameFinder, WordSet, name_facts, put_back, with_stand_ins

KNOWN = "like and i met the man in germany on monday well known he s is from mr a big".split()  # noqa: SIM905


def finder():
    return NameFinder(WordSet.of(KNOWN).encode())


def names_in(text):
    return [name.text for name in finder().find(text)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("I met Smith in Germany on Monday.", ["Smith"]),
        ("Kowalski's man is in Gdańsk.", ["Kowalski", "Gdańsk"]),
        ("I met Jean-Pierre, O'Brien and McDonald.", ["Jean-Pierre", "O'Brien", "McDonald"]),
        ("Well-Known man", []),
        ("I met the big zebra.", []),
        ("I met B in A4 on Monday.", []),  # single letters, and what is a number
        ("I Met Smith In Gdańsk", []),  # a headline
        ("THE MAN IS SMITH", []),
        ("Smith", ["Smith"]),
        ("I like Smith, Tom and Germany.", ["Smith", "Tom"]),
        ("I met @Smith at https://Smith.org/Smith and #Smith.", []),
        ("He is from Gdań\u00adsk and \u200bGdańsk.", []),  # parts of words, for all one knows
        ("d'Artagnan is from L'homme.", []),
        (f"He is {'Sm' + 'i' * 100}.", []),
        ("", []),
    ],
)
def test_names_are_words_with_a_capital_that_the_training_lacked(text, names):
    assert names_in(text) == names


def test_names_have_their_places():
    text = "He is d'Artagnan's L'Smith, Smith."
    names = finder().find(text)
    assert len(names) == 2
    for name in names:
        assert text[name.start : name.end] == name.text


def test_a_translation_may_add_an_ending_or_change_a_last_a():
    names = finder()
    src = "I met Anna and Smith."
    assert names.missing(src, "Anny und Smiths") == []
    assert names.missing(src, "Anna") == ["Smith"]
    assert names.missing(src, "Smit und Ann") == ["Smith"]
    assert names.missing("I met Smith, Smith.", "Smith") == ["Smith"]


def test_stand_ins_take_the_place_of_names_and_give_it_back():
    src = "I met Smith, Smith and Kowalski's man."
    text, back = with_stand_ins(src, finder().spans(src), ["Tom", "Ann", "Joe"])
    assert text == "I met Tom, Tom and Ann's man."
    assert put_back("Tom, Tom, Toms Anns Ann, Tomate, Anna", back) == (
        "Smith, Smith, Smiths Kowalskis Kowalski, Tomate, Anna"
    )
    assert with_stand_ins("I met Smith and Tom.", [(6, 11)], ["Tom", "Ann"])[0] == (
        "I met Ann and Tom."
    )
    assert with_stand_ins("I met Smith and Tom.", [(6, 11)], ["Tom"]) is None
    assert with_stand_ins("I met Smith.", [(6, 11)], []) is None


WORDS = st.text(st.characters(categories=["Ll", "Lo"]), min_size=1, max_size=8)


@given(st.lists(WORDS, max_size=50))
def test_a_set_has_all_its_words(words):
    found = WordSet.decode(WordSet.of(words).encode())
    assert all(word in found for word in words)


def test_a_set_has_few_other_words():
    words = WordSet.of([f"word{number}" for number in range(5000)])
    assert sum(f"other{number}" in words for number in range(5000)) < 5000 * 0.04
    with pytest.raises(ValueError, match=r"base64|padding|padded"):
        WordSet.decode("?")


def text_with(num_names, copied):
    """Returns pairs with frequent words, and with rare names of which a share is copied."""
    pairs = [("I like Tom and Germany.", "Ich mag Tom und Deutschland.")] * 30
    for number in range(num_names):
        name = f"Name{chr(97 + number // 26)}{chr(97 + number % 26)}"
        pairs.append((f"I like {name}.", f"Ich mag {name if number < copied else 'etwas'}."))
    return pairs


def test_a_text_says_which_words_are_names():
    facts = name_facts(text_with(100, 60))
    assert facts.same_names == 0.6
    assert facts.stand_ins == ("Tom",)
    names = NameFinder(facts.known_words)
    assert [name.text for name in names.find("I like Smith, Tom and Germany.")] == ["Smith"]
    assert names.find("I like Nameaa.")  # copied, and rare: a name
    assert not names.find("I like Namedv.")  # something else in the target


def test_names_are_not_looked_for_if_rare_words_with_capitals_change():
    few = name_facts(text_with(100, int(100 * COPIED) - 1))
    assert (few.known_words, few.stand_ins) == ("", ("Tom",))
    assert few.same_names == pytest.approx(COPIED - 0.01)
    assert name_facts(text_with(FEW - 1, FEW - 1)).same_names == 0
    assert name_facts([]).known_words == ""
