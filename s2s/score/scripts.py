"""Scripts that put no blank between words: told by the text itself, not by a language's name."""

import unicodedata
from collections import Counter
from collections.abc import Sequence

_HAN = ("CJK ", "BOPOMOFO ")
_OTHERS = ("HIRAGANA ", "KATAKANA ", "THAI ", "LAO ", "KHMER ", "MYANMAR ", "TIBETAN ")


def written_without_blanks(texts: Sequence[str]) -> bool:
    """Whether most letters are of scripts that put no blank between words, such as Chinese."""
    return bleu_tokenizer(texts) != "13a"


def bleu_tokenizer(references: Sequence[str]) -> str:
    """Returns the tokenizer of sacrebleu that finds words, or what stands for them, in a text.

    ``13a``, sacrebleu's default, takes a whole sentence for a word where no blanks are written.
    ``zh`` makes each Chinese character a word, as is usual for Chinese, and knows no other such
    script, so those get ``char``, Japanese among them: its kana are a fifth of its letters or more.
    """
    letters = _letters(references)
    if letters["han"] + letters["others"] <= letters["with blanks"]:
        return "13a"
    return "zh" if letters["han"] > 4 * letters["others"] else "char"


def _letters(texts: Sequence[str]) -> Counter[str]:
    """Counts letters by how their script is written."""
    letters = Counter[str]()
    for char, count in Counter("".join(texts)).items():
        if char.isalpha():
            name = unicodedata.name(char, "")
            known = "han" if name.startswith(_HAN) else "others"
            letters[known if name.startswith((*_HAN, *_OTHERS)) else "with blanks"] += count
    return letters
