"""DeepL's own client gets right answers."""

import pytest

pytestmark = pytest.mark.clients
deepl = pytest.importorskip("deepl")


@pytest.fixture(params=["DeepLClient", "Translator"])
def client(request, server_with_key):
    return getattr(deepl, request.param)("a-key", server_url=server_with_key.url)


def test_texts_are_translated(client, expected):
    results = client.translate_text(list(expected), source_lang="EN", target_lang="ES")
    assert [result.text for result in results] == list(expected.values())
    assert {result.detected_source_lang for result in results} == {"EN"}
    assert results[0].billed_characters == len(next(iter(expected)))


def test_a_single_text_is_a_single_result(client, expected):
    text = next(iter(expected))
    result = client.translate_text(text, source_lang="en", target_lang="es")
    assert result.text == expected[text]


@pytest.mark.parametrize("target", ["EN-GB", "EN-US"])
def test_variants_of_a_target_are_served_by_its_language(client, target):
    assert client.translate_text("drei", source_lang="DE", target_lang=target).text == "three"


def test_the_source_is_detected(client):
    result = client.translate_text("Two dogs run over the street and bark.", target_lang="ES")
    assert result.detected_source_lang == "EN"


def test_languages_are_listed(client):
    assert {language.code for language in client.get_source_languages()} == {"EN", "DE"}
    targets = {language.code for language in client.get_target_languages()}
    assert targets == {"ES", "EN-GB", "EN-US"}


def test_usage_has_no_limit_that_is_reached(client):
    usage = client.get_usage()
    assert usage.character.count is not None
    assert not usage.any_limit_reached


def test_a_wrong_key_is_an_authorization_error(server_with_key):
    wrong = deepl.DeepLClient("another", server_url=server_with_key.url)
    with pytest.raises(deepl.AuthorizationException):
        wrong.translate_text("Hello", source_lang="EN", target_lang="ES")
    with pytest.raises(deepl.AuthorizationException):
        wrong.get_usage()


def test_a_pair_that_is_not_served_is_one_clear_error(client):
    with pytest.raises(deepl.DeepLException, match="not supported"):
        client.translate_text("Hello", source_lang="EN", target_lang="JA")


@pytest.mark.parametrize("handling", ["html", "xml"])
def test_tags_stay_around_their_words(client, handling):
    text = "<p>A <b>dog</b> runs.</p>" if handling == "html" else "A dog <x>{name}</x> runs."
    options = {"tag_handling": handling, "ignore_tags": ["x"]}
    result = client.translate_text(text, source_lang="EN", target_lang="ES", **options)
    for tag in ("<p>", "<b>", "</b>", "</p>") if handling == "html" else ("<x>{name}</x>",):
        assert result.text.count(tag) == 1
