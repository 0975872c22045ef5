import pytest

from s2s.writing.languages import is_language_code, language_of, primary, same_code


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("data/train.en", "en"),
        ("train.en.gz", "en"),
        ("train.pt_BR", "pt_BR"),
        ("train.eng_Latn", "eng_Latn"),
        ("train.zh-Hans.gz", "zh-Hans"),
        ("train.es-419", "es-419"),
        ("train.sr-Latn-RS", "sr-Latn-RS"),
        ("train.de-1996", "de-1996"),
        ("train.DE", "DE"),
        ("train.en_XX", "en_XX"),
        ("train.hsb", "hsb"),
        ("train.bak_Cyrl", "bak_Cyrl"),
        ("a.b/train.tok.de", "de"),
        ("train.csv", None),
        ("train.src", None),
        ("train.tok", None),
        ("train.bpe", None),
        ("train.txt", None),
        ("train.lower", None),
        ("train.clean", None),
        ("train.en.txt.gz", None),
        ("train.xx", "xx"),
        ("train.lc", None),
        ("train.TC.gz", None),
        ("train.gz.xz", None),
        ("train.en-test", None),
        ("train.en-lower", None),
        ("train.bak", None),
        ("train.gz", None),
        ("train", None),
        (".en", None),
        ("en", None),
    ],
)
def test_the_ending_of_a_file_name_is_a_language_or_none(path, code):
    assert language_of(path) == code


@pytest.mark.parametrize(
    ("one", "other"),
    [("pt-BR", "pt_br"), ("deu", "de"), ("ger_Latn", "de-latn"), ("ZH-HANS", "zh-Hans")],
)
def test_two_spellings_are_the_same_code(one, other):
    assert same_code(one) == same_code(other)


@pytest.mark.parametrize(("one", "other"), [("pt-BR", "pt"), ("zh-Hans", "zh-Hant"), ("de", "nl")])
def test_codes_of_other_languages_scripts_or_regions_differ(one, other):
    assert same_code(one) != same_code(other)


def test_the_language_of_a_code_is_its_shortest_name():
    codes = ["de", "deu", "de-AT", "DE_at", "zh-Hans-CN", "hsb", "cmn_Hant"]
    assert [primary(code) for code in codes] == ["de", "de", "de", "de", "zh", "hsb", "zh"]


@pytest.mark.parametrize(
    "text", ["", "e", "en-", "-en", "en--US", "english", "en.US", "e1", "<2de>"]
)
def test_other_texts_are_no_codes(text):
    assert not is_language_code(text)
