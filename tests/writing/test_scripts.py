"""Scripts that have no blanks between words."""

import pytest

from s2s.writing import scripts
from s2s.writing.scripts import script_without_blanks


@pytest.mark.parametrize(
    ("script", "characters"),
    [
        ("han", "我々〇〆〡㐀\uf900\U00020000\U00030000"),
        ("bopomofo", "ㄅㆠ"),
        ("kana", "あがアヴー・〱ㇰｱﾞ\U0001b000"),
        ("thai", "กี่๑๛"),
        ("lao", "ກີ່໑"),
        ("khmer", "កើ១។᧠"),
        ("myanmar", "ကို၁။ꩠ"),
        ("tibetan", "ཀི༡་"),
        ("cjk", "\u3000、。「」，！？（）ＡａＺ１｡"),
        ("", "aß1 .!?…–\"'éДא۰ب한ㄱᄀﾡ㈀㉠།༎ﬁﷺ\ufe0f\0\U0010ffff"),
    ],
)
def test_scripts_without_blanks_are_known_by_each_of_their_characters(script, characters):
    assert {script_without_blanks(character) for character in characters} == {script}


def test_scripts_without_blanks_are_listed_in_order():
    ends = [end for first, last, _ in scripts._WITHOUT_BLANKS for end in (first, last)]
    assert ends == sorted(ends)
