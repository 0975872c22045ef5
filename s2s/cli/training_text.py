"""The text of a training as the command line names it: two files, ``--pairs``, or ``--train``."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from s2s.cli.corpora import parse_corpus, tagged
from s2s.corpus.config import CorpusConfig
from s2s.corpus.rows import Form
from s2s.errors import ConfigError
from s2s.files import resolve
from s2s.writing.languages import is_language_code


@dataclass(frozen=True, kw_only=True, slots=True)
class TextOptions:
    """Options of ``s2s train`` that name text."""

    files: dict[str, Path | None]
    """``--src``, ``--tgt``, ``--val-src`` and the first ``--val-tgt``."""
    more_val_tgt: Sequence[Path]
    """Further files of ``--val-tgt``."""
    pairs: Sequence[Path]
    val_pairs: Sequence[Path]
    columns: str | None
    form: Form | None
    corpora: Sequence[str]
    """``--train``"""
    val_corpora: Sequence[str]
    """``--validate``"""

    def fields(self, *, needed: bool) -> dict[str, Any]:
        """Returns the fields of DataConfig that name the text.

        Args:
            needed: Whether no text at all is an error.

        Raises:
            ConfigError: If options are missing or exclude each other.
            DataError: If the columns of a file cannot be told.
            FileError: If a file of ``--train`` or ``--validate`` is missing.
        """
        languages: dict[str, Any] = {}
        if self.corpora or self.val_corpora:
            train, validation, languages = self._named()
        elif any(self.files.values()) or self.pairs or self.val_pairs or needed:
            train = self._side("src", "tgt", "pairs", self.pairs)
            validation = self._side("val_src", "val_tgt", "val_pairs", self.val_pairs)
            if self.more_val_tgt:
                self._check_regular("val_tgt", self.more_val_tgt)
                more = tuple(str(resolve(path)) for path in self.more_val_tgt)
                validation = (replace(validation[0], more_tgt=more),)
        else:
            self._check_columns(False)
            return {}
        self._check_columns(any(corpus.pairs for corpus in (*train, *validation)))
        return {
            "train": [corpus.to_dict() for corpus in train],
            "validation": [corpus.to_dict() for corpus in validation],
            **languages,
        }

    def _named(self) -> tuple[Sequence[CorpusConfig], Sequence[CorpusConfig], dict[str, Any]]:
        """Returns the corpora of ``--train`` and ``--validate``, and languages of pair files."""
        if any(self.files.values()) or self.pairs or self.val_pairs:
            raise ConfigError(
                "--train and --validate cannot be combined with --src, --tgt, --val-src, "
                "--val-tgt, --pairs and --val-pairs"
            )
        if not (self.corpora and self.val_corpora):
            missing = "--validate" if self.corpora else "--train"
            raise ConfigError(f"{missing} is missing; --train and --validate go together")
        groups = [
            [parse_corpus(name, self.columns, self.form) for name in names]
            for names in (self.corpora, self.val_corpora)
        ]
        train, validation = tagged(*groups)
        languages: dict[str, str] = {}
        for side in ("src_language", "tgt_language"):
            # A table without a header does not have them.
            code, *more = dict.fromkeys(getattr(corpus, side) for corpus in groups[0])
            if not more and is_language_code(code) and any(corpus.pairs for corpus in train):
                languages[side] = code
        return train, validation, languages

    def _side(
        self, src: str, tgt: str, option: str, pairs: Sequence[Path]
    ) -> tuple[CorpusConfig, ...]:
        """Returns the corpora of training or validation: two files, or files of pairs."""
        paths = {name: self.files[name] for name in (src, tgt)}
        for name, path in paths.items():
            self._check_regular(name, [path])
        self._check_regular(option, pairs)
        if pairs:
            if any(paths.values()):
                raise ConfigError(
                    f"{_flag(option)} has both sides; leave out {_flag(src)} and {_flag(tgt)}"
                )
            return tuple(
                CorpusConfig(pairs=str(resolve(path)), columns=self.columns, pairs_format=self.form)
                for path in pairs
            )
        for name, path in paths.items():
            if path is None:
                raise ConfigError(
                    f"{_flag(name)} is missing; training needs --src, --tgt, --val-src and "
                    "--val-tgt, or --pairs and --val-pairs, or --train and --validate"
                )
        src_path, tgt_path = (str(resolve(path or "")) for path in paths.values())
        return (CorpusConfig(src=src_path, tgt=tgt_path),)

    def _check_regular(self, name: str, paths: Sequence[Path | None]) -> None:
        if "-" in map(str, paths):
            raise ConfigError(
                f"{_flag(name)} is standard input, but training reads its text more than once; "
                "name a file"
            )

    def _check_columns(self, has_pairs: bool) -> None:
        for option, value in (("columns", self.columns), ("pairs_format", self.form)):
            if value is not None and not has_pairs:
                raise ConfigError(f"{_flag(option)} has no effect without a file of --pairs")


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
