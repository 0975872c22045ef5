"""The columns of a file that are source and target: ``1,2``, ``word,phones``, ``a+b,c``."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from s2s.errors import ConfigError, with_option
from s2s.writing.languages import is_language_code, same_code

_USUAL = (
    "src,tgt src,trg source,target source_text,target_text source_sentence,target_sentence "
    "sentence1,sentence2 input,output input,target inputs,targets inputs,outputs input_text,"
    "target_text x,y text,label sentence,label text,labels text,summary document,summary "
    "article,highlights question,answer question,query question,sql query,sql prompt,completion "
    "prompt,response instruction,output instruction,response word,phones word,phonemes word,ipa "
    "word,pronunciation grapheme,phoneme graphemes,phonemes spelling,pronunciation mr,ref "
    "meaning_representation,human_reference lemma,form before,after raw,normalized "
    "written,spoken incorrect,correct original,corrected complex,simple nl,cmd nl,code "
    "english,logic reactants,product reactants,products"
)
USUAL_NAMES = tuple(tuple(names.split(",")) for names in _USUAL.split())
"""Names of source and target that files often have."""
_WORDS = {name for names in USUAL_NAMES for name in names} | {
    *("id", "features", "tags", "morph", "feats", "msd", "score", "split", "references", "refs")
}
_FEATURES = re.compile(
    r"(N|V|ADJ|ADV|PRO|DET|ADP|NUM|V\.PTCP|V\.CVB|V\.MSDR|PROPN|AUX|CLF|COMP|CONJ|INTJ|PART|ART)"
    r"([;,.][^\s;,]+)*"
)
"""Features of a word form as UniMorph and SIGMORPHON write them: ``V;PST;3;SG``."""


class Columns(NamedTuple):
    """Names, or numbers from 1, of the columns that make up each side, joined by blanks."""

    src: tuple[str, ...]
    tgt: tuple[str, ...]

    def __str__(self) -> str:
        return f"{'+'.join(self.src)},{'+'.join(self.tgt)}"

    @property
    def has_names(self) -> bool:
        """Whether a column is named, not numbered."""
        return not all(map(str.isdecimal, (*self.src, *self.tgt)))


FIRST_TWO = Columns(("1",), ("2",))


def parse_columns(text: str) -> Columns:
    """Reads ``SRC,TGT``, each a column or several that are joined with ``+``.

    Raises:
        ConfigError: If the text has another form.
    """
    sides = [tuple(name.strip() for name in side.split("+")) for side in text.split(",")]
    if len(sides) != 2 or not all(map(all, sides)):
        raise ConfigError(
            f"{with_option('columns')} is {text!r}; expected the column of the source, a comma, "
            "and that of the target, for example 1,2 or word,phones, or 1+3,2 to join two columns"
        )
    if any(name.isdecimal() and int(name) < 1 for side in sides for name in side):
        raise ConfigError(f"{with_option('columns')} is {text!r}; columns are counted from 1")
    return Columns(*sides)


def usual_columns(names: Sequence[str], languages: tuple[str, str] | None = None) -> Columns | None:
    """Returns the source and the target among the names of columns, if they have usual names.

    Usual names are ``USUAL_NAMES``, or codes of languages if there are two; ``lemma`` and
    ``form`` are joined by ``features`` or ``tags``. Names may be paths, such as ``translation.en``.

    Args:
        names: Names in the order of the file.
        languages: Codes of source and target that the names may be instead.
    """
    by_name = {name.strip().lower(): name for name in reversed(names)}
    codes = [name for name in names if is_code(name)]
    if languages is not None:
        wanted = [same_code(language) for language in languages]
        found = {same_code(name.rpartition(".")[2].strip()): name for name in reversed(names)}
        if all(code in found for code in wanted):
            return Columns((found[wanted[0]],), (found[wanted[1]],))
    for src, tgt in USUAL_NAMES:
        if src in by_name and tgt in by_name:
            more = ("features", "tags", "feats", "msd", "morph") if src == "lemma" else ()
            joined = [by_name[name] for name in more if name in by_name][:1]
            return Columns((by_name[src], *joined), (by_name[tgt],))
    for before in dict.fromkeys(code.rpartition(".")[0] for code in codes):
        group = [code for code in codes if code.rpartition(".")[0] == before]
        if len(group) > 2:
            group = [code for code in group if code.lower() != "id"]  # Indonesian, or a number
        if len(group) == 2:
            return Columns((group[0],), (group[1],))
    return None


def are_names(cells: Sequence[str]) -> bool:
    """Whether all cells are usual names of columns, so that their line is a header."""
    return all(cell.strip().lower() in _WORDS or is_code(cell) for cell in cells)


def is_code(name: str) -> bool:
    """Whether a name is a language code; most words of three letters look like one, and are not."""
    code = name.rpartition(".")[2].strip()
    return is_language_code(code) and (len(code) == 2 or "-" in code or "_" in code)


def inflection_columns(rows: Sequence[Sequence[str]]) -> Columns | None:
    """Returns lemma with features, and form, if the rows are those of a task of inflection.

    They have three columns, and one but the first holds features, as in SIGMORPHON's files.
    """
    if not rows or any(len(row) != 3 for row in rows):
        return None
    for features, form in ((2, 1), (1, 2)):
        cells = [row[features].strip() for row in rows]
        if any(";" in cell for cell in cells) and all(map(_FEATURES.fullmatch, cells)):
            return Columns(("1", str(features + 1)), (str(form + 1),))
    return None
