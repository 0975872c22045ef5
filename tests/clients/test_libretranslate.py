"""Clients of LibreTranslate get right answers."""

import pytest

pytestmark = pytest.mark.clients


def test_libretranslatepy_translates_detects_and_lists(server, expected):
    client = pytest.importorskip("libretranslatepy").LibreTranslateAPI(server.url)
    for text, translation in expected.items():
        assert client.translate(text, "en", "es") == translation
    languages = {language["code"]: language["targets"] for language in client.languages()}
    assert languages["en"] == ["es"]
    assert languages["de"] == ["en"]
    found = client.detect("Two dogs run over the street and bark.")
    assert found[0]["language"] == "en"
    assert 50 < found[0]["confidence"] <= 100


def test_libretranslatepy_sends_a_key(server_with_key, expected):
    from urllib.error import HTTPError

    package = pytest.importorskip("libretranslatepy")
    text = next(iter(expected))
    client = package.LibreTranslateAPI(server_with_key.url, api_key="a-key")
    assert client.translate(text, "en", "es") == expected[text]
    with pytest.raises(HTTPError) as wrong:
        package.LibreTranslateAPI(server_with_key.url, api_key="another").translate(text)
    assert wrong.value.code == 403


def test_deep_translator_translates(server, expected):
    package = pytest.importorskip("deep_translator")
    options = {"source": "en", "target": "es", "api_key": "none", "custom_url": f"{server.url}/"}
    client = package.LibreTranslator(**options)
    for text, translation in expected.items():
        assert client.translate(text) == translation
    assert client.translate_batch(list(expected)) == list(expected.values())


def test_deep_translator_understands_a_wrong_key(server_with_key):
    package = pytest.importorskip("deep_translator")
    options = {"api_key": "wrong", "custom_url": f"{server_with_key.url}/"}
    with pytest.raises(package.exceptions.AuthorizationException):
        package.LibreTranslator(source="en", target="es", **options).translate("Hello")
