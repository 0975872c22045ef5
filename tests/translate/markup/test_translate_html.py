"""A translator translates documents: the words in them as any text, and the rest not at all."""

import logging
from itertools import islice

import pytest
from paths import DATA

from s2s import Translator
from s2s.errors import ConfigError, DataError
from s2s.translate.markup.options import Markup

POST = (
    '<p>eins <b>zwei</b> &amp; drei<br/>vier <a href="/u">@bob</a></p>\n<!-- fünf -->'
    "<pre>sechs</pre>"
)


def test_a_document_is_translated_and_its_tags_stay(translator):
    (document,) = translator.translate_html([POST])
    assert document.startswith("<p>one <b>two</b> &amp; three<br/>four ")
    assert document.endswith('<a href="/u">@bob</a></p>\n<!-- fünf --><pre>sechs</pre>')


@pytest.mark.parametrize(
    "text", ["eins zwei", "eins\nzwei\n", "eins & zwei < drei", "", "  ", "- eins", "EINS 😀 zwei"]
)
def test_plain_text_is_translated_as_plain_text(translator, text):
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    translation = translator.translate([text])[0].text
    expected = translation.replace("&", "&amp;").replace("<", "&lt;")
    assert translator.translate_html([escaped]) == [expected]


def test_a_document_depends_on_itself_alone(translator):
    documents = [POST, "eins", "<ul><li>zwei <i>drei</i><li>vier</ul>", "", "<hr>"]
    together = translator.translate_html(documents)
    assert together == [translator.translate_html([document])[0] for document in documents]


def test_the_texts_of_several_documents_can_be_translated_together(translator):
    pages = [POST, "<p>eins</p><p>zwei</p>"]
    documents = [translator.read_html(page) for page in pages]
    texts = [text for document in documents for text in document.texts]
    translations = iter(translator.translate(texts, **translator.html_options({})))
    finished = [each.finish(islice(translations, len(each.texts))) for each in documents]
    assert finished == translator.translate_html(pages)


def test_options_of_a_call_count_for_documents(translator):
    (piece,) = translator.translate(["zwei"])[0].pieces[:1]
    plain = translator.translate(["eins zwei"], banned=[piece])[0].text
    assert translator.translate_html(["<p>eins zwei</p>"], banned=[piece]) == [f"<p>{plain}</p>"]
    assert plain != translator.translate(["eins zwei"])[0].text


def test_patterns_of_the_caller_are_kept_beside_the_units_of_a_document(translator):
    source = "<p>eins {x} <code>zwei</code> drei</p>"
    (document,) = translator.translate_html([source], keep=r"\{\w\}")
    assert "{x}" in document
    assert "<code>zwei</code>" in document


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_best": 2, "beam_size": 2}, "n_best .--n-best. is 2, but a document has one"),
        ({"prefix": "one"}, "prefix .--prefix. cannot be combined with HTML"),
        ({"required": ["one"]}, "required .--require. cannot be combined with HTML"),
    ],
)
def test_options_without_meaning_for_documents_are_refused(translator, options, message):
    with pytest.raises(ConfigError, match=message):
        translator.translate_html(["eins"], **options)


def test_texts_that_are_none_are_refused(translator):
    with pytest.raises((ConfigError, DataError), match="texts"):
        translator.translate_html("<p>eins</p>")


def test_a_model_without_attention_guesses_where_tags_go_and_says_so(caplog):
    caplog.set_level(logging.WARNING)
    with Translator(DATA / "tiny-0.1.0.onnx", threads=1) as translator:
        documents = translator.translate_html(["<p><b>eins</b> zwei <code>x</code></p>"])
    assert documents == ["<p><b>one</b> two <code>x</code></p>"]
    assert "1 of 1 blocks have tags around words that were guessed" in caplog.text


def test_what_could_not_be_read_is_said_once(translator, caplog):
    caplog.set_level(logging.WARNING)
    assert translator.translate_html(["<p>eins</p><!-- zwei", "<p>eins</p>"]) == [
        "<p>one</p><!-- zwei",
        "<p>one</p>",
    ]
    assert "1 of 2 documents end within a comment" in caplog.text


def test_xml_is_translated_with_its_placeholders(translator):
    markup = Markup(kind="xml", ignore_tags=["x"])
    source = '<g id="1">eins</g> <x id="5"></x>'
    (document,) = translator.translate_html([source], markup=markup)
    assert document.count('<x id="5"></x>') == 1
    assert '<g id="1">one</g>' in document


HOSTILE = [
    "<" * 5000,
    "\0<p>\0eins\0</p>",
    "<p>eins\ud800</p>",
    "<b>" * 5000 + "eins",
    "&#x110000;",
]


@pytest.mark.parametrize(
    "source", HOSTILE, ids=["marks", "NUL", "surrogate", "deep", "no character"]
)
def test_hostile_documents_end_in_a_translation(translator, source):
    (document,) = translator.translate_html([source])
    assert isinstance(document, str)
