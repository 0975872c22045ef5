import pytest

from s2s.errors import ConfigError
from s2s.tokenizer.tags import choose_tag

TAGS = ("<2de>", "<2eng_Latn>", "<2pt-BR>", "<2zh-Hans>", "<2zh-Hant>")


@pytest.mark.parametrize(
    ("to", "tag"),
    [
        ("de", "<2de>"),
        ("DE", "<2de>"),
        ("deu", "<2de>"),
        ("pt-br", "<2pt-BR>"),
        ("pt_BR", "<2pt-BR>"),
        ("eng-Latn", "<2eng_Latn>"),
        ("ZH_HANT", "<2zh-Hant>"),
        (None, None),
    ],
)
def test_a_code_may_be_typed_in_any_case_and_with_either_mark(to, tag):
    assert choose_tag(to, TAGS) == tag


@pytest.mark.parametrize("to", ["zh", "pt", "pt-PT", "en", "", "2de", 3])
def test_another_region_or_script_is_another_language(to):
    with pytest.raises(ConfigError, match="expected a language of the model: de, eng_Latn, pt-BR"):
        choose_tag(to, TAGS)


def test_the_code_as_the_model_has_it_comes_first():
    assert choose_tag("de", ("<2DE>", "<2de>")) == "<2de>"
    with pytest.raises(ConfigError, match="expected a language of the model"):
        choose_tag("De", ("<2DE>", "<2de>"))
