import pytest

from s2s.score.scripts import bleu_tokenizer, written_without_blanks


@pytest.mark.parametrize(
    ("text", "tokenizer"),
    [
        ("Ein Hund läuft.", "13a"),
        ("한국어에는 띄어쓰기가 있다.", "13a"),
        ("我们走吧。", "zh"),
        ("人々", "zh"),
        ("犬が走る。", "char"),
        ("コーヒー", "char"),
        ("ﾊﾝｶｸ", "char"),
        ("สวัสดีครับ", "char"),
        ("ສະບາຍດີ", "char"),
        ("សួស្តី", "char"),
        ("မင်္ဂလာပါ", "char"),
        ("བཀྲ་ཤིས", "char"),
        ("ＡＢＣ Ａ", "13a"),
        ("我们 write English here", "13a"),
        ("12 !?", "13a"),
        ("", "13a"),
    ],
)
def test_bleu_s_words_depend_on_the_script_of_most_letters(text, tokenizer):
    assert bleu_tokenizer([text]) == tokenizer
    assert written_without_blanks([text]) is (tokenizer != "13a")
