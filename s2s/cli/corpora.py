"""Reads names of corpora from the command line: ``data/news:en-de=2``, ``data/news:en-pt-BR``."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from s2s.compression import COMPRESSIONS, without_ending
from s2s.corpus.config import CorpusConfig
from s2s.corpus.pair_file import open_pair_file
from s2s.corpus.rows import Form
from s2s.errors import ConfigError, FileError, printable
from s2s.files import resolve
from s2s.writing.languages import is_language_code, same_code

_NAME = re.compile(r"(?P<prefix>.+):(?P<pair>[\w-]+-[\w-]+)(=(?P<weight>[^=]*))?")


class NamedCorpus(NamedTuple):
    """A corpus and its languages."""

    config: CorpusConfig
    src_language: str
    tgt_language: str


def parse_corpus(name: str, columns: str | None = None, form: Form | None = None) -> NamedCorpus:
    """Reads ``PREFIX:SRC-TGT`` or ``PREFIX:SRC-TGT=WEIGHT``.

    The files are ``PREFIX.SRC`` and ``PREFIX.TGT``, or the same with ``.gz``, ``.xz``, ``.bz2`` or
    ``.zst``. Their codes may differ from the given ones in case, and in ``-`` and ``_``. If codes
    have hyphens, as in ``en-pt-BR``, the files that exist decide where one ends. If there is none
    of them and ``PREFIX`` is a file, it has both sides.

    Args:
        name: The name.
        columns: Columns of a file with both sides. None: those named ``SRC`` and ``TGT``, or as
            ``open_pair_file`` finds them.
        form: Form of such a file.

    Raises:
        ConfigError: If ``name`` has another form, or can be read in two ways.
        DataError: If the columns of a file with both sides cannot be told.
        FileError: If there is no such file, or there are several.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise ConfigError(
            f"the corpus {name!r} has the wrong form; expected PREFIX:SRC-TGT or "
            "PREFIX:SRC-TGT=WEIGHT, for example data/news:en-de=2, which reads data/news.en and "
            "data/news.de twice per epoch"
        )
    try:
        weight = float(match["weight"] or 1)
    except ValueError as error:
        raise ConfigError(
            f"the corpus {name!r} has the weight {match['weight']!r}; expected a number"
        ) from error
    prefix, pairs = match["prefix"], list(_pairs(match["pair"]))
    codes = {code for pair in pairs for code in pair}
    if resolve(prefix).is_file() and not any(_candidates(prefix, code) for code in codes):
        languages = _only_pair(name, pairs)
        path = str(resolve(prefix))
        layout = open_pair_file(path, columns, form, languages).layout
        config = CorpusConfig(
            pairs=path,
            columns=columns if layout is None else str(layout.columns),
            pairs_format=form,
            weight=weight,
        )
        return NamedCorpus(config, *languages)
    src_language, tgt_language = _choose_pair(name, prefix, pairs)
    src, tgt = (_file(prefix, language) for language in (src_language, tgt_language))
    return NamedCorpus(CorpusConfig(src=src, tgt=tgt, weight=weight), src_language, tgt_language)


def tagged(*groups: Sequence[NamedCorpus]) -> tuple[tuple[CorpusConfig, ...], ...]:
    """Returns groups of corpora with tags, ``<2de>``, if they have several target languages.

    Of several spellings of a code, the tag has the first.
    """
    codes: dict[str, str] = {}
    for group in groups:
        for corpus in group:
            codes.setdefault(same_code(corpus.tgt_language), corpus.tgt_language)
    return tuple(
        tuple(
            replace(corpus.config, tag=f"<2{codes[same_code(corpus.tgt_language)]}>")
            if len(codes) > 1
            else corpus.config
            for corpus in group
        )
        for group in groups
    )


def _only_pair(name: str, pairs: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Returns the two languages of ``SRC-TGT``: those that are codes, if there are several ways."""
    likely = (
        pairs if len(pairs) == 1 else [pair for pair in pairs if all(map(is_language_code, pair))]
    )
    if len(likely) != 1:
        raise ConfigError(
            f"the corpus {name!r} can be read in several ways; write a code that has a hyphen with "
            "an underscore, such as pt_BR"
        )
    return likely[0]


def _choose_pair(name: str, prefix: str, pairs: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Returns the two languages of ``SRC-TGT``: those with files, if there are several ways."""
    if len(pairs) == 1:
        return pairs[0]
    found = [pair for pair in pairs if all(_candidates(prefix, code) for code in pair)]
    if len(found) == 1:
        return found[0]
    likely = found or [pair for pair in pairs if all(map(is_language_code, pair))] or pairs
    ways = ", or ".join(f"{prefix}.{src} and {prefix}.{tgt}" for src, tgt in likely)
    if found:
        raise ConfigError(
            f"the corpus {name!r} may be {ways}; write the code that has a hyphen with an "
            "underscore, such as pt_BR"
        )
    raise FileError(f"the corpus {name!r} needs {printable(ways)}; there are no such files")


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yields each way to cut ``en-pt-BR`` at a hyphen into two codes."""
    for hyphen in re.finditer("-", text):
        pair = text[: hyphen.start()], text[hyphen.end() :]
        if all(code and not code.startswith("-") and not code.endswith("-") for code in pair):
            yield pair


def _candidates(prefix: str, code: str) -> list[Path]:
    """Returns the files ``PREFIX.CODE``, which may be packed: those so called, or else alike."""
    path = Path(f"{prefix}.{code}")
    exact = [path, *(path.with_name(path.name + each.ending) for each in COMPRESSIONS)]
    if existing := [path for path in exact if resolve(path).exists()]:
        return existing
    start = path.name.removesuffix(code)
    try:
        names = sorted(each.name for each in path.parent.iterdir())
    except OSError:
        return []
    return [
        path.parent / name
        for name in names
        if name.startswith(start)
        and same_code(without_ending(name).removeprefix(start)) == same_code(code)
    ]


def _file(prefix: str, code: str) -> str:
    """Returns the path of a side's file."""
    found = _candidates(prefix, code)
    if not found:
        name = f"{prefix}.{code}"
        packed = " nor ".join(f"{name}{each.ending}" for each in COMPRESSIONS)
        raise FileError(f"neither {name} nor {packed} exists")
    if len(found) > 1:
        raise FileError(f"both {found[0]} and {found[1]} exist; remove or rename one")
    return str(resolve(found[0]))  # a training may be resumed from another folder
