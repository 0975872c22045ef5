"""A document takes time by its length, however deep its elements are, or however many."""

import time

import pytest
from documents import copied, finish, swapped, tags_of

HOSTILE = {
    "deep blocks": "<div>{n}</div>",
    "deep elements": "<b>eins {n}</b>",
    "same words": "<b>{n}</b>",
    "never closed": "<b id=1>eins <p>{n}",
    "links": "<a href=x>{n}</a>",
    "untouched in translated": "<i translate=no>x<b translate=yes>eins {n}</b></i>",
    "lists": "<ul><li>eins{n}",
    "tables": "<table><tr><td>eins{n}",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("translate", [copied, swapped], ids=["copied", "swapped"])
def test_elements_within_each_other_take_time_by_their_number(name, translate):
    """A square would be four million steps and more."""
    before, after = HOSTILE[name].split("{n}")
    source = f"{before * 2000}eins{after * 2000}"
    began = time.process_time()
    written = finish(source, translate)
    assert time.process_time() - began < 1.5
    assert tags_of(written) == tags_of(source)


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hundred_thousand_elements_within_each_other_take_seconds(name):
    before, after = HOSTILE[name].split("{n}")
    began = time.process_time()
    finish(f"{before * 100_000}eins{after * 100_000}", swapped)
    assert time.process_time() - began < 60


@pytest.mark.parametrize(
    "scrap",
    [
        "eins </b>",
        "<img>",
        "eins <img>",
        "<b>eins</b> ",
        "C<sub>1</sub>",
        "&nbsp;",
        "\u200b",
        "9" * 10,
        ";",
        "\0 eins",
    ],
)
@pytest.mark.parametrize("translate", [copied, swapped], ids=["copied", "swapped"])
def test_a_long_row_of_the_same_takes_time_by_its_length(scrap, translate):
    began = time.process_time()
    finish(f"<p><b>eins</b>{scrap * 3000}&#{scrap * 10}</p>", translate)
    assert time.process_time() - began < 1.5
