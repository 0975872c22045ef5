"""DeepL's API for texts: clients of DeepL understand every answer."""

import json

import pytest

pytest.importorskip("starlette")
pytest.importorskip("httpx2")

from paths import DATA
from served import serving

from s2s.serve.placeholders import PLACEHOLDERS
from s2s.translate.markup.options import Markup

KEY = "a-key"


@pytest.fixture(scope="module")
def client():
    model = DATA / "tiny.onnx"
    with serving(model, f"en:no={model}", f"en:pt-BR={model}") as running:
        yield running


def translate(client, **fields):
    asked = {"text": ["eins zwei"], "source_lang": "DE", "target_lang": "EN"} | fields
    return client.post("/v2/translate", content=json.dumps(asked))


def test_texts_come_back_in_order(client):
    response = translate(client, text=["eins zwei", "", "drei", "drei"])
    assert response.status_code == 200
    translations = response.json()["translations"]
    assert [each["text"] for each in translations] == ["one two", "", "three", "three"]
    assert {each["detected_source_language"] for each in translations} == {"DE"}
    assert [each["billed_characters"] for each in translations] == [9, 0, 4, 4]


def test_forms_are_read_as_json_is(client):
    fields = {"source_lang": "DE", "target_lang": "EN"}
    one = client.post("/v2/translate", data=fields | {"text": "eins"})
    two = client.post("/v2/translate", data=fields | {"text": ["eins", "zwei"]})
    assert [each["text"] for each in one.json()["translations"]] == ["one"]
    assert [each["text"] for each in two.json()["translations"]] == ["one", "two"]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("DE", "EN-GB"),
        ("de", "en-us"),
        ("DE-AT", "EN"),
        ("EN", "NB"),
        ("EN", "PT-BR"),
        ("EN", "PT-PT"),
        ("EN", "PT"),
    ],
)
def test_variants_of_a_language_are_translated_by_its_model(client, source, target):
    response = translate(client, source_lang=source, target_lang=target)
    assert response.status_code == 200
    assert response.json()["translations"][0]["detected_source_language"] == source[:2].upper()


def test_a_missing_source_is_detected_for_each_text(client):
    pytest.importorskip("py3langid")
    texts = ["Two dogs are running over the street.", "A man is in the house with a woman."]
    response = translate(client, text=texts, source_lang=None, target_lang="NB")
    found = response.json()["translations"]
    assert [each["detected_source_language"] for each in found] == ["EN", "EN"]


def test_languages_have_the_codes_that_deepl_has(client):
    sources = client.get("/v2/languages").json()
    assert [each["language"] for each in sources] == ["DE", "EN"]
    assert sources[0] == {"language": "DE", "name": "German", "supports_formality": False}
    targets = client.get("/v2/languages?type=target").json()
    assert [each["language"] for each in targets] == ["EN-GB", "EN-US", "NB", "PT-BR"]
    in_body = client.request("GET", "/v2/languages", data={"type": "target"})
    assert in_body.json() == targets  # the official client's way


def test_every_listed_target_can_be_translated_to(client):
    for target in client.get("/v2/languages?type=target").json():
        source = "DE" if target["language"].startswith("EN") else "EN"
        response = translate(client, source_lang=source, target_lang=target["language"])
        assert response.status_code == 200


def test_usage_grows_by_the_characters_of_the_texts(client):
    before = client.get("/v2/usage").json()
    translate(client, text=["vier", "fünf"])
    after = client.get("/v2/usage").json()
    assert after["character_count"] - before["character_count"] == 8
    assert after["character_limit"] == before["character_limit"] > after["character_count"]


def test_there_are_no_glossaries(client):
    assert client.get("/v2/glossaries").json() == {"glossaries": []}
    assert client.get("/v2/glossary-language-pairs").json() == {"supported_languages": []}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"text": None}, "Parameter 'text' not specified"),
        ({"text": []}, "Parameter 'text' not specified"),
        ({"text": [1]}, "Value for 'text' not supported"),
        ({"text": {"a": "b"}}, "Value for 'text' not supported"),
        ({"target_lang": None}, "Parameter 'target_lang' not specified"),
        ({"target_lang": "JA"}, "JA is not supported"),
        ({"target_lang": ["EN"]}, "target_lang is not text"),
        ({"source_lang": "XX"}, "XX is not supported"),
        ({"target_lang": "\ud800"}, r"\ud800 is not supported"),
        ({"tag_handling": "rtf"}, "tag_handling rtf is not supported"),
        ({"ignore_tags": 7}, "Value for 'ignore_tags' not supported"),
        ({"ignore_tags": ["x", 7]}, "Value for 'ignore_tags' not supported"),
        ({"glossary_id": "g"}, "glossary_id is not supported"),
        ({"style_id": "s"}, "style_id is not supported"),
        ({"formality": "more"}, "formality more is not supported"),
        ({"text": ["a\0b"]}, "text 1 has NUL"),
        ({"text": ["a", "\udc00"]}, "text 2 has a lone surrogate"),
        ({"text": ["a"] * 1001}, "1001 texts"),
        ({"text": ["a" * 10_001]}, "10001 characters"),
    ],
)
def test_a_wrong_request_is_a_message(client, fields, words):
    response = translate(client, **fields)
    assert response.status_code == 400
    assert set(response.json()) == {"message"}
    assert words in response.json()["message"]


@pytest.mark.parametrize("ignore", ["x", ["x"], "code,x", ["code", " x "]])
def test_ignored_tags_are_kept_with_what_is_in_them(client, translator, ignore):
    text = 'eins <x id="7">zwei</x> &lt; <x/> drei'
    response = translate(client, text=[text], tag_handling="xml", ignore_tags=ignore)
    markup = Markup(kind="xml", ignore_tags=["x", "code"])
    assert [each["text"] for each in response.json()["translations"]] == translator.translate_html(
        [text], markup=markup, keep=PLACEHOLDERS
    )
    assert '<x id="7">zwei</x>' in response.text.replace("\\", "")


def test_html_is_read_as_html(client, translator):
    text = "<p>eins</p><script>zwei</script><p>drei <b>vier</b>"
    response = translate(client, text=[text], tag_handling="html")
    translation = response.json()["translations"][0]["text"]
    assert [translation] == translator.translate_html([text], keep=PLACEHOLDERS)
    assert "<p>one</p><script>zwei</script><p>three" in translation


def test_a_text_that_is_in_the_target_language_stays_as_it_is(client):
    pytest.importorskip("py3langid")
    text = "Two dogs are running over the street."
    response = translate(client, text=[text, "Zwei Hunde laufen."], source_lang=None)
    found = response.json()["translations"]
    assert found[0]["text"] == text
    assert [each["detected_source_language"] for each in found] == ["EN", "DE"]


@pytest.mark.parametrize("formality", [None, "default", "prefer_more", "prefer_less"])
def test_wishes_and_unknown_fields_are_ignored(client, formality):
    response = translate(client, formality=formality, context="c", split_sentences="0", other={})
    assert response.json()["translations"][0]["text"] == "one two"


def test_a_key_is_read_from_header_or_field(tiny):
    with serving(tiny, keys=[KEY]) as client:
        for path in ("languages", "usage", "glossaries", "glossary-language-pairs"):
            response = client.get(f"/v2/{path}")
            assert response.status_code == 403
            assert response.json() == {"message": "Invalid API key"}
            right = {"Authorization": f"DeepL-Auth-Key {KEY}"}
            assert client.get(f"/v2/{path}", headers=right).status_code == 200
        assert translate(client).status_code == 403
        assert translate(client, auth_key="another").status_code == 403
        assert translate(client, auth_key=KEY).status_code == 200
        for scheme in ("DeepL-Auth-Key", "deepl-auth-key", "Bearer"):
            client.headers["Authorization"] = f"{scheme} {KEY}"
            assert translate(client).status_code == 200
            client.headers["Authorization"] = f"{scheme} {KEY}x"
            assert translate(client, auth_key=KEY).status_code == 403
