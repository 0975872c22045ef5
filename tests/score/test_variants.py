import pytest

from s2s.score.variants import JOINED, LINE_BREAKS, join, make_variants
from s2s.writing.end_marks import end_mark

SOURCES = ["Where is Tom?", "He is in Rome.", "", "no mark", "It is late!", "Thank you."]
REFERENCES = ["¿Dónde está Tom?", "Está en Roma.", "x", "sin punto", "¡Es tarde!", "Gracias."]


@pytest.fixture
def made():
    return {variant.name: variant for variant in make_variants(SOURCES, REFERENCES).made}


def test_the_reference_has_the_form_that_a_reader_wants(made):
    assert made["capitals"].sources[0] == "WHERE IS TOM?"
    assert made["capitals"].references[0] == "¿DÓNDE ESTÁ TOM?"
    assert made["title case"].sources[1] == "He Is In Rome."
    assert made["title case"].references[1] == "Está En Roma."
    assert made["lower case"].sources[1] == "he is in rome."
    assert made["lower case"].references[1] == "Está en Roma."
    assert made["one typo"].references[1] == "Está en Roma."
    assert made["list mark"].sources[:2] == ["- Where is Tom?", "* He is in Rome."]
    assert made["list mark"].references[:2] == ["- ¿Dónde está Tom?", "* Está en Roma."]


def test_a_variant_has_the_sentences_that_change_and_no_blank_ones(made):
    assert made["capitals"].groups == [(0,), (1,), (3,), (4,), (5,)]
    assert made["no end mark"].groups == [(0,), (1,), (4,), (5,)]
    assert made["lower case"].sentences == 4  # "no mark" is in lower case
    for variant in made.values():
        sources = [join([SOURCES[row] for row in group]) for group in variant.groups]
        assert len(variant.sources) == len(variant.references) == len(sources)
        if variant.name not in JOINED.values():
            assert all(one != two for one, two in zip(variant.sources, sources, strict=True))


def test_a_translation_with_an_end_mark_is_as_good_as_one_without(made):
    variant = made["no end mark"]
    assert not any(end_mark(text) for text in [*variant.sources, *variant.references])
    assert variant.comparable(["Está en Roma."]) == variant.comparable(["Está en Roma"])
    assert variant.join_plain(REFERENCES) == list(variant.references)


def test_sentences_are_joined_if_an_end_mark_says_where_they_end(made):
    assert made["two a line"].sources == ["Where is Tom? He is in Rome.", "It is late! Thank you."]
    assert made["two a line"].references[1] == "¡Es tarde! Gracias."
    assert made["three a line"].groups == [[0, 1, 4]]
    assert made[LINE_BREAKS].sources[1] == "It is late!\nThank you."
    assert made[LINE_BREAKS].references[1] == "¡Es tarde! Gracias."
    assert "five a line" in make_variants(SOURCES, REFERENCES).left_out


def test_plain_translations_are_joined_in_the_same_way(made):
    assert made["two a line"].join_plain(REFERENCES) == made["two a line"].references
    assert made[LINE_BREAKS].comparable(["Es tarde.\nGracias."]) == ["Es tarde. Gracias."]


def test_lines_of_lists_keep_the_mark_that_they_have():
    sources = ["- One.", "2) Two."]
    assert "list mark" in make_variants(sources, sources).left_out
    made = make_variants([*sources, "x"], [*sources, "y"]).made
    listed = next(variant for variant in made if variant.name == "list mark")
    assert (listed.sources, listed.references) == (["• x"], ["• y"])


def test_text_without_capitals_or_end_marks_lacks_these_variants_and_says_why():
    variants = make_variants(["今天很冷", "我在学校"], ["It is cold", "I am at school"])
    assert [variant.name for variant in variants.made] == ["list mark"]
    assert set(variants.left_out) == {
        "capitals",
        "title case",
        "lower case",
        "no end mark",
        "one typo",
        *JOINED.values(),
        LINE_BREAKS,
    }
    assert all(variants.left_out.values())


@pytest.mark.parametrize(
    ("texts", "joined"),
    [
        (["今天很冷。", "我在家。"], "今天很冷。我在家。"),
        (["One. ", " Two."], "One. Two."),
        (["One.", "今天。"], "One. 今天。"),
        (["One.", "", "Two."], "One. Two."),
    ],
)
def test_sentences_have_blanks_between_them_if_their_script_has(texts, joined):
    assert join(texts) == joined


def test_a_typo_depends_on_the_sentence_and_its_place_alone():
    sources = ["The teacher reads a book.", "My neighbours sing in the garden."] * 3
    typos, other = (
        next(variant for variant in made if variant.name == "one typo")
        for made in (
            make_variants(sources, sources).made,
            make_variants([*sources, "Another sentence."], [*sources, "x"]).made,
        )
    )
    assert list(other.sources[: len(sources)]) == list(typos.sources)
    assert len(set(typos.sources)) > 2  # not the same typo in equal sentences
