"""How BLEU finds words: decided by the letters of the text, not by the name of a language."""

from collections import Counter
from collections.abc import Sequence

from s2s.writing.scripts import script_without_blanks


def written_without_blanks(texts: Sequence[str]) -> bool:
    """Whether most letters are of scripts without blanks between words, such as Chinese."""
    return bleu_tokenizer(texts) != "13a"


def bleu_tokenizer(references: Sequence[str]) -> str:
    """Returns the tokenizer of sacrebleu that suits the script of the references.

    ``13a``, sacrebleu's default, would take a whole sentence without blanks for one word. ``zh``
    makes each Chinese character a word, as is usual for Chinese. It knows no other script without
    blanks, so all others get ``char``. Japanese does too: at least a fifth of its letters are kana.
    """
    letters = _count_letters(references)
    chinese = letters["han"] + letters["bopomofo"]
    with_blanks = letters[""] + letters["cjk"]  # "cjk": Latin letters of full width
    others = letters.total() - chinese - with_blanks
    if chinese + others <= with_blanks:
        return "13a"
    return "zh" if chinese > 4 * others else "char"


def _count_letters(texts: Sequence[str]) -> Counter[str]:
    """Counts letters by ``script_without_blanks``."""
    letters = Counter[str]()
    for character, count in Counter("".join(texts)).items():
        if character.isalpha():
            letters[script_without_blanks(character)] += count
    return letters
