"""Reads names of corpora from the command line: ``data/news:en-de=2``."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from s2s.compression import COMPRESSIONS
from s2s.corpus.config import CorpusConfig
from s2s.errors import ConfigError, FileError
from s2s.files import resolve

_NAME = re.compile(r"(?P<prefix>.+):(?P<src>[A-Za-z_]+)-(?P<tgt>[A-Za-z_]+)(=(?P<weight>[^=]*))?")


class NamedCorpus(NamedTuple):
    """A corpus and the language it is translated into."""

    config: CorpusConfig
    tgt_language: str


def parse_corpus(name: str) -> NamedCorpus:
    """Reads ``PREFIX:SRC-TGT`` or ``PREFIX:SRC-TGT=WEIGHT``.

    The files are ``PREFIX.SRC`` and ``PREFIX.TGT``, or the same with ``.gz``, ``.xz``, ``.bz2`` or
    ``.zst``.

    Raises:
        ConfigError: If ``name`` has another form.
        FileError: If there is no such file, or several.
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
    src, tgt = (_file(f"{match['prefix']}.{match[side]}") for side in ("src", "tgt"))
    return NamedCorpus(CorpusConfig(src=src, tgt=tgt, weight=weight), match["tgt"])


def tagged(*groups: Sequence[NamedCorpus]) -> tuple[tuple[CorpusConfig, ...], ...]:
    """Returns groups of corpora with tags, ``<2de>``, if they have several target languages."""
    several = len({corpus.tgt_language for group in groups for corpus in group}) > 1
    return tuple(
        tuple(
            replace(corpus.config, tag=f"<2{corpus.tgt_language}>") if several else corpus.config
            for corpus in group
        )
        for group in groups
    )


def _file(name: str) -> str:
    """Returns the path of a file, which may be packed."""
    names = [name, *(f"{name}{each.ending}" for each in COMPRESSIONS)]
    existing = [path for path in names if resolve(path).exists()]
    if not existing:
        raise FileError(f"neither {name} nor {' nor '.join(names[1:])} exists")
    if len(existing) > 1:
        raise FileError(f"both {existing[0]} and {existing[1]} exist; remove or rename one")
    return str(resolve(existing[0]))  # a training may be resumed from another folder
