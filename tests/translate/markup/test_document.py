"""A document keeps its tags, wherever the alignment puts them."""

from collections import Counter

import pytest
from documents import HTML, copied, finish, swapped, translation

from s2s.errors import ConfigError
from s2s.translate.markup.document import Document
from s2s.translate.markup.options import Markup


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ("<p>eins</p> <div>zwei<br>drei</div>", ["eins", "zwei", "drei"]),
        ("<ul><li>eins<li>zwei</ul>", ["eins", "zwei"]),
        ("eins\nzwei", ["eins\nzwei"]),
        ("<p>eins\n  zwei</p>", ["eins zwei"]),
        ("eins <b>zwei</b>drei", ["eins zweidrei"]),
        ("eins <!-- x -->zwei", ["eins zwei"]),
        ("eins<!-- x -->zwei<img>drei<img>, vier<wbr>fünf", ["einszwei drei, vierfünf"]),
        ("&lt;b&gt; &amp; eins&nbsp;zwei<hr>", ["<b> & eins zwei"]),
        ("<pre>eins</pre><script>zwei</script><style>drei</style><p>vier", ["vier"]),
        ("<p translate=no>eins<p>zwei", ["zwei"]),
        ("<div translate=no>eins <p translate=yes>zwei</p> drei</div> vier", ["zwei", "vier"]),
        ("<div class='a notranslate'>eins</div>zwei", ["zwei"]),
        ("<pre translate=yes>eins</pre>", ["eins"]),
        ("<table><tr><td>eins<td>zwei<tr><th>drei</table>", ["eins", "zwei", "drei"]),
        ("<select><option>eins<option>zwei</select>", ["eins", "zwei"]),
        ("<p>– | –</p><p>&nbsp;</p>", []),
        ("<title>eins</title><h1>zwei</h1>", ["eins", "zwei"]),
        ("<p>eins<a href=x>@zwei</a>", ["eins\U000f0000"]),
        ("<p>eins <code>zwei</code> drei</p>", ["eins \U000f0000 drei"]),
        ("<p><code>zwei</code> <a href=x>https://drei</a></p>", []),
    ],
)
def test_a_document_has_texts(source, texts):
    assert Document(source, HTML).texts == texts


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<b>eins</b> zwei", "ZWEI <b>EINS</b>"),
        ("<b>eins <i>zwei</i></b> drei", "DREI <b><i>ZWEI</i> EINS</b>"),
        ("<b>eins</b>, zwei", "ZWEI <b>EINS</b>,"),
        ("(<b>eins</b>) zwei", "ZWEI (<b>EINS</b>)"),
        ("<b>eins zwei</b>", "<b>ZWEI EINS</b>"),
        ("<b>eins <img> zwei</b> drei", "DREI <b>ZWEI EINS <img></b>"),
        ("<img> eins zwei <img>", "<img> ZWEI EINS <img>"),
        ("<b>eins</b><br><b>zwei</b> drei", "<b>EINS</b><br>DREI <b>ZWEI</b>"),
        ("<b>eins <br>zwei</b> drei", "<b>EINS <br>DREI ZWEI</b>"),
        ("eins <code>x &amp; y</code> zwei", "ZWEI <code>x &amp; y</code> EINS"),
        ("<p>\n eins <b>zwei</b>\n</p>\n", "<p>\n <b>ZWEI</b> EINS\n</p>\n"),
        ("<p>eins <b>zwei </b></p>", "<p><b>ZWEI</b> EINS </p>"),
        ("<P CLASS=x  ID='y'>eins</P >", "<P CLASS=x  ID='y'>EINS</P >"),
        ("eins &lt; zwei &#38; drei", "DREI &amp; ZWEI &lt; EINS"),
        ("<b>eins</i> zwei", "<b>ZWEI EINS</i>"),
        ("eins <a href=x>zwei drei</a> vier", "VIER <a href=x>DREI ZWEI</a> EINS"),
    ],
)
def test_tags_go_with_their_words(source, expected):
    if source.startswith("<b>eins <br>"):  # what follows the break has its own alignment
        expected = "<b>EINS <br>ZWEI</b> DREI"
        assert finish(source, lambda text: copied(text.upper())) == expected
    elif source == "<b>eins</i> zwei":  # tags without partners stay beside their neighbours
        assert Counter(finish(source, swapped)) == Counter(expected)
    else:
        assert finish(source, swapped) == expected


def test_a_span_keeps_all_its_words_if_one_of_others_is_between():
    source = "<a href=x>steht auf</a> der Mann"
    pairs = [(0, 0), (2, 1), (1, 2), (3, 3)]
    written = finish(source, lambda _: translation("stands the up man", pairs))
    assert written == "<a href=x>stands the up</a> man"


def test_a_span_leaves_out_a_word_that_is_far_away():
    pairs = [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (0, 5)]
    source = "<b>eins</b> zwei drei vier fünf"
    written = finish(source, lambda _: translation("a b c d e f", pairs))
    assert written == "<b>a</b> b c d e f"


def test_a_word_that_nothing_attends_to_gives_its_tag_to_a_neighbour():
    written = finish("<b>der</b> Hund", lambda _: translation("dog", [(1, 0)]))
    assert written == "<b>dog</b>"


def test_a_tag_around_a_sentence_stays_around_it_whatever_was_aligned():
    source = "<b>Eins zwei.</b> Drei."
    written = finish(source, lambda _: translation("So one two. Three.", [(0, 1), (2, 3)]))
    assert written == "<b>So one two.</b> Three."


def test_without_alignment_tags_take_their_share_and_this_is_counted():
    document = Document("<b>eins zwei</b> drei <i>vier</i>", HTML, gives_attention=False)
    finished = document.finish([translation("a b c d", None)])
    assert finished == "<b>a b</b> c <i>d</i>"
    assert document.num_guessed == 1


def test_without_alignment_a_tag_around_all_is_no_guess():
    document = Document("<p><b>eins zwei</b></p>", HTML, gives_attention=False)
    assert document.finish([translation("a b c", None)]) == "<p><b>a b c</b></p>"
    assert document.num_guessed == 0


def test_a_script_without_blanks_gets_tags_at_their_share():
    finished = finish("<b>eins zwei</b> drei vier", lambda _: translation("一二三四", [(0, 0)]))
    assert finished == "<b>一二</b>三四"


MENTION = (
    '<span class="h-card" translate="no"><a href="https://m.example/@bob" class="u-url mention">'
    "@<span>bob</span></a></span>"
)
LINK = (
    '<a href="https://example.com/xy" rel="nofollow"><span class="invisible">https://</span>'
    '<span class="ellipsis">example.com/x</span><span class="invisible">y</span></a>'
)
HASHTAG = '<a href="https://m.example/tags/cats" class="mention hashtag">#<span>cats</span></a>'
DISCOURSE = (
    '<aside class="quote" data-post="1"><div class="title"></div>'
    '<blockquote><p>Eins <img src="/smile.png" class="emoji"></p></blockquote></aside>'
    '<p>Zwei <a class="mention" href="/u/bob">@bob</a></p><pre><code class="lang-py">x = 1\n</code>'
    '</pre><a class="hashtag-cooked" href="/c/1"><svg></svg><span>drei</span></a>'
)


@pytest.mark.parametrize("unit", [MENTION, LINK, HASHTAG, MENTION.replace(' translate="no"', "")])
def test_what_names_somebody_or_something_in_a_post_is_carried_over(unit):
    written = finish(f"<p>Eins {unit} zwei <b>drei</b> {unit}!</p>", swapped)
    assert written == f"<p>{unit}! <b>DREI</b> ZWEI {unit} EINS</p>"


def test_a_post_of_a_forum_keeps_all_but_its_words():
    assert finish(DISCOURSE, lambda text: copied(text.upper())) == DISCOURSE.replace(
        "<p>Eins", "<p>EINS"
    ).replace("<p>Zwei", "<p>ZWEI")


@pytest.mark.parametrize(
    ("source", "texts", "expected"),
    [
        ("eins 10<sup>3</sup> drei", ["eins 10 drei"], "DREI 10<sup>3</sup> EINS"),
        ("eins<sup><a>[a]</a></sup> zwei", ["eins zwei"], "ZWEI EINS<sup><a>[a]</a></sup>"),
        ("eins <sup>1</sup> zwei", ["eins zwei"], "ZWEI EINS <sup>1</sup>"),
        ("die 1<sup>te</sup> zwei", ["die 1te zwei"], "ZWEI <sup>1TE</sup> DIE"),
        ("H<sub>2</sub>O eins", ["\U000f0000 eins"], "EINS H<sub>2</sub>O"),
        ("eins C<sub>6</sub>H<sub>12</sub>O<sub>6</sub>", ["eins \U000f0000"], None),
        ("CO<SUB>2</SUB>, eins", ["\U000f0000, eins"], None),
        ("eins &copy<sub>2</sub>a", ["eins ©a"], None),
        ("<sub>2</sub>eins", ["eins"], "<sub>2</sub>EINS"),
        ("eins <sub>zwei</sub>", ["eins zwei"], "<sub>ZWEI</sub> EINS"),
    ],
)
def test_an_index_stays_with_its_word_or_its_formula(source, texts, expected):
    assert Document(source, HTML).texts == texts
    assert expected is None or finish(source, swapped) == expected


def test_names_of_xml_make_no_index():
    assert Document("<r>eins 10<sup>3</sup></r>", Markup(kind="xml")).texts == ["eins 103"]


@pytest.mark.parametrize("raw", ['<x id="5"></x>', '<x id="5"/>', "<x id=5>drei</x>"])
def test_elements_to_ignore_are_carried_over_as_words(raw):
    for kind in ("html", "xml"):
        markup = Markup(kind=kind, ignore_tags=["x"])
        written = finish(f"eins {raw} zwei", swapped, markup)
        assert written == f"ZWEI {raw} EINS"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("eins <p>zwei</p> <code>drei</code>", "<code>DREI</code> <p>ZWEI</p> EINS"),
        ("<r>\n <p>eins zwei</p>\n <q>drei</q></r>", "<r>\n <p>ZWEI EINS</p>\n <q>DREI</q></r>"),
        ("<p>eins <b><i>zwei</i></b></p>", "<p><b><i>ZWEI</i></b> EINS</p>"),
        ("<B>eins</B> <br/> <b>zwei</b>", "<B>EINS</B> <br/> <b>ZWEI</b>"),
        (
            "<?xml version='1.0'?><r t='&#10;'>eins</r>",
            "<?xml version='1.0'?><r t='&#10;'>EINS</r>",
        ),
        ("<r><![CDATA[eins <b>]]></r>", "<r><![CDATA[eins <b>]]></r>"),
    ],
)
def test_in_xml_an_element_beside_text_is_within_the_text(source, expected):
    assert finish(source, swapped, Markup(kind="xml")) == expected


def test_characters_that_mean_a_place_are_carried_over_themselves():
    source = "<p>eins \U000f0000 <code>x</code> \U000f0001 zwei</p>"
    assert finish(source) == source


def test_characters_that_mean_a_place_stay_in_attributes_and_comments():
    source = '<p><b title="\U000f0000">eins</b> <code>x</code> <!-- \U000f0000 --> zwei</p>'
    assert finish(source) == source


def test_a_place_that_the_translation_lost_is_written_at_the_end():
    finished = finish("eins <code>x</code>", lambda _: translation("one", []))
    assert finished == "one<code>x</code>"


@pytest.mark.parametrize(
    "markup",
    [{"kind": "sgml"}, {"ignore_tags": "x"}, {"ignore_tags": [""]}, {"ignore_tags": [1]}],
)
def test_markup_that_is_none_is_refused(markup):
    with pytest.raises(ConfigError, match="Markup: "):
        Markup(**markup)


@pytest.mark.parametrize(
    ("entity", "text"),
    [
        *[("&#x110000;", "\ufffd"), ("&#" + "9" * 10_000 + ";", "\ufffd"), ("&#0;", "\ufffd")],
        *[("&#00000000000000000000000000000065;", "A"), ("&eacute;", "é"), ("&bogus;", "&bogus;")],
        *[("&amp;lt;", "&lt;"), ("&#xD800;", "\ufffd"), ("&", "&")],
    ],
)
def test_an_entity_is_decoded_or_is_a_replacement(entity, text):
    assert Document(f"<p>eins {entity}</p>", HTML).texts == [f"eins {text}"]
